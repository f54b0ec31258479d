package mcpauth_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/internal/authtest"
	"github.com/mcp-auth/go/mcpauthtest"
	"github.com/mcp-auth/go/metadata"
	"github.com/mcp-auth/go/policy"
	"github.com/mcp-auth/go/reason"
)

// events gathers what the hook is told.
type events chan mcpauth.FetchEvent

func (e events) add(event mcpauth.FetchEvent) { e <- event }

// next waits for the next one.
func (e events) next(t *testing.T) mcpauth.FetchEvent {
	t.Helper()
	select {
	case event := <-e:
		return event
	case <-time.After(time.Minute):
		t.Fatal("no event")
		return mcpauth.FetchEvent{}
	}
}

func (e events) none(t *testing.T) {
	t.Helper()
	select {
	case event := <-e:
		t.Errorf("one event too many: %+v", event)
	default:
	}
}

// Covers RS8, RS9. Each fetch is told of once, whoever waits for it, and with
// it how old what is in use is.
func TestFetchEvents(t *testing.T) {
	t.Parallel()
	c := authtest.NewClock()
	server := authtest.NewServer(t, mcpauthtest.Config{Now: c.Now})
	told := make(events, 8)
	config := authtest.Trusting(server.Issuer())
	config.Now, config.Hooks.Fetched = c.Now, told.add
	second := config.Resources[0]
	second.Identifier = "https://api.example.com/second"
	config.Resources = append(config.Resources, second)
	auth := authtest.NewAuth(t, config)
	if err := auth.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	first := c.Now()
	for _, document := range []mcpauth.FetchedDocument{mcpauth.FetchedMetadata, mcpauth.FetchedKeys} {
		e := told.next(t)
		if e.Document != document || e.Issuer != server.Issuer() || e.Err != nil || e.Duration <= 0 || !e.FetchedAt.Equal(first) {
			t.Errorf("%s: got %+v", document, e)
		}
	}
	told.none(t)

	// A failure leaves the keys in use, and says how old they are.
	server.SetFaults(mcpauthtest.Faults{JWKS: mcpauthtest.DocumentFault{Status: http.StatusInternalServerError}})
	c.Advance(10 * time.Minute)
	token := authtest.Mint(t, server)
	req := authtest.Bearer(token)
	req.Resource = authtest.ResourceID
	if _, err := auth.Authorize(t.Context(), req); err != nil {
		t.Fatal(err)
	}
	e := told.next(t)
	for e.Document == mcpauth.FetchedMetadata { // refreshed for the keys' sake, before or after
		e = told.next(t)
	}
	if e.Document != mcpauth.FetchedKeys || e.Err == nil || !e.FetchedAt.Equal(first) {
		t.Errorf("after a failure: %+v", e)
	}
}

// Without anything in use there is no age, and the cause is typed.
func TestFetchEventOfAServerThatIsDown(t *testing.T) {
	t.Parallel()
	server := authtest.NewServer(t, mcpauthtest.Config{})
	issuer := server.Issuer()
	server.Close()
	told := make(events, 8)
	config := authtest.Trusting(issuer)
	config.Hooks.Fetched = told.add
	auth := authtest.NewAuth(t, config)
	if err := auth.Ready(t.Context()); err == nil {
		t.Fatal("ready")
	}
	var cause *metadata.DiscoveryError
	for _, document := range []mcpauth.FetchedDocument{mcpauth.FetchedMetadata, mcpauth.FetchedKeys} {
		e := told.next(t)
		if e.Document != document || !errors.As(e.Err, &cause) || !e.FetchedAt.IsZero() {
			t.Errorf("%s: got %+v", document, e)
		}
	}
	told.none(t)
}

// A hook may use the Auth, and its panic ends neither the fetch nor the process.
func TestFetchHookMayDoWhatItLikes(t *testing.T) {
	t.Parallel()
	server := authtest.NewServer(t, mcpauthtest.Config{})
	var log bytes.Buffer
	var auth *mcpauth.Auth
	config := authtest.Trusting(server.Issuer())
	config.Logger = slog.New(slog.NewTextHandler(&log, nil))
	config.Hooks.Fetched = func(e mcpauth.FetchEvent) {
		if e.Document == mcpauth.FetchedKeys {
			_ = auth.Ready(context.Background())
			panic("no such metric")
		}
	}
	auth = authtest.NewAuth(t, config)
	if got := authtest.Status(auth, authtest.Mint(t, server)); got != http.StatusOK {
		t.Errorf("status %d", got)
	}
	if !strings.Contains(log.String(), "no such metric") {
		t.Errorf("the log says nothing of it: %s", &log)
	}
}

// decisions collects what the hook is called with.
type decisions struct {
	mu  sync.Mutex
	all []mcpauth.DecisionEvent
}

func (d *decisions) add(_ context.Context, e mcpauth.DecisionEvent) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.all = append(d.all, e)
}

func (d *decisions) last(t *testing.T) mcpauth.DecisionEvent {
	t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.all) == 0 {
		t.Fatal("no decision was reported")
	}
	return d.all[len(d.all)-1]
}

// Every decision is reported once, with who was calling and what was asked, and
// never with the token.
func TestDecidedHook(t *testing.T) {
	t.Parallel()
	server := authtest.NewServer(t, mcpauthtest.Config{})
	config := authtest.Trusting(server.Issuer())
	config.Resources[0].Policy = &policy.Policy{
		Tools:   map[string]policy.Requirement{"look": policy.Scopes("read"), "wipe": policy.Scopes("admin")},
		Default: policy.Denied(),
	}
	var seen decisions
	config.Hooks.Decided = seen.add
	handler := authtest.NewAuth(t, config).Protect(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Demand") != "" {
			mcpauth.WriteChallenge(w, mcpauth.Require(r.Context(), "admin"))
		}
	}))
	token := authtest.Mint(t, server)
	call := func(tool string, headers ...string) {
		r := httptest.NewRequest(http.MethodPost, "/mcp", strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"`+tool+`"}}`))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Authorization", "Bearer "+token)
		for i := 0; i+1 < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		handler.ServeHTTP(httptest.NewRecorder(), r)
	}
	for _, test := range []struct {
		name, tool string
		headers    []string
		outcome    mcpauth.Outcome
		status     int
		reason     reason.Reason
		asked      string
		events     int
	}{
		{"allowed", "look", nil, mcpauth.Allowed, 0, "", "look", 1},
		{"refused by the policy", "wipe", nil, mcpauth.Denied, 403, reason.InsufficientScope, "wipe", 1},
		{"refused by the handler", "look", []string{"Demand", "yes"}, mcpauth.Denied, 403, reason.InsufficientScope, "look", 2},
		{"not a token", "look", []string{"Authorization", "Bearer x.y.z"}, mcpauth.Denied, 401, reason.MalformedToken, "", 1},
	} {
		before := len(seen.all)
		call(test.tool, test.headers...)
		e := seen.last(t)
		if e.Outcome != test.outcome || e.Status != test.status || e.Reason != test.reason || len(seen.all) != before+test.events {
			t.Errorf("%s: %+v, %d events", test.name, e, len(seen.all)-before)
		}
		if known := test.asked != ""; known != (e.Subject != "") || known != (len(e.Operations) == 1) || known && e.Operations[0].Name != test.asked {
			t.Errorf("%s: the caller is %q, asked was %v", test.name, e.Subject, e.Operations)
		}
		if text := fmt.Sprintf("%#v", e); strings.Contains(text, token) {
			t.Errorf("%s: the event holds the token", test.name)
		}
	}
}

// The log record of a refusal says who was refused what, with no hook set.
func TestRefusalInTheLog(t *testing.T) {
	t.Parallel()
	server := authtest.NewServer(t, mcpauthtest.Config{})
	var log bytes.Buffer
	config := authtest.Trusting(server.Issuer())
	config.Logger = slog.New(slog.NewTextHandler(&log, nil))
	config.Resources[0].Policy = &policy.Policy{Tools: map[string]policy.Requirement{"wipe": policy.Scopes("admin")}}
	token := authtest.Mint(t, server)
	body := `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"wipe","arguments":{"key":"s3cret"}}}`
	r := httptest.NewRequest(http.MethodPost, "/mcp", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+token)
	authtest.NewAuth(t, config).Protect(http.NotFoundHandler()).ServeHTTP(httptest.NewRecorder(), r)
	text := log.String()
	for _, want := range []string{
		"level=INFO", "status=403", "reason=insufficient_scope", "resource=" + authtest.ResourceID, "method=POST", "issuer=" + server.Issuer(), "subject=", "client=", "operation=tools/call", "name=wipe",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the log lacks %s: %s", want, text)
		}
	}
	if strings.Contains(text, "s3cret") || strings.Contains(text, token) || strings.Contains(text, `subject="" `) {
		t.Errorf("the log: %s", text)
	}
}

// A panic in the hook neither ends the request nor the process.
func TestDecidedHookPanics(t *testing.T) {
	t.Parallel()
	server := authtest.NewServer(t, mcpauthtest.Config{})
	config := authtest.Trusting(server.Issuer())
	config.Hooks.Decided = func(context.Context, mcpauth.DecisionEvent) { panic("hook") }
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodGet, "/mcp", nil)
	r.Header.Set("Authorization", "Bearer "+authtest.Mint(t, server))
	authtest.NewAuth(t, config).Protect(http.NotFoundHandler()).ServeHTTP(w, r)
	if w.Code != http.StatusNotFound {
		t.Errorf("status %d", w.Code)
	}
}

// Questions to an introspection endpoint are reported, remembered answers not.
func TestIntrospectedHook(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var events []mcpauth.IntrospectionEvent
	server := authtest.NewServer(t, mcpauthtest.Config{
		Clients: []mcpauthtest.Client{{ID: "resource-server", Secret: "a secret of thirty-two characters", GrantTypes: []string{"client_credentials"}}},
	})
	config := authtest.Trusting(server.Issuer())
	config.Resources[0].AuthorizationServers[0].Introspection = &mcpauth.Introspection{
		ClientID: "resource-server", ClientSecret: "a secret of thirty-two characters", Tokens: mcpauth.AllTokens, CacheTTL: time.Minute,
	}
	config.Hooks.Introspected = func(e mcpauth.IntrospectionEvent) {
		mu.Lock()
		defer mu.Unlock()
		events = append(events, e)
	}
	auth := authtest.NewAuth(t, config)
	token := authtest.Mint(t, server)
	for range 2 {
		if _, err := auth.Authorize(t.Context(), mcpauth.Request{Method: http.MethodGet, URL: "/mcp", Header: http.Header{"Authorization": {"Bearer " + token}}}); err != nil {
			t.Fatal(err)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	if len(events) != 1 || !events[0].Active || events[0].Err != nil || events[0].Issuer != server.Issuer() {
		t.Errorf("the events are %+v", events)
	}
}

type panickingStore struct{}

func (panickingStore) Bind(context.Context, string, string) (string, error) { panic("s3cret") }

type panickingCache struct{}

func (panickingCache) Seen(context.Context, string, time.Time) (bool, error) { panic("s3cret") }

// What users plug in may panic: the request is then answered as if it had failed,
// and the log says where, without the words of the panic.
func TestPanicsOfWhatIsPluggedIn(t *testing.T) {
	t.Parallel()
	server := authtest.NewServer(t, mcpauthtest.Config{})
	key := authtest.NewDPoPKey(t)
	b := &authtest.Bound{Key: key, Token: authtest.Mint(t, server, mcpauthtest.BoundTo(key))}
	var nobody *verifierOfNobody
	for name, test := range map[string]struct {
		config  func(*mcpauth.Config)
		request mcpauth.Request
		want    reason.Reason
		says    string
	}{
		"Verifier": {
			func(c *mcpauth.Config) {
				*c = verifiedBy(func(context.Context, string) (*mcpauth.Claims, error) { panic("s3cret") })
			},
			authtest.Bearer("x"), reason.ServerUnavailable, "the Verifier panicked with a value of type string",
		},
		"nil Verifier": {
			func(c *mcpauth.Config) {
				*c = verifiedBy(nil)
				c.Resources[0].AuthorizationServers[0].Verifier = nobody
			},
			authtest.Bearer("x"), reason.ServerUnavailable, "the Verifier panicked: runtime error: invalid memory address or nil pointer dereference",
		},
		"SessionStore": {
			func(c *mcpauth.Config) {
				*c = authtest.Trusting(server.Issuer())
				c.Resources[0].Sessions = panickingStore{}
			},
			mcpauth.Request{Method: http.MethodPost, URL: "/mcp", Header: http.Header{"Authorization": {"Bearer " + authtest.Mint(t, server)}, "Mcp-Session-Id": {"1"}}},
			reason.SessionStoreUnavailable, "the SessionStore panicked with a value of type string",
		},
		"ReplayCache": {
			func(c *mcpauth.Config) {
				*c = authtest.Trusting(server.Issuer())
				c.Resources[0].DPoP = &mcpauth.DPoP{ReplayCache: panickingCache{}}
			},
			b.Request(t, ""), reason.ReplayCacheUnavailable, "the ReplayCache panicked with a value of type string",
		},
		"RepairMetadata": {
			func(c *mcpauth.Config) {
				*c = authtest.Trusting(server.Issuer())
				c.Resources[0].AuthorizationServers[0].RepairMetadata = func([]byte) ([]byte, error) { panic("s3cret") }
			},
			authtest.Bearer(authtest.Mint(t, server)), reason.ServerUnavailable, "the repair function panicked with a value of type string",
		},
		"RepairJWKS": {
			func(c *mcpauth.Config) {
				*c = authtest.Trusting(server.Issuer())
				c.Resources[0].AuthorizationServers[0].RepairJWKS = func([]byte) ([]byte, error) { panic("s3cret") }
			},
			authtest.Bearer(authtest.Mint(t, server)), reason.ServerUnavailable, "the repair function panicked with a value of type string",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var config mcpauth.Config
			test.config(&config)
			var log authtest.Log
			config.Logger = slog.New(slog.NewTextHandler(&log, nil))
			auth := authtest.NewAuth(t, config)
			_, err := auth.Authorize(t.Context(), test.request)
			refused, ok := err.(*mcpauth.Challenge)
			if !ok || refused.Status != http.StatusServiceUnavailable || refused.Reason != test.want || refused.RetryAfter <= 0 {
				t.Fatalf("got %v, want 503 for %s", err, test.want)
			}
			text := log.String()
			if !strings.Contains(text, test.says) || !strings.Contains(text, "stack=") || strings.Contains(text, "s3cret") {
				t.Errorf("the log: %s", text)
			}
		})
	}
}

type verifierOfNobody struct{ who string }

func (v *verifierOfNobody) Verify(context.Context, string) (*mcpauth.Claims, error) {
	return &mcpauth.Claims{Subject: v.who}, nil
}

// A store that panics while a response is written keeps back that response only.
func TestStorePanicsWithTheResponse(t *testing.T) {
	t.Parallel()
	server := authtest.NewServer(t, mcpauthtest.Config{})
	config := authtest.Trusting(server.Issuer())
	config.Resources[0].Sessions = panickingStore{}
	handler := authtest.NewAuth(t, config).Protect(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Mcp-Session-Id", "new")
	}))
	w := authtest.Do(t, handler, http.MethodPost, "/mcp", "Authorization", "Bearer "+authtest.Mint(t, server))
	if w.Code != http.StatusServiceUnavailable || w.Header().Get("Mcp-Session-Id") != "" {
		t.Errorf("status %d, session %q", w.Code, w.Header().Get("Mcp-Session-Id"))
	}
}

type panickingLog struct{ slog.Handler }

func (panickingLog) Enabled(_ context.Context, level slog.Level) bool {
	if level == slog.LevelDebug {
		panic("s3cret")
	}
	return true
}

func (panickingLog) Handle(context.Context, slog.Record) error { panic("s3cret") }

// A log that panics keeps no answer from its caller.
func TestLogPanics(t *testing.T) {
	t.Parallel()
	server := authtest.NewServer(t, mcpauthtest.Config{})
	config := authtest.Trusting(server.Issuer())
	config.Logger = slog.New(panickingLog{})
	handler := authtest.NewAuth(t, config).Protect(http.NotFoundHandler())
	for _, headers := range [][]string{nil, {"Authorization", "Bearer x"}} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodPost, "/mcp", nil)
		if headers != nil {
			r.Header.Set(headers[0], headers[1])
		}
		if handler.ServeHTTP(w, r); w.Code != http.StatusUnauthorized {
			t.Errorf("%q: status %d", headers, w.Code)
		}
	}
}

// verifiedBy is a configuration whose tokens a function verifies.
func verifiedBy(verify mcpauth.VerifierFunc) mcpauth.Config {
	config := authtest.OneResource()
	config.Resources[0].AuthorizationServers = []mcpauth.AuthorizationServer{{Issuer: authtest.IssuerID, Verifier: verify}}
	return config
}
