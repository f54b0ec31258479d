package gosdk

import (
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/mcp-auth/go/internal/mcpmethod"
	"github.com/mcp-auth/go/policy"
)

// extensionURI is what the params of a method name that the SDK has no types for,
// such as skills/get (SEP-2640): what mcp.AddReceivingCustomMethod decoded.
func extensionURI(method string, params mcp.Params) string {
	if mcpmethod.Of(method).Member != mcpmethod.MemberURI {
		return ""
	}
	var named struct {
		URI string `json:"uri"`
	}
	data, err := json.Marshal(params)
	if err != nil || json.Unmarshal(data, &named) != nil {
		return ""
	}
	return named.URI
}

// isExtension reports whether a result is of a type that the SDK does not have.
func isExtension(result mcp.Result) bool {
	kind := reflect.TypeOf(result)
	return kind != nil && kind.Kind() == reflect.Pointer && kind.Elem().PkgPath() != reflect.TypeFor[mcp.ListToolsResult]().PkgPath()
}

// shownExtension is a result of a method that the SDK has no types for, without what
// is not to be seen in its lists. It is a copy, as a server may give one result to
// several callers.
func shownExtension(method string, result mcp.Result, show func(policy.Operation) bool) (mcp.Result, error) {
	if mcpmethod.Of(method).List == 0 || reflect.ValueOf(result).IsNil() {
		return result, nil
	}
	shown := reflect.New(reflect.TypeOf(result).Elem())
	data, err := json.Marshal(result)
	if err == nil {
		data, err = withoutHidden(data, mcpmethod.Of(method).List, show)
	}
	if err == nil {
		err = json.Unmarshal(data, shown.Interface())
	}
	if err != nil {
		return nil, fmt.Errorf("gosdk: the result of %s cannot be filtered: %w", method, err)
	}
	return shown.Interface().(mcp.Result), nil
}

// withoutHidden takes items out of the lists in a result that json.Marshal wrote.
func withoutHidden(result []byte, lists mcpmethod.Lists, show func(policy.Operation) bool) ([]byte, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(result, &members); err != nil {
		return nil, err
	}
	for name, value := range members {
		list, ok := mcpmethod.ListIn(name)
		if !ok || lists&list.List == 0 {
			continue
		}
		var items []map[string]json.RawMessage
		if err := json.Unmarshal(value, &items); err != nil {
			return nil, err
		}
		members[name], _ = json.Marshal(keep(items, func(item map[string]json.RawMessage) bool {
			var id string
			return json.Unmarshal(item[list.Key], &id) == nil && show(policy.Operation{Method: list.Use, Name: id})
		}))
	}
	if members["cacheScope"] != nil {
		members["cacheScope"] = json.RawMessage(`"` + scopePrivate + `"`)
	}
	return json.Marshal(members)
}
