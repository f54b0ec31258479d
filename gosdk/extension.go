package gosdk

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/mcp-auth/go/internal/mcpmethod"
	"github.com/mcp-auth/go/internal/mcpmsg"
	"github.com/mcp-auth/go/policy"
	"github.com/modelcontextprotocol/go-sdk/mcp"
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
	lists := mcpmethod.Of(method).List
	if lists == 0 || reflect.ValueOf(result).IsNil() {
		return result, nil
	}
	data, err := json.Marshal(result)
	if err != nil {
		return nil, fmt.Errorf("gosdk: the result of %s cannot be filtered: %w", method, err)
	}
	// Authorize filters a message as Protect does: with the same reader.
	var filtered bytes.Buffer
	filter := mcpmsg.NewFilter(&filtered, "application/json", lists, func(method, name string) bool {
		return show(policy.Operation{Method: method, Name: name})
	})
	filter.SetScope(mcpmsg.ScopeLimited)
	var message struct {
		Result json.RawMessage `json:"result"`
	}
	_, err = fmt.Fprintf(filter, `{"result":%s}`, data)
	if err == nil {
		err = filter.Close()
	}
	if err == nil {
		err = json.Unmarshal(filtered.Bytes(), &message)
	}
	shown := reflect.New(reflect.TypeOf(result).Elem())
	if err == nil {
		err = json.Unmarshal(message.Result, shown.Interface())
	}
	if err != nil {
		return nil, fmt.Errorf("gosdk: the result of %s cannot be filtered: %w", method, err)
	}
	return shown.Interface().(mcp.Result), nil
}
