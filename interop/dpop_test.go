package interop_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/mcp-auth/go/interop/internal/parts"
	"github.com/mcp-auth/go/interop/internal/settings"
)

// dpopSettings and dpopReport are what js/dpop-client.mjs reads and prints.
type dpopSettings struct {
	Resource  string     `json:"resource"`
	Other     string     `json:"other"`
	Algorithm string     `json:"algorithm"`
	Scope     string     `json:"scope"`
	Client    dpopClient `json:"client"`
	Bearer    dpopClient `json:"bearer"`
	Requests  []string   `json:"requests"`
}

type dpopClient struct {
	ClientID     string `json:"clientId"`
	ClientSecret string `json:"clientSecret,omitempty"`
	Login        string `json:"login,omitempty"`
}

type dpopReport struct {
	Metadata struct {
		Algorithms []string `json:"dpop_signing_alg_values_supported"`
		Required   bool     `json:"dpop_bound_access_tokens_required"`
	}
	TokenType     string
	Thumbprint    string
	TokenRequests []int // statuses
	MCP           struct {
		Steps []struct {
			Method string
			Status int
		}
		Tool struct {
			IsError bool
			Content []struct{ Type, Text string }
		}
	}
	Requests []dpopAnswer
	Tokens   []string
}

type dpopAnswer struct {
	Name       string
	Status     int
	Nonce      bool
	WantsNonce bool
	Challenges []struct {
		Scheme     string
		Parameters map[string]string
	}
}

// dpopRequest is a request of js/dpop-client.mjs and what must come of it. An
// empty reason means that it is let in.
type dpopRequest struct {
	name, code, reason string
}

const (
	invalidProof = "invalid_dpop_proof"
	invalidToken = "invalid_token"
	useNonce     = "use_dpop_nonce"
)

// dpopRequests are sent in every suite, each once. Nothing but what the name
// says is wrong with them.
var dpopRequests = []dpopRequest{
	{"as it should be", "", ""},
	{"with another proof", "", ""},
	{"with a query, which htu leaves out", "", ""},

	{"no proof", invalidProof, "dpop_proof_malformed"},
	{"empty proof", invalidProof, "dpop_proof_malformed"},
	{"two proofs", invalidProof, "dpop_proof_malformed"},
	{"replayed", invalidProof, "dpop_proof_replayed"},
	{"unbound token as DPoP", invalidToken, "sender_constraint"},
	{"token for another resource", invalidToken, "wrong_audience"},

	{"for another path", invalidProof, "dpop_wrong_url"},
	{"for the URL with a slash", invalidProof, "dpop_wrong_url"},
	{"for the URL above", invalidProof, "dpop_wrong_url"},
	{"for another port", invalidProof, "dpop_wrong_url"},
	{"for another host", invalidProof, "dpop_wrong_url"},
	{"for another scheme", invalidProof, "dpop_wrong_url"},
	{"no htu", invalidProof, "dpop_wrong_url"},
	{"for another method", invalidProof, "dpop_wrong_method"},
	{"for the method in lower case", invalidProof, "dpop_wrong_method"},
	{"POST proof for a GET", invalidProof, "dpop_wrong_method"},
	{"no htm", invalidProof, "dpop_wrong_method"},

	{"for another token", invalidProof, "dpop_wrong_token"},
	{"no ath", invalidProof, "dpop_wrong_token"},
	{"no jti", invalidProof, "dpop_proof_malformed"},
	{"no iat", invalidProof, "dpop_proof_malformed"},
	{"iat as text", invalidProof, "dpop_proof_malformed"},
	{"stale iat", invalidProof, "dpop_proof_stale"},
	{"future iat", invalidProof, "dpop_proof_stale"},

	{"of another key", invalidProof, "dpop_wrong_key"},
	{"signed by another key", invalidProof, "dpop_signature"},
	{"altered after signing", invalidProof, "dpop_signature"},
	{"unsigned", invalidProof, "dpop_proof_malformed"},
	{"alg none", invalidProof, "dpop_algorithm"},
	{"alg none, unsigned", invalidProof, "dpop_proof_malformed"},
	{"alg HS256 with the public key", invalidProof, "dpop_algorithm"},
	{"with the private key", invalidProof, "dpop_key_invalid"},
	{"without the key", invalidProof, "dpop_key_invalid"},
	{"typ JWT", invalidProof, "dpop_proof_malformed"},
	{"no typ", invalidProof, "dpop_proof_malformed"},
}

// bearerRequests use the scheme Bearer: where DPoP is not required, a token that
// is not bound is let in.
func bearerRequests(required bool) []dpopRequest {
	if required {
		return []dpopRequest{
			{"bound token as Bearer", invalidToken, "dpop_required"},
			{"bound token as Bearer, with proof", invalidToken, "dpop_required"},
			{"unbound token as Bearer", invalidToken, "dpop_required"},
		}
	}
	return []dpopRequest{
		{"bound token as Bearer", invalidToken, "sender_constraint"},
		{"bound token as Bearer, with proof", invalidToken, "sender_constraint"},
		{"unbound token as Bearer", "", ""},
	}
}

func nonceRequests(required bool) []dpopRequest {
	if !required {
		return []dpopRequest{{"with a nonce that nobody asked for", "", ""}}
	}
	return []dpopRequest{
		{"no nonce", useNonce, "dpop_nonce_required"},
		{"made-up nonce", useNonce, "dpop_nonce_required"},
		{"nonce of the authorization server", useNonce, "dpop_nonce_required"},
		{"altered nonce", useNonce, "dpop_nonce_required"},
	}
}

// Tokens that oidc-provider binds to a key are let in with the proofs of
// oauth4webapi, and with no others.
//
// Covers RS3, RS5, RS7, RS17, RS18.
func TestDPoP(t *testing.T) {
	t.Parallel()
	tests := map[string]map[string]dpopTest{
		"no nonces": {
			"JWT of a machine": {client: parts.Machine, bearer: parts.Machine, algorithm: "ES256"},
			"opaque of a user": {
				client: parts.OpaqueApp, user: true, bearer: parts.OpaqueClient, opaque: true,
				algorithm: "Ed25519", required: true,
			},
		},
		"nonces": {
			"JWT of a user": {
				client: parts.App, user: true, bearer: parts.Machine,
				algorithm: "Ed25519", required: true, nonces: true,
			},
			"opaque of a machine": {
				client: parts.OpaqueClient, bearer: parts.OpaqueClient, opaque: true,
				algorithm: "ES256", nonces: true,
			},
		},
	}
	for name, group := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := parts.StartAuthorizationServer(t, parts.Provider{Scopes: known, Nonces: name == "nonces"})
			for name, test := range group {
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					test.run(t, server)
				})
			}
		})
	}
}

// dpopTest is one combination. Tokens that are not bound come from bearer.
type dpopTest struct {
	client, bearer   string
	algorithm        string // of the client's key
	user, opaque     bool
	required, nonces bool // what the resource demands
}

func (test dpopTest) run(t *testing.T, server *parts.AuthorizationServer) {
	resource := parts.NewResource(t)
	s := settings.ResourceServer{
		Resource: resource, Issuer: server.Issuer, Scopes: required,
		DPoP: &settings.DPoP{Required: test.required, RequireNonce: test.nonces},
	}
	if test.opaque {
		s.Introspection = server.Introspection(t, parts.BasicIntrospector)
	}
	resourceServer := parts.StartResourceServer(t, s)
	requests := slices.Concat(nonceRequests(test.nonces), dpopRequests, bearerRequests(test.required),
		[]dpopRequest{{"as it should be", "", ""}})

	report := test.runClient(t, server, resource, requests)
	test.checkMetadata(t, report)
	test.checkToken(t, report)
	test.checkMCP(t, report, server.Issuer, resource)
	test.checkRequests(t, report.Requests, requests, resource)

	var reasons []string
	if test.nonces {
		reasons = append(reasons, "dpop_nonce_required") // of the MCP client's first request
	}
	for _, request := range requests {
		if request.reason != "" {
			reasons = append(reasons, request.reason)
		}
	}
	if got := resourceServer.Reasons(t, len(reasons)); !slices.Equal(got, reasons) {
		t.Errorf("the server refuses because of\n%q\nwant\n%q", got, reasons)
	}
	if len(report.Tokens) == 0 {
		t.Error("the client reports no tokens")
	}
	checkNoSecrets(t, server, resourceServer, report.Tokens...)
}

func (test dpopTest) runClient(t *testing.T, server *parts.AuthorizationServer, resource string, requests []dpopRequest) dpopReport {
	t.Helper()
	in := dpopSettings{
		Resource: resource, Other: parts.NewResource(t), Algorithm: test.algorithm, Scope: strings.Join(required, " "),
		Client: dpopClient{ClientID: test.client, ClientSecret: server.Secret()},
		Bearer: dpopClient{ClientID: test.bearer, ClientSecret: server.Secret()},
	}
	if test.user {
		in.Client = dpopClient{ClientID: test.client, Login: login}
	}
	for _, request := range requests {
		in.Requests = append(in.Requests, request.name)
	}
	text, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	var report dpopReport
	if err := json.Unmarshal(parts.Script(t, scriptTimeout, text, "dpop-client.mjs"), &report); err != nil {
		t.Fatal(err)
	}
	return report
}

func (test dpopTest) checkMetadata(t *testing.T, report dpopReport) {
	t.Helper()
	if !slices.Contains(report.Metadata.Algorithms, test.algorithm) && !slices.Contains(report.Metadata.Algorithms, "EdDSA") {
		t.Errorf("the metadata list the algorithms %q, not %s", report.Metadata.Algorithms, test.algorithm)
	}
	if report.Metadata.Required != test.required {
		t.Errorf("the metadata say that DPoP is required: %v, want %v", report.Metadata.Required, test.required)
	}
}

func (test dpopTest) checkToken(t *testing.T, report dpopReport) {
	t.Helper()
	if !strings.EqualFold(report.TokenType, "DPoP") {
		t.Errorf("token_type %q, want DPoP", report.TokenType)
	}
	want := []int{http.StatusOK}
	if test.nonces {
		want = []int{http.StatusBadRequest, http.StatusOK}
	}
	if !slices.Equal(report.TokenRequests, want) {
		t.Errorf("the authorization server answers %v to the token request, want %v", report.TokenRequests, want)
	}
}

// checkMCP checks the way of the MCP client, and what whoami has told it.
func (test dpopTest) checkMCP(t *testing.T, report dpopReport, issuer, resource string) {
	t.Helper()
	tool := report.MCP.Tool
	if tool.IsError || len(tool.Content) != 1 {
		t.Fatalf("whoami answers %+v, want one text", tool)
	}
	got, err := parts.ParseIdentity(tool.Content[0].Text)
	if err != nil {
		t.Fatal(err)
	}
	want := parts.Identity{
		Issuer: issuer, Subject: test.subject(), ClientID: test.client,
		Scopes: required, Audience: []string{resource}, Key: report.Thumbprint,
	}
	if report.Thumbprint == "" || !reflect.DeepEqual(got, want) {
		t.Errorf("whoami answers %+v, want %+v", got, want)
	}
	sent := map[string]bool{}
	for i, step := range report.MCP.Steps {
		sent[step.Method] = true
		nonceWanted := i == 0 && test.nonces
		if (step.Status == http.StatusUnauthorized) != nonceWanted || step.Status == http.StatusForbidden {
			t.Errorf("step %d of the MCP client, %s, is answered with %d", i, step.Method, step.Status)
		}
	}
	for _, method := range methods {
		if !sent[method] {
			t.Errorf("the MCP client sent no %s", method)
		}
	}
}

// subject is whose the token is: oidc-provider tells no subject of a machine's
// opaque token.
func (test dpopTest) subject() string {
	switch {
	case test.user:
		return login
	case test.opaque:
		return ""
	}
	return test.client
}

func (test dpopTest) checkRequests(t *testing.T, got []dpopAnswer, want []dpopRequest, resource string) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d requests were sent, want %d", len(got), len(want))
	}
	for i, request := range want {
		t.Run(request.name, func(t *testing.T) {
			if got[i].Name != request.name {
				t.Fatalf("request %d is %q", i, got[i].Name)
			}
			test.checkAnswer(t, got[i], request, resource)
		})
	}
}

func (test dpopTest) checkAnswer(t *testing.T, got dpopAnswer, want dpopRequest, resource string) {
	t.Helper()
	if got.Nonce != test.nonces {
		t.Errorf("DPoP-Nonce in the answer: %v, want %v", got.Nonce, test.nonces)
	}
	if want.reason == "" {
		if got.Status != http.StatusOK || len(got.Challenges) != 0 {
			t.Errorf("refused with %d %v, want 200", got.Status, got.Challenges)
		}
		return
	}
	if got.Status != http.StatusUnauthorized {
		t.Fatalf("status %d, want 401", got.Status)
	}
	if got.WantsNonce != (want.code == useNonce) {
		t.Errorf("oauth4webapi reads that a nonce is wanted: %v", got.WantsNonce)
	}
	codes := map[string]string{} // by scheme
	for _, challenge := range got.Challenges {
		codes[challenge.Scheme] = challenge.Parameters["error"]
		if challenge.Parameters["resource_metadata"] != parts.MetadataURL(resource) {
			t.Errorf("challenge %v lacks the metadata of the resource", challenge)
		}
		if challenge.Scheme == "dpop" && !slices.Contains(strings.Fields(challenge.Parameters["algs"]), "ES256") {
			t.Errorf("challenge %v does not list ES256", challenge)
		}
	}
	if wantCodes := test.codes(want); !maps.Equal(codes, wantCodes) {
		t.Errorf("errors by scheme %v, want %v", codes, wantCodes)
	}
}

// codes are the errors of the challenges by scheme: the error stands with the
// scheme that was used, unless that one is not taken at all.
func (test dpopTest) codes(request dpopRequest) map[string]string {
	if test.required {
		return map[string]string{"dpop": request.code}
	}
	if strings.Contains(request.name, "as Bearer") {
		return map[string]string{"bearer": request.code, "dpop": ""}
	}
	return map[string]string{"bearer": "", "dpop": request.code}
}
