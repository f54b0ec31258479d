package gatewayfile_test

import (
	"errors"
	"log/slog"
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
	"github.com/mcp-auth/go/gateway/ratelimit"
	"github.com/mcp-auth/go/internal/authtest"
)

const complete = `listen: ":8443"
tls: {cert: tls.crt, key: tls.key}
h2c: false
admin: "127.0.0.1:9901"
trusted_proxies: [10.0.0.0/24]
keep_alive: 25s
legacy_metadata: true
drain: {delay: 5s, grace: 20s}
telemetry:
  logs: {format: json}
  metrics: {prometheus: true, otlp: "http://collector:4318/"}
  traces: {otlp: "https://collector:4318", sample: 0.1, continue: true}
rate_limits:
  - {key: subject, requests: 600, per: 1m}
  - {key: subject+tool, tools: [send_mail], requests: 10, per: 1h}
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
      credential: {header: {name: Authorization, scheme: Bearer, value: {env: GATEWAYFILE_TEST}}}
  - identifier: https://mcp.example.com/mail/mcp
    authorization_servers: [{issuer: "https://auth.example.com"}]
    identity: {assertion: true, headers: {subject: X-Caller, issuer: X-Caller-Issuer, client_id: X-Caller-Client, scope: X-Caller-Scope}}
    upstream:
      url: http://mail:3000/mcp
      credential:
        client_credentials:
          issuer: https://auth.example.com
          client: {id: gateway, secret: {file: key}, auth_method: client_secret_post}
          resource: https://mail.internal/mcp
          scopes: [mail.send]
          parameters: {tenant: a}
  - identifier: https://mcp.example.com/calendar/mcp
    authorization_servers: [{issuer: "https://auth.example.com"}]
    upstream:
      url: http://calendar:3000/mcp
      credential:
        token_exchange:
          token_endpoint: https://auth.example.com/token
          flow: token_exchange
          client: {id: gateway, key: {file: tls.key}, key_id: "1", algorithm: ES256}
          audience: calendar
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
keys: {identity: {file: tls.key}}
`

func TestRead(t *testing.T) {
	t.Setenv("GATEWAYFILE_TEST", "s3cret")
	cert, key := authtest.KeyPair(t, "gateway")
	path := authtest.WriteFiles(t, "gateway.yaml", complete, "tls.crt", cert, "tls.key", key, "key", "s3cret-key\n", "notes.policy.yaml", "tools: {list: authenticated}\n")
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
	if want := (gatewayfile.TelemetrySettings{
		Prometheus: true, MetricsURL: "http://collector:4318/v1/metrics", TracesURL: "https://collector:4318/v1/traces", Sample: 0.1, ContinueTraces: true,
	}); s.Telemetry != want {
		t.Errorf("%+v", s.Telemetry)
	}
	if want := []ratelimit.Rule{
		{Key: ratelimit.Subject, Requests: 600, Per: time.Minute},
		{Key: ratelimit.SubjectTool, Tools: []string{"send_mail"}, Requests: 10, Per: time.Hour},
	}; !reflect.DeepEqual(s.RateLimits, want) {
		t.Errorf("%+v", s.RateLimits)
	}
	g := s.Gateway
	if g.KeepAlive != 25*time.Second || !g.LegacyMetadata || g.Auth.Leeway != 7*time.Second || !slices.Equal(g.TrustedProxies, []netip.Prefix{netip.MustParsePrefix("10.0.0.0/24")}) {
		t.Errorf("%+v", g)
	}
	if len(g.Resources) != 5 || g.Resources[0].Policy == nil || g.Resources[1].Identifier != "https://mcp.example.com/files/mcp" {
		t.Fatalf("%+v", g.Resources)
	}
	for i := range s.Upstreams {
		handler, err := s.Upstreams[i].Open(slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		handler.Close()
		g.Resources[i].Upstream = handler
	}
	for i, want := range []http.Header{{"X-Api-Key": {"s3cret-key"}}, {"Authorization": {"Bearer s3cret"}}} {
		h := http.Header{}
		if err := g.Resources[i].Credential.Apply(t.Context(), nil, h); err != nil || !reflect.DeepEqual(h, want) {
			t.Errorf("%v, %v", h, err)
		}
	}
	for i, ofCaller := range []bool{false, true} {
		token := s.Upstreams[i+2].Token
		if token == nil || token.OfCaller != ofCaller || s.Upstreams[i].Token != nil || g.Resources[i+2].Credential != nil {
			t.Fatalf("%+v", s.Upstreams[i+2])
		}
		opened, err := token.Open(slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		opened.Close()
	}
	if !s.Asserts || s.IdentityKeys == nil || s.Upstreams[1].Identity != nil {
		t.Errorf("%+v", s)
	}
	if _, err := s.Upstreams[2].Identity(s.IdentityKeys); err != nil {
		t.Error(err)
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
	if err != nil || len(config.Resources) != 5 || file.Name() != path {
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
	cert, key := authtest.KeyPair(t, "gateway")
	keys := map[string]string{}
	for name, upstream := range map[string]string{
		"plain": "{url: http://a/mcp}", "other URL": "{url: http://b/mcp}", "sse": "{url: http://a/mcp, transport: sse}",
		"stdio": "{stdio: {command: [a]}}", "its environment": "{stdio: {command: [a], env: {A: {value: b}}}}",
		"tls": "{url: http://a/mcp, tls: {ca: ca}}", "client": "{url: http://a/mcp, tls: {cert: ca, key: key}}",
	} {
		path := authtest.WriteFiles(t, "f.yaml", "listen: \":1\"\nresources: [{identifier: \"https://a.example/\", authorization_servers: [{issuer: \"https://b.example\"}], upstream: "+upstream+"}]\n", "ca", cert, "key", key)
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
	"listen: 8443":                                            `:1: listen "8443": the value is not HOST:PORT`,
	"admin: nonsense":                                         `:1: admin "nonsense": the value is not HOST:PORT`,
	"tls: {cert: none.crt}":                                   ":1: tls.key: the value is missing",
	"tls: {cert: none.crt, key: none.key}":                    ":1: tls.cert: the file cannot be read",
	"tls: {cert: f.yaml, key: f.yaml}":                        ":1: tls: the files are not a certificate and its key",
	"trusted_proxies: [10.0.0.1]":                             `:1: trusted_proxies[0] "10.0.0.1":`,
	"drain: {grace: -1s}":                                     `:1: drain.grace "-1s": the time is negative`,
	"audit: {fail: maybe}":                                    `:1: audit.fail "maybe": the value must be open or closed`,
	"audit: {arguments: none}":                                ":1: audit.arguments: the field is not known; known are file and fail",
	"telemetry: {logs: {format: xml}}":                        `:1: telemetry.logs.format "xml": the value must be text or json`,
	"telemetry: {traces: {}}":                                 ":1: telemetry.traces.otlp: the value is missing",
	"telemetry: {traces: {otlp: \"http://c\", sample: 1.5}}":  `:1: telemetry.traces.sample "1.5": the value must be from 0 to 1`,
	"telemetry: {traces: {otlp: \"http://c\", sample: .nan}}": `:1: telemetry.traces.sample "NaN": the value must be from 0 to 1`,
	"telemetry: {traces: {otlp: \"collector:4317\"}}":         `:1: telemetry.traces.otlp "collector:4317": the value is not the URL of a collector`,
	"telemetry: {metrics: {otlp: \"http://u:p@c\"}}":          `:1: telemetry.metrics.otlp`,
	"telemetry: {metrics: {}}":                                ":1: telemetry.metrics: the metrics go nowhere",
	"telemetry: {metrics: {prometheus: true}}":                ":1: telemetry.metrics.prometheus: metrics are served at the admin address",
	"rate_limits: [{key: user, requests: 1, per: 1s}]":        `:1: rate_limits[0].key "user": the key is not subject`,
	"rate_limits: [{key: subject, per: 1s}]":                  `:1: rate_limits[0].requests "0": the number of requests`,
	"rate_limits: [{key: subject, requests: 1, per: 1ms}]":    `:1: rate_limits[0].per "1ms": the time must be`,
	"keys: {identity: {}}":                                    ":1: keys.identity.file: the value is missing",
	"keys: {identity: {file: f.yaml}}":                        `:1: keys.identity.file "f.yaml": the file is not one of keys for assertions`,
	"state: {valkey: {}}":                                     ":1: state: the field is not known",
	"keep_alive: often":                                       `:1: keep_alive: must be a time such as "1h30m"`,
}

// upstreamMistakes are upstreams, and what is said of them.
var upstreamMistakes = map[string]string{
	"{url: notes/mcp}":                    `upstream.url "notes/mcp": the value is not an absolute http or https URL`,
	"{url: http://a/mcp, transport: ws}":  `upstream.transport "ws": the transport is not`,
	"{url: http://a/mcp, credential: {}}": "upstream.credential: exactly one must be given: known are header, client_credentials and token_exchange",
	"{url: http://a/mcp, credential: {header: {name: X-Key, value: {file: f.yaml}}, token_exchange: {}}}":                                                                  "upstream.credential: exactly one must be given",
	"{url: http://a/mcp, credential: {token_exchange: {}}}":                                                                                                                "upstream.credential.token_exchange.client: exactly one must be given: known are secret and key",
	"{url: http://a/mcp, credential: {token_exchange: {client: {id: a, secret: {env: HOME}}}}}":                                                                            "upstream.credential.token_exchange.audience: a value is required",
	"{url: http://a/mcp, credential: {token_exchange: {client: {secret: {env: HOME}}, audience: a}}}":                                                                      "upstream.credential.token_exchange.client.id",
	"{url: http://a/mcp, credential: {token_exchange: {client: {id: a, key: {env: HOME}}, audience: a}}}":                                                                  "upstream.credential.token_exchange.client.key: the value is not a private key in PEM",
	"{url: http://a/mcp, credential: {token_exchange: {client: {id: a, secret: {env: HOME}}, audience: a, flow: magic}}}":                                                  `upstream.credential.token_exchange.flow "magic"`,
	"{url: http://a/mcp, credential: {client_credentials: {flow: a}}}":                                                                                                     "upstream.credential.client_credentials.flow: the field is not known",
	"{url: http://a/mcp, credential: {client_credentials: {client: {id: a, secret: {env: HOME}}, issuer: 'http://a.example'}}}":                                            `upstream.credential.client_credentials.issuer "http://a.example"`,
	"{url: http://a/mcp, credential: {client_credentials: {client: {id: a, secret: {env: HOME}}, token_endpoint: 'https://other.example/token'}}}":                         "upstream.credential.client_credentials.issuer: the issuer cannot be left out",
	"{url: http://a/mcp, credential: {client_credentials: {client: {id: a, secret: {env: HOME}}, token_endpoint: 'http://b.example/token', issuer: 'https://b.example'}}}": `upstream.credential.client_credentials.token_endpoint "http://b.example/token"`,
	"{url: http://a/mcp, credential: {header: {name: Authorization, scheme: 'a b', value: {env: HOME}}}}":                                                                  `upstream.credential.header.scheme "a b": the value is not an authentication scheme`,
	"{url: http://a/mcp}, identity: {}":                                                                                 "identity: there are neither keys for assertions nor headers",
	"{url: http://a/mcp}, identity: {headers: {subject: Cookie}}":                                                       `identity.headers.subject "Cookie": the value is not the name of a header for an identity`,
	"{url: http://a/mcp, credential: {header: {name: X-Key, value: {env: HOME}}}}, identity: {headers: {scope: x-key}}": `identity.headers.scope "x-key": the header holds the credential already`,
	"{url: http://a/mcp, credential: {header: {name: Host, value: {file: f.yaml}}}}":                                    `upstream.credential.header.name "Host": the value is not the name of a header`,
	"{url: http://a/mcp, credential: {header: {name: X-Key, value: {}}}}":                                               "upstream.credential.header.value: exactly one must be given: known are file and env",
	"{url: http://a/mcp, credential: {header: {name: X-Key, value: {env: GATEWAYFILE_UNSET}}}}":                         "the environment variable is not set",
	"{url: http://a/mcp, credential: {header: {name: X-Key, value: {file: none}}}}":                                     "upstream.credential.header.value.file: the file cannot be read",
	"{url: http://a/mcp, credential: {header: {name: X-Key, value: {file: f.yaml}}}}":                                   "upstream.credential.header.value: the value is empty, or cannot be in a header",
	"{url: https://a/mcp, tls: {ca: f.yaml}}":                                                                           `upstream.tls.ca "f.yaml": the file holds no certificate`,
	"{url: http://a/mcp, stdio: {command: [a]}}":                                                                        "upstream: exactly one must be given: a command has no URL, transport, tls and credential",
	"{stdio: {command: []}}":                               "upstream.stdio.command: the command is empty",
	"{stdio: {command: [a]}}, identity: {assertion: true}": "identity: a command gets no headers",
	"": "upstream: the resource has no upstream",
}

const resource = "{identifier: \"https://a.example/\", authorization_servers: [{issuer: \"https://b.example\"}]"

func TestMistakes(t *testing.T) {
	t.Parallel()
	check := func(text, want string) {
		t.Helper()
		_, err := gatewayfile.Read(authtest.WriteFiles(t, "f.yaml", text))
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
	_, _, err = gatewayfile.Policy(authtest.WriteFiles(t, "f.yaml", "resources: ["+resource+"}]\n"), "")
	if err == nil || !strings.Contains(err.Error(), "has no resource with a policy") {
		t.Error(err)
	}
	var document configfile.Document
	if _, err := configfile.Read(authtest.WriteFiles(t, "f.yaml", "listen: \":1\"\n"), &document); err == nil {
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
	cert, key := authtest.KeyPair(t, "gateway")
	identities, err := os.ReadFile("../../../../docs/gateway-identity.md")
	if err != nil {
		t.Fatal(err)
	}
	samples := strings.Split(string(text), "```yaml\n")[1:]
	parts := strings.Split(string(identities), "```yaml\n")[1:] // of one file
	whole := "listen: \":1\"\n" + parts[0]
	samples = append(samples, whole, strings.Replace(whole, "    identity: {assertion: true}\n", strings.Split(parts[1], "```")[0], 1))
	if len(samples) != 4 || len(parts) != 2 || samples[2] == samples[3] {
		t.Errorf("%d samples", len(samples))
	}
	for _, sample := range samples {
		sample, _, _ = strings.Cut(sample, "```")
		sample = strings.ReplaceAll(sample, "/run/secrets/", "")
		path := authtest.WriteFiles(t, "gateway.yaml", sample, "tls.crt", cert, "tls.key", key, "internal-ca.crt", cert, "gateway.crt", cert, "gateway.key", key,
			"identity.pem", key, "client.pem", key, "notes-key", "s3cret", "notes.policy.yaml", "tools: {list: authenticated}\n")
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

// TestDeployed reads the files in the directory deploy of the repository: that of the
// Compose file, and the one in the values of the chart, as the chart completes it.
func TestDeployed(t *testing.T) {
	t.Parallel()
	deploy := filepath.Join("..", "..", "..", "..", "deploy")
	if _, err := gatewayfile.Read(filepath.Join(deploy, "compose", "config", "gateway.yaml")); err != nil {
		t.Error(err)
	}
	values, err := os.ReadFile(filepath.Join(deploy, "chart", "values.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	_, after, found := strings.Cut(string(values), "\ngateway:\n")
	section, _, ends := strings.Cut(after, "\n\n")
	if !found || !ends {
		t.Fatal("values.yaml has no section gateway")
	}
	file := "listen: \":8080\"\nadmin: \":9901\"\ndrain: {delay: 5s, grace: 30s}\n"
	for line := range strings.Lines(section) {
		file += strings.TrimPrefix(line, "  ")
	}
	settings, err := gatewayfile.Read(authtest.WriteFiles(t, "gateway.yaml", file))
	if err != nil {
		t.Fatalf("%v in\n%s", err, file)
	}
	if len(settings.Upstreams) != 1 {
		t.Errorf("%d resources", len(settings.Upstreams))
	}
}
