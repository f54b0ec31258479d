package providerrules

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// internet is every https server there is, behind a proxy: requests reach one
// handler under the names that the world outside uses.
type internet struct {
	roots   *x509.CertPool
	proxy   *url.URL
	handler http.Handler
}

// newInternet serves hosts with a certificate for their names.
func newInternet(t *testing.T, handler http.Handler, hosts ...string) *internet {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		DNSNames: hosts, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(handler)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	server.StartTLS()
	t.Cleanup(server.Close)
	front := httptest.NewServer(forward(server.Listener.Addr().String()))
	t.Cleanup(front.Close)
	i := &internet{roots: x509.NewCertPool(), handler: handler}
	i.roots.AddCert(certificate)
	if i.proxy, err = url.Parse(front.URL); err != nil {
		t.Fatal(err)
	}
	return i
}

// forward is a proxy that leads every name to one address.
func forward(address string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		up, err := net.Dial("tcp", address)
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		defer up.Close()
		down, read, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer down.Close()
		_, _ = io.WriteString(down, "HTTP/1.1 200 OK\r\n\r\n")
		go func() { _, _ = io.Copy(up, read) }()
		_, _ = io.Copy(down, up)
	})
}

// via is the proxy for every URL.
func (i *internet) via(*url.URL) (*url.URL, error) { return i.proxy, nil }

// transport is how a browser and an MCP client reach the internet.
func (i *internet) transport() *http.Transport {
	return &http.Transport{Proxy: http.ProxyURL(i.proxy), TLSClientConfig: &tls.Config{RootCAs: i.roots, MinVersion: tls.VersionTLS12}}
}

// vendor is an MCP server and its authorization server, with the quirks of one
// provider.
type vendor struct {
	server   string // URL of the MCP server
	resource string // in its metadata, without the query
	issuer   string // as the MCP server names it
	own      string // as its metadata names it
	origin   string // of the endpoints

	hidesPKCE, refusesResource, registers, needsSecret, errorsInSuccess, promisesIss bool
	tokenStatus                                                                      int
	authorization                                                                    map[string]string // demanded
	scopes                                                                           []string          // demanded

	mu        sync.Mutex
	challenge string
	asked     url.Values
	// registered are the scopes of the client that registered.
	registered string
}

func (v *vendor) hosts() []string {
	var hosts []string
	for _, raw := range []string{v.server, v.issuer, v.origin} {
		if u, err := url.Parse(raw); err == nil {
			hosts = append(hosts, u.Hostname())
		}
	}
	return hosts
}

func (v *vendor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	v.mu.Lock()
	defer v.mu.Unlock()
	here := "https://" + r.Host + r.URL.Path
	resource, _ := url.Parse(v.resource)
	issuer, _ := url.Parse(v.issuer)
	path := strings.TrimSuffix(issuer.Path, "/")
	switch {
	case r.Host == resource.Host && r.URL.Path == "/.well-known/oauth-protected-resource"+resource.Path:
		reply(w, http.StatusOK, map[string]any{"resource": v.resource, "authorization_servers": []string{v.issuer}, "scopes_supported": []string{"read"}})
	case here == v.resource:
		v.protected(w, r)
	case r.URL.Path == "/.well-known/oauth-authorization-server"+path, r.URL.Path == path+"/.well-known/openid-configuration":
		v.metadata(w)
	case strings.HasPrefix(here, v.origin+"/authorize"):
		v.authorize(w, r)
	case here == v.origin+"/token":
		v.token(w, r)
	case here == v.origin+"/register" && v.registers:
		var about struct {
			Scope string `json:"scope"`
		}
		_ = json.NewDecoder(r.Body).Decode(&about)
		v.registered = about.Scope
		reply(w, http.StatusCreated, map[string]any{"client_id": "registered"})
	default:
		http.NotFound(w, r)
	}
}

func (v *vendor) protected(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") == "Bearer the-token" {
		return
	}
	w.Header().Set("WWW-Authenticate", "Bearer")
	w.WriteHeader(http.StatusUnauthorized)
}

func (v *vendor) metadata(w http.ResponseWriter) {
	document := map[string]any{
		"issuer": v.own, "authorization_endpoint": v.origin + "/authorize", "token_endpoint": v.origin + "/token",
		"response_types_supported": []string{"code"}, "code_challenge_methods_supported": []string{"plain", "S256"},
		"token_endpoint_auth_methods_supported":          []string{"client_secret_post", "none"},
		"authorization_response_iss_parameter_supported": v.promisesIss,
	}
	if v.hidesPKCE {
		delete(document, "code_challenge_methods_supported")
	}
	if v.registers {
		document["registration_endpoint"] = v.origin + "/register"
	}
	reply(w, http.StatusOK, document)
}

func (v *vendor) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	v.asked, v.challenge = q, q.Get("code_challenge")
	answer := url.Values{"state": {q.Get("state")}, "code": {"the-code"}}
	if v.promisesIss {
		answer.Set("iss", v.own)
	}
	for name, want := range v.authorization {
		if q.Get(name) != want {
			refuse(answer, "invalid_request", "parameter "+name)
		}
	}
	for _, scope := range v.scopes {
		if !strings.Contains(" "+q.Get("scope")+" ", " "+scope+" ") {
			refuse(answer, "invalid_scope", scope)
		}
	}
	if v.refusesResource && q.Has("resource") {
		refuse(answer, "invalid_target", "AADSTS9010010")
	}
	if !v.refusesResource && q.Get("resource") != v.resource {
		refuse(answer, "invalid_target", "the resource is missing")
	}
	w.Header().Set("Location", q.Get("redirect_uri")+"?"+answer.Encode())
	w.WriteHeader(http.StatusFound)
}

func refuse(answer url.Values, code, text string) {
	answer.Del("code")
	answer.Set("error", code)
	answer.Set("error_description", text)
}

// token always checks PKCE: that is what the profiles say.
func (v *vendor) token(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	status := http.StatusBadRequest
	if v.errorsInSuccess {
		status = http.StatusOK
	}
	sum := sha256.Sum256([]byte(r.PostForm.Get("code_verifier")))
	switch {
	case v.refusesResource && r.PostForm.Has("resource"):
		reply(w, status, map[string]any{"error": "invalid_target"})
	case r.PostForm.Get("code") != "the-code" || base64.RawURLEncoding.EncodeToString(sum[:]) != v.challenge:
		reply(w, status, map[string]any{"error": "bad_verification_code", "error_description": "The code is incorrect."})
	case v.needsSecret && r.PostForm.Get("client_secret") != "the-secret":
		reply(w, status, map[string]any{"error": "invalid_request", "error_description": "client_secret is missing"})
	default:
		reply(w, v.tokenStatus, map[string]any{"access_token": "the-token", "token_type": "bearer", "expires_in": 3599})
	}
}

func reply(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}
