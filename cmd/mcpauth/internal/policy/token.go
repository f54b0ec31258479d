package policy

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	mcpauth "github.com/mcp-auth/go"
	"github.com/urfave/cli/v3"
)

// token returns the token that the flags describe, or nil for none.
func token(cmd *cli.Command) (*mcpauth.Claims, error) {
	claims := map[string]any{}
	for _, text := range cmd.StringSlice("claim") {
		name, value, ok := strings.Cut(text, "=")
		if !ok || name == "" {
			return nil, fmt.Errorf("--claim %q is not NAME=VALUE", text)
		}
		switch before := claims[name].(type) {
		case nil:
			claims[name] = value
		case string:
			claims[name] = []string{before, value}
		case []string:
			claims[name] = append(before, value)
		}
	}
	if cmd.Bool("anonymous") {
		if cmd.IsSet("scopes") || len(claims) > 0 {
			return nil, errors.New("--anonymous sends no token, which --scopes and --claim describe")
		}
		return nil, nil
	}
	described := &mcpauth.Claims{Scopes: strings.Fields(cmd.String("scopes"))}
	described.Subject, _ = claims["sub"].(string)
	described.ClientID, _ = claims["client_id"].(string)
	claims["scope"] = strings.Join(described.Scopes, " ")
	raw, err := json.Marshal(claims)
	described.Raw = raw
	return described, err
}

// describeCaller describes the caller that sends a token.
func describeCaller(bearer *mcpauth.Claims) string {
	switch {
	case bearer == nil:
		return "has no token"
	case len(bearer.Scopes) == 0:
		return "has a valid token without scopes"
	}
	return "has a valid token with " + strings.Join(bearer.Scopes, " and ")
}
