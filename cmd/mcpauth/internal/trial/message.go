package trial

import (
	"encoding/json"
	"strings"

	"github.com/mcp-auth/go/internal/mcpmethod"
	"github.com/mcp-auth/go/policy"
)

// message is the request of a client for the operation.
func message(op policy.Operation) ([]byte, error) {
	m := struct {
		Version string         `json:"jsonrpc"`
		ID      int            `json:"id,omitempty"`
		Method  string         `json:"method"`
		Params  map[string]any `json:"params,omitempty"`
	}{Version: "2.0", Method: op.Method, Params: paramsOf(op)}
	if !strings.HasPrefix(op.Method, mcpmethod.Notifications) {
		m.ID = 1
	}
	return json.Marshal(m)
}

func paramsOf(op policy.Operation) map[string]any {
	switch mcpmethod.Of(op.Method).Member {
	case mcpmethod.MemberRef:
		ref := map[string]string{"type": "ref/" + op.Ref, "uri": op.Name}
		if op.Ref == mcpmethod.RefPrompt {
			ref = map[string]string{"type": "ref/prompt", "name": op.Name}
		}
		return map[string]any{"ref": ref, "argument": map[string]string{"name": "trial", "value": ""}}
	case mcpmethod.MemberResources:
		if op.Name != "" {
			return map[string]any{"notifications": map[string]any{"resourceSubscriptions": []string{op.Name}}}
		}
	case mcpmethod.MemberTaskID:
		return map[string]any{"taskId": "trial"} // no rule is about one task
	case mcpmethod.MemberURI:
		return map[string]any{"uri": op.Name}
	case mcpmethod.MemberName:
		params := map[string]any{"name": op.Name}
		if op.Arguments != nil {
			params["arguments"] = op.Arguments
		}
		return params
	}
	return nil
}
