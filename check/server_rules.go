package check

func serverRules() []rule { return nil }
