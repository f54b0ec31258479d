package verdict

import (
	"encoding/json"
	"fmt"
	"strings"

	mcpauth "github.com/mcp-auth/go"
)

func quickParse(raw []byte) (*mcpauth.Policy, error) {
	var f struct {
		Default                            any
		Tools, Prompts, Resources, Methods map[string]any
		ShowAll, HideRefused               bool
		MaxBody                            int64
	}
	if err := json.Unmarshal(raw, &f); err != nil {
		return nil, err
	}
	conv := func(m map[string]any) map[string]mcpauth.Requirement {
		out := map[string]mcpauth.Requirement{}
		for k, v := range m {
			out[k] = quickReq(v)
		}
		return out
	}
	p := &mcpauth.Policy{Tools: conv(f.Tools), Prompts: conv(f.Prompts), Resources: conv(f.Resources), Methods: conv(f.Methods), ShowAll: f.ShowAll, HideRefused: f.HideRefused, MaxBody: f.MaxBody}
	if f.Default != nil {
		p.Default = quickReq(f.Default)
	}
	return p, nil
}

func quickReq(v any) mcpauth.Requirement {
	switch v := v.(type) {
	case string:
		switch v {
		case "deny":
			return mcpauth.Denied()
		case "authenticated":
			return mcpauth.Authenticated()
		case "public":
			return mcpauth.Public()
		}
		return mcpauth.Scopes(strings.Fields(v)...)
	case []any:
		var s []string
		for _, x := range v {
			s = append(s, x.(string))
		}
		return mcpauth.Scopes(s...)
	case map[string]any:
		for k, x := range v {
			switch k {
			case "any", "all":
				var rs []mcpauth.Requirement
				for _, y := range x.([]any) {
					rs = append(rs, quickReq(y))
				}
				if k == "any" {
					return mcpauth.Any(rs...)
				}
				return mcpauth.All(rs...)
			case "claim":
				for name, values := range x.(map[string]any) {
					var s []string
					for _, y := range values.([]any) {
						s = append(s, y.(string))
					}
					return mcpauth.Claim(name, s...)
				}
			case "check":
				return mcpauth.Check(x.(string), checks()[x.(string)])
			}
		}
	}
	panic(fmt.Sprint(v))
}
