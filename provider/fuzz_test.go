package provider

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"time"

	mcpauth "github.com/mcp-auth/go"
)

// FuzzTokenInfo holds that no answer of Google's lets in another client's
// token, however a lenient reader would take it.
//
// Covers RS7.
func FuzzTokenInfo(f *testing.F) {
	for _, seed := range []string{
		`{"aud":"ours","azp":"ours","sub":"1","scope":"openid","exp":"4102444800"}`, `{"aud":"ours","sub":"1","scope":"a b","exp":4102444800}`,
		`{"aud":"theirs","azp":"ours","sub":"1","scope":"a","exp":"1"}`, `{"aud":"ours","aud":"theirs"}`, `{"\u0061ud":"theirs","aud":"ours"}`,
		`{"aud":["ours"]}`, `{"email_verified":"true","email":"a@b"}`, `{}`, `[]`, ``, `null`, `{"exp":"1e400"}`, `{"AUD":"ours","aud":"theirs"}`,
	} {
		f.Add([]byte(seed))
	}
	g := &Google{config: GoogleConfig{ClientIDs: []string{"ours"}, AllowAnyUser: true}}
	f.Fuzz(func(t *testing.T, body []byte) {
		info, err := parseTokenInfo(body)
		if err != nil {
			return
		}
		claims, err := g.judge(info)
		if err != nil {
			if !errors.Is(err, mcpauth.ErrInvalidToken) {
				t.Fatal(err)
			}
			return
		}
		var lenient map[string]any
		if err := json.Unmarshal(body, &lenient); err != nil {
			t.Fatalf("accepted what encoding/json refuses: %v", err)
		}
		if lenient["aud"] != "ours" || lenient["azp"] != nil && lenient["azp"] != "ours" && lenient["azp"] != "" {
			t.Fatalf("another client: %v", lenient)
		}
		if lenient["sub"] != claims.Subject || claims.Subject == "" || claims.ExpiresAt.IsZero() || !slices.Equal(claims.Audience, []string{"ours"}) {
			t.Fatalf("claims %+v", claims)
		}
		if !json.Valid(claims.Raw) {
			t.Fatalf("raw claims %q", claims.Raw)
		}
	})
}

// FuzzGitHubToken is the same for GitHub.
//
// Covers RS7.
func FuzzGitHubToken(f *testing.F) {
	for _, seed := range []string{
		`{"app":{"client_id":"ours"},"user":{"id":1,"login":"octocat"},"scopes":["user"],"expires_at":null}`,
		`{"app":{"client_id":"ours"},"user":{"id":1,"login":"octocat"},"scopes":null,"expires_at":"2099-01-01T00:00:00Z"}`,
		`{"app":{"client_id":"theirs"},"user":{"id":1,"login":"octocat"}}`, `{"app":{"client_id":"theirs","client_id":"ours"}}`,
		`{"app":{"client_id":"ours"},"user":null}`, `{"app":{"client_id":"ours"},"user":{"id":1e0,"login":"a"}}`, `{"app":{"client_id":"ours"},"user":{"id":"1"}}`,
		`{"app":null}`, `{}`, `[]`, ``, `null`, `{"App":{"client_id":"ours"},"app":{"client_id":"theirs"}}`,
	} {
		f.Add([]byte(seed))
	}
	g := &GitHub{
		config: GitHubConfig{ClientID: "ours", AllowAnyUser: true, Issuer: gitHubIssuer},
		ask:    &asker{now: func() time.Time { return time.Unix(1_800_000_000, 0) }},
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		said, err := parseGitHubToken(body)
		if err != nil {
			return
		}
		claims, err := g.judge(context.Background(), "token", said)
		if err != nil {
			if !errors.Is(err, mcpauth.ErrInvalidToken) {
				t.Fatal(err)
			}
			return
		}
		var lenient map[string]any
		if err := json.Unmarshal(body, &lenient); err != nil {
			t.Fatalf("accepted what encoding/json refuses: %v", err)
		}
		app, _ := lenient["app"].(map[string]any)
		user, _ := lenient["user"].(map[string]any)
		if app["client_id"] != "ours" || user["login"] == nil || user["id"] == nil {
			t.Fatalf("another app or nobody: %v", lenient)
		}
		if claims.Subject == "" || claims.ExpiresAt.IsZero() || claims.ClientID != "ours" || !json.Valid(claims.Raw) {
			t.Fatalf("claims %+v", claims)
		}
	})
}
