package check

func authorizationServerRules() []rule { return nil }
