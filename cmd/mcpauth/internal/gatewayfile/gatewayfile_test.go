package gatewayfile_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"log/slog"
	"math/big"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mcp-auth/go/cmd/mcpauth/internal/gatewayfile"
	"github.com/mcp-auth/go/configfile"
	"github.com/mcp-auth/go/gateway"
)

// write writes files, given by name and text in turn, and returns the path of the first.
func write(t *testing.T, namesAndTexts ...string) string {
	t.Helper()
	dir := t.TempDir()
	for i := 0; i < len(namesAndTexts); i += 2 {
		if err := os.WriteFile(filepath.Join(dir, namesAndTexts[i]), []byte(namesAndTexts[i+1]), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, namesAndTexts[0])
}

// keyPair returns a certificate and its key, in PEM.
func keyPair(t *testing.T) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}))
}

const complete = `listen: ":8443"
tls: {cert: tls.crt, key: tls.key}
h2c: false
admin: "127.0.0.1:9901"
trusted_proxies: [10.0.0.0/24]
keep_alive: 25s
legacy_metadata: true
drain: {delay: 5s, grace: 20s}
telemetry: {logs: {format: json}}
audit: {file: audit.jsonl, fail: closed}
leeway: 7s
resources:
  - name: notes
    identifier: https://mcp.example.com/notes/mcp
    authorization_servers: [{issuer: "https://auth.example.com"}]
    policy: notes.policy.yaml
    upstream:
      url: https://notes:3000/mcp
      tls: {ca: tls.crt, cert: tls.crt, key: tls.key}
      credential: {header: {name: X-Api-Key, value: {file: key}}}
  - identifier: https://mcp.example.com/files/mcp
    authorization_servers: [{issuer: "https://auth.example.com"}]
    upstream:
      url: http://files:3000/sse
      transport: sse
      credential: {header: {name: Authorization, value: {env: GATEWAYFILE_TEST}}}
  - identifier: https://mcp.example.com/commands/mcp
    authorization_servers: [{issuer: "https://auth.example.com"}]
    upstream:
      stdio:
        command: [serve, --fast]
        dir: work
        env: {API_KEY: {file: key}, LEVEL: {value: debug}}
        max_processes: 8
        max_per_user: 2
        idle_timeout: 1m
        start_timeout: 10s
        stop_grace: 2s
`

func TestRead(t *testing.T) {
	t.Setenv("GATEWAYFILE_TEST", "Bearer s3cret")
	cert, key := keyPair(t)
	path := write(t, "gateway.yaml", complete, "tls.crt", cert, "tls.key", key, "key", "s3cret-key\n", "notes.policy.yaml", "tools: {list: authenticated}\n")
	s, err := gatewayfile.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	if s.Listen != ":8443" || s.Admin != "127.0.0.1:9901" || s.Certificate == nil || s.H2C || s.Delay != 5*time.Second || s.Grace != 20*time.Second || !s.LogJSON {
		t.Errorf("%+v", s)
	}
	if s.Audit.Path != filepath.Join(filepath.Dir(path), "audit.jsonl") || !s.Audit.FailClosed {
		t.Errorf("%+v", s.Audit)
	}
	g := s.Gateway
	if g.KeepAlive != 25*time.Second || !g.LegacyMetadata || g.Auth.Leeway != 7*time.Second || !slices.Equal(g.TrustedProxies, []netip.Prefix{netip.MustParsePrefix("10.0.0.0/24")}) {
		t.Errorf("%+v", g)
	}
	if len(g.Resources) != 3 || g.Resources[0].Policy == nil || g.Resources[1].Identifier != "https://mcp.example.com/files/mcp" {
		t.Fatalf("%+v", g.Resources)
	}
	for i, want := range []http.Header{{"X-Api-Key": {"s3cret-key"}}, {"Authorization": {"Bearer s3cret"}}} {
		h := http.Header{}
		if err := g.Resources[i].Credential.Apply(t.Context(), nil, h); err != nil || !reflect.DeepEqual(h, want) {
			t.Errorf("%v, %v", h, err)
		}
	}
	for i := range g.Resources {
		handler, err := s.Upstreams[i].Open(slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		handler.Close()
		g.Resources[i].Upstream = handler
	}
	made, err := gateway.New(g)
	if err != nil {
		t.Fatal(s.Locate(err))
	}
	if err := made.Close(); err != nil {
		t.Error(err)
	}
	if s.Upstreams[0].Name != "notes" || s.Upstreams[1].Name != g.Resources[1].Identifier || !s.Upstreams[1].SSE || s.Upstreams[0].TLS.RootCAs == nil {
		t.Errorf("%+v", s.Upstreams)
	}
	for _, name := range []string{"gateway.yaml", "tls.crt", "tls.key", "key", "notes.policy.yaml"} {
		if !slices.Contains(s.Files, filepath.Join(filepath.Dir(path), name)) {
			t.Errorf("%s is not watched: %v", name, s.Files)
		}
	}
	// The same file is one for "mcpauth check --config" and "mcpauth policy test".
	config, file, err := gatewayfile.Load(path)
	if err != nil || len(config.Resources) != 3 || file.Name() != path {
		t.Errorf("%+v, %v", config, err)
	}
	policy, identifier, err := gatewayfile.Policy(path, "")
	if err != nil || policy != filepath.Join(filepath.Dir(path), "notes.policy.yaml") || identifier != g.Resources[0].Identifier {
		t.Errorf("%s, %s, %v", policy, identifier, err)
	}
}

// The key of an upstream is another one whenever it must be made anew.
func TestUpstreamKeys(t *testing.T) {
	t.Parallel()
	cert, key := keyPair(t)
	keys := map[string]string{}
	for name, upstream := range map[string]string{
		"plain": "{url: http://a/mcp}", "other URL": "{url: http://b/mcp}", "sse": "{url: http://a/mcp, transport: sse}",
		"stdio": "{stdio: {command: [a]}}", "its environment": "{stdio: {command: [a], env: {A: {value: b}}}}",
		"tls": "{url: http://a/mcp, tls: {ca: ca}}", "client": "{url: http://a/mcp, tls: {cert: ca, key: key}}",
	} {
		path := write(t, "f.yaml", "listen: \":1\"\nresources: [{identifier: \"https://a.example/\", authorization_servers: [{issuer: \"https://b.example\"}], upstream: "+upstream+"}]\n", "ca", cert, "key", key)
		s, err := gatewayfile.Read(path)
		if err != nil {
			t.Fatal(err)
		}
		if other := keys[s.Upstreams[0].Key]; other != "" {
			t.Errorf("%s has the key of %s", name, other)
		}
		keys[s.Upstreams[0].Key] = name
	}
}

// TestEveryFieldIsRead holds that the file above has every field of its own that a file
// can have.
func TestEveryFieldIsRead(t *testing.T) {
	t.Parallel()
	own := reflect.TypeFor[gatewayfile.Document]().PkgPath()
	var walk func(reflect.Type)
	walk = func(of reflect.Type) {
		for of.Kind() == reflect.Slice || of.Kind() == reflect.Pointer {
			of = of.Elem()
		}
		if of.Kind() != reflect.Struct || of.PkgPath() != own {
			return
		}
		for field := range of.Fields() {
			if name := field.Tag.Get("yaml"); !strings.Contains(complete, name+":") {
				t.Errorf("%s is not in the file", name)
			}
			walk(field.Type)
		}
	}
	walk(reflect.TypeFor[gatewayfile.Document]())
}

// mistakes are lines of a file, and what is said of them.
var mistakes = map[string]string{
	"listen: 8443":                         `:1: listen "8443": the value is not HOST:PORT`,
	"admin: nonsense":                      `:1: admin "nonsense": the value is not HOST:PORT`,
	"tls: {cert: none.crt}":                ":1: tls.key: the value is missing",
	"tls: {cert: none.crt, key: none.key}": ":1: tls.cert: the file cannot be read",
	"tls: {cert: f.yaml, key: f.yaml}":     ":1: tls: the files are not a certificate and its key",
	"trusted_proxies: [10.0.0.1]":          `:1: trusted_proxies[0] "10.0.0.1":`,
	"drain: {grace: -1s}":                  `:1: drain.grace "-1s": the time is negative`,
	"audit: {fail: maybe}":                 `:1: audit.fail "maybe": the value must be open or closed`,
	"audit: {arguments: none}":             ":1: audit.arguments: the field is not known; known are file and fail",
	"telemetry: {logs: {format: xml}}":     `:1: telemetry.logs.format "xml": the value must be text or json`,
	"telemetry: {traces: {}}":              ":1: telemetry.traces: the field is not known; known are logs",
	"state: {valkey: {}}":                  ":1: state: the field is not known",
	"rate_limits: []":                      ":1: rate_limits: the field is not known",
	"keep_alive: often":                    `:1: keep_alive: must be a time such as "1h30m"`,
}

// upstreamMistakes are upstreams, and what is said of them.
var upstreamMistakes = map[string]string{
	"{url: notes/mcp}":                                                                          `upstream.url "notes/mcp": the value is not an absolute http or https URL`,
	"{url: http://a/mcp, transport: ws}":                                                        `upstream.transport "ws": the transport is not`,
	"{url: http://a/mcp, stdio: {command: [a]}}":                                                "upstream: exactly one must be given: a command has no URL, transport, tls and credential",
	"{stdio: {command: []}}":                                                                    "upstream.stdio.command: the command is empty",
	"{url: http://a/mcp, credential: {}}":                                                       "upstream.credential: exactly one must be given: known is header",
	"{url: http://a/mcp, credential: {token_exchange: {}}}":                                     "upstream.credential.token_exchange: the field is not known",
	"{url: http://a/mcp, credential: {header: {name: Host, value: {file: f.yaml}}}}":            `upstream.credential.header.name "Host": the value is not the name of a header`,
	"{url: http://a/mcp, credential: {header: {name: X-Key, value: {}}}}":                       "upstream.credential.header.value: exactly one must be given: known are file and env",
	"{url: http://a/mcp, credential: {header: {name: X-Key, value: {env: GATEWAYFILE_UNSET}}}}": "the environment variable is not set",
	"{url: http://a/mcp, credential: {header: {name: X-Key, value: {file: none}}}}":             "upstream.credential.header.value.file: the file cannot be read",
	"{url: http://a/mcp, credential: {header: {name: X-Key, value: {file: f.yaml}}}}":           "upstream.credential.header.value: the value is empty, or cannot be in a header",
	"{url: https://a/mcp, tls: {ca: f.yaml}}":                                                   `upstream.tls.ca "f.yaml": the file holds no certificate`,
	"": "upstream: the resource has no upstream",
}

const resource = "{identifier: \"https://a.example/\", authorization_servers: [{issuer: \"https://b.example\"}]"

func TestMistakes(t *testing.T) {
	t.Parallel()
	check := func(text, want string) {
		t.Helper()
		_, err := gatewayfile.Read(write(t, "f.yaml", text))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\n%v\nwant %s", text, err, want)
		}
	}
	for line, want := range mistakes {
		check(line+"\nresources: ["+resource+", upstream: {url: \"http://a/mcp\"}}]\n", want)
	}
	for upstream, want := range upstreamMistakes {
		if upstream != "" {
			upstream = ", upstream: " + upstream
		}
		check("listen: \":1\"\nresources:\n  - "+resource+upstream+"}\n", "f.yaml:3: resources[0]."+strings.Replace(want, "the environment", `upstream.credential.header.value.env "GATEWAYFILE_UNSET": the environment`, 1))
	}
	check("listen: \":1\"\nresources:\n  - "+resource+", upstream: {stdio: {command: [a], env: {A: {value: b, file: c}}}}}\n",
		`resources[0].upstream.stdio.env["A"]: the environment variable has both a value and a file`)
	check("resources: ["+resource+"}]\n", "listen: the value is missing")
	check("listen: \":1\"\nresources: ["+resource+", name: a}, "+strings.Replace(resource, "a.example", "c.example", 1)+", name: a}]\n", `resources[1].name "a": another resource has this name`)
	_, err := gatewayfile.Read(filepath.Join(t.TempDir(), "none.yaml"))
	if !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	_, _, err = gatewayfile.Policy(write(t, "f.yaml", "resources: ["+resource+"}]\n"), "")
	if err == nil || !strings.Contains(err.Error(), "has no resource with a policy") {
		t.Error(err)
	}
	var document configfile.Document
	if _, err := configfile.Read(write(t, "f.yaml", "listen: \":1\"\n"), &document); err == nil {
		t.Error("the library takes the gateway's part of a file")
	}
}

// The samples in docs/gateway.md are files that the gateway takes.
func TestDocumentedFiles(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../../../docs/gateway.md")
	if err != nil {
		t.Fatal(err)
	}
	cert, key := keyPair(t)
	samples := strings.Split(string(text), "```yaml\n")[1:]
	if len(samples) != 2 {
		t.Errorf("%d samples", len(samples))
	}
	for _, sample := range samples {
		sample, _, _ = strings.Cut(sample, "```")
		sample = strings.ReplaceAll(sample, "/run/secrets/", "")
		path := write(t, "gateway.yaml", sample, "tls.crt", cert, "tls.key", key, "internal-ca.crt", cert, "gateway.crt", cert, "gateway.key", key,
			"notes-key", "s3cret", "notes.policy.yaml", "tools: {list: authenticated}\n")
		s, err := gatewayfile.Read(path)
		if err != nil {
			t.Errorf("%v\n%s", err, sample)
			continue
		}
		for i := range s.Gateway.Resources {
			s.Gateway.Resources[i].Upstream = http.NotFoundHandler()
		}
		made, err := gateway.New(s.Gateway)
		if err != nil {
			t.Error(s.Locate(err))
			continue
		}
		if err := made.Close(); err != nil {
			t.Error(err)
		}
	}
}
