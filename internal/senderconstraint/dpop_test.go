package senderconstraint_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/configerr"
	"github.com/mcp-auth/go/internal/authtest"
	"github.com/mcp-auth/go/mcpauthtest"
	"github.com/mcp-auth/go/reason"
)

// Covers RS18: of a thousand requests with one proof, exactly one is admitted.
func TestDPoPProofAdmittedOnce(t *testing.T) {
	t.Parallel()
	b := authtest.NewBound(t, &mcpauth.DPoP{})
	request := b.Request(t, "")
	var admitted, replayed atomic.Int32
	var group sync.WaitGroup
	start := make(chan struct{})
	for range 1000 {
		group.Go(func() {
			<-start
			switch authtest.ReasonOf(t, b.Auth, request) {
			case "":
				admitted.Add(1)
			case reason.DPoPProofReplayed:
				replayed.Add(1)
			}
		})
	}
	close(start)
	group.Wait()
	if admitted.Load() != 1 || replayed.Load() != 999 {
		t.Errorf("%d admitted, %d replayed", admitted.Load(), replayed.Load())
	}
}

// Covers RS18: a door may know the external URL; the engine takes it as it is.
func TestDPoPExternalURL(t *testing.T) {
	t.Parallel()
	b := authtest.NewBound(t, &mcpauth.DPoP{})
	for url, want := range map[string]reason.Reason{
		"/mcp":                                 "",
		"/mcp?session=1":                       "",
		authtest.ResourceID:                    "",
		authtest.ResourceID + "?session=1":     "",
		"https://other.example/mcp":            reason.DPoPWrongURL,
		"/strip/mcp":                           reason.DPoPWrongURL,
		"//api.example.com/mcp":                reason.DPoPWrongURL,
		"":                                     reason.DPoPWrongURL,
		"*":                                    reason.DPoPWrongURL,
		"@evil.example/mcp":                    reason.DPoPWrongURL,
		".evil.example/mcp":                    reason.DPoPWrongURL,
		"https://api.example.com@evil.example": reason.DPoPWrongURL,
	} {
		request := b.Request(t, "")
		request.URL = url
		if got := authtest.ReasonOf(t, b.Auth, request); got != want {
			t.Errorf("%q: %q, want %q", url, got, want)
		}
	}
}

// Covers RS18: the whole exchange over HTTP, as a client sees it.
func TestDPoPNonceExchange(t *testing.T) {
	t.Parallel()
	b := authtest.NewBound(t, &mcpauth.DPoP{Required: true, RequireNonce: true})
	door := b.Auth.Protect(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	send := func(nonce string) *httptest.ResponseRecorder {
		w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "http://internal:8080/mcp", nil)
		r.Header = b.Request(t, nonce).Header
		door.ServeHTTP(w, r)
		return w
	}
	first := send("")
	challenge := strings.Join(first.Header().Values("WWW-Authenticate"), "\n")
	nonce := first.Header().Get("DPoP-Nonce")
	if first.Code != http.StatusUnauthorized || nonce == "" || !strings.Contains(challenge, `error="use_dpop_nonce"`) || !strings.HasPrefix(challenge, "DPoP algs=") {
		t.Fatalf("%d %q %q", first.Code, nonce, challenge)
	}
	for range 2 {
		w := send(nonce)
		if nonce = w.Header().Get("DPoP-Nonce"); w.Code != http.StatusNoContent || nonce == "" || w.Header().Get("Cache-Control") != "no-store" {
			t.Fatalf("%d, next nonce %q", w.Code, nonce)
		}
	}
}

// sharedCache is what replicas would have in a database.
type sharedCache struct{ seen sync.Map }

func (c *sharedCache) Seen(_ context.Context, id string, _ time.Time) (bool, error) {
	_, seen := c.seen.LoadOrStore(id, true)
	return seen, nil
}

// Covers RS18: replicas that share a key and a cache act as one.
func TestDPoPReplicas(t *testing.T) {
	t.Parallel()
	key, cache := bytes.Repeat([]byte{1}, 32), &sharedCache{}
	server, client := authtest.NewServer(t, mcpauthtest.Config{}), authtest.NewDPoPKey(t)
	token := authtest.Mint(t, server, mcpauthtest.BoundTo(client))
	var replicas []*authtest.Bound
	for range 2 {
		config := authtest.Trusting(server.Issuer())
		config.Resources[0].DPoP = &mcpauth.DPoP{RequireNonce: true, NonceKey: key, ReplayCache: cache}
		replicas = append(replicas, &authtest.Bound{Auth: authtest.NewAuth(t, config), Key: client, Token: token})
	}
	request := replicas[0].Request(t, replicas[0].Auth.DPoPNonce(""))
	if got := authtest.ReasonOf(t, replicas[1].Auth, request); got != "" {
		t.Errorf("the nonce of the other replica: %q", got)
	}
	if got := authtest.ReasonOf(t, replicas[0].Auth, request); got != reason.DPoPProofReplayed {
		t.Errorf("a proof that the other replica took: %q", got)
	}
	stranger := authtest.NewBound(t, &mcpauth.DPoP{RequireNonce: true})
	if got := authtest.ReasonOf(t, stranger.Auth, stranger.Request(t, replicas[0].Auth.DPoPNonce(""))); got != reason.DPoPNonceRequired {
		t.Errorf("the nonce of a stranger: %q", got)
	}
}

// Covers RS18: a client that floods the replay cache shuts out only itself, and
// what it is refused with is not an error of the server.
func TestDPoPFloodOfOneKey(t *testing.T) {
	t.Parallel()
	server := authtest.NewServer(t, mcpauthtest.Config{})
	config := authtest.Trusting(server.Issuer())
	config.Resources[0].DPoP = &mcpauth.DPoP{ReplayCacheSize: 20}
	var log bytes.Buffer
	config.Logger = slog.New(slog.NewTextHandler(&log, nil))
	auth := authtest.NewAuth(t, config)
	client := func() *authtest.Bound {
		key := authtest.NewDPoPKey(t)
		return &authtest.Bound{Auth: auth, Key: key, Token: authtest.Mint(t, server, mcpauthtest.BoundTo(key))}
	}
	flood, honest := client(), client()
	accepted := 0
	for range 30 {
		switch got := authtest.ReasonOf(t, auth, flood.Request(t, "")); got {
		case "":
			accepted++
		case reason.ReplayCacheUnavailable:
		default:
			t.Fatal(got)
		}
	}
	if accepted != 10 {
		t.Errorf("%d requests of one key were accepted, want half of 20", accepted)
	}
	for range 5 {
		if got := authtest.ReasonOf(t, auth, honest.Request(t, "")); got != "" {
			t.Errorf("another client: %q", got)
		}
	}
	if text := log.String(); !strings.Contains(text, "share of the replay cache") || strings.Contains(text, "level=ERROR") {
		t.Error(text)
	}
}

// Covers RS18: a used proof is not valid again after the clock went ahead and back.
func TestDPoPWhenTheClockGoesBack(t *testing.T) {
	t.Parallel()
	c := authtest.NewClock()
	server := authtest.NewServer(t, mcpauthtest.Config{Now: c.Now})
	config := authtest.Trusting(server.Issuer())
	config.Now, config.Resources[0].DPoP = c.Now, &mcpauth.DPoP{}
	key := authtest.NewDPoPKey(t)
	long, err := server.Token(mcpauthtest.TokenClaims{Audience: []string{authtest.ResourceID}, ExpiresAt: c.Now().Add(5 * time.Hour)}, mcpauthtest.BoundTo(key))
	if err != nil {
		t.Fatal(err)
	}
	b := &authtest.Bound{Auth: authtest.NewAuth(t, config), Key: key, Token: long}
	first := b.Request(t, "")
	if got := authtest.ReasonOf(t, b.Auth, first); got != "" {
		t.Fatal(got)
	}
	c.Advance(time.Hour)
	if got := authtest.ReasonOf(t, b.Auth, first); got != reason.DPoPProofStale {
		t.Errorf("an hour later: %q", got)
	}
	proof, err := key.Proof(mcpauthtest.DPoPProof{Method: http.MethodPost, URL: authtest.ResourceID, AccessToken: long, IssuedAt: c.Now()})
	if err != nil {
		t.Fatal(err)
	}
	ahead := mcpauth.Request{Method: http.MethodPost, URL: "/mcp", Header: http.Header{"Authorization": {"DPoP " + long}, "Dpop": {proof}}}
	if got := authtest.ReasonOf(t, b.Auth, ahead); got != "" {
		t.Fatal(got)
	}
	c.Advance(-time.Hour)
	if got := authtest.ReasonOf(t, b.Auth, first); got != reason.DPoPProofReplayed {
		t.Errorf("when the clock is back: %q", got)
	}
}

// Covers RS18: New warns of nonces that only one process can check.
func TestNonceKeyOfOneProcess(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		dpop *mcpauth.DPoP
		want []string
	}{
		"no key":    {&mcpauth.DPoP{RequireNonce: true}, []string{"Resources[0].DPoP.NonceKey"}},
		"a key":     {&mcpauth.DPoP{RequireNonce: true, NonceKey: make([]byte, 32)}, nil},
		"no nonces": {&mcpauth.DPoP{}, nil},
		"no DPoP":   {nil, nil},
	} {
		config := authtest.OneResource()
		config.Resources[0].DPoP = test.dpop
		var got []string
		for _, w := range authtest.NewAuth(t, config).Warnings() {
			got = append(got, w.Field)
			if !errors.Is(w, configerr.NonceKeyNotShared) {
				t.Error(w)
			}
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}

func TestDPoPNonceWhereThereIsNone(t *testing.T) {
	t.Parallel()
	plain, optional := authtest.NewAuth(t, authtest.OneResource()), authtest.NewBound(t, &mcpauth.DPoP{})
	for name, got := range map[string]string{
		"no DPoP": plain.DPoPNonce(""), "no nonces": optional.Auth.DPoPNonce(authtest.ResourceID), "unknown resource": optional.Auth.DPoPNonce("https://x.example"),
	} {
		if got != "" {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// Covers RS18: what the caller changes after New changes nothing.
func TestDPoPConfigIsCopied(t *testing.T) {
	t.Parallel()
	dpop := &mcpauth.DPoP{Algorithms: []string{"ES256"}, Required: true}
	b := authtest.NewBound(t, dpop)
	dpop.Algorithms[0], dpop.Required = "RS256", false
	if got := authtest.ReasonOf(t, b.Auth, b.Request(t, "")); got != "" {
		t.Error(got)
	}
	if got := authtest.ReasonOf(t, b.Auth, authtest.Bearer(b.Token)); got != reason.DPoPRequired {
		t.Error(got)
	}
	// Nor does what the caller of one request does to its challenge.
	_, err := b.Auth.Authorize(t.Context(), authtest.Bearer(b.Token))
	var refused *mcpauth.Challenge
	if !errors.As(err, &refused) {
		t.Fatal(err)
	}
	refused.DPoPAlgorithms[0] = "none"
	if got := authtest.ReasonOf(t, b.Auth, b.Request(t, "")); got != "" {
		t.Error(got)
	}
	_, err = b.Auth.Authorize(t.Context(), authtest.Bearer(b.Token))
	if !errors.As(err, &refused) || refused.DPoPAlgorithms[0] != "ES256" {
		t.Error(err)
	}
}

// Covers RS18, RS19, RS22.
func TestSenderConstraintConfigFaults(t *testing.T) {
	t.Parallel()
	dpop := func(d mcpauth.DPoP) mcpauth.Resource { return mcpauth.Resource{DPoP: &d} }
	mtls := func(m mcpauth.MTLS) mcpauth.Resource { return mcpauth.Resource{MTLS: &m} }
	for name, test := range map[string]struct {
		resource mcpauth.Resource
		want     configerr.Fault
		field    string
	}{
		"symmetric proofs":      {dpop(mcpauth.DPoP{Algorithms: []string{"ES256", "HS256"}}), configerr.InvalidAlgorithm, "DPoP.Algorithms[1]"},
		"short nonce key":       {dpop(mcpauth.DPoP{NonceKey: make([]byte, 31)}), configerr.InvalidNonceKey, "DPoP.NonceKey"},
		"empty nonce key":       {dpop(mcpauth.DPoP{NonceKey: []byte{}}), configerr.InvalidNonceKey, "DPoP.NonceKey"},
		"long lifetime":         {dpop(mcpauth.DPoP{ProofLifetime: 5*time.Minute + 1}), configerr.InvalidProofLifetime, "DPoP.ProofLifetime"},
		"negative lifetime":     {dpop(mcpauth.DPoP{ProofLifetime: -1}), configerr.InvalidProofLifetime, "DPoP.ProofLifetime"},
		"negative cache":        {dpop(mcpauth.DPoP{ReplayCacheSize: -1}), configerr.InvalidReplayCacheSize, "DPoP.ReplayCacheSize"},
		"huge cache":            {dpop(mcpauth.DPoP{ReplayCacheSize: 1 << 30}), configerr.InvalidReplayCacheSize, "DPoP.ReplayCacheSize"},
		"two caches":            {dpop(mcpauth.DPoP{ReplayCache: &sharedCache{}, ReplayCacheSize: 1}), configerr.ConflictingSources, "DPoP.ReplayCache and ReplayCacheSize"},
		"header without proxy":  {mtls(mcpauth.MTLS{ForwardedHeader: "Client-Cert"}), configerr.IncompleteForwarding, "MTLS.ForwardedHeader and TrustedProxies"},
		"proxy without header":  {mtls(mcpauth.MTLS{TrustedProxies: authtest.Prefixes("10.0.0.0/8")}), configerr.IncompleteForwarding, "MTLS.ForwardedHeader and TrustedProxies"},
		"everybody a proxy":     {mtls(mcpauth.MTLS{ForwardedHeader: "X", TrustedProxies: authtest.Prefixes("10.0.0.0/8", "0.0.0.0/0")}), configerr.InvalidProxyNetwork, "MTLS.TrustedProxies[1]"},
		"every IPv6 a proxy":    {mtls(mcpauth.MTLS{ForwardedHeader: "X", TrustedProxies: authtest.Prefixes("::/0")}), configerr.InvalidProxyNetwork, "MTLS.TrustedProxies[0]"},
		"every mapped a proxy":  {mtls(mcpauth.MTLS{ForwardedHeader: "X", TrustedProxies: authtest.Prefixes("::ffff:0.0.0.0/96")}), configerr.InvalidProxyNetwork, "MTLS.TrustedProxies[0]"},
		"wider than mapped":     {mtls(mcpauth.MTLS{ForwardedHeader: "X", TrustedProxies: authtest.Prefixes("::ffff:10.0.0.0/90")}), configerr.InvalidProxyNetwork, "MTLS.TrustedProxies[0]"},
		"far wider than mapped": {mtls(mcpauth.MTLS{ForwardedHeader: "X", TrustedProxies: authtest.Prefixes("::/8")}), configerr.InvalidProxyNetwork, "MTLS.TrustedProxies[0]"},
		"invalid proxy":         {mtls(mcpauth.MTLS{ForwardedHeader: "X", TrustedProxies: authtest.Prefixes("")}), configerr.InvalidProxyNetwork, "MTLS.TrustedProxies[0]"},
		"no header name":        {mtls(mcpauth.MTLS{ForwardedHeader: "Client Cert", TrustedProxies: authtest.Prefixes("10.0.0.0/8")}), configerr.InvalidHeaderName, "MTLS.ForwardedHeader"},
		"signer without a key":  {mcpauth.Resource{MetadataSigner: &mcpauth.MetadataSigner{Algorithm: "ES256"}}, configerr.InvalidSigner, "MetadataSigner.Key"},
		"signer of another key": {mcpauth.Resource{MetadataSigner: &mcpauth.MetadataSigner{Algorithm: "ES384", Key: authtest.Signer(t, "ES256")}}, configerr.InvalidSigner, "MetadataSigner.Key"},
		"signer HS256":          {mcpauth.Resource{MetadataSigner: &mcpauth.MetadataSigner{Algorithm: "HS256", Key: authtest.Signer(t, "ES256")}}, configerr.InvalidAlgorithm, "MetadataSigner.Algorithm"},
		"signer none":           {mcpauth.Resource{MetadataSigner: &mcpauth.MetadataSigner{Algorithm: "none", Key: authtest.Signer(t, "ES256")}}, configerr.InvalidAlgorithm, "MetadataSigner.Algorithm"},
		"signer not said":       {mcpauth.Resource{MetadataSigner: &mcpauth.MetadataSigner{Key: authtest.Signer(t, "ES256")}}, configerr.InvalidAlgorithm, "MetadataSigner.Algorithm"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := authtest.OneResource()
			r := &config.Resources[0]
			r.DPoP, r.MTLS, r.MetadataSigner = test.resource.DPoP, test.resource.MTLS, test.resource.MetadataSigner
			_, err := mcpauth.New(config)
			var fault *configerr.Error
			if !errors.Is(err, test.want) || !errors.As(err, &fault) || fault.Field != "Resources[0]."+test.field {
				t.Errorf("%v, want %q at %q", err, test.want, test.field)
			}
		})
	}
}
