package gatewayfile

import (
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"time"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/configerr"
	"github.com/mcp-auth/go/configfile"
	"github.com/mcp-auth/go/gateway"
	"github.com/mcp-auth/go/gateway/identity"
	"github.com/mcp-auth/go/gateway/ratelimit"
)

// The faults of files, in addition to those of packages configfile and gateway.
const (
	Missing          configerr.Fault = "the value is missing"
	InvalidAddress   configerr.Fault = "the value is not HOST:PORT, such as 127.0.0.1:8080 or :8443"
	DuplicateName    configerr.Fault = "another resource has this name"
	InvalidFail      configerr.Fault = "the value must be open or closed"
	InvalidFormat    configerr.Fault = "the value must be text or json"
	NegativeTime     configerr.Fault = "the time is negative"
	UnreadableFile   configerr.Fault = "the file cannot be read"
	InvalidKeyPair   configerr.Fault = "the files are not a certificate and its key in PEM"
	InvalidAuthority configerr.Fault = "the file holds no certificate in PEM"
	NotOneOf         configerr.Fault = "exactly one must be given"
	InvalidKey       configerr.Fault = "the value is not a private key in PEM"
	InvalidKeys      configerr.Fault = "the file is not one of keys for assertions: ECDSA keys on P-256 in PEM"
	NoHeaders        configerr.Fault = "a command gets no headers"
	InvalidScheme    configerr.Fault = "the value is not an authentication scheme such as Bearer"
	SharedHeader     configerr.Fault = "the header holds the credential already"
	IssuerUnknown    configerr.Fault = "the issuer cannot be left out: the resource has several authorization servers, or the token endpoint is elsewhere"
)

const defaultGrace = 30 * time.Second

// Settings are what a file configures, ready for use.
type Settings struct {
	Listen, Admin string
	// Certificate is the one to listen with, nil without TLS.
	Certificate *tls.Certificate
	H2C         bool
	Delay       time.Duration
	Grace       time.Duration
	Audit       *AuditSettings // nil: none
	LogJSON     bool
	Telemetry   TelemetrySettings
	// RateLimits are the rules of a ratelimit.Limiter, none for none.
	RateLimits []ratelimit.Rule
	// Gateway lacks the upstreams, the logger, the hooks and what it inherits.
	Gateway gateway.Config
	// Upstreams are those of the resources, in order.
	Upstreams []UpstreamSettings
	// IdentityKeys sign assertions. They are nil if the file names none.
	IdentityKeys *identity.Keys
	// Asserts says that there are upstreams that get assertions.
	Asserts bool
	// Files are the files that were read, by their paths.
	Files []string
	// Sum is the [Sum] of the files when they were read.
	Sum [sha256.Size]byte

	source *configfile.File
}

// AuditSettings are where decisions are logged.
type AuditSettings struct {
	Path       string
	FailClosed bool
}

// TelemetrySettings are where metrics and traces go. The zero value is nowhere.
type TelemetrySettings struct {
	// Prometheus says that metrics are served at the admin address.
	Prometheus bool
	// MetricsURL and TracesURL are where a collector takes them, by OTLP over HTTP. Empty
	// means none.
	MetricsURL, TracesURL string
	// Sample is which part of the traces is sampled.
	Sample float64
	// ContinueTraces has the traces of clients go on.
	ContinueTraces bool
}

// Handler is an upstream that is at work.
type Handler interface {
	http.Handler
	Close()
}

// UpstreamSettings describe the upstream of a resource.
type UpstreamSettings struct {
	// Name is the name of the resource.
	Name string
	// Key is the same for the same settings, whose upstream can then go on.
	Key string
	// URL is where a probe is sent, empty if there is no such place.
	URL string
	// Stdio says that the upstream is a command, without a URL.
	Stdio bool
	// SSE says that the URL is that of a stream of HTTP+SSE.
	SSE bool
	// TLS is for a probe.
	TLS *tls.Config
	// Open makes the upstream.
	Open func(*slog.Logger) (Handler, error)
	// Token gets tokens for the upstream. It is nil if there are none.
	Token *TokenSettings
	// Identity returns what tells the upstream who is calling, with keys for its
	// assertions. It is nil if nothing does.
	Identity func(*identity.Keys) (gateway.Credential, error)
}

// TokenCredential is a credential that gets tokens.
type TokenCredential interface {
	gateway.Credential
	Close()
}

// TokenSettings describe how tokens for an upstream are got.
type TokenSettings struct {
	// Key is the same for the same settings, whose tokens can then be used on.
	Key string
	// OfCaller says that the tokens are those of callers.
	OfCaller bool
	// Open makes the credential.
	Open func(*slog.Logger) (TokenCredential, error)
}

// Read reads a file for the gateway. Every mistake is reported with its place, joined.
// Those that only [gateway.New] finds are reported by [Settings.Locate].
func Read(path string) (*Settings, error) {
	var document Document
	source, err := configfile.Read(path, &document)
	if err != nil {
		return nil, err
	}
	auth, err := document.auth(source)
	r := &reader{
		document: &document, dir: filepath.Dir(path), settings: &Settings{source: source, Files: []string{path}}, sums: map[string][sha256.Size]byte{},
	}
	r.settings.Gateway.Auth = auth
	r.read()
	if err := errors.Join(err, source.Locate(r.faults.Err())); err != nil {
		return nil, err
	}
	r.settings.Sum = Sum(r.settings.Files)
	return r.settings, nil
}

// Sum is the same as long as files have the same contents.
func Sum(files []string) [sha256.Size]byte {
	hash := sha256.New()
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			data = []byte(err.Error())
		}
		one := sha256.Sum256(data)
		hash.Write(one[:])
	}
	return [sha256.Size]byte(hash.Sum(nil))
}

// Load reads a file for what needs its authorization only, as [configfile.Load] does.
func Load(path string) (mcpauth.Config, *configfile.File, error) {
	var document Document
	source, err := configfile.Read(path, &document)
	if err != nil {
		return mcpauth.Config{}, nil, err
	}
	config, err := document.auth(source)
	return config, source, err
}

// auth returns what the file configures of authorization.
func (d *Document) auth(source *configfile.File) (mcpauth.Config, error) {
	plain := d.Document
	for i := range d.Resources {
		plain.Resources = append(plain.Resources, d.Resources[i].Resource)
	}
	return plain.Config(source)
}

// Locate returns the mistakes that gateway.New found with their places in the file.
func (s *Settings) Locate(err error) error { return s.source.Locate(err) }

// Name returns the name of the file.
func (s *Settings) Name() string { return s.source.Name() }

// reader makes settings of a document, and notes what is wrong with it. Fields of
// mistakes have the names of Go.
type reader struct {
	document *Document
	dir      string // of the file
	settings *Settings
	faults   configerr.List
	sums     map[string][sha256.Size]byte // of files, by name
}

func (r *reader) read() {
	d, s := r.document, r.settings
	s.Listen, s.Admin, s.H2C = r.address("Listen", d.Listen), r.address("Admin", d.Admin), d.H2C
	if d.Listen == "" {
		r.faults.Add(Missing, "Listen", "")
	}
	if d.TLS != nil {
		s.Certificate = r.keyPair("TLS", d.TLS.Cert, d.TLS.Key)
	}
	s.Delay, s.Grace = r.duration("Drain.Delay", d.Drain.Delay), r.duration("Drain.Grace", d.Drain.Grace)
	if s.Grace == 0 {
		s.Grace = defaultGrace
	}
	s.Gateway.KeepAlive, s.Gateway.LegacyMetadata = d.KeepAlive, d.LegacyMetadata
	s.Gateway.TrustedProxies = r.networks(d.TrustedProxies)
	r.oneOf("Telemetry.Logs.Format", d.Telemetry.Logs.Format, InvalidFormat, "", "text", "json")
	s.LogJSON = d.Telemetry.Logs.Format == "json"
	r.metrics()
	r.traces()
	r.rateLimits()
	r.audit()
	r.identityKeys()
	names := map[string]bool{}
	for i := range d.Resources {
		r.resource(&d.Resources[i], fmt.Sprintf("Resources[%d]", i), names)
	}
	s.Gateway.Auth.Resources = nil
}

func (r *reader) oneOf(field, value string, fault configerr.Fault, known ...string) {
	if !slices.Contains(known, value) {
		r.faults.Add(fault, field, value)
	}
}

func (r *reader) address(field, text string) string {
	if text == "" {
		return ""
	}
	if _, _, err := net.SplitHostPort(text); err != nil {
		r.faults.Add(InvalidAddress, field, text)
	}
	return text
}

func (r *reader) duration(field string, d time.Duration) time.Duration {
	if d < 0 {
		r.faults.Add(NegativeTime, field, d.String())
	}
	return d
}

func (r *reader) networks(texts []string) (networks []netip.Prefix) {
	for i, text := range texts {
		network, err := netip.ParsePrefix(text)
		if err != nil {
			r.faults.Add(configerr.InvalidProxyNetwork, fmt.Sprintf("TrustedProxies[%d]", i), text)
			continue
		}
		networks = append(networks, network)
	}
	return networks
}

func (r *reader) audit() {
	read := r.document.Audit
	if read == nil {
		return
	}
	if read.File == "" {
		r.faults.Add(Missing, "Audit.File", "")
	}
	r.oneOf("Audit.Fail", read.Fail, InvalidFail, "", "open", "closed")
	r.settings.Audit = &AuditSettings{Path: r.path(read.File), FailClosed: read.Fail == "closed"}
}
