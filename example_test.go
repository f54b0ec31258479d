package mcpauth_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"expvar"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/netip"
	"net/url"
	"os"
	"regexp"
	"strings"
	"sync/atomic"
	"time"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/configerr"
	"github.com/mcp-auth/go/mcpauthtest"
	"github.com/mcp-auth/go/metadata"
	"github.com/mcp-auth/go/network"
	"github.com/mcp-auth/go/policy"
)

// A protected server, and what callers get from it. The authorization server
// of package mcpauthtest stands in for a real one.
func Example() {
	as, err := mcpauthtest.NewServer(mcpauthtest.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer as.Close()

	auth, err := mcpauth.New(mcpauth.Config{Resources: []mcpauth.Resource{{
		Identifier:           "https://api.example.com/notes",
		AuthorizationServers: []mcpauth.AuthorizationServer{{Issuer: as.Issuer()}},
		ScopesSupported:      []string{"read:notes"},
	}}})
	if err != nil {
		log.Fatal(err)
	}
	defer auth.Close()

	notes := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		info, err := mcpauth.RequireAuthInfo(r.Context())
		if err != nil {
			mcpauth.WriteChallenge(w, err)
			return
		}
		fmt.Fprintf(w, "the notes of %s", info.Subject)
	})
	mux := http.NewServeMux()
	mux.Handle("/.well-known/", auth.MetadataHandler())
	mux.Handle("/notes", auth.Protect(notes, mcpauth.Scopes("read:notes")))

	// Without a token, the challenge says where to go and what to ask for.
	r := httptest.NewRequest("GET", "/notes", nil)
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, r)
	fmt.Println(w.Code, w.Header().Get("WWW-Authenticate"))

	// With a token issued for this resource, the handler runs.
	token, err := as.Token(mcpauthtest.TokenClaims{
		Audience: []string{"https://api.example.com/notes"},
		Scopes:   []string{"read:notes"},
	})
	if err != nil {
		log.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	w = httptest.NewRecorder()
	mux.ServeHTTP(w, r)
	fmt.Println(w.Code, w.Body)

	// Output:
	// 401 Bearer scope="read:notes", resource_metadata="https://api.example.com/.well-known/oauth-protected-resource/notes"
	// 200 the notes of alice
}

// Every mistake of a configuration is reported at once, with its place.
func Example_incorrect() {
	_, err := mcpauth.New(mcpauth.Config{
		Leeway: time.Hour,
		Resources: []mcpauth.Resource{{
			Identifier: "http://api.example.com/notes",
			AuthorizationServers: []mcpauth.AuthorizationServer{
				{Issuer: "https://auth.example.com", Algorithms: []string{"HS256"}},
				{Issuer: "https://auth.example.com"},
			},
			ScopesSupported: []string{"read:notes", "offline_access"},
		}},
	})
	fmt.Println(err)
	fmt.Println(errors.Is(err, configerr.DuplicateIssuer))

	// Output:
	// Leeway "1h0m0s": the leeway is negative or over one minute
	// Resources[0].Identifier "http://api.example.com/notes": plain http is accepted for loopback hosts only: for development inside a network of your own, name the host in Network.DangerouslyAllowHTTP
	// Resources[0].ScopesSupported[1] "offline_access": offline_access is between client and authorization server and must not be asked for by a resource
	// Resources[0].AuthorizationServers[0].Algorithms[0] "HS256": the algorithm is not a supported asymmetric one: HMAC needs a secret that every verifier shares and could make tokens with, so have the authorization server sign with RS256 or ES256
	// Resources[0].AuthorizationServers[1].Issuer "https://auth.example.com": the issuer is listed twice
	// true
}

// Each handler says which scopes it needs. A token that lacks one is answered
// with 403 and all the scopes of the operation.
func ExampleAuth_Protect() {
	as, auth := exampleServers()
	defer as.Close()
	defer auth.Close()
	readHandler, writeHandler := http.NotFoundHandler(), http.NotFoundHandler()

	mux := http.NewServeMux()
	mux.Handle("GET /notes", auth.Protect(readHandler, mcpauth.Scopes("read:notes")))
	mux.Handle("POST /notes", auth.Protect(writeHandler, mcpauth.Scopes("read:notes", "write:notes")))

	token, err := as.Token(mcpauthtest.TokenClaims{
		Audience: []string{"https://api.example.com/notes"},
		Scopes:   []string{"read:notes"},
	})
	if err != nil {
		log.Fatal(err)
	}
	r := httptest.NewRequest("POST", "/notes", nil)
	r.Header.Set("Authorization", "Bearer "+token)
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, r)
	fmt.Println(w.Code)
	fmt.Println(w.Header().Get("WWW-Authenticate"))
	fmt.Println(w.Body)

	// Output:
	// 403
	// Bearer error="insufficient_scope", scope="read:notes write:notes", resource_metadata="https://api.example.com/.well-known/oauth-protected-resource/notes", error_description="The access token does not have all scopes that this operation needs."
	// {"error":"insufficient_scope","error_description":"The access token does not have all scopes that this operation needs."}
}

// exampleServers is an authorization server and an Auth that trusts it.
func exampleServers() (*mcpauthtest.Server, *mcpauth.Auth) {
	as, err := mcpauthtest.NewServer(mcpauthtest.Config{})
	if err != nil {
		log.Fatal(err)
	}
	auth, err := mcpauth.New(mcpauth.Config{Resources: []mcpauth.Resource{{
		Identifier:           "https://api.example.com/notes",
		AuthorizationServers: []mcpauth.AuthorizationServer{{Issuer: as.Issuer()}},
	}}})
	if err != nil {
		log.Fatal(err)
	}
	return as, auth
}

// For routers that take middleware, and for options that come from outside:
// what is wrong is an error and not a panic.
func ExampleAuth_Middleware() {
	as, auth := exampleServers()
	defer as.Close()
	defer auth.Close()
	handler := http.NotFoundHandler()

	protect, err := auth.Middleware(mcpauth.Scopes("read:notes"))
	if err != nil {
		log.Fatal(err)
	}
	http.Handle("/notes", protect(handler))

	_, err = auth.Middleware(mcpauth.ForResource("https://api.example.com/other"))
	fmt.Println(err)

	// Output:
	// Resource "https://api.example.com/other": the resource is not configured
}

// Ready makes a server that cannot reach its authorization server fail at start.
func ExampleAuth_Ready() {
	as, auth := exampleServers()
	defer as.Close()
	defer auth.Close()

	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
	defer cancel()
	if err := auth.Ready(ctx); err != nil {
		log.Fatal(err)
	}
	fmt.Println("ready")

	// Output:
	// ready
}

// Metrics of what is fetched from authorization servers: how often, how often in
// vain, and how old what is in use is.
func ExampleFetchEvent() {
	as, err := mcpauthtest.NewServer(mcpauthtest.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer as.Close()
	ctx := context.Background()

	auth, err := mcpauth.New(mcpauth.Config{
		Resources: []mcpauth.Resource{{
			Identifier:           "https://api.example.com/notes",
			AuthorizationServers: []mcpauth.AuthorizationServer{{Issuer: as.Issuer()}},
		}},
		Hooks: mcpauth.Hooks{Fetched: func(e mcpauth.FetchEvent) {
			age := time.Since(e.FetchedAt)
			fmt.Println(e.Document, "failed:", e.Err != nil, "in use:", !e.FetchedAt.IsZero() && age < 24*time.Hour)
		}},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer auth.Close()
	if err := auth.Ready(ctx); err != nil {
		log.Fatal(err)
	}

	// Output:
	// metadata failed: false in use: true
	// keys failed: false in use: true
}

// An audit log has a line for each decision, allowed or not. The hook gets no
// token; leave the arguments of operations out.
func ExampleHooks() {
	audit := slog.New(slog.NewJSONHandler(os.Stdout, nil))
	decided := func(ctx context.Context, e mcpauth.DecisionEvent) {
		var names []string
		for _, op := range e.Operations {
			names = append(names, op.Method+" "+op.Name)
		}
		audit.LogAttrs(ctx, slog.LevelInfo, "decision",
			slog.String("resource", e.Resource), slog.String("outcome", string(e.Outcome)), slog.String("reason", string(e.Reason)),
			slog.String("issuer", e.Issuer), slog.String("subject", e.Subject), slog.String("client", e.ClientID),
			slog.Any("operations", names), slog.Duration("took", e.Duration))
	}
	_, err := mcpauth.New(mcpauth.Config{
		Resources: []mcpauth.Resource{{
			Identifier:           "https://api.example.com/notes",
			AuthorizationServers: []mcpauth.AuthorizationServer{{Issuer: "https://auth.example.com"}},
		}},
		Hooks: mcpauth.Hooks{Decided: decided},
	})
	fmt.Println(err)

	// Output:
	// <nil>
}

// Counters for metrics have few labels: the resource, the outcome and the reason.
func ExampleHooks_metrics() {
	decisions := expvar.NewMap("mcpauth_decisions")
	seconds := expvar.NewFloat("mcpauth_decision_seconds")
	counted := func(_ context.Context, e mcpauth.DecisionEvent) {
		decisions.Add(e.Resource+" "+string(e.Outcome)+" "+string(e.Reason), 1)
		seconds.Add(e.Duration.Seconds())
	}
	auth, err := mcpauth.New(mcpauth.Config{
		Resources: []mcpauth.Resource{{
			Identifier:           "https://api.example.com/notes",
			AuthorizationServers: []mcpauth.AuthorizationServer{{Issuer: "https://auth.example.com"}},
		}},
		Hooks: mcpauth.Hooks{Decided: counted},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer auth.Close()
	for range 2 {
		_, _ = auth.Authorize(context.Background(), mcpauth.Request{Method: http.MethodPost, URL: "/notes"})
	}
	fmt.Println(decisions)

	// Output:
	// {"https://api.example.com/notes denied no_credentials": 2}
}

// Clients of the specification of 2025-03-26 look for the authorization
// server's metadata at the MCP server.
func ExampleAuth_LegacyMetadataHandler() {
	as, auth := exampleServers()
	defer as.Close()
	defer auth.Close()
	mux := http.NewServeMux()
	mux.Handle("/.well-known/", auth.MetadataHandler())

	legacy, err := auth.LegacyMetadataHandler()
	if err != nil {
		log.Fatal(err)
	}
	mux.Handle("/.well-known/oauth-authorization-server", legacy)

	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequest("GET", "/.well-known/oauth-authorization-server", nil))
	fmt.Println(w.Code)

	// Output:
	// 200
}

// The engine without HTTP: a door of one's own builds the Request and renders
// the refusal.
func ExampleAuth_Authorize() {
	as, auth := exampleServers()
	defer as.Close()
	defer auth.Close()
	next := http.NotFoundHandler()

	door := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		info, err := auth.Authorize(r.Context(), mcpauth.Request{
			Method: r.Method,
			URL:    r.RequestURI,
			Header: r.Header,
			Scopes: []string{"read:notes"},
		})
		if err != nil {
			mcpauth.WriteChallenge(w, err)
			return
		}
		next.ServeHTTP(w, r.WithContext(mcpauth.NewContext(r.Context(), info)))
	})

	w := httptest.NewRecorder()
	door.ServeHTTP(w, httptest.NewRequest("GET", "/notes", nil))
	fmt.Println(w.Code)

	// Output:
	// 401
}

// Why a request was refused is for logs and metrics, not for the caller.
func ExampleChallenge() {
	as, auth := exampleServers()
	defer as.Close()
	defer auth.Close()

	token, err := as.Token(mcpauthtest.TokenClaims{}, mcpauthtest.WrongAudience())
	if err != nil {
		log.Fatal(err)
	}
	_, err = auth.Authorize(context.Background(), mcpauth.Request{
		Header: http.Header{"Authorization": {"Bearer " + token}},
	})
	var refused *mcpauth.Challenge
	if errors.As(err, &refused) {
		fmt.Println(refused.Status, refused.Code, refused.Reason)
	}

	// Output:
	// 401 invalid_token wrong_audience
}

// Fetched up front, a mistake shows at start, and the document can be checked
// against what MCP needs of it.
func ExampleDiscoverAuthorizationServer() {
	as, err := mcpauthtest.NewServer(mcpauthtest.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer as.Close()
	issuer := as.Issuer()
	ctx := context.Background()

	server, err := mcpauth.DiscoverAuthorizationServer(ctx, mcpauth.AuthorizationServer{
		Issuer: issuer,
		Type:   mcpauth.OIDC,
	}, network.Settings{})
	if err != nil {
		log.Fatal(err)
	}
	for _, finding := range server.Metadata.Validate().Findings {
		if finding.Severity != metadata.Success {
			log.Print(finding.Severity, " ", finding.Code, " ", finding.Message)
		}
	}

	fmt.Println(server.Metadata.Issuer == issuer)
	// An issuer with one slash more is another issuer.
	_, err = mcpauth.DiscoverAuthorizationServer(ctx, mcpauth.AuthorizationServer{Issuer: issuer + "/"}, network.Settings{})
	var failed *metadata.DiscoveryError
	if errors.As(err, &failed) {
		fmt.Println(failed.Kind)
	}

	// Output:
	// true
	// issuer mismatch
}

// What a handler can know of its caller.
func ExampleFromContext() {
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		info, ok := mcpauth.FromContext(r.Context())
		if !ok { // not behind Protect
			http.Error(w, "unauthorized", http.StatusUnauthorized)
			return
		}
		fmt.Fprintln(w, info.Subject, "by", info.ClientID)
		if info.HasScope("write:notes") {
			fmt.Fprintln(w, "may write")
		}
	})

	// NewContext stands in for Protect in a test of the handler.
	r := httptest.NewRequest("GET", "/notes", nil)
	r = r.WithContext(mcpauth.NewContext(r.Context(), &mcpauth.AuthInfo{
		Issuer:   "https://auth.example.com",
		Subject:  "alice",
		ClientID: "notes-app",
		Scopes:   []string{"read:notes", "write:notes"},
	}))
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	fmt.Print(w.Body)

	// Output:
	// alice by notes-app
	// may write
}

// Claims decodes what AuthInfo has no field for.
func ExampleAuthInfo_Claims() {
	as, auth := exampleServers()
	defer as.Close()
	defer auth.Close()
	token, err := as.Token(mcpauthtest.TokenClaims{
		Audience: []string{"https://api.example.com/notes"},
		Extra:    map[string]any{"tenant": "acme", "roles": []string{"editor"}},
	})
	if err != nil {
		log.Fatal(err)
	}
	info, err := auth.Authorize(context.Background(), mcpauth.Request{
		Header: http.Header{"Authorization": {"Bearer " + token}},
	})
	if err != nil {
		log.Fatal(err)
	}

	var claims struct {
		Tenant string   `json:"tenant"`
		Roles  []string `json:"roles"`
	}
	if err := info.Claims(&claims); err != nil {
		log.Fatal(err)
	}
	fmt.Println(claims.Tenant, claims.Roles)

	// Output:
	// acme [editor]
}

// A token does not print itself, however it is printed.
func ExampleToken() {
	as, auth := exampleServers()
	defer as.Close()
	defer auth.Close()
	token, err := as.Token(mcpauthtest.TokenClaims{Audience: []string{"https://api.example.com/notes"}})
	if err != nil {
		log.Fatal(err)
	}
	info, err := auth.Authorize(context.Background(), mcpauth.Request{
		Header: http.Header{"Authorization": {"Bearer " + token}},
	})
	if err != nil {
		log.Fatal(err)
	}

	fmt.Println(info.Token)
	fmt.Printf("%q %#v\n", info.Token, info.Token)
	fmt.Println(info.Token.Reveal() == token)

	// Output:
	// [redacted]
	// [redacted] [redacted]
	// true
}

// sessions stands in for a database of opaque tokens.
type sessions map[string]string

func (s sessions) lookup(_ context.Context, token string) (user string, ok bool, err error) {
	user, ok = s[token]
	return user, ok, nil
}

// A verifier for opaque tokens. It proves the token; issuer, audience, expiry
// and scopes are checked by the engine all the same.
func ExampleVerifierFunc() {
	db := sessions{"opaque-1": "alice"}
	const resource, issuer = "https://api.example.com/notes", "https://auth.example.com"

	verify := mcpauth.VerifierFunc(func(ctx context.Context, token string) (*mcpauth.Claims, error) {
		user, ok, err := db.lookup(ctx, token)
		if err != nil {
			return nil, fmt.Errorf("session database: %w", err) // cannot be decided now: 503
		}
		if !ok {
			return nil, fmt.Errorf("%w: no such session", mcpauth.ErrInvalidToken) // not valid: 401
		}
		return &mcpauth.Claims{
			Issuer:    issuer,
			Subject:   user,
			Audience:  []string{resource},
			Scopes:    []string{"read:notes"},
			ExpiresAt: time.Now().Add(time.Minute),
		}, nil
	})

	auth, err := mcpauth.New(mcpauth.Config{Resources: []mcpauth.Resource{{
		Identifier:           resource,
		AuthorizationServers: []mcpauth.AuthorizationServer{{Issuer: issuer, Verifier: verify}},
	}}})
	if err != nil {
		log.Fatal(err)
	}
	defer auth.Close()
	for _, token := range []string{"opaque-1", "opaque-2"} {
		info, err := auth.Authorize(context.Background(), mcpauth.Request{
			Header: http.Header{"Authorization": {"Bearer " + token}},
		})
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Println(info.Subject)
	}

	// Output:
	// alice
	// mcpauth: request refused with status 401: rejected_by_verifier
}

func ExampleAuthorizationServer_repairJWKS() {
	as, err := mcpauthtest.NewServer(mcpauthtest.Config{Resources: []string{"https://api.example.com/notes"}})
	if err != nil {
		log.Fatal(err)
	}
	defer as.Close()
	keys, err := as.JWKS()
	if err != nil {
		log.Fatal(err)
	}
	padded := regexp.MustCompile(`("[nexy]":"[^"]+)"`).ReplaceAll(keys, []byte(`$1="`))
	as.SetFaults(mcpauthtest.Faults{JWKS: mcpauthtest.DocumentFault{Body: padded}})
	issuer := as.Issuer()

	server := mcpauth.AuthorizationServer{
		Issuer: issuer,
		RepairJWKS: func(keySet []byte) ([]byte, error) {
			var set struct {
				Keys []map[string]any `json:"keys"`
			}
			if err := json.Unmarshal(keySet, &set); err != nil {
				return nil, err
			}
			toURL := strings.NewReplacer("+", "-", "/", "_", "=", "")
			for _, key := range set.Keys {
				for _, name := range []string{"n", "e", "x", "y"} {
					if text, ok := key[name].(string); ok {
						key[name] = toURL.Replace(text)
					}
				}
			}
			return json.Marshal(set)
		},
	}

	auth, err := mcpauth.New(mcpauth.Config{Resources: []mcpauth.Resource{{
		Identifier: "https://api.example.com/notes", AuthorizationServers: []mcpauth.AuthorizationServer{server},
	}}})
	if err != nil {
		log.Fatal(err)
	}
	defer auth.Close()
	fmt.Println(auth.Ready(context.Background()))

	// Output:
	// <nil>
}

// A document that does not conform is repaired before it is read.
func ExampleAuthorizationServer_repairMetadata() {
	as, err := mcpauthtest.NewServer(mcpauthtest.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer as.Close()
	as.SetFaults(mcpauthtest.Faults{MetadataIssuer: "https://internal.example.com"})
	issuer := as.Issuer()

	server := mcpauth.AuthorizationServer{
		Issuer: issuer,
		Type:   mcpauth.OIDC,
		RepairMetadata: func(document []byte) ([]byte, error) {
			return bytes.Replace(document, []byte("https://internal.example.com"), []byte(issuer), 1), nil
		},
	}

	fetched, err := mcpauth.DiscoverAuthorizationServer(context.Background(), server, network.Settings{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(fetched.Metadata.Issuer == issuer)

	// Output:
	// true
}

// Metadata given by hand: only the keys are fetched.
func ExampleAuthorizationServer_metadata() {
	server := mcpauth.AuthorizationServer{
		Issuer: "https://auth.example.com",
		Metadata: &metadata.AuthorizationServer{
			Issuer:  "https://auth.example.com",
			JWKSURI: "https://auth.example.com/keys",
		},
	}

	fmt.Println(server.Metadata.JWKSURI)

	// Output:
	// https://auth.example.com/keys
}

// Keys given by hand: nothing is fetched at all.
func ExampleAuthorizationServer_jwks() {
	keys, err := os.ReadFile("jwks.json")
	if err != nil {
		log.Fatal(err)
	}
	server := mcpauth.AuthorizationServer{Issuer: "https://auth.example.com", JWKS: keys}

	fmt.Println(server.Issuer)
}

// A provider that cannot issue tokens for the resource identifier, takes other
// names for it, and stands in a private network.
func ExampleAuthorizationServer_provider() {
	config := mcpauth.Config{
		Resources: []mcpauth.Resource{{
			Identifier: "https://api.example.com/notes",
			AuthorizationServers: []mcpauth.AuthorizationServer{{
				Issuer:     "https://login.example.com/tenant/v2.0",
				Type:       mcpauth.OIDC,
				Audiences:  []string{"9f1c2b7e-0000-4000-8000-3d1b6f6e8a11"},
				Algorithms: []string{"RS256"},
				TokenTypes: []string{"at+jwt", "JWT"},
				ScopeClaim: "scp",
			}},
		}},
		Network: network.Settings{AllowedNetworks: []netip.Prefix{netip.MustParsePrefix("10.20.0.0/16")}},
	}

	auth, err := mcpauth.New(config)
	if err != nil {
		log.Fatal(err)
	}
	defer auth.Close()
	fmt.Println("configured")

	// Output:
	// configured
}

// Opaque tokens: the authorization server itself is asked about them.
func ExampleIntrospection() {
	server := mcpauth.AuthorizationServer{
		Issuer: "https://auth.example.com",
		Introspection: &mcpauth.Introspection{
			ClientID:     "notes-server",
			ClientSecret: mcpauth.Secret(os.Getenv("INTROSPECTION_SECRET")),
			CacheTTL:     30 * time.Second,
		},
	}

	_, err := mcpauth.New(mcpauth.Config{Resources: []mcpauth.Resource{{
		Identifier:           "https://api.example.com/notes",
		AuthorizationServers: []mcpauth.AuthorizationServer{server},
	}}})
	fmt.Println(errors.Is(err, configerr.NoClientCredentials)) // the variable is not set here

	// Output:
	// true
}

// Several resources in one instance: each handler names its own.
func ExampleForResource() {
	const notes, admin = "https://api.example.com/notes", "https://api.example.com/admin"
	users := []mcpauth.AuthorizationServer{{Issuer: "https://auth.example.com"}}
	staff := []mcpauth.AuthorizationServer{{Issuer: "https://staff.example.com"}}
	notesHandler, adminHandler := http.NotFoundHandler(), http.NotFoundHandler()
	mux := http.NewServeMux()

	auth, err := mcpauth.New(mcpauth.Config{Resources: []mcpauth.Resource{
		{Identifier: notes, AuthorizationServers: users},
		{Identifier: admin, AuthorizationServers: staff},
	}})
	if err != nil {
		log.Fatal(err)
	}
	mux.Handle("/.well-known/", auth.MetadataHandler())
	mux.Handle("/notes", auth.Protect(notesHandler, mcpauth.ForResource(notes)))
	mux.Handle("/admin", auth.Protect(adminHandler, mcpauth.ForResource(admin), mcpauth.Scopes("admin")))

	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequest("GET", "/.well-known/oauth-protected-resource/admin", nil))
	var document metadata.ProtectedResource
	if err := json.Unmarshal(w.Body.Bytes(), &document); err != nil {
		log.Fatal(err)
	}
	fmt.Println(document.AuthorizationServers)

	// Output:
	// [https://staff.example.com]
}

// Advertised, asked for at first, and enforced: three lists that often differ.
func ExampleChallengeScopes() {
	handler := http.NotFoundHandler()

	auth, err := mcpauth.New(mcpauth.Config{Resources: []mcpauth.Resource{{
		Identifier:           "https://api.example.com/notes",
		AuthorizationServers: []mcpauth.AuthorizationServer{{Issuer: "https://auth.example.com"}},
		ScopesSupported:      []string{"read:notes", "write:notes", "delete:notes"},
	}}})
	if err != nil {
		log.Fatal(err)
	}
	protected := auth.Protect(handler,
		mcpauth.Scopes("read:notes"),
		mcpauth.ChallengeScopes("read:notes", "write:notes"))

	w := httptest.NewRecorder()
	protected.ServeHTTP(w, httptest.NewRequest("GET", "/notes", nil))
	fmt.Println(w.Header().Get("WWW-Authenticate"))

	// Output:
	// Bearer scope="read:notes write:notes", resource_metadata="https://api.example.com/.well-known/oauth-protected-resource/notes"
}

// A server that puts no audience into its tokens: the clients are listed.
func ExampleAuthorizationServer_allowedClients() {
	server := mcpauth.AuthorizationServer{
		Issuer:         "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_aBcD1234",
		AllowedClients: []string{"57cbishk4j24pabc1234567890"},
	}
	auth, err := mcpauth.New(mcpauth.Config{Resources: []mcpauth.Resource{{
		Identifier:           "https://api.example.com/notes",
		AuthorizationServers: []mcpauth.AuthorizationServer{server},
	}}})
	if err != nil {
		log.Fatal(err)
	}
	defer auth.Close()
}

// A broader scope does what narrower ones do, where the resource says so.
func ExampleResource_scopeIncludes() {
	resource := mcpauth.Resource{
		Identifier:           "https://api.example.com/notes",
		AuthorizationServers: []mcpauth.AuthorizationServer{{Issuer: "https://auth.example.com"}},
		ScopeIncludes: map[string][]string{
			"admin":       {"write:notes"},
			"write:notes": {"read:notes"},
		},
	}

	auth, err := mcpauth.New(mcpauth.Config{Resources: []mcpauth.Resource{resource}})
	if err != nil {
		log.Fatal(err)
	}
	defer auth.Close()
	fmt.Println("configured")

	// Output:
	// configured
}

// Browser clients of known origins only, and a log of what was refused.
func ExampleConfig() {
	resources := []mcpauth.Resource{{
		Identifier:           "https://api.example.com/notes",
		AuthorizationServers: []mcpauth.AuthorizationServer{{Issuer: "https://auth.example.com"}},
	}}

	auth, err := mcpauth.New(mcpauth.Config{
		Resources: resources,
		CORS:      mcpauth.CORS{Origins: []string{"https://app.example.com"}},
		Logger:    slog.New(slog.NewJSONHandler(os.Stderr, nil)),
		Leeway:    10 * time.Second,
	})

	if err != nil {
		log.Fatal(err)
	}
	defer auth.Close()
	fmt.Println("configured")

	// Output:
	// configured
}

// A configuration that is read again keeps what is known of authorization servers
// and callers.
func ExampleConfig_inherit() {
	load := func(documentation string) mcpauth.Config { // reads a file, usually
		return mcpauth.Config{Resources: []mcpauth.Resource{{
			Identifier:           "https://api.example.com/notes",
			AuthorizationServers: []mcpauth.AuthorizationServer{{Issuer: "https://auth.example.com"}},
			Documentation:        documentation,
		}}}
	}
	auth, err := mcpauth.New(load("https://docs.example.com/v1"))
	if err != nil {
		log.Fatal(err)
	}
	var handler atomic.Pointer[http.Handler] // of the server
	protected := auth.Protect(http.NotFoundHandler())
	handler.Store(&protected)

	config := load("https://docs.example.com/v2")
	config.Inherit = auth
	next, err := mcpauth.New(config)
	if err != nil {
		log.Fatal(err) // or go on with the old one, which is unchanged
	}
	renewed := next.Protect(http.NotFoundHandler())
	handler.Store(&renewed)
	if err := auth.Close(); err != nil { // when its requests have ended
		log.Fatal(err)
	}
	defer next.Close()
	fmt.Println("reloaded")

	// Output:
	// reloaded
}

// A policy says what each tool needs, before the MCP server runs.
func ExampleResource_policy() {
	as, err := mcpauthtest.NewServer(mcpauthtest.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer as.Close()

	sameTeam := func(_ context.Context, caller policy.Caller, op policy.Operation) (bool, error) {
		var claims struct{ Team string }
		if err := caller.Claims(&claims); err != nil || claims.Team == "" {
			return false, err
		}
		if op.Arguments == nil { // asked for a list: who is in a team sees the tool
			return true, nil
		}
		var arguments struct{ Team string }
		if err := json.Unmarshal(op.Arguments, &arguments); err != nil {
			return false, err
		}
		return claims.Team == arguments.Team, nil
	}
	auth, err := mcpauth.New(mcpauth.Config{Resources: []mcpauth.Resource{{
		Identifier:           "https://api.example.com/mcp",
		AuthorizationServers: []mcpauth.AuthorizationServer{{Issuer: as.Issuer()}},
		Policy: &policy.Policy{
			Tools: map[string]policy.Requirement{
				"search-notes": policy.Scopes("read:notes"),
				"delete-note":  policy.Any(policy.Scopes("read:notes", "delete:notes"), policy.Scopes("admin")),
				"team_*":       policy.All(policy.Scopes("read:notes"), policy.Check("same team", sameTeam)),
				"about":        policy.Public(),
			},
			Resources: map[string]policy.Requirement{"note:///{id}": policy.Scopes("read:notes")},
			Methods:   map[string]policy.Requirement{"initialize": policy.Public()},
		},
	}}})
	if err != nil {
		log.Fatal(err)
	}
	defer auth.Close()
	mcpHandler := http.NotFoundHandler()
	http.Handle("/mcp", auth.Protect(mcpHandler))

	token, err := as.Token(mcpauthtest.TokenClaims{Audience: []string{"https://api.example.com/mcp"}, Scopes: []string{"read:notes"}})
	if err != nil {
		log.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, "/mcp", strings.NewReader(
		`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"delete-note"}}`))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+token)
	w := httptest.NewRecorder()
	auth.Protect(mcpHandler).ServeHTTP(w, r)
	fmt.Println(w.Code, w.Header().Get("WWW-Authenticate"))

	// Output:
	// 403 Bearer error="insufficient_scope", scope="read:notes delete:notes", resource_metadata="https://api.example.com/.well-known/oauth-protected-resource/mcp", error_description="The access token does not have all scopes that this operation needs."
}

// Rules that depend on data are for the handler: it knows whose note it is.
func ExampleRequire() {
	owner := func(id string) string { return "alice" }
	deleteNote := func(ctx context.Context, id string) error {
		info, err := mcpauth.RequireAuthInfo(ctx)
		if err != nil {
			return err
		}
		if info.Subject != owner(id) {
			if err := mcpauth.Require(ctx, "delete:notes"); err != nil {
				return err
			}
		}
		return nil // delete it
	}
	ctx := mcpauth.NewContext(context.Background(), &mcpauth.AuthInfo{Subject: "bob", Scopes: []string{"read:notes"}})
	err := deleteNote(ctx, "1")
	var c *mcpauth.Challenge
	fmt.Println(errors.As(err, &c), c.Status, c.Scopes)

	// Output:
	// true 403 [delete:notes]
}

// A policy can be tried without a request.
func ExampleAuth_AuthorizeOperation() {
	auth, err := mcpauth.New(mcpauth.Config{Resources: []mcpauth.Resource{{
		Identifier:           "https://api.example.com/mcp",
		AuthorizationServers: []mcpauth.AuthorizationServer{{Issuer: "https://auth.example.com"}},
		Policy:               &policy.Policy{Tools: map[string]policy.Requirement{"delete-note": policy.Scopes("delete:notes")}},
	}}})
	if err != nil {
		log.Fatal(err)
	}
	defer auth.Close()

	reader := &mcpauth.AuthInfo{Subject: "alice", Scopes: []string{"read:notes"}}
	err = auth.AuthorizeOperation(context.Background(), reader, "", policy.Operation{Method: "tools/call", Name: "delete-note"})
	var refused *mcpauth.Challenge
	if errors.As(err, &refused) {
		fmt.Println(refused.Status, refused.Scopes)
	}

	// Output:
	// 403 [delete:notes]
}

// A handler that calls another service takes a token of its own: here one of
// the server itself. The caller's stays behind.
func ExampleAuth_Protect_upstream() {
	as, err := mcpauthtest.NewServer(mcpauthtest.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer as.Close()
	tickets := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		fmt.Println("the upstream sees", r.Header.Get("Authorization"), "for", r.Header.Get("X-Acting-For"))
	}))
	defer tickets.Close()
	auth, err := mcpauth.New(mcpauth.Config{Resources: []mcpauth.Resource{{
		Identifier:           "https://api.example.com/tickets",
		AuthorizationServers: []mcpauth.AuthorizationServer{{Issuer: as.Issuer()}},
	}}})
	if err != nil {
		log.Fatal(err)
	}
	defer auth.Close()
	upstream, err := url.Parse(tickets.URL)
	if err != nil {
		log.Fatal(err)
	}
	ownToken := func(context.Context) (string, error) { return "token-of-the-server", nil }

	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(upstream)
			r.Out.Header.Del("X-Acting-For") // callers must not say who they are
			info, known := mcpauth.FromContext(r.In.Context())
			token, err := ownToken(r.In.Context())
			if !known || err != nil {
				return // the upstream refuses what has no token
			}
			r.Out.Header.Set("Authorization", "Bearer "+token)
			r.Out.Header.Set("X-Acting-For", info.Subject)
		},
	}
	handler := auth.Protect(proxy,
		mcpauth.WithoutToken(), // the caller's is for this server only
		mcpauth.Scopes("read:tickets"))

	token, err := as.Token(mcpauthtest.TokenClaims{
		Subject: "alice", Audience: []string{"https://api.example.com/tickets"}, Scopes: []string{"read:tickets"},
	})
	if err != nil {
		log.Fatal(err)
	}
	request := httptest.NewRequest("GET", "/tickets", nil)
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("X-Acting-For", "somebody else")
	response := httptest.NewRecorder()
	handler.ServeHTTP(response, request)
	fmt.Println(response.Code)
	// Output:
	// the upstream sees Bearer token-of-the-server for alice
	// 200
}
