package mcpauth_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/internal/txtar"
	"github.com/mcp-auth/go/mcpauthtest"
)

func authorized(t *testing.T, claims mcpauthtest.TokenClaims) (*mcpauth.AuthInfo, string) {
	t.Helper()
	server := newServer(t, mcpauthtest.Config{})
	claims.Audience = []string{resourceID}
	token, err := server.Token(claims)
	if err != nil {
		t.Fatal(err)
	}
	info, err := newAuth(t, trusting(server.Issuer())).Authorize(context.Background(), bearer(token))
	if err != nil {
		t.Fatal(err)
	}
	return info, token
}

// The token and parts of it never appear, however it is printed.
func TestTokenPrintsRedacted(t *testing.T) {
	t.Parallel()
	info, token := authorized(t, mcpauthtest.TokenClaims{})
	if info.Token.Reveal() != token {
		t.Error("Reveal is not the token")
	}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "token", info.Token, "info", info)
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "token", info.Token, "info", *info)
	encoded, err := json.Marshal(info)
	if err != nil {
		t.Fatal(err)
	}
	hidden := struct{ info mcpauth.AuthInfo }{*info}
	var printed strings.Builder
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&printed, verb+verb+verb+verb, info.Token, info, *info, hidden)
	}
	// fmt asks Format; code may ask the others.
	all := printed.String() + log.String() + string(encoded) + info.Token.String() + info.Token.GoString()
	for part := range strings.SplitSeq(token, ".") {
		if strings.Contains(all, part[:12]) || strings.Contains(all, fmt.Sprintf("%x", part[:12])) {
			t.Error("a part of the token was printed")
		}
	}
	if !strings.Contains(all, "[redacted]") {
		t.Error("nothing says that the token was left out")
	}
	if (mcpauth.Token{}).Reveal() != "" {
		t.Error("the zero Token reveals something")
	}
}

// A context prints no token either, derived or not.
func TestContextPrintsNoToken(t *testing.T) {
	t.Parallel()
	server := newServer(t, mcpauthtest.Config{})
	token := mint(t, server)
	var printed bytes.Buffer
	handler := newAuth(t, trusting(server.Issuer())).Protect(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		derived, cancel := context.WithCancel(r.Context())
		defer cancel()
		for _, ctx := range []context.Context{r.Context(), derived} {
			for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
				fmt.Fprintf(&printed, verb, ctx)
			}
			slog.New(slog.NewTextHandler(&printed, nil)).Info("x", "ctx", ctx)
			slog.New(slog.NewJSONHandler(&printed, nil)).Info("x", "ctx", ctx)
		}
	}))
	get(t, handler, "/mcp", "Authorization", "Bearer "+token)
	if printed.Len() == 0 || strings.Contains(printed.String(), token[len(token)-20:]) {
		t.Errorf("the token was printed, or nothing: %d bytes", printed.Len())
	}
}

func TestClaims(t *testing.T) {
	t.Parallel()
	info, _ := authorized(t, mcpauthtest.TokenClaims{Subject: "alice", Extra: map[string]any{"org": "acme"}})
	var claims struct{ Sub, Org string }
	if err := info.Claims(&claims); err != nil || claims.Sub != "alice" || claims.Org != "acme" {
		t.Errorf("got %+v, %v", claims, err)
	}
	if err := new(mcpauth.AuthInfo).Claims(&claims); !errors.Is(err, mcpauth.ErrNoClaims) {
		t.Errorf("without raw claims: %v", err)
	}
}

// Covers RS23. Whoever is somebody else has another UserID.
func TestUserID(t *testing.T) {
	t.Parallel()
	infos := []mcpauth.AuthInfo{
		{Issuer: "https://a", Subject: "x"}, {Issuer: "https://b", Subject: "x"}, {Issuer: "https://a", Subject: "y"},
		{Issuer: "https://a", ClientID: "x"}, {Issuer: "https://a", ClientID: "y"},
		{Issuer: "b", Subject: `x"@"a`}, {Issuer: `a"@"b`, Subject: "x"}, {Issuer: "https://a"},
	}
	if id := (*mcpauth.AuthInfo)(nil).UserID(); id != "" {
		t.Errorf("nobody is %q", id)
	}
	var ids []string
	for _, info := range infos {
		id := info.UserID()
		if slices.Contains(ids, id) {
			t.Errorf("%s stands for two callers", id)
		}
		ids = append(ids, id)
	}
}

func TestContext(t *testing.T) {
	t.Parallel()
	if _, ok := mcpauth.FromContext(context.Background()); ok {
		t.Error("an AuthInfo in an empty context")
	}
	ctx := mcpauth.NewContext(context.Background(), &mcpauth.AuthInfo{Subject: "alice", Scopes: []string{"read"}})
	info, ok := mcpauth.FromContext(ctx)
	if !ok || info.Subject != "alice" || !info.HasScope("read") || info.HasScope("Read") {
		t.Errorf("got %+v", info)
	}
	if _, ok := mcpauth.FromContext(mcpauth.NewContext(ctx, nil)); ok {
		t.Error("a nil AuthInfo hides nothing")
	}
}

// What one handler does to its AuthInfo, another does not see.
func TestAuthInfoIsPerRequest(t *testing.T) {
	t.Parallel()
	server := newServer(t, mcpauthtest.Config{})
	auth := newAuth(t, trusting(server.Issuer()))
	token := mint(t, server)
	handler := auth.Protect(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		info, _ := mcpauth.FromContext(r.Context())
		if !slices.Equal(info.Scopes, []string{"read"}) || !slices.Equal(info.Audience, []string{resourceID}) {
			t.Errorf("scopes %q, audience %q", info.Scopes, info.Audience)
		}
		info.Scopes[0], info.Audience[0] = "admin", "x"
		info.Scopes = append(info.Scopes, "more")
	}))
	for range 3 {
		if w := get(t, handler, "/mcp", "Authorization", "Bearer "+token); w.Code != http.StatusOK {
			t.Fatal(w.Code, w.Header())
		}
	}
}

// Lists of any length are the request's own.
func TestManyScopesArePerRequest(t *testing.T) {
	t.Parallel()
	server := newServer(t, mcpauthtest.Config{})
	auth := newAuth(t, trusting(server.Issuer()))
	for n := range 7 {
		var scopes []string
		for i := range n {
			scopes = append(scopes, "scope"+strconv.Itoa(i))
		}
		token, err := server.Token(mcpauthtest.TokenClaims{Audience: []string{resourceID, "https://other.example.com"}, Scopes: scopes})
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			info, err := auth.Authorize(context.Background(), bearer(token))
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(info.Scopes, scopes) || !slices.Equal(info.Audience, []string{resourceID, "https://other.example.com"}) {
				t.Fatalf("scopes %q, audience %q", info.Scopes, info.Audience)
			}
			info.Scopes = append(info.Scopes, "more")
			if info.Audience[0] != resourceID {
				t.Fatalf("a scope more changes the audience: %q", info.Audience)
			}
			info.Scopes[0], info.Audience[0] = "admin", "x"
		}
	}
}

// challengesOfVerdicts collects the different challenges in the verdict files.
func challengesOfVerdicts(t *testing.T) (found []string) {
	t.Helper()
	paths, err := filepath.Glob("testdata/verdicts/*/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range archive.Files {
			for l := range strings.Lines(string(file.Data)) {
				if value, ok := strings.CutPrefix(strings.TrimSpace(l), "challenge: "); ok && !slices.Contains(found, value) {
					found = append(found, value)
				}
			}
		}
	}
	return found
}

// A handler that overwrites what it was given changes what it sees itself, and
// nothing else.
func TestOverwrittenAuthInfo(t *testing.T) {
	t.Parallel()
	g := guard(t, nil, func(w http.ResponseWriter, r *http.Request) {
		info, _ := mcpauth.FromContext(r.Context())
		*info = mcpauth.AuthInfo{}
		if mcpauth.Anonymous(r.Context()) {
			t.Error("the caller has become anonymous")
		}
		if err := mcpauth.Require(r.Context(), "any"); err == nil {
			t.Error("a caller without scopes has them")
		}
		w.WriteHeader(http.StatusNoContent)
	})
	if w := g.post(`{}`); w.Code != http.StatusNoContent {
		t.Errorf("status %d", w.Code)
	}
}

// An SDK keeps the context of the request that opened a session. When that request
// is over, its caller must not pass for the caller of later ones.
//
// Covers RS23.
func TestContextOfEndedRequest(t *testing.T) {
	t.Parallel()
	server := newServer(t, mcpauthtest.Config{})
	auth := newAuth(t, trusting(server.Issuer()))
	var kept context.Context
	var taken *mcpauth.AuthInfo
	handler := auth.Protect(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		kept = context.WithoutCancel(context.WithValue(r.Context(), t, "of the handler"))
		w.WriteHeader(http.StatusOK)
		info, err := mcpauth.RequireAuthInfo(kept, "read")
		if err != nil {
			t.Fatal(err)
		}
		taken = info
	}))
	if w := get(t, handler, "/mcp", "Authorization", "Bearer "+mint(t, server)); w.Code != http.StatusOK {
		t.Fatal(w.Code, w.Header())
	}
	if info, ok := mcpauth.FromContext(kept); ok || info != nil || mcpauth.Anonymous(kept) {
		t.Errorf("the caller of an ended request is still there: %+v", info)
	}
	if info, err := mcpauth.RequireAuthInfo(kept); err == nil || info != nil {
		t.Errorf("%v, %v", info, err)
	}
	if !taken.HasScope("read") || kept.Value(t) != "of the handler" {
		t.Error("what the handler took is gone as well")
	}
	if info, ok := mcpauth.FromContext(mcpauth.NewContext(kept, taken)); !ok || info != taken {
		t.Error("what the handler took cannot be carried on")
	}
}
