// Package probe sends the requests of a check and keeps a record of them and of
// what was found.
package probe

import (
	"context"
	"net/http"
	"time"

	"github.com/mcp-auth/go/check/internal/finding"
	"github.com/mcp-auth/go/check/internal/redact"
	"github.com/mcp-auth/go/check/internal/transport"
	"github.com/mcp-auth/go/internal/fetch"
	"github.com/mcp-auth/go/network"
)

const (
	// MaxEvidence bounds the evidence of a finding, in bytes.
	MaxEvidence = 200
	// MaxMessage bounds a message with words of the checked server in it, in
	// bytes.
	MaxMessage = 600

	userAgent = "mcpauth-check"
)

// Kind is what a [Record] is about.
type Kind string

// The kinds of records.
const (
	AuthorizationServer Kind = "authorization_server"
	Server              Kind = "mcp_server"
	Configuration       Kind = "configuration"
)

// Record is what was asked and found, fit to be shown.
type Record struct {
	Target    string
	Kind      Kind
	Exchanges []Exchange
	Findings  finding.List
	Parts     []*Record
}

// Exchange is one request and its outcome.
type Exchange struct {
	Purpose, Method, URL string
	// Status is 0 if there was no answer; Error then says why.
	Status   int
	Error    string
	Duration time.Duration
}

// Config configures a [Probe].
type Config struct {
	Network network.Settings
	// Tokens must not get into the record.
	Tokens []string
	// OnExchange, if set, is called after each exchange.
	OnExchange func(Exchange)
	// Now is the clock. Nil means [time.Now].
	Now func() time.Time
	// Loopback allows requests to this machine. Only the user's own target may
	// allow them: a public server must not direct requests to this machine.
	Loopback bool
	// Plain says that the target is http on a host that may be. Only such a server
	// may name http URLs of these hosts.
	Plain bool
}

// Probe sends requests and records them. It must not be used concurrently.
type Probe struct {
	client     *fetch.Client
	redactor   redact.Redactor
	onExchange func(Exchange)
	now        func() time.Time
	timeout    time.Duration
	loopback   bool
	plain      bool
	record     *Record
}

// New returns a probe with a record of its own. It must be closed.
func New(kind Kind, target string, c Config) *Probe {
	if c.Now == nil {
		c.Now = time.Now
	}
	p := &Probe{
		client:     fetch.New(fetch.Policy{Settings: c.Network, UserAgent: userAgent}),
		redactor:   redact.New(c.Tokens...),
		onExchange: c.OnExchange,
		now:        c.Now,
		timeout:    c.Network.Timeout,
		loopback:   c.Loopback,
		plain:      c.Plain,
	}
	p.record = p.newRecord(kind, target)
	return p
}

func (p *Probe) newRecord(kind Kind, target string) *Record {
	return &Record{Kind: kind, Target: p.redactor.Text(target, MaxMessage)}
}

// Close closes the connections.
func (p *Probe) Close() { p.client.Close() }

// Record returns what was asked and found so far.
func (p *Probe) Record() *Record { return p.record }

// Now returns the time.
func (p *Probe) Now() time.Time { return p.now() }

// Timeout returns the limit of each exchange. Zero means the default.
func (p *Probe) Timeout() time.Duration { return p.timeout }

// Loopback reports whether this machine may be reached.
func (p *Probe) Loopback() bool { return p.loopback }

// PlainHosts returns the hosts that may be plain http.
func (p *Probe) PlainHosts() fetch.PlainHosts { return p.client.PlainHosts() }

// MayName reports whether the target may name a URL: https, or http where the
// target itself is on loopback or on a host that may be plain http.
func (p *Probe) MayName(url string) bool {
	if p.plain {
		url = p.PlainHosts().Secured(url)
	}
	return fetch.CheckURL(url, p.loopback) == nil
}

// Wait waits, unless ctx ends before. It reports whether the time has passed.
func (p *Probe) Wait(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// Part returns a probe for a server that the target depends on. Its record is a
// part of p's. It shares p's connections and need not be closed.
func (p *Probe) Part(kind Kind, target string) *Probe {
	part := *p
	part.loopback = p.loopback && fetch.IsLoopbackURL(target)
	part.plain = p.PlainHosts().Plain(target)
	part.record = p.newRecord(kind, target)
	p.record.Parts = append(p.record.Parts, part.record)
	return &part
}

// Reaching returns p, or, if url is on this machine, a probe with the same
// record that may reach it. Only a URL from the user may be passed.
func (p *Probe) Reaching(url string) *Probe {
	own := *p
	own.loopback = p.loopback || fetch.IsLoopbackURL(url)
	return &own
}

// Do sends a request and records the exchange. The error is a [*fetch.Error].
// Do sets AllowLoopback as the target allows.
func (p *Probe) Do(ctx context.Context, purpose string, r fetch.Request) (*fetch.Response, error) {
	if r.Method == "" {
		r.Method = http.MethodGet
	}
	r.AllowLoopback = p.loopback && fetch.IsLoopbackURL(r.URL)
	start := time.Now()
	resp, err := p.client.Do(ctx, r)
	e := Exchange{
		Purpose: purpose, Method: r.Method, Duration: time.Since(start),
		URL: p.redactor.Text(redact.URL(r.URL), MaxMessage),
	}
	if err != nil {
		e.Error = p.redactor.Text(transport.FailureText(err), MaxMessage)
	} else {
		e.Status = resp.Status
	}
	p.record.Exchanges = append(p.record.Exchanges, e)
	if p.onExchange != nil {
		p.onExchange(e)
	}
	return resp, err
}

// Add records findings. Their messages and evidence may hold words of the
// checked server, which are redacted here.
func (p *Probe) Add(found ...finding.Finding) {
	for _, f := range found {
		f.Message = p.redactor.Text(f.Message, MaxMessage)
		f.Evidence = p.redactor.Text(f.Evidence, MaxEvidence)
		p.record.Findings = append(p.record.Findings, f)
	}
}
