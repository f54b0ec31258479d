package introspection_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/configerr"
	"github.com/mcp-auth/go/internal/authtest"
	"github.com/mcp-auth/go/mcpauthtest"
	"github.com/mcp-auth/go/metadata"
	"github.com/mcp-auth/go/reason"
)

// waiting is a context that tells when a caller begins to wait with it.
type waiting struct {
	context.Context
	begins func()
}

func (w waiting) Done() <-chan struct{} {
	w.begins()
	return w.Context.Done()
}

// countdown closes the channel when it was called n times.
func countdown(n int64) (call func(), done chan struct{}) {
	var calls atomic.Int64
	done = make(chan struct{})
	return func() {
		if calls.Add(1) == n {
			close(done)
		}
	}, done
}

// Covers RS17. What the endpoint fails at is never held against the token.
func TestIntrospectionOutage(t *testing.T) {
	t.Parallel()
	good := authtest.Active(time.Now().Add(time.Hour))
	mayPass := map[string]bool{ // asked three times
		"500": true, "502 page": true, "503": true, "empty": true, "garbage": true, "two objects": true, "connection broken": true,
	}
	for name, handle := range map[string]http.HandlerFunc{
		"slow": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"slow body": func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, good[:10])
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		},
		"500":                 authtest.Answering(500, good),
		"502 page":            authtest.Answering(502, "<html>"),
		"503":                 authtest.Answering(503, ""),
		"429":                 authtest.Answering(429, `{"active":false}`),
		"credentials refused": authtest.Answering(401, `{"error":"invalid_client"}`),
		"forbidden":           authtest.Answering(403, `{"error":"access_denied"}`),
		"not found":           authtest.Answering(404, ""),
		"empty":               authtest.Answering(200, ""),
		"no content":          func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) },
		"garbage":             authtest.Answering(200, "active"),
		"huge":                authtest.Answering(200, `{"active":true,"x":"`+strings.Repeat("x", 2<<20)+`"}`),
		"large":               authtest.Answering(200, `{"active":true,"x":"`+strings.Repeat("x", 70<<10)+`"}`),
		"two objects":         authtest.Answering(200, good+good),
		"not UTF-8":           authtest.Answering(200, strings.Replace(good, "alice", "\xff", 1)),
		"active as text":      authtest.Answering(200, strings.Replace(good, "true", `"true"`, 1)),
		"active as number":    authtest.Answering(200, strings.Replace(good, "true", "1", 1)),
		"active twice":        authtest.Answering(200, strings.Replace(good, "true", `true,"active":true`, 1)),
		"exp twice":           authtest.Answering(200, strings.Replace(good, "true", `true,"exp":4102444800`, 1)),
		"connection broken":   func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"redirect": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(307)
		},
		"redirect to itself": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "/introspect")
			w.WriteHeader(302)
		},
		"unsupported as 401":     authtest.Answering(401, `{"error":"unsupported_token_type"}`),
		"unsupported, twice":     authtest.Answering(400, `{"error":"x","error":"unsupported_token_type"}`),
		"unsupported, other tag": authtest.Answering(400, `{"error":["unsupported_token_type"]}`),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := authtest.NewEndpoint(t, handle)
			var log bytes.Buffer
			config := authtest.Introspecting(e, func(in *mcpauth.Introspection) { in.Timeout, in.CacheTTL = 2*time.Second, time.Minute })
			config.Logger = slog.New(slog.NewTextHandler(&log, nil))
			auth := authtest.NewAuth(t, config)
			began := time.Now()
			refused := authtest.Refusal(auth, authtest.OpaqueToken)
			if took := time.Since(began); took > 8*time.Second {
				t.Errorf("took %s, Timeout is 2 s", took)
			}
			if refused == nil || refused.Status != http.StatusServiceUnavailable || refused.RetryAfter <= 0 || len(refused.WWWAuthenticate()) > 0 {
				t.Fatalf("got %+v, want 503 with RetryAfter", refused)
			}
			if !strings.Contains(log.String(), "level=ERROR") || !strings.Contains(log.String(), "introspection failed: "+e.URL+"/introspect: ") {
				t.Errorf("the log does not say: %s", log.String())
			}
			w := httptest.NewRecorder()
			if mcpauth.WriteChallenge(w, refused); w.Header().Get("Retry-After") == "" {
				t.Error("no Retry-After")
			}
			want := int64(1)
			if mayPass[name] {
				want = 3
			}
			if got := e.Calls.Load(); got != want {
				t.Errorf("%d calls, want %d", got, want)
			}
			// Nothing of it is remembered.
			e.Answer(authtest.Answering(200, good))
			if refused := authtest.Refusal(auth, authtest.OpaqueToken); refused != nil {
				t.Errorf("after the trouble: %v: %v", refused, refused.Unwrap())
			}
		})
	}
	t.Run("refused connection", func(t *testing.T) {
		t.Parallel()
		e := authtest.NewEndpoint(t, authtest.Answering(200, good))
		auth := authtest.NewAuth(t, authtest.Introspecting(e, nil))
		e.Close()
		if refused := authtest.Refusal(auth, authtest.OpaqueToken); refused == nil || refused.Status != http.StatusServiceUnavailable {
			t.Errorf("got %v, want 503", refused)
		}
	})
}

// Covers RS17, RS21. Without the operator's word, nothing private is asked.
func TestIntrospectionKeepsToTheFetcher(t *testing.T) {
	t.Parallel()
	e := authtest.NewEndpoint(t, authtest.Answering(200, authtest.Active(time.Now().Add(time.Hour))))
	config := authtest.Introspecting(e, func(in *mcpauth.Introspection) { in.Endpoint = "https://192.168.0.1/introspect" })
	if refused := authtest.Refusal(authtest.NewAuth(t, config), authtest.OpaqueToken); refused == nil || refused.Status != http.StatusServiceUnavailable {
		t.Errorf("got %v, want 503", refused)
	}
	// The metadata of a public issuer must not send tokens to this machine.
	config = authtest.Introspecting(e, func(in *mcpauth.Introspection) { in.Endpoint = "" })
	config.Resources[0].AuthorizationServers[0].Metadata = &metadata.AuthorizationServer{Issuer: authtest.IssuerID, IntrospectionEndpoint: e.URL}
	if _, err := mcpauth.New(config); !errors.Is(err, configerr.NoIntrospectionEndpoint) {
		t.Errorf("got %v, want NoIntrospectionEndpoint", err)
	}
	if got := e.Calls.Load(); got != 0 {
		t.Errorf("%d calls, want none", got)
	}
}

// Covers RS17. The methods of client authentication, as the wire has them.
func TestIntrospectionAuthenticates(t *testing.T) {
	t.Parallel()
	for method, check := range map[mcpauth.ClientAuthMethod]func(t *testing.T, r *http.Request){
		mcpauth.ClientSecretBasic: func(t *testing.T, r *http.Request) {
			user, password, ok := r.BasicAuth()
			if !ok || user != "resource+server%3A+1" || password != url.QueryEscape(authtest.ClientSecret) || r.PostForm.Has("client_secret") {
				t.Errorf("credentials %q %v, form %v", user, ok, len(r.PostForm))
			}
		},
		mcpauth.ClientSecretPost: func(t *testing.T, r *http.Request) {
			if r.PostForm.Get("client_id") != authtest.ClientID || r.PostForm.Get("client_secret") != authtest.ClientSecret || r.Header.Get("Authorization") != "" {
				t.Error("the credentials are not in the form")
			}
		},
	} {
		t.Run(string(method), func(t *testing.T) {
			t.Parallel()
			e := authtest.NewEndpoint(t, func(w http.ResponseWriter, r *http.Request) {
				if r.URL.RawQuery != "" || r.Method != http.MethodPost {
					t.Errorf("%s %s", r.Method, r.URL)
				}
				if r.PostForm.Get("token") != authtest.OpaqueToken || r.PostForm.Get("token_type_hint") != "access_token" {
					t.Error("the token is not in the form")
				}
				if r.Header.Get("Accept") != "application/json" || r.Header.Get("Content-Type") != "application/x-www-form-urlencoded" {
					t.Errorf("headers %v", r.Header["Accept"])
				}
				if len(r.Header["X-Idempotency-Key"]) > 0 {
					t.Error("X-Idempotency-Key was sent")
				}
				check(t, r)
				authtest.Answering(200, authtest.Active(time.Now().Add(time.Hour)))(w, r)
			})
			auth := authtest.NewAuth(t, authtest.Introspecting(e, func(in *mcpauth.Introspection) { in.AuthMethod = method }))
			if refused := authtest.Refusal(auth, authtest.OpaqueToken); refused != nil {
				t.Errorf("%v: %v", refused, refused.Unwrap())
			}
		})
	}
}

// Covers RS17. Assertions are verified by an implementation that is not ours.
func TestIntrospectionPrivateKeyJWT(t *testing.T) {
	t.Parallel()
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ec := func(curve elliptic.Curve) crypto.Signer {
		key, err := ecdsa.GenerateKey(curve, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	p256, p384, p521 := ec(elliptic.P256()), ec(elliptic.P384()), ec(elliptic.P521())
	for _, test := range []struct {
		key       crypto.Signer
		algorithm string
		want      jose.SignatureAlgorithm
	}{
		{rsaKey, "", jose.RS256}, {rsaKey, "RS384", jose.RS384}, {rsaKey, "RS512", jose.RS512},
		{rsaKey, "PS256", jose.PS256}, {rsaKey, "PS384", jose.PS384}, {rsaKey, "PS512", jose.PS512},
		{p256, "", jose.ES256}, {p384, "", jose.ES384}, {p521, "", jose.ES512}, {p521, "ES512", jose.ES512},
		{edKey, "", jose.EdDSA}, {edKey, "EdDSA", jose.EdDSA},
	} {
		t.Run(string(test.want)+" "+test.algorithm, func(t *testing.T) {
			t.Parallel()
			var ids sync.Map
			e := authtest.NewEndpoint(t, func(w http.ResponseWriter, r *http.Request) {
				assertion := r.PostFormValue("client_assertion")
				parsed, err := jwt.ParseSigned(assertion, []jose.SignatureAlgorithm{test.want})
				if err != nil {
					t.Error(err)
					return
				}
				var claims jwt.Claims
				if err := parsed.Claims(test.key.Public(), &claims); err != nil {
					t.Error(err)
				}
				if err := claims.Validate(jwt.Expected{Issuer: authtest.ClientID, Subject: authtest.ClientID, AnyAudience: jwt.Audience{authtest.IssuerID}, Time: time.Now()}); err != nil {
					t.Error(err)
				}
				if life := claims.Expiry.Time().Sub(claims.IssuedAt.Time()); life <= 0 || life > time.Minute || len(claims.Audience) != 1 {
					t.Errorf("lives %s, for %v", life, claims.Audience)
				}
				if _, seen := ids.LoadOrStore(claims.ID, true); seen || len(claims.ID) < 20 {
					t.Errorf("jti %q is not unique", claims.ID)
				}
				if parsed.Headers[0].KeyID != "key-1" || r.PostFormValue("client_id") != authtest.ClientID || r.Header.Get("Authorization") != "" ||
					r.PostFormValue("client_assertion_type") != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" {
					t.Error("kid, client_id or client_assertion_type is wrong")
				}
				authtest.Answering(200, authtest.Active(time.Now().Add(time.Hour)))(w, r)
			})
			auth := authtest.NewAuth(t, authtest.Introspecting(e, func(in *mcpauth.Introspection) {
				in.ClientSecret, in.Key, in.KeyAlgorithm, in.KeyID = "", test.key, test.algorithm, "key-1"
			}))
			for range 3 { // ECDSA signatures have leading zeros now and then
				if refused := authtest.Refusal(auth, authtest.OpaqueToken); refused != nil {
					t.Fatalf("%v: %v", refused, refused.Unwrap())
				}
			}
		})
	}
}

// faultySigner is a key that does not sign.
type faultySigner struct {
	crypto.Signer
	sign func() ([]byte, error)
}

func (s faultySigner) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) { return s.sign() }

// Covers RS17. A key in a device may fail; nobody waits for ever then.
func TestIntrospectionWithABrokenKey(t *testing.T) {
	t.Parallel()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, sign := range map[string]func() ([]byte, error){
		"error":   func() ([]byte, error) { return nil, errors.New("device is gone") },
		"panic":   func() ([]byte, error) { panic("no device " + authtest.ClientSecret) },
		"garbage": func() ([]byte, error) { return []byte("garbage"), nil },
		"zero":    func() ([]byte, error) { return []byte{0x30, 6, 2, 1, 0, 2, 1, 0}, nil },
		"large": func() ([]byte, error) {
			n := append([]byte{2, 33, 1}, make([]byte, 32)...)
			return append([]byte{0x30, 70}, append(n, n...)...), nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := authtest.NewEndpoint(t, authtest.Answering(200, authtest.Active(time.Now().Add(time.Hour))))
			auth := authtest.NewAuth(t, authtest.Introspecting(e, func(in *mcpauth.Introspection) {
				in.ClientSecret, in.Key = "", faultySigner{key, sign}
			}))
			refused := authtest.Refusal(auth, authtest.OpaqueToken)
			if refused == nil || refused.Status != http.StatusServiceUnavailable || e.Calls.Load() != 0 {
				t.Fatalf("got %v after %d calls, want 503 after none", refused, e.Calls.Load())
			}
			if strings.Contains(refused.Unwrap().Error(), authtest.ClientSecret) {
				t.Error("a panic's words are in the log")
			}
		})
	}
}

// Covers RS17.
func TestIntrospectionSingleFlight(t *testing.T) {
	t.Parallel()
	const callers = 1000
	for name, ttl := range map[string]time.Duration{"without cache": 0, "with cache": time.Minute} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			begins, release := countdown(callers)
			if ttl > 0 { // who comes too late to share the call finds the answer
				begins, release = countdown(1)
			}
			e := authtest.NewEndpoint(t, func(w http.ResponseWriter, r *http.Request) {
				<-release
				authtest.Answering(200, authtest.Active(time.Now().Add(time.Hour)))(w, r)
			})
			auth := authtest.NewAuth(t, authtest.Introspecting(e, func(in *mcpauth.Introspection) { in.CacheTTL, in.Timeout = ttl, 10*time.Second }))
			var admitted atomic.Int64
			var all sync.WaitGroup
			for range callers {
				all.Go(func() {
					if authtest.RefusalIn(waiting{context.Background(), begins}, auth, authtest.OpaqueToken) == nil {
						admitted.Add(1)
					}
				})
			}
			all.Wait()
			if admitted.Load() != callers || e.Calls.Load() != 1 {
				t.Errorf("%d of %d admitted after %d calls, want all after one", admitted.Load(), callers, e.Calls.Load())
			}
		})
	}
}

// Covers RS17. A caller that goes away takes nothing from the others.
func TestIntrospectionOfACancelledCaller(t *testing.T) {
	t.Parallel()
	arrived, release := make(chan struct{}), make(chan struct{})
	e := authtest.NewEndpoint(t, func(w http.ResponseWriter, r *http.Request) {
		close(arrived)
		<-release
		authtest.Answering(200, authtest.Active(time.Now().Add(time.Hour)))(w, r)
	})
	auth := authtest.NewAuth(t, authtest.Introspecting(e, nil))
	ctx, cancel := context.WithCancel(context.Background())
	first, second := make(chan error, 1), make(chan *mcpauth.Challenge, 1)
	go func() {
		_, err := auth.Authorize(ctx, authtest.Bearer(authtest.OpaqueToken))
		first <- err
	}()
	<-arrived
	begins, waits := countdown(1)
	go func() {
		second <- authtest.RefusalIn(waiting{context.Background(), begins}, auth, authtest.OpaqueToken)
	}()
	<-waits
	cancel()
	var refused *mcpauth.Challenge
	if err := <-first; !errors.As(err, &refused) || refused.Status != http.StatusServiceUnavailable || !errors.Is(err, context.Canceled) {
		t.Errorf("the caller that went away got %v", err)
	}
	close(release)
	if refused := <-second; refused != nil {
		t.Errorf("the other one got %v: %v", refused, refused.Unwrap())
	}
}

// Covers RS17. What is asked at the same time, and what waits for that, is bounded.
func TestIntrospectionConcurrencyIsBounded(t *testing.T) {
	t.Parallel()
	const callers, flights, calls = 4500, 4096 + 32, 32
	settled, release := countdown(callers) // each waits, if only to be sent away
	var running, most atomic.Int64
	e := authtest.NewEndpoint(t, func(w http.ResponseWriter, r *http.Request) {
		n := running.Add(1)
		defer running.Add(-1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		<-release
		authtest.Answering(200, authtest.Active(time.Now().Add(time.Hour)))(w, r)
	})
	auth := authtest.NewAuth(t, authtest.Introspecting(e, func(in *mcpauth.Introspection) { in.Timeout = 10 * time.Second }))
	var admitted, busy, late atomic.Int64 // late ones waited for the machine
	var all sync.WaitGroup
	for n := range callers {
		all.Go(func() {
			switch refused := authtest.RefusalIn(waiting{context.Background(), settled}, auth, fmt.Sprintf("opaque-%d", n)); {
			case refused == nil:
				admitted.Add(1)
			case refused.Status == http.StatusServiceUnavailable && errors.Is(refused, context.DeadlineExceeded):
				late.Add(1)
			case refused.Status == http.StatusServiceUnavailable:
				busy.Add(1)
			default:
				t.Error(refused)
			}
		})
	}
	all.Wait()
	// A slow machine does not ask about all of those in time.
	if admitted.Load() == 0 || admitted.Load() > flights || admitted.Load()+late.Load()+busy.Load() != callers {
		t.Errorf("%d admitted, %d too late, %d told to come again; want at most %d admitted of %d",
			admitted.Load(), late.Load(), busy.Load(), flights, callers)
	}
	if got := most.Load(); got > calls || got == 0 {
		t.Errorf("%d calls at a time, want at most %d", got, calls)
	}
}

// Covers RS17. Close ends calls under way.
func TestIntrospectionEndsWithClose(t *testing.T) {
	t.Parallel()
	arrived := make(chan struct{})
	e := authtest.NewEndpoint(t, func(_ http.ResponseWriter, r *http.Request) {
		close(arrived)
		<-r.Context().Done()
	})
	auth, err := mcpauth.New(authtest.Introspecting(e, nil))
	if err != nil {
		t.Fatal(err)
	}
	result := make(chan *mcpauth.Challenge, 1)
	go func() { result <- authtest.Refusal(auth, authtest.OpaqueToken) }()
	<-arrived
	start := time.Now()
	if err := auth.Close(); err != nil {
		t.Fatal(err)
	}
	if refused := <-result; refused == nil || refused.Status != http.StatusServiceUnavailable || time.Since(start) > 3*time.Second {
		t.Errorf("got %v after %s, want 503 at once", refused, time.Since(start))
	}
	if refused := authtest.Refusal(auth, authtest.OpaqueToken); refused == nil || refused.Status != http.StatusServiceUnavailable {
		t.Errorf("afterwards: %v, want 503", refused)
	}
}

// Covers RS17. An answer is remembered for CacheTTL and never past exp.
func TestIntrospectionCache(t *testing.T) {
	t.Parallel()
	type step struct {
		advance time.Duration
		status  int
		calls   int64
	}
	for name, test := range map[string]struct {
		ttl, life time.Duration
		inactive  bool
		steps     []step
	}{
		"off":              {0, time.Hour, false, []step{{0, 200, 1}, {0, 200, 2}}},
		"off, inactive":    {0, time.Hour, true, []step{{0, 401, 1}, {0, 401, 2}}},
		"ttl":              {time.Minute, time.Hour, false, []step{{0, 200, 1}, {30 * time.Second, 200, 1}, {29 * time.Second, 200, 1}, {2 * time.Second, 200, 2}}},
		"never past exp":   {time.Hour, time.Minute, false, []step{{0, 200, 1}, {55 * time.Second, 200, 1}, {6 * time.Second, 200, 2}, {10 * time.Second, 401, 3}}},
		"inactive briefly": {time.Hour, time.Hour, true, []step{{0, 401, 1}, {4 * time.Second, 401, 1}, {2 * time.Second, 401, 2}}},
		"inactive, ttl":    {time.Second, time.Hour, true, []step{{0, 401, 1}, {2 * time.Second, 401, 2}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			began := time.Now()
			body := authtest.Active(began.Add(test.life))
			if test.inactive {
				body = `{"active":false}`
			}
			e := authtest.NewEndpoint(t, authtest.Answering(200, body))
			config := authtest.Introspecting(e, func(in *mcpauth.Introspection) { in.CacheTTL = test.ttl })
			now := began
			config.Now = func() time.Time { return now }
			auth := authtest.NewAuth(t, config)
			for i, step := range test.steps {
				now = now.Add(step.advance)
				got := http.StatusOK
				if refused := authtest.Refusal(auth, authtest.OpaqueToken); refused != nil {
					got = refused.Status
				}
				if got != step.status || e.Calls.Load() != step.calls {
					t.Errorf("step %d: %d after %d calls, want %d after %d", i, got, e.Calls.Load(), step.status, step.calls)
				}
			}
		})
	}
}

// Covers RS17. A token that is revoked is refused once its answer is forgotten.
func TestIntrospectionNoticesRevocation(t *testing.T) {
	t.Parallel()
	e := authtest.NewEndpoint(t, authtest.Answering(200, authtest.Active(time.Now().Add(time.Hour))))
	var c authtest.Clock
	config := authtest.Introspecting(e, func(in *mcpauth.Introspection) { in.CacheTTL = 30 * time.Second })
	config.Now = c.Now
	auth := authtest.NewAuth(t, config)
	if refused := authtest.Refusal(auth, authtest.OpaqueToken); refused != nil {
		t.Fatal(refused.Unwrap())
	}
	e.Answer(authtest.Answering(200, `{"active":false}`))
	if refused := authtest.Refusal(auth, authtest.OpaqueToken); refused != nil {
		t.Error("asked again within CacheTTL")
	}
	c.Advance(31 * time.Second)
	if refused := authtest.Refusal(auth, authtest.OpaqueToken); refused == nil || refused.Reason != reason.InactiveToken {
		t.Errorf("got %v, want inactive_token", refused)
	}
	// An outage does not prolong what was remembered.
	e.Answer(authtest.Answering(500, ""))
	c.Advance(31 * time.Second)
	if refused := authtest.Refusal(auth, authtest.OpaqueToken); refused == nil || refused.Status != http.StatusServiceUnavailable {
		t.Errorf("got %v, want 503", refused)
	}
}

// Covers RS17. Tokens from a server that introspects, end to end.
func TestIntrospectionEndToEnd(t *testing.T) {
	t.Parallel()
	for _, tokens := range []mcpauth.IntrospectedTokens{mcpauth.OpaqueTokens, mcpauth.AllTokens} {
		t.Run(string(tokens), func(t *testing.T) {
			t.Parallel()
			server := authtest.NewServer(t, mcpauthtest.Config{Clients: []mcpauthtest.Client{{ID: authtest.ClientID, Secret: authtest.ClientSecret}}})
			config := authtest.Trusting(server.Issuer())
			config.Resources[0].AuthorizationServers[0].Introspection = &mcpauth.Introspection{
				ClientID: authtest.ClientID, ClientSecret: authtest.ClientSecret, Tokens: tokens,
			}
			auth := authtest.NewAuth(t, config)
			if err := auth.Ready(context.Background()); err != nil {
				t.Fatal(err)
			}
			info, err := auth.Authorize(context.Background(), authtest.Bearer(authtest.Mint(t, server, mcpauthtest.Opaque())))
			if err != nil {
				t.Fatal(errors.Unwrap(err))
			}
			var claims struct {
				Active    bool   `json:"active"`
				TokenType string `json:"token_type"`
			}
			if err := info.Claims(&claims); err != nil || !claims.Active || claims.TokenType != "Bearer" {
				t.Errorf("claims %+v, %v", claims, err)
			}
			if info.Issuer != server.Issuer() || info.Subject != "alice" || !info.HasScope("read") || info.ExpiresAt.IsZero() {
				t.Errorf("%+v", info)
			}
			if got := authtest.Status(auth, authtest.Mint(t, server)); got != http.StatusOK {
				t.Errorf("a JWT: %d", got)
			}
			for name, option := range map[string]mcpauthtest.TokenOption{
				"expired": mcpauthtest.Expired(), "other audience": mcpauthtest.WrongAudience(), "forged": mcpauthtest.WrongKey(),
				"ID token": mcpauthtest.IDToken(), "tampered": mcpauthtest.TamperedClaims(),
			} {
				if got := authtest.Status(auth, authtest.Mint(t, server, option)); got != http.StatusUnauthorized {
					t.Errorf("%s: %d, want 401", name, got)
				}
				if got := authtest.Status(auth, authtest.Mint(t, server, option, mcpauthtest.Opaque())); got != http.StatusUnauthorized {
					t.Errorf("%s, opaque: %d, want 401", name, got)
				}
			}
			if got := authtest.Status(auth, "unknown-token"); got != http.StatusUnauthorized {
				t.Errorf("unknown: %d, want 401", got)
			}
			server.SetFaults(mcpauthtest.Faults{Introspection: mcpauthtest.DocumentFault{Status: 500}})
			if got := authtest.Status(auth, authtest.Mint(t, server, mcpauthtest.Opaque())); got != http.StatusServiceUnavailable {
				t.Errorf("in an outage: %d, want 503", got)
			}
		})
	}
}

// Covers RS17. Ready tells that there is no endpoint, and needs no keys where
// none are used.
func TestIntrospectionReady(t *testing.T) {
	t.Parallel()
	e := authtest.NewEndpoint(t, authtest.Answering(200, ""))
	config := authtest.Introspecting(e, func(in *mcpauth.Introspection) { in.Tokens = mcpauth.AllTokens })
	if err := authtest.NewAuth(t, config).Ready(context.Background()); err != nil {
		t.Errorf("with an endpoint and no need for keys: %v", err)
	}
	var issuer string
	as := authtest.NewEndpoint(t, func(w http.ResponseWriter, r *http.Request) {
		authtest.Answering(200, fmt.Sprintf(`{"issuer":%q,"jwks_uri":"%[1]s/jwks"}`, issuer))(w, r)
	})
	issuer = as.URL
	config = authtest.Trusting(issuer)
	config.Resources[0].AuthorizationServers[0].Introspection = &mcpauth.Introspection{
		ClientID: authtest.ClientID, ClientSecret: authtest.ClientSecret, Tokens: mcpauth.AllTokens,
	}
	auth := authtest.NewAuth(t, config)
	if err := auth.Ready(context.Background()); err == nil || !strings.Contains(err.Error(), "introspection_endpoint") {
		t.Errorf("without an endpoint: %v", err)
	}
	if refused := authtest.Refusal(auth, authtest.OpaqueToken); refused == nil || refused.Status != http.StatusServiceUnavailable {
		t.Errorf("got %v, want 503", refused)
	}
}

// Covers RS17. Wherever things are printed, there is neither token nor secret.
func TestIntrospectionSecretsStayInside(t *testing.T) {
	t.Parallel()
	echo := func(w http.ResponseWriter, r *http.Request) { // a server that repeats all it got
		all := r.PostForm.Get("token") + r.PostForm.Get("client_secret") + r.PostForm.Encode() + r.Header.Get("Authorization")
		w.Header().Set("Content-Type", all)
		w.WriteHeader(500)
		_, _ = io.WriteString(w, all)
	}
	secrets := []string{
		authtest.OpaqueToken, authtest.ClientSecret, url.QueryEscape(authtest.ClientSecret),
		base64.StdEncoding.EncodeToString([]byte(url.QueryEscape(authtest.ClientID) + ":" + url.QueryEscape(authtest.ClientSecret))),
	}
	var out bytes.Buffer
	for _, method := range []mcpauth.ClientAuthMethod{mcpauth.ClientSecretBasic, mcpauth.ClientSecretPost} {
		for _, handle := range []http.HandlerFunc{
			echo, authtest.Answering(200, `{"active":true,"exp":"`+authtest.OpaqueToken+`"}`), authtest.Answering(200, authtest.OpaqueToken), authtest.Answering(400, `{"error":"`+authtest.OpaqueToken+`"}`),
		} {
			e := authtest.NewEndpoint(t, handle)
			config := authtest.Introspecting(e, func(in *mcpauth.Introspection) { in.AuthMethod = method })
			config.Logger = slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))
			config.DangerouslyShowErrorDetails = true
			auth := authtest.NewAuth(t, config)
			refused := authtest.Refusal(auth, authtest.OpaqueToken)
			if refused == nil {
				t.Fatal("admitted")
			}
			w := httptest.NewRecorder()
			mcpauth.WriteChallenge(w, refused)
			fmt.Fprint(&out, w.Header(), w.Body.String(), refused, refused.Unwrap())
			in := config.Resources[0].AuthorizationServers[0].Introspection
			encoded, err := json.Marshal(in)
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&out, "%s %v %+v %#v %s %q %x %d\n", encoded, in, in, in, in.ClientSecret, in.ClientSecret, in.ClientSecret, in.ClientSecret)
			fmt.Fprintf(&out, "%v %+v %#v", *in, *in, *in)
			slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "secret", in.ClientSecret, "all", in)
		}
	}
	for _, secret := range append(secrets, fmt.Sprintf("%x", authtest.ClientSecret)) {
		if strings.Contains(out.String(), secret) {
			t.Errorf("%q is in: %s", secret, out.String())
		}
	}
	if !strings.Contains(out.String(), "[redacted]") {
		t.Error("nothing was printed")
	}
}

// Covers RS17.
func TestIntrospectionConfigFaults(t *testing.T) {
	t.Parallel()
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	p256, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p224, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	const field = "Resources[0].AuthorizationServers[0].Introspection"
	in := func(change func(*mcpauth.Introspection)) func(*mcpauth.AuthorizationServer) {
		return func(s *mcpauth.AuthorizationServer) { change(s.Introspection) }
	}
	key := func(key crypto.Signer, algorithm string) func(*mcpauth.AuthorizationServer) {
		return in(func(i *mcpauth.Introspection) { i.ClientSecret, i.Key, i.KeyAlgorithm = "", key, algorithm })
	}
	for name, test := range map[string]struct {
		change func(*mcpauth.AuthorizationServer)
		want   configerr.Fault
		field  string
	}{
		"no client":         {in(func(i *mcpauth.Introspection) { i.ClientID = "" }), configerr.InvalidClient, field + ".ClientID"},
		"no secret":         {in(func(i *mcpauth.Introspection) { i.ClientSecret = "" }), configerr.NoClientCredentials, field + ".ClientSecret"},
		"no secret to post": {in(func(i *mcpauth.Introspection) { i.ClientSecret, i.AuthMethod = "", mcpauth.ClientSecretPost }), configerr.NoClientCredentials, field + ".ClientSecret"},
		"no key":            {in(func(i *mcpauth.Introspection) { i.ClientSecret, i.AuthMethod = "", mcpauth.PrivateKeyJWT }), configerr.NoClientCredentials, field + ".Key"},
		"secret and key":    {in(func(i *mcpauth.Introspection) { i.Key = p256 }), configerr.ConflictingSources, field + ".ClientSecret and Key"},
		"no authentication": {in(func(i *mcpauth.Introspection) { i.AuthMethod = "none" }), configerr.InvalidAuthMethod, field + ".AuthMethod"},
		"weak key":          {key(weak, ""), configerr.InvalidClientKey, field + ".Key"},
		"odd curve":         {key(p224, ""), configerr.InvalidClientKey, field + ".Key"},
		"other curve":       {key(p256, "ES384"), configerr.InvalidClientKey, field + ".Key"},
		"other key type":    {key(p256, "RS256"), configerr.InvalidClientKey, field + ".Key"},
		"symmetric":         {key(p256, "HS256"), configerr.InvalidAlgorithm, field + ".KeyAlgorithm"},
		"http endpoint":     {in(func(i *mcpauth.Introspection) { i.Endpoint = "http://auth.example.com/introspect" }), configerr.InsecureURL, field + ".Endpoint"},
		"relative endpoint": {in(func(i *mcpauth.Introspection) { i.Endpoint = "/introspect" }), configerr.InvalidURL, field + ".Endpoint"},
		"userinfo":          {in(func(i *mcpauth.Introspection) { i.Endpoint = "https://a:b@auth.example.com/i" }), configerr.InvalidURL, field + ".Endpoint"},
		"tokens":            {in(func(i *mcpauth.Introspection) { i.Tokens = "some" }), configerr.InvalidIntrospectedTokens, field + ".Tokens"},
		"negative TTL":      {in(func(i *mcpauth.Introspection) { i.CacheTTL = -1 }), configerr.InvalidCacheTTL, field + ".CacheTTL"},
		"long TTL":          {in(func(i *mcpauth.Introspection) { i.CacheTTL = time.Hour + 1 }), configerr.InvalidCacheTTL, field + ".CacheTTL"},
		"negative timeout":  {in(func(i *mcpauth.Introspection) { i.Timeout = -1 }), configerr.InvalidTimeout, field + ".Timeout"},
		"long timeout":      {in(func(i *mcpauth.Introspection) { i.Timeout = 11 * time.Second }), configerr.InvalidTimeout, field + ".Timeout"},
		"empty client":      {in(func(i *mcpauth.Introspection) { i.AllowedClients = []string{"a", ""} }), configerr.InvalidClient, field + ".AllowedClients[1]"},
		"verifier too": {func(s *mcpauth.AuthorizationServer) {
			s.Verifier = mcpauth.VerifierFunc(func(context.Context, string) (*mcpauth.Claims, error) { return nil, nil })
		}, configerr.ConflictingSources, field + " and Verifier"},
		"no discovery": {func(s *mcpauth.AuthorizationServer) {
			s.JWKS = []byte(`{"keys":[]}`)
			s.Introspection.Endpoint = ""
		}, configerr.NoIntrospectionEndpoint, field + ".Endpoint"},
		"not in the metadata": {func(s *mcpauth.AuthorizationServer) {
			s.Metadata = &metadata.AuthorizationServer{Issuer: authtest.IssuerID}
			s.Introspection.Endpoint = ""
		}, configerr.NoIntrospectionEndpoint, field + ".Endpoint"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := authtest.Trusting(authtest.IssuerID)
			server := &config.Resources[0].AuthorizationServers[0]
			server.Introspection = &mcpauth.Introspection{Endpoint: "https://auth.example.com/i", ClientID: authtest.ClientID, ClientSecret: authtest.ClientSecret}
			test.change(server)
			_, err := mcpauth.New(config)
			if !errors.Is(err, test.want) || !strings.Contains(err.Error(), test.field) {
				t.Fatalf("got %v, want %q at %s", err, test.want, test.field)
			}
			if strings.Contains(err.Error(), authtest.ClientSecret) {
				t.Error("the secret is in the error")
			}
		})
	}
	t.Run("two places for opaque tokens", func(t *testing.T) {
		t.Parallel()
		config := authtest.Trusting(authtest.IssuerID, authtest.IssuerID+"/2")
		for i := range config.Resources[0].AuthorizationServers {
			config.Resources[0].AuthorizationServers[i].Introspection = &mcpauth.Introspection{ClientID: authtest.ClientID, ClientSecret: authtest.ClientSecret}
		}
		_, err := mcpauth.New(config)
		if !errors.Is(err, configerr.AmbiguousVerifier) || !strings.Contains(err.Error(), "AuthorizationServers[1].Introspection") {
			t.Errorf("got %v, want AmbiguousVerifier", err)
		}
		config.Resources[0].AuthorizationServers[1].Introspection = nil
		config.Resources[0].AuthorizationServers[1].Verifier = mcpauth.VerifierFunc(func(context.Context, string) (*mcpauth.Claims, error) { return nil, nil })
		if _, err = mcpauth.New(config); !errors.Is(err, configerr.AmbiguousVerifier) {
			t.Errorf("got %v, want AmbiguousVerifier", err)
		}
	})
}

// The configuration is copied: what the caller changes afterwards has no effect.
func TestIntrospectionConfigIsCopied(t *testing.T) {
	t.Parallel()
	e := authtest.NewEndpoint(t, authtest.Answering(200, `{"active":true,"token_type":"Bearer","client_id":"other","exp":4102444800}`))
	config := authtest.Introspecting(e, func(in *mcpauth.Introspection) { in.AllowedClients = []string{"app"} })
	auth := authtest.NewAuth(t, config)
	in := config.Resources[0].AuthorizationServers[0].Introspection
	in.AllowedClients[0], in.Endpoint = "other", "http://127.0.0.1:1/"
	if refused := authtest.Refusal(auth, authtest.OpaqueToken); refused == nil || refused.Reason != reason.WrongAudience {
		t.Errorf("got %v, want wrong_audience", refused)
	}
}

// A client secret keeps out of what is printed, logged and encoded.
func TestSecretPrintsRedacted(t *testing.T) {
	t.Parallel()
	in := mcpauth.Introspection{ClientID: authtest.ClientID, ClientSecret: authtest.ClientSecret}
	var all strings.Builder
	log := slog.New(slog.NewJSONHandler(&all, nil))
	log.Info("x", "secret", in.ClientSecret, "config", in)
	slog.New(slog.NewTextHandler(&all, nil)).Info("x", "secret", in.ClientSecret, "config", in)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&all, verb+verb+verb, in.ClientSecret, in, &in)
	}
	encoded, err := json.Marshal(map[string]any{"secret": in.ClientSecret})
	if err != nil {
		t.Fatal(err)
	}
	text := all.String() + string(encoded) + in.ClientSecret.String() + in.ClientSecret.GoString()
	for _, form := range []string{authtest.ClientSecret, url.QueryEscape(authtest.ClientSecret), fmt.Sprintf("%x", authtest.ClientSecret), "geheim"} {
		if strings.Contains(text, form) {
			t.Errorf("the secret was printed as %q", form)
		}
	}
	if !strings.Contains(text, "[redacted]") {
		t.Error("nothing says that the secret was left out")
	}
}
