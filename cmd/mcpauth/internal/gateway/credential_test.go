package gateway

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/mcp-auth/go/cmd/mcpauth/internal/command"
	"github.com/mcp-auth/go/mcpauthtest"
)

// recorder keeps what servers are sent: everything, as they get it.
type recorder struct {
	*httptest.Server
	mu   sync.Mutex
	seen []string
}

// record makes a server that keeps what it is sent.
func record(t *testing.T, answer http.HandlerFunc) *recorder {
	t.Helper()
	r := &recorder{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		var all bytes.Buffer
		_ = q.Write(&all)
		r.mu.Lock()
		r.seen = append(r.seen, all.String())
		r.mu.Unlock()
		answer(w, q)
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *recorder) requests() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string(nil), r.seen...)
}

// newIssuer is an authorization server for the gateway. It gives a token with a number
// to each request.
func newIssuer(t *testing.T) *recorder {
	t.Helper()
	var r *recorder
	n := 0
	r = record(t, func(w http.ResponseWriter, q *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if q.Method == http.MethodGet {
			_, _ = fmt.Fprintf(w, `{"issuer":%q,"token_endpoint":%q,"response_types_supported":[]}`, r.URL, r.URL+"/token")
			return
		}
		n++
		_, _ = fmt.Fprintf(w, `{"access_token":"upstream-%d","token_type":"Bearer","expires_in":300,"issued_token_type":"urn:ietf:params:oauth:token-type:access_token"}`, n)
	})
	return r
}

// upstreamFile is a file whose upstream has a credential, and further lines.
func upstreamFile(issuer, upstream, credential string, lines ...string) string {
	return strings.TrimSuffix(config(issuer, upstream, lines...), "}\n") + ", credential: {" + credential + "}}\n"
}

// newKeyFile returns a new key in PEM.
func newKeyFile(t *testing.T) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

// Covers GW6. What each credential of a file brings the upstream, and that nothing it
// is sent has the caller's token in it.
func TestCredentials(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		credential string   // $I is the authorization server
		seen       string   // by the upstream
		asked      []string // of the authorization server
		shown      bool     // the caller's token, to the authorization server
	}{
		"key":    {credential: "header: {name: X-Api-Key, value: {file: secret}}", seen: "X-Api-Key: s3cret\r\n"},
		"scheme": {credential: "header: {name: Authorization, scheme: Bearer, value: {file: secret}}", seen: "Authorization: Bearer s3cret\r\n"},
		"client credentials": {
			credential: `client_credentials: {issuer: "$I", client: {id: gateway, secret: {file: secret}}, resource: "https://notes.internal/mcp", scopes: [notes.read]}`,
			seen:       "Authorization: Bearer upstream-1\r\n", asked: []string{"grant_type=client_credentials", "scope=notes.read", "resource=https%3A%2F%2Fnotes.internal%2Fmcp"},
		},
		"client credentials with a key": {
			credential: `client_credentials: {issuer: "$I", token_endpoint: "$I/token", client: {id: gateway, key: {file: key}, key_id: "1"}, audience: notes}`,
			seen:       "Authorization: Bearer upstream-1\r\n", asked: []string{"grant_type=client_credentials", "client_assertion=ey", "audience=notes"},
		},
		"token exchange": {
			credential: `token_exchange: {issuer: "$I", client: {id: gateway, secret: {file: secret}}, audience: notes, scopes: [notes.read]}`,
			seen:       "Authorization: Bearer upstream-1\r\n", asked: []string{"token-exchange", "audience=notes", "scope=notes.read"}, shown: true,
		},
		"on behalf of": {
			credential: `token_exchange: {issuer: "$I", flow: on_behalf_of, client: {id: gateway, key: {file: key}}, scopes: ["api://notes/.default"]}`,
			seen:       "Authorization: Bearer upstream-1\r\n", asked: []string{"jwt-bearer", "requested_token_use=on_behalf_of"}, shown: true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			as, issuer := mcpauthtest.Start(t, mcpauthtest.Config{}), newIssuer(t)
			upstream := record(t, func(http.ResponseWriter, *http.Request) {})
			r := start(t, as, upstreamFile(as.Issuer(), upstream.URL, strings.ReplaceAll(tc.credential, "$I", issuer.URL)), "secret", "s3cret\n", "key", newKeyFile(t))
			var token string
			if status, body := r.call(func(q *http.Request) { token = strings.TrimPrefix(q.Header.Get("Authorization"), "Bearer ") }); status != 200 {
				t.Fatalf("%d %s\n%s", status, body, r.log)
			}
			seen := strings.Join(upstream.requests(), "")
			for _, spelling := range spellings(token) {
				if strings.Contains(seen, spelling) {
					t.Errorf("the upstream sees the caller's token\n%s", seen)
				}
			}
			if !strings.Contains(seen, tc.seen) {
				t.Errorf("the upstream sees\n%s", seen)
			}
			asked := strings.Join(issuer.requests(), "")
			for _, want := range tc.asked {
				if !strings.Contains(asked, want) {
					t.Errorf("the authorization server is not asked with %s\n%s", want, asked)
				}
			}
			if strings.Contains(asked, token) != tc.shown {
				t.Errorf("the authorization server sees\n%s", asked)
			}
			if log := r.log.String(); strings.Contains(log, token) || strings.Contains(log, "s3cret") {
				t.Errorf("the log has a secret\n%s", log)
			}
		})
	}
}

// spellings are the forms in which a token, or what makes it one, can be sent.
func spellings(token string) []string {
	parts := strings.Split(token, ".")
	return []string{
		token, strings.ToLower(token), url.QueryEscape(token), base64.StdEncoding.EncodeToString([]byte(token))[:40],
		base64.RawURLEncoding.EncodeToString([]byte(token))[:40], parts[len(parts)-1],
	}
}

// Covers GW22. What an authorization server answers becomes 401 for the caller's
// fault, 503 for an outage and 502, with an error in the log, for the operator's.
func TestCredentialFailures(t *testing.T) {
	t.Parallel()
	const exchange, own = `token_exchange: {client: {id: gateway, secret: {file: secret}}, audience: notes, `, `client_credentials: {client: {id: gateway, secret: {file: secret}}, `
	refusal := func(code string) string { return `{"error":"` + code + `","error_description":"words"}` }
	for name, tc := range map[string]struct {
		credential string
		status     int
		body       string
		want       int
		log        string
	}{
		"token revoked":           {exchange, 400, refusal("invalid_grant"), 401, "kind refused"},
		"login needed":            {exchange, 400, refusal("login_required"), 401, "kind refused"},
		"exchange fails":          {exchange, 500, "", 503, "kind unavailable"},
		"exchange not allowed":    {exchange, 400, refusal("unauthorized_client"), 502, "kind misconfigured"},
		"audience unknown":        {exchange, 400, refusal("invalid_target"), 502, "kind misconfigured"},
		"secret is wrong":         {own, 401, refusal("invalid_client"), 502, "kind misconfigured"},
		"no grant of the gateway": {own, 400, refusal("invalid_grant"), 502, "kind misconfigured"},
		"overloaded":              {own, 429, "", 503, "kind unavailable"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			as, upstream := mcpauthtest.Start(t, mcpauthtest.Config{}), record(t, func(http.ResponseWriter, *http.Request) {})
			issuer := record(t, func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(tc.status)
				_, _ = io.WriteString(w, tc.body)
			})
			file := upstreamFile(as.Issuer(), upstream.URL, fmt.Sprintf("%sissuer: %q, token_endpoint: %q}", tc.credential, issuer.URL, issuer.URL+"/token"))
			r := start(t, as, file, "secret", "s3cret")
			status, body := r.call()
			if status != tc.want || strings.Contains(body, "words") || (status >= 500) != strings.Contains(body, `"code":-32603`) {
				t.Errorf("%d %s", status, body)
			}
			if got := upstream.requests(); len(got) > 0 {
				t.Errorf("the upstream is asked: %s", got)
			}
			log := r.log.String()
			level := map[int]string{401: "warning: ", 502: "error: ", 503: "warning: "}[tc.want]
			if at := strings.Index(log, ": no token, "+tc.log); at < 0 || !strings.HasPrefix(log[strings.LastIndex(log[:at], "\n")+1:], level) {
				t.Errorf("the log is\n%s", log)
			}
			_, ready := r.admin("/readyz")
			if strings.Contains(ready, "upstream notes") != (tc.want >= 500) { // one caller's token says nothing of the upstream
				t.Errorf("/readyz is %s", ready)
			}
		})
	}
}

// Tokens, and a key that was made at the start, outlive a reload; a new secret makes
// the gateway ask for another token.
func TestCredentialReload(t *testing.T) {
	t.Parallel()
	as, issuer := mcpauthtest.Start(t, mcpauthtest.Config{}), newIssuer(t)
	upstream := record(t, func(w http.ResponseWriter, q *http.Request) { _, _ = io.WriteString(w, q.Header.Get("Authorization")) })
	file := func(lines ...string) string {
		return upstreamFile(as.Issuer(), upstream.URL, fmt.Sprintf("client_credentials: {issuer: %q, client: {id: gateway, secret: {file: secret}}}", issuer.URL), lines...) + "    identity: {assertion: true}\n"
	}
	r := start(t, as, file(), "secret", "s3cret")
	keys := func() string {
		_, body := r.call(func(q *http.Request) {
			q.Method, q.URL.Path, q.Body, q.ContentLength = http.MethodGet, "/.well-known/mcp-auth/jwks.json", nil, 0
		})
		return body
	}
	first := keys()
	if _, body := r.call(); body != "Bearer upstream-1" || !strings.Contains(first, `"kty":"EC"`) || !strings.Contains(r.log.String(), "not valid at other replicas") {
		t.Fatalf("%s, %s\n%s", body, first, r.log)
	}
	r.write("gateway.yaml", file("leeway: 1s"))
	r.eventually("reading again", func() bool { return strings.Contains(r.log.String(), "the file was read again") })
	if _, body := r.call(); body != "Bearer upstream-1" || keys() != first {
		t.Errorf("after a reload: %s, %s", body, keys())
	}
	r.write("secret", "other")
	r.eventually("the other token", func() bool { _, body := r.call(); return body == "Bearer upstream-2" })
	r.write("identity.pem", newKeyFile(t)+newKeyFile(t))
	r.write("gateway.yaml", file("keys: {identity: {file: identity.pem}}"))
	r.eventually("the keys of the file", func() bool { return strings.Count(keys(), `"kid"`) == 2 })
	next := keys()
	r.write("identity.pem", newKeyFile(t))
	r.eventually("the new key", func() bool { now := keys(); return now != next && strings.Count(now, `"kid"`) == 1 })
}

// checkDir runs the command with --check on a file that has others beside it.
func checkDir(t *testing.T, text string, files ...string) (code int, output string) {
	t.Helper()
	dir := t.TempDir()
	for i, names := 0, append([]string{"gateway.yaml", text}, files...); i < len(names); i += 2 {
		if err := os.WriteFile(filepath.Join(dir, names[i]), []byte(names[i+1]), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var out, errs bytes.Buffer
	s := command.Streams{Out: &out, Err: &errs}
	code = command.Run(t.Context(), NewCommand(s), []string{"gateway", "--check", filepath.Join(dir, "gateway.yaml")}, s)
	return code, out.String() + errs.String()
}

// A check tries client credentials, and says what the authorization server says.
func TestCheckCredentials(t *testing.T) {
	t.Parallel()
	as, issuer := mcpauthtest.Start(t, mcpauthtest.Config{}), newIssuer(t)
	refusing := record(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusUnauthorized)
		_ = json.NewEncoder(w).Encode(map[string]string{"error": "invalid_client", "error_description": "no such client"})
	})
	demanding := record(t, func(w http.ResponseWriter, q *http.Request) {
		if !strings.HasPrefix(q.Header.Get("Authorization"), "Bearer upstream-") {
			w.WriteHeader(http.StatusUnauthorized)
		}
	})
	const client = "client: {id: gateway, secret: {file: secret}}"
	for name, tc := range map[string]struct {
		credential, more string
		code             int
		want             []string
	}{
		"token": {fmt.Sprintf("client_credentials: {issuer: %q, %s}", issuer.URL, client), "", 0, []string{"notes: there is a token for the MCP server", "notes: the MCP server answers"}},
		"no token": {fmt.Sprintf("client_credentials: {issuer: %q, token_endpoint: %q, %s}", refusing.URL, refusing.URL+"/token", client), "", 1,
			[]string{"gateway.yaml:8: resources[0].upstream.credential.client_credentials: there is no token for the MCP server", "no such client"}},
		"exchange": {fmt.Sprintf("token_exchange: {issuer: %q, audience: notes, %s}", issuer.URL, client), "", 0,
			[]string{"skipped  notes: tokens are exchanged for callers only", "skipped  notes: the MCP server wants to know the caller"}},
		"assertion": {"header: {name: X-Api-Key, value: {file: secret}}", "    identity: {assertion: true}\n", 0,
			[]string{"warning  assertions are signed with a key that was made at the start", "skipped  notes: the MCP server wants to know the caller"}},
		"wrong key": {"header: {name: X-Api-Key, value: {file: secret}}", "", 1, []string{"the MCP server cannot be used: it answered 401"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			code, output := checkDir(t, upstreamFile(as.Issuer(), demanding.URL, tc.credential)+tc.more, "secret", "s3cret")
			for _, want := range tc.want {
				if !strings.Contains(output, want) {
					t.Errorf("%s is missing", want)
				}
			}
			if code != tc.code || strings.Contains(output, "s3cret") || strings.Contains(output, "upstream-") {
				t.Errorf("exit code %d\n%s", code, output)
			}
		})
	}
}
