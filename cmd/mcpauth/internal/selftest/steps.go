package selftest

// steps are what the client does, one after the other.
func (f *flow) steps() []step {
	return []step{
		{"challenge", f.challenge},
		{"resource metadata", f.resourceMetadata},
		{"discovery", f.discover},
		{"registration", f.register},
		{"authorization", f.authorize},
		{"token", f.redeem},
		{"initialize", f.initialize},
		{"whoami", f.callWhoami},
		{"todos", f.callTodos},
		{"tampered token", f.refuseTampered},
		{"expired token", f.refuseExpired},
		{"other resource", f.refuseOtherResource},
		{"missing scope", f.refuseMissingScope},
	}
}
