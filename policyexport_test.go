package mcpauth

// PatternFits reports whether a rule's key fits a name.
func PatternFits(key, name string, templates bool) (bool, error) {
	p, err := newPattern(key, templates)
	if err != nil {
		return false, err
	}
	set := newRuleSet(map[string]Requirement{key: Public()}, templates)
	found, _ := set.find(name)
	if p.literal() {
		return name == key, nil
	}
	return found == key, nil
}

// NormalURI reports whether a resource URI is in normal form.
func NormalURI(uri string) bool { return normalURI(uri) }

// AmbiguousURI reports whether a URI could be read as one of another rule.
func AmbiguousURI(rules map[string]Requirement, uri string) bool {
	set := newRuleSet(rules, true)
	return set.ambiguous(uri)
}
