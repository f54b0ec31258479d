package policy

import "encoding/json"

// Operation is one MCP operation, as a [Policy] sees it. The zero value stands for
// a stream that a client opens.
type Operation struct {
	// Method is the MCP method, such as "tools/call". It is empty for a response
	// of the client, and for a stream.
	Method string
	// Name is the tool, the prompt or the resource URI that the operation names.
	// For a resource template it is the template's text.
	Name string
	// Ref is "prompt" or "resource" for completion/complete: what an argument is
	// completed of. It is empty for other methods.
	Ref string
	// Arguments is the member arguments of the operation as it was sent; {} for a
	// call of a tool or prompt without it. It is nil while lists are filtered, and
	// for operations that have no arguments. No name is there twice in one object,
	// but OWNER may be there beside owner, or instead of it: a [CheckFunc] must
	// decode it as the handler does. [json.Unmarshal] into a struct takes both for
	// one field, and into a map for two.
	Arguments json.RawMessage
	// ArgumentsUnknown is set if the decision is made on a request's headers alone.
	// A [Check] then denies without being asked.
	ArgumentsUnknown bool
}
