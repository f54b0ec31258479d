// Package verdict runs the verdict files of testdata/verdicts: each is a
// configuration, a clock, a token and a request, and the verdict that every
// door must give. It is for tests only.
//
// A file is a txtar archive. Its comment says what it shows and which
// requirements it covers. Its sections, all but the last optional:
//
//	-- config --   JSON, see [config]; default: one resource and one issuer
//	-- protect --  JSON {"scopes": [], "challenge": [], "resource": ""}
//	-- clock --    RFC 3339; default 2026-11-24T12:00:00Z
//	-- token --    JSON, see [tokenSpec]; default: a good token. More tokens: token.NAME
//	-- proof --    JSON, see [proofSpec]; default: a good DPoP proof for the token.
//	               More proofs: proof.NAME
//	-- request --  an HTTP request; {token}, {proof}, {token.NAME}, {proof.NAME} stand
//	               for tokens and proofs. See [placeholder] for others, and
//	               [bodyPlaceholder] for those of its body
//	-- earlier --  a request that was sent before
//	-- connection --  JSON, see [connection]; default: no TLS
//	-- response --  what the handler answers: headers, a blank line, a body
//	-- verdict --  status, reason, challenge, error (of the body); or status 200 and
//	               subject, client, scopes, and handled, the operations that reach
//	               the handler; dpop-nonce is "current" or the header itself
package verdict

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/internal/txtar"
)

// Door is one way into the engine.
type Door struct {
	Name string
	// Wrap protects next.
	Wrap func(a *mcpauth.Auth, next http.Handler, p Protection) http.Handler
	// Build makes a server of a whole configuration, in place of Wrap. It has no
	// protections of its own: files with the section protect are not for it.
	Build func(t *testing.T, c mcpauth.Config, next http.Handler) http.Handler
	// Apart are verdicts of the door's own, by the name of the file without .txtar.
	Apart map[string]string
	// Info is what the handler sees of the caller.
	Info func(r *http.Request) (*mcpauth.AuthInfo, bool)
	// DecisionOnly says that the door calls the engine and does nothing else.
	DecisionOnly bool
}

// Protection is what the protected handler needs.
type Protection struct {
	Scopes, Challenge []string
	Resource          string
}

// Options gives p as the options of a door.
func (p Protection) Options() []mcpauth.Option {
	return []mcpauth.Option{
		mcpauth.ForResource(p.Resource), mcpauth.Scopes(p.Scopes...), mcpauth.ChallengeScopes(p.Challenge...),
	}
}

// Engine is the door without a door: Authorize and WriteChallenge alone.
func Engine() Door {
	return Door{Name: "engine", Info: fromContext, Wrap: wrapEngine, DecisionOnly: true}
}

// HTTP is the net/http door.
func HTTP() Door {
	return Door{Name: "net/http", Info: fromContext, Wrap: func(a *mcpauth.Auth, next http.Handler, p Protection) http.Handler {
		return a.Protect(next, p.Options()...)
	}}
}

func fromContext(r *http.Request) (*mcpauth.AuthInfo, bool) { return mcpauth.FromContext(r.Context()) }

// Run runs every verdict file below dir through the door.
func Run(t *testing.T, dir string, door Door) {
	var files []string
	err := filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		if strings.HasSuffix(path, ".txtar") {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Fatalf("no verdict files in %s", dir)
	}
	keys := newKeyRing(t)
	for _, path := range files {
		name, _ := filepath.Rel(dir, path)
		name = strings.TrimSuffix(filepath.ToSlash(name), ".txtar")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			runFile(t, path, keys, door, door.Apart[name])
		})
	}
}

var update = flag.Bool("update-verdicts", false, "write what the engine answers into the verdict files")

// runFile runs one file. apart is the door's own verdict, if it has one.
func runFile(t *testing.T, path string, keys *keyRing, door Door, apart string) {
	archive, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(archive.Comment, []byte("Covers ")) {
		t.Error("the comment names no requirement: \"Covers RS…\" is missing")
	}
	if door.DecisionOnly && ofHTTP(archive) || door.Build != nil && section(archive, "protect") != "" {
		return
	}
	c := parseCase(t, archive, keys)
	got := c.run(t, door)
	if *update && door.Name == "net/http" {
		writeVerdict(t, path, archive, got)
		return
	}
	want := normalize(section(archive, "verdict"))
	if apart != "" {
		if want == normalize(apart) {
			t.Error("the door has no need of a verdict of its own")
		}
		want = normalize(apart)
	}
	if got != want {
		t.Errorf("%s door\n got:\n%s\nwant:\n%s", door.Name, got, want)
	}
}

// testCase is a parsed verdict file.
type testCase struct {
	auth       *mcpauth.Auth
	config     mcpauth.Config
	keys       *keyRing
	protection Protection
	connection connection
	earlier    []byte
	request    []byte
	response   []byte
	secrets    []string
	log        *logRecord
}

func parseCase(t *testing.T, archive *txtar.Archive, keys *keyRing) *testCase {
	t.Helper()
	now := parseClock(t, archive)
	c := &testCase{log: &logRecord{}, keys: keys}
	var cfg config
	decode(t, c.expand(t, archive, "config"), "config", &cfg)
	c.config = cfg.build(t, keys, now)
	decode(t, archive, "protect", &c.protection)
	decode(t, archive, "connection", &c.connection)
	c.response = []byte(section(archive, "response"))
	archive = c.expand(t, archive, "token", "proof", "earlier", "request")
	c.config.Logger = slog.New(c.log)
	auth, err := mcpauth.New(c.config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = auth.Close() })
	c.auth = auth
	c.fillRequests(t, archive, keys, now)
	return c
}

func parseClock(t *testing.T, archive *txtar.Archive) time.Time {
	t.Helper()
	text := strings.TrimSpace(section(archive, "clock"))
	if text == "" {
		text = "2026-11-24T12:00:00Z"
	}
	now, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		t.Fatal(err)
	}
	return now
}

const defaultRequest = "POST /mcp HTTP/1.1\nAuthorization: Bearer {token}\n"

// fillRequests fills the tokens and proofs in. Requests are parsed leniently on
// purpose: the headers are those a handler may see, not only those net/http
// lets through.
func (c *testCase) fillRequests(t *testing.T, archive *txtar.Archive, keys *keyRing, now time.Time) {
	t.Helper()
	request, earlier := section(archive, "request"), section(archive, "earlier")
	if request == "" {
		request = defaultRequest
	}
	tokens, proofs := mintAll(t, archive, keys, now)
	for _, minted := range []map[string]string{tokens, proofs} {
		for name, value := range minted {
			if !strings.Contains(request+earlier, "{"+name+"}") {
				continue
			}
			request = strings.ReplaceAll(request, "{"+name+"}", value)
			earlier = strings.ReplaceAll(earlier, "{"+name+"}", value)
			c.secrets = append(c.secrets, value)
		}
	}
	c.request, c.earlier = []byte(request), []byte(earlier)
}

func (c *testCase) run(t *testing.T, door Door) string {
	t.Helper()
	var seen *mcpauth.AuthInfo
	server := &mcpServer{response: c.response}
	handler := c.behind(t, door, func(w http.ResponseWriter, r *http.Request) {
		info, ok := door.Info(r)
		if !ok && !mcpauth.Anonymous(r.Context()) {
			t.Error("the handler was reached without an AuthInfo")
		}
		seen = info
		server.serve(t, w, r)
	})
	if len(c.earlier) > 0 {
		c.send(t, handler, c.earlier)
		c.log.forget()
		seen, server.handled = nil, nil
	}
	w := c.send(t, handler, c.request)
	c.checkSecrets(t, w)
	verdict := describe(w, seen, c.log.reason(), server)
	if nonce := w.Header().Get("DPoP-Nonce"); nonce == "" {
		return verdict
	} else if nonce != c.nonce(t, "") {
		return verdict + "dpop-nonce: " + nonce + "\n"
	}
	return verdict + "dpop-nonce: current\n"
}

// behind puts a handler behind the door.
func (c *testCase) behind(t *testing.T, door Door, next http.HandlerFunc) http.Handler {
	t.Helper()
	if door.Build != nil {
		return door.Build(t, c.config, next)
	}
	return door.Wrap(c.auth, next, c.protection)
}

func (c *testCase) send(t *testing.T, handler http.Handler, raw []byte) *httptest.ResponseRecorder {
	t.Helper()
	w, r := httptest.NewRecorder(), parseRequest(t, raw)
	c.connection.apply(c.keys, r)
	handler.ServeHTTP(w, r)
	return w
}

// checkSecrets looks for tokens, or long parts of one, where none must be.
func (c *testCase) checkSecrets(t *testing.T, w *httptest.ResponseRecorder) {
	t.Helper()
	places := fmt.Sprint(w.Header()) + w.Body.String() + c.log.text()
	for _, secret := range secretForms() {
		if strings.Contains(places, secret) {
			t.Error("the client secret is in the response or in the log")
		}
	}
	for _, token := range c.secrets {
		for part := range strings.SplitSeq(token, ".") {
			if len(part) >= 20 && strings.Contains(places, part[:20]) {
				t.Error("a part of the token is in the response or in the log")
			}
		}
	}
}

func parseRequest(t *testing.T, raw []byte) *http.Request {
	t.Helper()
	head, body, _ := bytes.Cut(raw, []byte("\n\n"))
	lines := bufio.NewScanner(bytes.NewReader(head))
	lines.Buffer(nil, 1<<20)
	lines.Scan()
	method, rest, _ := strings.Cut(lines.Text(), " ")
	target := strings.TrimSuffix(rest, " HTTP/1.1")
	r := httptest.NewRequest(method, target, nil)
	for lines.Scan() && lines.Text() != "" {
		name, value, ok := strings.Cut(lines.Text(), ":")
		if !ok {
			t.Fatalf("no header: %q", lines.Text())
		}
		name, value = textproto.CanonicalMIMEHeaderKey(name), strings.TrimPrefix(value, " ")
		r.Header[name] = append(r.Header[name], unescape(value))
	}
	withBody(r, body)
	return r
}

// unescape lets a verdict file hold characters that would not survive in it.
func unescape(value string) string {
	return strings.NewReplacer(`\t`, "\t", `\0`, "\x00", `\r`, "\r", `\n`, "\n", `\s`, " ").Replace(value)
}

func describe(w *httptest.ResponseRecorder, info *mcpauth.AuthInfo, reason string, server *mcpServer) string {
	var b strings.Builder
	fmt.Fprintf(&b, "status: %d\n", w.Code)
	line(&b, "reason", reason)
	if info != nil {
		line(&b, "subject", info.Subject)
		line(&b, "client", info.ClientID)
		line(&b, "scopes", strings.Join(info.Scopes, " "))
		describeAnswer(&b, w.Code, w.Body.Bytes(), server)
		return b.String()
	}
	for _, value := range w.Header().Values("Www-Authenticate") {
		line(&b, "challenge", value)
	}
	line(&b, "retry-after", w.Header().Get("Retry-After"))
	var body struct{ Error string }
	if json.Unmarshal(w.Body.Bytes(), &body) == nil {
		line(&b, "error", body.Error)
	}
	describeAnswer(&b, w.Code, w.Body.Bytes(), server)
	return b.String()
}

func line(b *strings.Builder, name, value string) {
	if value != "" {
		fmt.Fprintf(b, "%s: %s\n", name, value)
	}
}

// normalize drops blank lines and blanks at the ends.
func normalize(text string) string {
	var b strings.Builder
	for l := range strings.Lines(text) {
		if l = strings.TrimSpace(l); l != "" {
			b.WriteString(l + "\n")
		}
	}
	return b.String()
}

func wrapEngine(a *mcpauth.Auth, next http.Handler, p Protection) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		read := io.ReadCloser(http.NoBody)
		info, err := a.Authorize(r.Context(), mcpauth.Request{
			Method: r.Method, URL: r.RequestURI, Header: r.Header,
			Resource: p.Resource, Scopes: p.Scopes, ChallengeScopes: p.Challenge,
			TLS: r.TLS, RemoteAddr: r.RemoteAddr, Body: func(most int64) ([]byte, error) {
				body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, most))
				read = io.NopCloser(bytes.NewReader(body))
				return body, err
			},
		})
		if err != nil {
			mcpauth.WriteChallenge(w, err)
			return
		}
		if nonce := a.DPoPNonce(p.Resource); nonce != "" {
			w.Header().Set("DPoP-Nonce", nonce)
		}
		r.Body = read
		ctx := mcpauth.NewContext(r.Context(), info)
		if info == nil {
			ctx = mcpauth.NewAnonymousContext(ctx)
		}
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

func section(archive *txtar.Archive, name string) string {
	i := slices.IndexFunc(archive.Files, func(f txtar.File) bool { return f.Name == name })
	if i < 0 {
		return ""
	}
	return string(archive.Files[i].Data)
}

func decode(t *testing.T, archive *txtar.Archive, name string, dst any) {
	t.Helper()
	text := section(archive, name)
	if text == "" {
		return
	}
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(dst); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

func writeVerdict(t *testing.T, path string, archive *txtar.Archive, verdict string) {
	t.Helper()
	i := slices.IndexFunc(archive.Files, func(f txtar.File) bool { return f.Name == "verdict" })
	if i < 0 {
		archive.Files = append(archive.Files, txtar.File{Name: "verdict"})
		i = len(archive.Files) - 1
	}
	archive.Files[i].Data = []byte(verdict)
	if err := os.WriteFile(path, txtar.Format(archive), 0o644); err != nil {
		t.Fatal(err)
	}
}
