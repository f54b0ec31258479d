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
	"github.com/mcp-auth/go/mcpauthtest"
	"github.com/mcp-auth/go/metadata"
	"github.com/mcp-auth/go/network"
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
	c := newClock()
	server := newServer(t, mcpauthtest.Config{Now: c.now})
	told := make(events, 8)
	config := trusting(server.Issuer())
	config.Now, config.Hooks.Fetched = c.now, told.add
	second := config.Resources[0]
	second.Identifier = "https://api.example.com/second"
	config.Resources = append(config.Resources, second)
	auth := newAuth(t, config)
	if err := auth.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	first := c.now()
	for _, document := range []mcpauth.FetchedDocument{mcpauth.FetchedMetadata, mcpauth.FetchedKeys} {
		e := told.next(t)
		if e.Document != document || e.Issuer != server.Issuer() || e.Err != nil || e.Duration <= 0 || !e.FetchedAt.Equal(first) {
			t.Errorf("%s: got %+v", document, e)
		}
	}
	told.none(t)

	// A failure leaves the keys in use, and says how old they are.
	server.SetFaults(mcpauthtest.Faults{JWKS: mcpauthtest.DocumentFault{Status: http.StatusInternalServerError}})
	c.advance(10 * time.Minute)
	token := mint(t, server)
	req := bearer(token)
	req.Resource = resourceID
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
	server := newServer(t, mcpauthtest.Config{})
	issuer := server.Issuer()
	server.Close()
	told := make(events, 8)
	config := trusting(issuer)
	config.Hooks.Fetched = told.add
	auth := newAuth(t, config)
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
	server := newServer(t, mcpauthtest.Config{})
	var log bytes.Buffer
	var auth *mcpauth.Auth
	config := trusting(server.Issuer())
	config.Logger = slog.New(slog.NewTextHandler(&log, nil))
	config.Hooks.Fetched = func(e mcpauth.FetchEvent) {
		if e.Document == mcpauth.FetchedKeys {
			_ = auth.Ready(context.Background())
			panic("no such metric")
		}
	}
	auth = newAuth(t, config)
	if got := status(auth, mint(t, server)); got != http.StatusOK {
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
	server := newServer(t, mcpauthtest.Config{})
	config := trusting(server.Issuer())
	config.Resources[0].Policy = &policy.Policy{
		Tools:   map[string]policy.Requirement{"look": policy.Scopes("read"), "wipe": policy.Scopes("admin")},
		Default: policy.Denied(),
	}
	var seen decisions
	config.Hooks.Decided = seen.add
	handler := newAuth(t, config).Protect(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Demand") != "" {
			mcpauth.WriteChallenge(w, mcpauth.Require(r.Context(), "admin"))
		}
	}))
	token := mint(t, server)
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
	server := newServer(t, mcpauthtest.Config{})
	var log logBuffer
	config := trusting(server.Issuer())
	config.Logger = log.logger()
	config.Resources[0].Policy = &policy.Policy{Tools: map[string]policy.Requirement{"wipe": policy.Scopes("admin")}}
	token := mint(t, server)
	body := `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"wipe","arguments":{"key":"s3cret"}}}`
	r := httptest.NewRequest(http.MethodPost, "/mcp", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+token)
	newAuth(t, config).Protect(http.NotFoundHandler()).ServeHTTP(httptest.NewRecorder(), r)
	text := log.String()
	for _, want := range []string{
		"level=INFO", "status=403", "reason=insufficient_scope", "resource=" + resourceID, "method=POST", "issuer=" + server.Issuer(), "subject=", "client=", "operation=tools/call", "name=wipe",
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
	server := newServer(t, mcpauthtest.Config{})
	config := trusting(server.Issuer())
	config.Hooks.Decided = func(context.Context, mcpauth.DecisionEvent) { panic("hook") }
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodGet, "/mcp", nil)
	r.Header.Set("Authorization", "Bearer "+mint(t, server))
	newAuth(t, config).Protect(http.NotFoundHandler()).ServeHTTP(w, r)
	if w.Code != http.StatusNotFound {
		t.Errorf("status %d", w.Code)
	}
}

// Questions to an introspection endpoint are reported, remembered answers not.
func TestIntrospectedHook(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var events []mcpauth.IntrospectionEvent
	server := newServer(t, mcpauthtest.Config{
		Clients: []mcpauthtest.Client{{ID: "resource-server", Secret: "a secret of thirty-two characters", GrantTypes: []string{"client_credentials"}}},
	})
	config := trusting(server.Issuer())
	config.Resources[0].AuthorizationServers[0].Introspection = &mcpauth.Introspection{
		ClientID: "resource-server", ClientSecret: "a secret of thirty-two characters", Tokens: mcpauth.AllTokens, CacheTTL: time.Minute,
	}
	config.Hooks.Introspected = func(e mcpauth.IntrospectionEvent) {
		mu.Lock()
		defer mu.Unlock()
		events = append(events, e)
	}
	auth := newAuth(t, config)
	token := mint(t, server)
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
	server := newServer(t, mcpauthtest.Config{})
	key := newDPoPKey(t)
	b := &bound{key: key, token: mint(t, server, mcpauthtest.BoundTo(key))}
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
			bearer("x"), reason.ServerUnavailable, "the Verifier panicked with a value of type string",
		},
		"nil Verifier": {
			func(c *mcpauth.Config) {
				*c = verifiedBy(nil)
				c.Resources[0].AuthorizationServers[0].Verifier = nobody
			},
			bearer("x"), reason.ServerUnavailable, "the Verifier panicked: runtime error: invalid memory address or nil pointer dereference",
		},
		"SessionStore": {
			func(c *mcpauth.Config) { *c = trusting(server.Issuer()); c.Resources[0].Sessions = panickingStore{} },
			mcpauth.Request{Method: http.MethodPost, URL: "/mcp", Header: http.Header{"Authorization": {"Bearer " + mint(t, server)}, "Mcp-Session-Id": {"1"}}},
			reason.SessionStoreUnavailable, "the SessionStore panicked with a value of type string",
		},
		"ReplayCache": {
			func(c *mcpauth.Config) {
				*c = trusting(server.Issuer())
				c.Resources[0].DPoP = &mcpauth.DPoP{ReplayCache: panickingCache{}}
			},
			b.request(t, ""), reason.ReplayCacheUnavailable, "the ReplayCache panicked with a value of type string",
		},
		"RepairMetadata": {
			func(c *mcpauth.Config) {
				*c = trusting(server.Issuer())
				c.Resources[0].AuthorizationServers[0].RepairMetadata = func([]byte) ([]byte, error) { panic("s3cret") }
			},
			bearer(mint(t, server)), reason.ServerUnavailable, "the repair function panicked with a value of type string",
		},
		"RepairJWKS": {
			func(c *mcpauth.Config) {
				*c = trusting(server.Issuer())
				c.Resources[0].AuthorizationServers[0].RepairJWKS = func([]byte) ([]byte, error) { panic("s3cret") }
			},
			bearer(mint(t, server)), reason.ServerUnavailable, "the repair function panicked with a value of type string",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var config mcpauth.Config
			test.config(&config)
			var log logBuffer
			config.Logger = log.logger()
			auth := newAuth(t, config)
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
	server := newServer(t, mcpauthtest.Config{})
	config := trusting(server.Issuer())
	config.Resources[0].Sessions = panickingStore{}
	handler := newAuth(t, config).Protect(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Mcp-Session-Id", "new")
	}))
	w := do(t, handler, http.MethodPost, "/mcp", "Authorization", "Bearer "+mint(t, server))
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
	server := newServer(t, mcpauthtest.Config{})
	config := trusting(server.Issuer())
	config.Logger = slog.New(panickingLog{})
	handler := newAuth(t, config).Protect(http.NotFoundHandler())
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

// Covers RS8. At the start, too, a repair function that panics is an error.
func TestDiscoverWithPanickingRepair(t *testing.T) {
	t.Parallel()
	server := newServer(t, mcpauthtest.Config{})
	_, err := mcpauth.DiscoverAuthorizationServer(t.Context(), mcpauth.AuthorizationServer{
		Issuer: server.Issuer(), RepairMetadata: func([]byte) ([]byte, error) { panic("s3cret") },
	}, network.Settings{})
	if err == nil || strings.Contains(err.Error(), "s3cret") || !strings.Contains(err.Error(), "the repair function panicked") {
		t.Errorf("got %v", err)
	}
}

// verifiedBy is a configuration whose tokens a function verifies.
func verifiedBy(verify mcpauth.VerifierFunc) mcpauth.Config {
	config := oneResource()
	config.Resources[0].AuthorizationServers = []mcpauth.AuthorizationServer{{Issuer: issuerID, Verifier: verify}}
	return config
}

// Covers RS6. A verifier decides on every text that a header can carry.
func TestVerifierGetsEveryToken(t *testing.T) {
	t.Parallel()
	var got string
	auth := newAuth(t, verifiedBy(func(_ context.Context, token string) (*mcpauth.Claims, error) {
		got = token
		if token == "refused:token" {
			return nil, fmt.Errorf("%w: no", mcpauth.ErrInvalidToken)
		}
		return &mcpauth.Claims{Issuer: issuerID, Audience: []string{resourceID}, ExpiresAt: time.Now().Add(time.Hour)}, nil
	}))
	for _, token := range []string{
		"user:grant:secret", "a.b.c:d", "a b", `a"b\c`, "a,b", "{a}", "tökén", "a\tb", "=", "a=b=c", "eyJ:x.y.z", "%20", "a;b", "a\xffb",
	} {
		if status := status(auth, token); status != http.StatusOK || got != token {
			t.Errorf("%q: status %d, the verifier got %q", token, status, got)
		}
	}
	if refused := outcome(auth, "refused:token"); refused == nil || refused.Status != http.StatusUnauthorized || refused.Reason != reason.RejectedByVerifier {
		t.Errorf("refused with %v", refused)
	}
	for _, token := range []string{"a\nb", "a\x00b", "a\x7fb", "a\r\nX: y"} {
		if status := status(auth, token); status != http.StatusBadRequest {
			t.Errorf("%q, which no header can carry: status %d", token, status)
		}
	}
}
