package check

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/mcp-auth/go/internal/fetch"
	"github.com/mcp-auth/go/metadata"
	"github.com/mcp-auth/go/network"
)

const (
	maxEvidence = 200 // bytes, of evidence
	maxMessage  = 600 // bytes, of a message with the other side's words in it
)

// checker asks, and collects what comes of it. One goroutine uses it.
type checker struct {
	opts   Options
	client *fetch.Client
	// loopback tells whether this machine may be reached: only where the user
	// named it. What a public server names must not lead here.
	loopback bool
	rules    map[Code]rule
	report   *Report
}

// newChecker makes the checker of a report of its own. It must be closed.
func newChecker(kind Kind, target string, loopback bool, opts Options) *checker {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	c := &checker{
		opts:     opts,
		client:   fetch.New(fetch.Policy{Settings: network.Settings{AllowedNetworks: opts.AllowedNetworks, RootCAs: opts.RootCAs, Timeout: opts.Timeout}, UserAgent: userAgent}),
		loopback: loopback,
		rules:    map[Code]rule{},
	}
	c.report = c.newReport(kind, target)
	for _, r := range catalogue() {
		c.rules[r.code] = r
	}
	return c
}

const userAgent = "mcpauth-check"

func (c *checker) close() { c.client.Close() }

// newReport has no nil lists, so that they are lists in JSON too.
func (c *checker) newReport(kind Kind, target string) *Report {
	return &Report{Target: c.clean(target, maxMessage), Kind: kind, Exchanges: []Exchange{}, Findings: []Finding{}}
}

// part returns a checker for what the target depends on. Its report is a part
// of this one's. It shares the connections and need not be closed.
func (c *checker) part(kind Kind, target string) *checker {
	sub := *c
	sub.loopback = c.loopback && fetch.IsLoopbackURL(target)
	sub.report = c.newReport(kind, target)
	c.report.Parts = append(c.report.Parts, sub.report)
	return &sub
}

// do sends a request and records the exchange. The error is a [*fetch.Error].
// AllowLoopback is set as the checker's target allows.
func (c *checker) do(ctx context.Context, purpose string, r fetch.Request) (*fetch.Response, error) {
	if r.Method == "" {
		r.Method = http.MethodGet
	}
	r.AllowLoopback = c.loopback && fetch.IsLoopbackURL(r.URL)
	start := time.Now()
	resp, err := c.client.Do(ctx, r)
	e := Exchange{Purpose: purpose, Method: r.Method, URL: c.shownURL(r.URL), Duration: time.Since(start)}
	if err != nil {
		e.Error = c.clean(failureText(err), maxMessage)
	} else {
		e.Status = resp.Status
	}
	c.report.Exchanges = append(c.report.Exchanges, e)
	if c.opts.OnExchange != nil {
		c.opts.OnExchange(e)
	}
	return resp, err
}

// failureText is what a fetch failed with, without the URL, which the exchange
// has already.
func failureText(err error) string {
	var failure *fetch.Error
	if !errors.As(err, &failure) {
		return err.Error()
	}
	if failure.Err == nil {
		return string(failure.Kind)
	}
	return failure.Err.Error()
}

// failureCode is the code of what a fetch failed with, or usual. It is empty
// where who asked for the check gave up, or its time was over: that is no fault
// of the other side.
func failureCode(err error, usual Code) Code {
	var failure *fetch.Error
	if !errors.As(err, &failure) {
		return usual
	}
	switch failure.Kind {
	case fetch.Canceled:
		return ""
	case fetch.TLS:
		return TLSFailed
	case fetch.BlockedAddress:
		return AddressBlocked
	}
	return usual
}

// add adds a finding with the severity that its rule has.
func (c *checker) add(code Code, evidence, format string, args ...any) {
	c.addAs(c.rules[code].severity, code, evidence, format, args...)
}

// addAs adds a finding whose severity depends on what was found. Evidence and
// message may hold the other side's words: they are cleaned here.
func (c *checker) addAs(s metadata.Severity, code Code, evidence, format string, args ...any) {
	rule := c.rules[code]
	f := Finding{
		Code:        code,
		Severity:    s,
		Message:     c.clean(fmt.Sprintf(format, args...), maxMessage),
		Evidence:    c.clean(evidence, maxEvidence),
		Requirement: rule.requirement,
	}
	if s != metadata.Success {
		f.Meaning, f.Fix, f.Clients = rule.meaning, rule.fix, rule.clients
	}
	c.report.Findings = append(c.report.Findings, f)
}

// shownURL is a URL without query, fragment and userinfo.
func (c *checker) shownURL(raw string) string {
	if i := strings.IndexAny(raw, "?#"); i >= 0 {
		raw = raw[:i]
	}
	if scheme, rest, ok := strings.Cut(raw, "://"); ok {
		authority, _, _ := strings.Cut(rest, "/")
		if i := strings.LastIndexByte(authority, '@'); i >= 0 {
			raw = scheme + "://" + rest[i+1:]
		}
	}
	return c.clean(raw, maxMessage)
}

// compactJWT finds what looks like a JWT, or the beginning of one.
var compactJWT = regexp.MustCompile(`eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*(\.[A-Za-z0-9_-]*)?`)

// clean makes the other side's words fit to be shown: one line of printable
// characters, no tokens, at most max bytes.
func (c *checker) clean(text string, max int) string {
	for _, token := range []string{c.opts.Token, c.opts.WrongAudienceToken} {
		text = hide(text, token)
	}
	// Cut first, lest a long answer be searched through; twice, since a token
	// must not be cut into what no longer looks like one.
	text = cut(text, 64<<10)
	text = compactJWT.ReplaceAllString(text, "[token]")
	text = strings.Join(strings.FieldsFunc(text, unicode.IsSpace), " ")
	text = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) || r == utf8.RuneError {
			return '?'
		}
		return r
	}, text)
	if len(text) > max {
		text = cut(text, max-len("...")) + "..."
	}
	return text
}

// tellingStart is how many characters at the beginning of a token give it away.
const tellingStart = 16

// hide takes a token out of a text: what begins as it does, up to where no token
// goes on. So it finds a token that is cut short, or that was altered at its end.
func hide(text, token string) string {
	if token == "" {
		return text
	}
	beginning := token[:min(len(token), tellingStart)]
	before, after, found := strings.Cut(text, beginning)
	if !found {
		return text
	}
	var b strings.Builder
	for found {
		b.WriteString(before)
		b.WriteString("[token]")
		text = strings.TrimLeft(after, tokenCharacters)
		before, after, found = strings.Cut(text, beginning)
	}
	b.WriteString(before)
	return b.String()
}

// tokenCharacters are those of a bearer token (RFC 6750 §2.1).
const tokenCharacters = base64URL + ".~+/="

// cut returns at most max bytes of text and no half of a character.
func cut(text string, max int) string {
	if len(text) <= max {
		return text
	}
	for max > 0 && !utf8.RuneStart(text[max]) {
		max--
	}
	return text[:max]
}
