package verdict

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	mcpauth "github.com/mcp-auth/go"
)

// introspection makes a server introspect tokens at an endpoint that answers
// every token alike.
type introspection struct {
	// Response changes the answer for a good token; null removes a member, and
	// "now" plus or minus seconds stands for a NumericDate.
	Response map[string]any
	// Body replaces the answer, Status 200, Type application/json.
	Body   string
	Status int
	Type   string
	// Signed is how the answer is signed (RFC 9701), if at all: a token whose
	// claims have the answer as token_introspection.
	Signed *tokenSpec
	// Demand says that only signed answers count, Tokens which tokens are
	// introspected, Clients whose tokens need no audience, OnlyAccessTokens that
	// no others are active.
	Demand  bool
	Tokens  string
	Clients []string

	OnlyAccessTokens bool `json:"only_access_tokens"`
}

const (
	introspectionClient = "resource-server"
	// introspectionSecret must be neither logged nor sent to callers.
	introspectionSecret = "secret: of the 100% resource server"
)

func (i *introspection) build(t *testing.T, keys *keyRing, now time.Time) *mcpauth.Introspection {
	t.Helper()
	answer, media := i.answer(t, keys, now)
	status := i.Status
	if status == 0 {
		status = http.StatusOK
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id, secret, _ := r.BasicAuth()
		secret, err := url.QueryUnescape(secret)
		if err != nil || id != introspectionClient || secret != introspectionSecret || r.FormValue("token") == "" {
			t.Error("the introspection request is not authenticated, or has no token")
		}
		w.Header().Set("Content-Type", media)
		w.WriteHeader(status)
		_, _ = w.Write(answer)
	}))
	t.Cleanup(server.Close)
	return &mcpauth.Introspection{
		Endpoint: server.URL, ClientID: introspectionClient, ClientSecret: introspectionSecret,
		SignedResponses: i.Demand, Tokens: mcpauth.IntrospectedTokens(i.Tokens), AllowedClients: i.Clients,
		OnlyAccessTokens: i.OnlyAccessTokens,
	}
}

func (i *introspection) answer(t *testing.T, keys *keyRing, now time.Time) (body []byte, media string) {
	t.Helper()
	media = "application/json"
	if i.Body != "" {
		body = []byte(i.Body)
	} else {
		spec := tokenSpec{Claims: map[string]any{"active": true, "token_type": "Bearer", "jti": nil}}
		maps.Copy(spec.Claims, i.Response)
		body = spec.claims(t, now)
	}
	if i.Signed != nil {
		media = "application/token-introspection+jwt"
		body = []byte(i.signed(t, keys, now, body))
	}
	if i.Type != "" {
		media = i.Type
	}
	return body, media
}

func (i *introspection) signed(t *testing.T, keys *keyRing, now time.Time, answer []byte) string {
	t.Helper()
	spec := *i.Signed
	spec.Header = map[string]any{"typ": "token-introspection+jwt"}
	override(spec.Header, i.Signed.Header)
	spec.Claims = map[string]any{
		"aud": introspectionClient, "iat": "now", "token_introspection": json.RawMessage(answer),
		"sub": nil, "exp": nil, "client_id": nil, "scope": nil, "jti": nil,
	}
	maps.Copy(spec.Claims, i.Signed.Claims)
	return spec.mint(t, keys, now)
}

// secretForms are the ways in which the client secret could leak.
func secretForms() []string {
	escaped := url.QueryEscape(introspectionSecret)
	return []string{
		introspectionSecret, escaped,
		strings.TrimRight(base64.StdEncoding.EncodeToString([]byte(introspectionClient+":"+escaped)), "="),
	}
}
