package policy

// Policy says what each MCP operation needs of its caller. It is set in
// mcpauth.Resource, and mcpauth.Scopes of the handler are needed as well. Package
// mcpauth reads the operation from the request, before the MCP SDK does. A request
// that lacks a scope gets a challenge that names it, and clients then ask for that
// scope automatically.
//
// Keys are names, or prefixes that end in "*". If several rules match, an exact
// name beats a prefix or template, then the rule with more literal text wins,
// then {name} beats {+name} and "*". Two rules that match the same names are a
// mistake. A tool, prompt or resource without a rule needs what Methods says of
// its method, or else Default.
//
// What opens and keeps a session needs a valid token and no scopes, unless
// Methods says otherwise: initialize, server/discover, ping, logging/setLevel,
// the lists and notifications. Responses of the client, streams opened with
// GET, and the DELETE that ends a session need what initialize needs.
//
// The zero value refuses every tool, prompt and resource.
type Policy struct {
	// Tools has rules for tools/call, by name.
	Tools map[string]Requirement
	// Prompts has rules for prompts/get and for the completion of a prompt's
	// arguments, by name.
	Prompts map[string]Requirement
	// Resources has rules for resources/read, resources/subscribe and the like,
	// by URI; keys may also be URI templates (RFC 6570) with {name}, which ends
	// before /, ? and #, and {+name}, which does not. Either may stand for
	// nothing. If there are rules, a URI that is not in normal form (RFC 3986
	// §6.2.2) is refused unless it has an exact rule, because the server might
	// read it as another URI. For the same reason a URI is refused if another rule
	// matches it in any reading that servers make of it: decoded, in other letters,
	// without its query, its host or the slash at its end, unless the key of its
	// own rule has these. The methods of the Skills extension (SEP-2640) that name
	// a URI are among those with rules.
	Resources map[string]Requirement
	// Methods has rules for MCP methods, such as "completion/complete".
	Methods map[string]Requirement
	// Default is what every operation needs that no rule names. Nil denies.
	Default Requirement
	// ShowAll leaves the lists of tools, prompts and resources as they are.
	// Otherwise they show what the caller may use.
	ShowAll bool
	// HideRefused answers a request for a refused tool, prompt or resource as
	// if it did not exist. Clients then do not ask for more scopes. Batches, and
	// calls without an id, cannot be answered like that and are always refused.
	HideRefused bool
	// MaxBody bounds the body of a request, in bytes. Zero means 4 MiB.
	MaxBody int64
}

// fallback returns what every operation needs that no rule names.
func (p *Policy) fallback() Requirement {
	if p.Default == nil {
		return Denied()
	}
	return p.Default
}
