// Package policy decides what callers of an MCP server may do: which scopes,
// claims or checks each tool, prompt, resource and method needs.
//
// A [Policy] is set in mcpauth.Resource and enforced by package mcpauth. Package
// policyfile reads one from a file. An enforcement point of one's own compiles
// the Policy with [Compile] and asks the [Evaluator]:
//
//	evaluator, err := policy.Compile(&policy.Policy{
//		Tools: map[string]policy.Requirement{
//			"get-*":  policy.Scopes("read"),
//			"delete": policy.All(policy.Scopes("write"), policy.Claim("department", "audit")),
//		},
//	}, nil)
//	...
//	decision := evaluator.Decide(ctx, &caller, nil, policy.Operation{Method: "tools/call", Name: "delete"})
//
// The package knows neither HTTP nor tokens: whoever asks must have verified the
// token that a [Caller] is made from.
package policy
