package check_test

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
)

// The tokens that a fakeMCP knows. Neither is signed by anybody.
var (
	validToken      = jwt(`{"sub":"alice","aud":"here"}`)
	wrongTokenOfAll = jwt(`{"sub":"alice","aud":"elsewhere"}`)
)

func jwt(claims string) string {
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(`{"alg":"ES256","typ":"at+jwt"}`)) + "." + encode([]byte(claims)) + "." + encode([]byte("a signature, or so the server believes"))
}

// fakeMCP is an MCP server that is in order, but for what a test changes before
// the first request. It does what it must and nothing else.
type fakeMCP struct {
	*httptest.Server
	as  *fakeServer
	url string // of the MCP endpoint
	// path and root are the metadata, nil: 404.
	path, root map[string]any
	// metadataHeader is sent with the metadata.
	metadataHeader http.Header
	// challenge is WWW-Authenticate to a request without a token, and what is
	// wrong with a token is added to it if there is but one.
	challenge []string
	// refusalHeader is sent with each 401.
	refusalHeader http.Header
	// accepts says which tokens are good.
	accepts func(token string) bool
	// answers are whole answers by method, to requests without a valid token.
	answers map[string]http.HandlerFunc
	// badToken, if set, answers a token that is not good.
	badToken func(w http.ResponseWriter, token string)
	// checks that are left out.
	noOriginCheck, noPreflight, noCORS, noHeaderCheck bool
	// corsTwice sends Access-Control-Allow-Origin a second time.
	corsTwice   bool
	queryTokens bool
	// rude answers what is no JSON with 500.
	rude bool
	// silentOn is the method of a message that is taken and not answered.
	silentOn string
	// failing are the statuses with which methods are answered after the token.
	failing map[string]int
	// originStatus answers foreign origins, 403 if it is 0.
	originStatus int
	// hostCheck refuses hosts as the SDKs do.
	hostCheck bool
	// ownAS is the metadata of an authorization server at the same origin.
	ownAS    map[string]any
	mu       sync.Mutex
	requests []seenRequest
	sessions map[string]bool // those that are open
	// stateless opens no sessions.
	stateless bool
}

// seenRequest is a request as it came in.
type seenRequest struct {
	method, target, rpc, token string
}

// newFakeMCP starts a server whose endpoint has the given path.
func newFakeMCP(t *testing.T, path string) *fakeMCP {
	t.Helper()
	f := &fakeMCP{
		as: newFakeServer(t, "", false), metadataHeader: http.Header{}, refusalHeader: http.Header{},
		answers: map[string]http.HandlerFunc{}, sessions: map[string]bool{}, failing: map[string]int{},
		accepts: func(token string) bool { return token == validToken },
	}
	f.Server = httptest.NewServer(f)
	t.Cleanup(f.Close)
	f.url = f.URL + path
	f.path = map[string]any{
		"resource": f.url, "authorization_servers": []string{f.as.issuer},
		"scopes_supported": []string{"read"}, "bearer_methods_supported": []string{"header"},
	}
	f.root = f.path
	f.challenge = []string{fmt.Sprintf(`Bearer scope="read", resource_metadata="%s/.well-known/oauth-protected-resource%s"`, f.URL, path)}
	f.metadataHeader.Set("Content-Type", "application/json")
	f.refusalHeader.Set("Cache-Control", "no-store")
	return f
}

// newOpenMCP returns an MCP server that lets every caller in.
func newOpenMCP(stateless bool) http.Handler {
	f := &fakeMCP{sessions: map[string]bool{}, stateless: stateless}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		f.note(r, body)
		f.message(w, r, body)
	})
}

func (f *fakeMCP) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	f.note(r, body)
	switch {
	case r.URL.Path == "/.well-known/oauth-protected-resource"+strings.TrimPrefix(f.url, f.URL):
		f.metadata(w, f.path)
	case r.URL.Path == "/.well-known/oauth-protected-resource":
		f.metadata(w, f.root)
	case f.ownAS != nil && r.URL.Path == oauthPath:
		f.metadata(w, f.ownAS)
	case f.ownAS != nil && r.Method == http.MethodOptions && r.URL.Path != strings.TrimPrefix(f.url, f.URL):
		f.allow(w)
	case f.URL+r.URL.Path != f.url:
		http.NotFound(w, r)
	default:
		f.endpoint(w, r, body)
	}
}

func (f *fakeMCP) note(r *http.Request, body []byte) {
	var m struct{ Method string }
	_ = json.Unmarshal(body, &m)
	_, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	f.mu.Lock()
	defer f.mu.Unlock()
	f.requests = append(f.requests, seenRequest{r.Method, r.URL.RequestURI(), m.Method, token})
}

func (f *fakeMCP) metadata(w http.ResponseWriter, document map[string]any) {
	if document == nil {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	for name, values := range f.metadataHeader {
		w.Header()[name] = values
	}
	f.allow(w)
	_ = json.NewEncoder(w).Encode(document)
}

func (f *fakeMCP) allow(w http.ResponseWriter) {
	if !f.noCORS {
		w.Header().Set("Access-Control-Allow-Origin", "*")
		w.Header().Set("Access-Control-Expose-Headers", "WWW-Authenticate, Mcp-Session-Id")
	}
	if f.corsTwice {
		w.Header().Add("Access-Control-Allow-Origin", "*")
	}
}

// endpoint is the MCP endpoint: Origin, preflight, token, message.
func (f *fakeMCP) endpoint(w http.ResponseWriter, r *http.Request, body []byte) {
	f.allow(w)
	if !f.noOriginCheck && foreign(r.Header.Get("Origin")) {
		w.WriteHeader(cmp.Or(f.originStatus, http.StatusForbidden))
		return
	}
	if f.hostCheck && !strings.HasPrefix(r.Host, "127.0.0.1") {
		http.Error(w, fmt.Sprintf("Forbidden: invalid Host header %q", r.Host), http.StatusForbidden)
		return
	}
	if r.Method == http.MethodOptions && !f.noPreflight {
		w.Header().Set("Access-Control-Allow-Headers", "*, Authorization")
		w.WriteHeader(http.StatusNoContent)
		return
	}
	token := f.token(r)
	switch {
	case f.accepts(token):
		f.message(w, r, body)
	case f.answers[r.Method] != nil:
		f.answers[r.Method](w, r)
	case token != "" && f.badToken != nil:
		f.badToken(w, token)
	default:
		f.refuse(w, token)
	}
}

func foreign(origin string) bool {
	u, err := url.Parse(origin)
	return origin != "" && (err != nil || !slices.Contains([]string{"localhost", "127.0.0.1"}, u.Hostname()))
}

func (f *fakeMCP) token(r *http.Request) string {
	if token := r.URL.Query().Get("access_token"); f.queryTokens && token != "" {
		return token
	}
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return token
}

func (f *fakeMCP) refuse(w http.ResponseWriter, token string) {
	for name, values := range f.refusalHeader {
		w.Header()[name] = values
	}
	for _, challenge := range f.challenge {
		if token != "" && len(f.challenge) == 1 && !strings.Contains(challenge, "error=") {
			challenge += `, error="invalid_token"`
		}
		w.Header().Add("WWW-Authenticate", challenge)
	}
	w.WriteHeader(http.StatusUnauthorized)
}

// message answers who has been let in.
func (f *fakeMCP) message(w http.ResponseWriter, r *http.Request, body []byte) {
	w.Header().Set("Content-Type", "application/json")
	var m struct {
		ID     any
		Method string
	}
	switch err := json.Unmarshal(body, &m); {
	case r.Method == http.MethodDelete:
		f.end(r.Header.Get("Mcp-Session-Id"))
		w.WriteHeader(http.StatusNoContent)
		return
	case err != nil && f.rude:
		w.WriteHeader(http.StatusInternalServerError)
		return
	case err != nil:
		rpcAnswer(w, http.StatusBadRequest, `"error":{"code":-32700,"message":"Parse error"}`)
		return
	}
	if status := f.failing[m.Method]; status != 0 {
		http.Error(w, "something went wrong", status)
		return
	}
	if m.Method != "" && m.Method == f.silentOn {
		w.WriteHeader(http.StatusAccepted)
		return
	}
	method, version := r.Header.Get("Mcp-Method"), r.Header.Get("Mcp-Protocol-Version")
	if m.Method == "server/discover" && !f.noHeaderCheck && (method != m.Method || version != "2026-07-28") {
		rpcAnswer(w, http.StatusBadRequest, `"error":{"code":-32020,"message":"Header mismatch"}`)
		return
	}
	if m.Method == "initialize" && !f.stateless {
		w.Header().Set("Mcp-Session-Id", f.open())
	}
	rpcAnswer(w, http.StatusOK, `"result":{}`)
}

func (f *fakeMCP) open() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	id := fmt.Sprintf("session-%d", len(f.requests))
	f.sessions[id] = true
	return id
}

func (f *fakeMCP) end(id string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.sessions, id)
}

func rpcAnswer(w http.ResponseWriter, status int, what string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"jsonrpc":"2.0","id":1,%s}`, what)
}

// hold fails unless what was asked is what a check may ask: nothing that
// changes anything, no token in a URL, and each session ended.
func (f *fakeMCP) hold(t *testing.T) {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, r := range f.requests {
		if r.method == http.MethodPost && !slices.Contains([]string{"initialize", "ping", "server/discover", ""}, r.rpc) {
			t.Errorf("%s was sent", r.rpc)
		}
		if strings.Contains(r.target, "eyJ") || strings.HasPrefix(r.target, "/.well-known/") && r.token != "" {
			t.Errorf("a token was sent to %s", r.target)
		}
	}
	if len(f.sessions) > 0 {
		t.Errorf("%d sessions were left open", len(f.sessions))
	}
	if len(f.requests) > 40 {
		t.Errorf("%d requests were sent", len(f.requests))
	}
}
