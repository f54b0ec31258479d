package mcpauth_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
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
	"github.com/mcp-auth/go/mcpauthtest"
	"github.com/mcp-auth/go/metadata"
	"github.com/mcp-auth/go/reason"
)

// bound is a resource that takes bound tokens, and a client with such a token.
type bound struct {
	auth  *mcpauth.Auth
	key   *mcpauthtest.DPoPKey
	token string
}

func newBound(t *testing.T, dpop *mcpauth.DPoP) *bound {
	t.Helper()
	server := newServer(t, mcpauthtest.Config{})
	config := trusting(server.Issuer())
	config.Resources[0].DPoP = dpop
	key := newDPoPKey(t)
	return &bound{newAuth(t, config), key, mint(t, server, mcpauthtest.BoundTo(key))}
}

func newDPoPKey(t *testing.T) *mcpauthtest.DPoPKey {
	t.Helper()
	key, err := mcpauthtest.NewDPoPKey()
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// request is a good one, with a new proof.
func (b *bound) request(t *testing.T, nonce string) mcpauth.Request {
	t.Helper()
	header := http.Header{}
	if err := b.key.Authorize(header, http.MethodPost, resourceID, b.token, nonce); err != nil {
		t.Fatal(err)
	}
	return mcpauth.Request{Method: http.MethodPost, URL: "/mcp", Header: header}
}

// reasonOf authorizes a request and returns why it was refused, if it was.
func reasonOf(t *testing.T, auth *mcpauth.Auth, request mcpauth.Request) reason.Reason {
	t.Helper()
	info, err := auth.Authorize(t.Context(), request)
	if err == nil {
		if info.Subject == "" {
			t.Error("admitted without a subject")
		}
		return ""
	}
	var refused *mcpauth.Challenge
	if !errors.As(err, &refused) {
		t.Fatal(err)
	}
	return refused.Reason
}

// Covers RS18: of a thousand requests with one proof, exactly one is admitted.
func TestDPoPProofAdmittedOnce(t *testing.T) {
	t.Parallel()
	b := newBound(t, &mcpauth.DPoP{})
	request := b.request(t, "")
	var admitted, replayed atomic.Int32
	var group sync.WaitGroup
	start := make(chan struct{})
	for range 1000 {
		group.Go(func() {
			<-start
			switch reasonOf(t, b.auth, request) {
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

// Covers RS18: that a token was verified before does not spare its proof.
func TestDPoPOfARememberedToken(t *testing.T) {
	t.Parallel()
	b := newBound(t, &mcpauth.DPoP{})
	for range 3 {
		if got := reasonOf(t, b.auth, b.request(t, "")); got != "" {
			t.Fatal(got)
		}
	}
	if mcpauth.CachedTokens(b.auth) != 1 {
		t.Fatal("the token is not remembered: the test shows nothing")
	}
	if got := reasonOf(t, b.auth, bearer(b.token)); got != reason.SenderConstraint {
		t.Errorf("as a bearer token: %q", got)
	}
	thief := &bound{b.auth, newDPoPKey(t), b.token}
	if got := reasonOf(t, b.auth, thief.request(t, "")); got != reason.DPoPWrongKey {
		t.Errorf("with another key: %q", got)
	}
	noProof := b.request(t, "")
	noProof.Header.Del("DPoP")
	if got := reasonOf(t, b.auth, noProof); got != reason.DPoPProofMalformed {
		t.Errorf("without a proof: %q", got)
	}
}

// Covers RS18: a door may know the external URL; the engine takes it as it is.
func TestDPoPExternalURL(t *testing.T) {
	t.Parallel()
	b := newBound(t, &mcpauth.DPoP{})
	for url, want := range map[string]reason.Reason{
		"/mcp":                                 "",
		"/mcp?session=1":                       "",
		resourceID:                             "",
		resourceID + "?session=1":              "",
		"https://other.example/mcp":            reason.DPoPWrongURL,
		"/strip/mcp":                           reason.DPoPWrongURL,
		"//api.example.com/mcp":                reason.DPoPWrongURL,
		"":                                     reason.DPoPWrongURL,
		"*":                                    reason.DPoPWrongURL,
		"@evil.example/mcp":                    reason.DPoPWrongURL,
		".evil.example/mcp":                    reason.DPoPWrongURL,
		"https://api.example.com@evil.example": reason.DPoPWrongURL,
	} {
		request := b.request(t, "")
		request.URL = url
		if got := reasonOf(t, b.auth, request); got != want {
			t.Errorf("%q: %q, want %q", url, got, want)
		}
	}
}

// Covers RS18: the whole exchange over HTTP, as a client sees it.
func TestDPoPNonceExchange(t *testing.T) {
	t.Parallel()
	b := newBound(t, &mcpauth.DPoP{Required: true, RequireNonce: true})
	door := b.auth.Protect(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	send := func(nonce string) *httptest.ResponseRecorder {
		w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "http://internal:8080/mcp", nil)
		r.Header = b.request(t, nonce).Header
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
	server, client := newServer(t, mcpauthtest.Config{}), newDPoPKey(t)
	token := mint(t, server, mcpauthtest.BoundTo(client))
	var replicas []*bound
	for range 2 {
		config := trusting(server.Issuer())
		config.Resources[0].DPoP = &mcpauth.DPoP{RequireNonce: true, NonceKey: key, ReplayCache: cache}
		replicas = append(replicas, &bound{newAuth(t, config), client, token})
	}
	request := replicas[0].request(t, replicas[0].auth.DPoPNonce(""))
	if got := reasonOf(t, replicas[1].auth, request); got != "" {
		t.Errorf("the nonce of the other replica: %q", got)
	}
	if got := reasonOf(t, replicas[0].auth, request); got != reason.DPoPProofReplayed {
		t.Errorf("a proof that the other replica took: %q", got)
	}
	stranger := newBound(t, &mcpauth.DPoP{RequireNonce: true})
	if got := reasonOf(t, stranger.auth, stranger.request(t, replicas[0].auth.DPoPNonce(""))); got != reason.DPoPNonceRequired {
		t.Errorf("the nonce of a stranger: %q", got)
	}
}

// Covers RS18: a client that floods the replay cache shuts out only itself, and
// what it is refused with is not an error of the server.
func TestDPoPFloodOfOneKey(t *testing.T) {
	t.Parallel()
	server := newServer(t, mcpauthtest.Config{})
	config := trusting(server.Issuer())
	config.Resources[0].DPoP = &mcpauth.DPoP{ReplayCacheSize: 20}
	var log bytes.Buffer
	config.Logger = slog.New(slog.NewTextHandler(&log, nil))
	auth := newAuth(t, config)
	client := func() *bound {
		key := newDPoPKey(t)
		return &bound{auth, key, mint(t, server, mcpauthtest.BoundTo(key))}
	}
	flood, honest := client(), client()
	accepted := 0
	for range 30 {
		switch got := reasonOf(t, auth, flood.request(t, "")); got {
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
		if got := reasonOf(t, auth, honest.request(t, "")); got != "" {
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
	c := newClock()
	server := newServer(t, mcpauthtest.Config{Now: c.now})
	config := trusting(server.Issuer())
	config.Now, config.Resources[0].DPoP = c.now, &mcpauth.DPoP{}
	key := newDPoPKey(t)
	long, err := server.Token(mcpauthtest.TokenClaims{Audience: []string{resourceID}, ExpiresAt: c.now().Add(5 * time.Hour)}, mcpauthtest.BoundTo(key))
	if err != nil {
		t.Fatal(err)
	}
	b := &bound{newAuth(t, config), key, long}
	first := b.request(t, "")
	if got := reasonOf(t, b.auth, first); got != "" {
		t.Fatal(got)
	}
	c.advance(time.Hour)
	if got := reasonOf(t, b.auth, first); got != reason.DPoPProofStale {
		t.Errorf("an hour later: %q", got)
	}
	proof, err := key.Proof(mcpauthtest.DPoPProof{Method: http.MethodPost, URL: resourceID, AccessToken: long, IssuedAt: c.now()})
	if err != nil {
		t.Fatal(err)
	}
	ahead := mcpauth.Request{Method: http.MethodPost, URL: "/mcp", Header: http.Header{"Authorization": {"DPoP " + long}, "Dpop": {proof}}}
	if got := reasonOf(t, b.auth, ahead); got != "" {
		t.Fatal(got)
	}
	c.advance(-time.Hour)
	if got := reasonOf(t, b.auth, first); got != reason.DPoPProofReplayed {
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
		config := oneResource()
		config.Resources[0].DPoP = test.dpop
		var got []string
		for _, w := range newAuth(t, config).Warnings() {
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
	plain, optional := newAuth(t, oneResource()), newBound(t, &mcpauth.DPoP{})
	for name, got := range map[string]string{
		"no DPoP": plain.DPoPNonce(""), "no nonces": optional.auth.DPoPNonce(resourceID), "unknown resource": optional.auth.DPoPNonce("https://x.example"),
	} {
		if got != "" {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// Covers RS18, RS19.
func TestSenderConstraintMetadata(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change     func(*mcpauth.Resource)
		algorithms []string
		dpop, mtls bool
	}{
		"neither":       {func(*mcpauth.Resource) {}, nil, false, false},
		"DPoP":          {func(r *mcpauth.Resource) { r.DPoP = &mcpauth.DPoP{Algorithms: []string{"ES256"}} }, []string{"ES256"}, false, false},
		"DPoP required": {func(r *mcpauth.Resource) { r.DPoP = &mcpauth.DPoP{Required: true} }, []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}, true, false},
		"mutual TLS":    {func(r *mcpauth.Resource) { r.MTLS = &mcpauth.MTLS{} }, nil, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := oneResource()
			test.change(&config.Resources[0])
			w := get(t, newAuth(t, config).MetadataHandler(), "/.well-known/oauth-protected-resource/mcp")
			doc, err := metadata.ParseProtectedResource(w.Body.Bytes())
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(doc.DPoPSigningAlgValuesSupported, test.algorithms) || doc.DPoPBoundAccessTokensRequired != test.dpop ||
				doc.TLSClientCertificateBoundAccessTokens != test.mtls {
				t.Errorf("%s", w.Body)
			}
			var members map[string]any
			if err := json.Unmarshal(w.Body.Bytes(), &members); err != nil {
				t.Fatal(err)
			}
			if _, said := members["dpop_signing_alg_values_supported"]; said != (test.algorithms != nil) {
				t.Errorf("members %q", slices.Sorted(maps.Keys(members)))
			}
		})
	}
}

// Covers RS18: what the caller changes after New changes nothing.
func TestDPoPConfigIsCopied(t *testing.T) {
	t.Parallel()
	dpop := &mcpauth.DPoP{Algorithms: []string{"ES256"}, Required: true}
	b := newBound(t, dpop)
	dpop.Algorithms[0], dpop.Required = "RS256", false
	if got := reasonOf(t, b.auth, b.request(t, "")); got != "" {
		t.Error(got)
	}
	if got := reasonOf(t, b.auth, bearer(b.token)); got != reason.DPoPRequired {
		t.Error(got)
	}
	// Nor does what the caller of one request does to its challenge.
	_, err := b.auth.Authorize(t.Context(), bearer(b.token))
	var refused *mcpauth.Challenge
	if !errors.As(err, &refused) {
		t.Fatal(err)
	}
	refused.DPoPAlgorithms[0] = "none"
	if got := reasonOf(t, b.auth, b.request(t, "")); got != "" {
		t.Error(got)
	}
	_, err = b.auth.Authorize(t.Context(), bearer(b.token))
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
		"proxy without header":  {mtls(mcpauth.MTLS{TrustedProxies: prefixes("10.0.0.0/8")}), configerr.IncompleteForwarding, "MTLS.ForwardedHeader and TrustedProxies"},
		"everybody a proxy":     {mtls(mcpauth.MTLS{ForwardedHeader: "X", TrustedProxies: prefixes("10.0.0.0/8", "0.0.0.0/0")}), configerr.InvalidProxyNetwork, "MTLS.TrustedProxies[1]"},
		"every IPv6 a proxy":    {mtls(mcpauth.MTLS{ForwardedHeader: "X", TrustedProxies: prefixes("::/0")}), configerr.InvalidProxyNetwork, "MTLS.TrustedProxies[0]"},
		"every mapped a proxy":  {mtls(mcpauth.MTLS{ForwardedHeader: "X", TrustedProxies: prefixes("::ffff:0.0.0.0/96")}), configerr.InvalidProxyNetwork, "MTLS.TrustedProxies[0]"},
		"wider than mapped":     {mtls(mcpauth.MTLS{ForwardedHeader: "X", TrustedProxies: prefixes("::ffff:10.0.0.0/90")}), configerr.InvalidProxyNetwork, "MTLS.TrustedProxies[0]"},
		"far wider than mapped": {mtls(mcpauth.MTLS{ForwardedHeader: "X", TrustedProxies: prefixes("::/8")}), configerr.InvalidProxyNetwork, "MTLS.TrustedProxies[0]"},
		"invalid proxy":         {mtls(mcpauth.MTLS{ForwardedHeader: "X", TrustedProxies: prefixes("")}), configerr.InvalidProxyNetwork, "MTLS.TrustedProxies[0]"},
		"no header name":        {mtls(mcpauth.MTLS{ForwardedHeader: "Client Cert", TrustedProxies: prefixes("10.0.0.0/8")}), configerr.InvalidHeaderName, "MTLS.ForwardedHeader"},
		"signer without a key":  {mcpauth.Resource{MetadataSigner: &mcpauth.MetadataSigner{Algorithm: "ES256"}}, configerr.InvalidSigner, "MetadataSigner.Key"},
		"signer of another key": {mcpauth.Resource{MetadataSigner: &mcpauth.MetadataSigner{Algorithm: "ES384", Key: signer(t, "ES256")}}, configerr.InvalidSigner, "MetadataSigner.Key"},
		"signer HS256":          {mcpauth.Resource{MetadataSigner: &mcpauth.MetadataSigner{Algorithm: "HS256", Key: signer(t, "ES256")}}, configerr.InvalidAlgorithm, "MetadataSigner.Algorithm"},
		"signer none":           {mcpauth.Resource{MetadataSigner: &mcpauth.MetadataSigner{Algorithm: "none", Key: signer(t, "ES256")}}, configerr.InvalidAlgorithm, "MetadataSigner.Algorithm"},
		"signer not said":       {mcpauth.Resource{MetadataSigner: &mcpauth.MetadataSigner{Key: signer(t, "ES256")}}, configerr.InvalidAlgorithm, "MetadataSigner.Algorithm"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := oneResource()
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
