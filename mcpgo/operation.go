package mcpgo

import (
	"encoding/json"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mcp-auth/go/internal/mcpmethod"
	"github.com/mcp-auth/go/policy"
)

func toolCall(r *mcp.CallToolRequest) policy.Operation {
	op := policy.Operation{Method: mcpmethod.ToolsCall, Name: r.Params.Name, Arguments: r.Params.RawArguments}
	if op.Arguments == nil { // none, or not from the wire
		op.Arguments = encode(r.Params.Arguments)
	}
	return op
}

func promptGet(r *mcp.GetPromptRequest) policy.Operation {
	return policy.Operation{Method: mcpmethod.PromptsGet, Name: r.Params.Name, Arguments: encode(r.Params.Arguments)}
}

// encode never returns nil, which is for lists.
func encode(arguments any) json.RawMessage {
	data, err := json.Marshal(arguments)
	switch {
	case err != nil: // of a call within the program
		return json.RawMessage("null")
	case string(data) == "null":
		return json.RawMessage("{}")
	}
	return data
}

func resourceRead(r *mcp.ReadResourceRequest) policy.Operation {
	return policy.Operation{Method: mcpmethod.ResourcesRead, Name: r.Params.URI}
}

// unguarded lists the operations of a message that do not pass by middleware.
// The message is decoded into the very types that mcp-go decodes it into, so
// that both read the same.
func unguarded(raw json.RawMessage) ([]policy.Operation, error) {
	var message struct {
		Method mcp.MCPMethod `json:"method"`
	}
	if err := json.Unmarshal(raw, &message); err != nil {
		return nil, err
	}
	op := policy.Operation{Method: string(message.Method)}
	var err error
	switch message.Method {
	case mcp.MethodPromptsGet, mcp.MethodResourcesRead:
		return nil, nil
	case mcp.MethodToolsCall:
		return taskCall(raw)
	case mcp.MethodResourcesSubscribe, mcp.MethodResourcesUnsubscribe:
		var r mcp.SubscribeRequest
		err = json.Unmarshal(raw, &r)
		op.Name = r.Params.URI
	case mcp.MethodCompletionComplete:
		var r mcp.CompleteRequest
		err = json.Unmarshal(raw, &r)
		op.Ref, op.Name = reference(r.Params.Ref)
	case mcp.MethodSubscriptionsListen:
		var r mcp.SubscriptionsListenRequest
		err = json.Unmarshal(raw, &r)
		if uris := r.Params.Notifications.ResourceSubscriptions; len(uris) > 0 {
			return listens(uris), err
		}
	}
	return []policy.Operation{op}, err
}

// taskCall is a call that may run as a task: mcp-go calls the handlers of task
// tools without middleware.
func taskCall(raw json.RawMessage) ([]policy.Operation, error) {
	var r mcp.CallToolRequest
	if err := json.Unmarshal(raw, &r); err != nil || r.Params.Task == nil {
		return nil, err
	}
	return []policy.Operation{toolCall(&r)}, nil
}

func reference(ref any) (kind, name string) {
	switch r := ref.(type) {
	case mcp.PromptReference:
		return mcpmethod.RefPrompt, r.Name
	case mcp.ResourceReference:
		return mcpmethod.RefResource, r.URI
	}
	return "", ""
}

func listens(uris []string) []policy.Operation {
	ops := make([]policy.Operation, len(uris))
	for i, uri := range uris {
		ops[i] = policy.Operation{Method: mcpmethod.Listen, Name: uri}
	}
	return ops
}
