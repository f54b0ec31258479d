// Package leak finds in answers what should not be in them: tokens, stack
// traces, paths, messages of libraries, and permission to cache a refusal.
package leak

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/mcp-auth/go/check/internal/answer"
	"github.com/mcp-auth/go/check/internal/finding"
	"github.com/mcp-auth/go/check/internal/redact"
	"github.com/mcp-auth/go/check/internal/transport"
)

const (
	maxSearched = 64 << 10 // bytes of a body that are searched
	// identifyingSuffix is how many characters at the end of a token identify it.
	identifyingSuffix = 24
)

// pattern matches what must not be in a refusal.
type pattern struct {
	code    finding.Code
	what    string
	matches *regexp.Regexp
}

// patterns match what the authors of servers meant for their logs.
func patterns() []pattern {
	return []pattern{
		{"leak_trace", "a stack trace of Go", regexp.MustCompile(`goroutine \d+ \[|\.go:\d+`)},
		{"leak_trace", "a stack trace of JavaScript", regexp.MustCompile(`\bat [^\n"]+\.[cm]?[jt]s:\d+:\d+`)},
		{"leak_trace", "a stack trace of Python", regexp.MustCompile(`Traceback \(most recent call last\)|File \\?"[^"\n]+\.py\\?", line \d+`)},
		{"leak_trace", "a stack trace of Java", regexp.MustCompile(`\bat [\w.$]+\([\w$]+\.(java|kt|scala):\d+\)`)},
		{"leak_trace", "a stack trace of .NET", regexp.MustCompile(`\bat [\w.<>]+\([^)\n]*\) in [^\n]+:line \d+`)},
		{"leak_trace", "a stack trace of PHP", regexp.MustCompile(`Stack trace:\s{0,3}(\\n)?#0 `)},
		{"leak_trace", "a stack trace of Ruby", regexp.MustCompile(`\.rb:\d+:in `)},
		{"leak_path", "a path of the server's file system", regexp.MustCompile(`(^|[\s"'(\[=])(/home/|/Users/|/root/|/usr/src/|/var/www/|/opt/|/srv/|[A-Z]:\\{1,2})\w|node_modules/|site-packages/`)},
		{"leak_library", "a message of a JWT library", regexp.MustCompile(`jwt malformed|jwt expired|JsonWebTokenError|JWSSignature|JWTClaimValidation|JWKSNoMatchingKey|ERR_J(WT|WS|WK|OSE)|Invalid Compact JWS|Invalid Token or Protected Header|go-jose|crypto/rsa: |crypto/ecdsa: |unexpected signing method|token is (malformed|unverifiable): |signature is invalid|Not enough segments|Signature verification failed|IDX\d{5}|io\.jsonwebtoken|unable to find key|no matching key|error parsing token|"alg"`)},
		{"leak_library", "a message of an internal library", regexp.MustCompile(`dial tcp|no such host|connection refused|ECONN(REFUSED|RESET)|ENOTFOUND|ETIMEDOUT|fetch failed|unsupported protocol scheme|x509: |certificate (has expired|verify failed)|context deadline exceeded|SQLSTATE|ORA-\d{5}|NullPointerException|TypeError: |Introspection failed`)},
	}
}

// Watch looks through the answers of one server.
type Watch struct {
	patterns []pattern
	// path is the path of the server's URL. Error pages repeat it, so it is not
	// a leak.
	path     string
	leaks    []sighting
	cachable []string // what was answered
}

// sighting is one kind of leak, and the purposes of the requests whose answers
// had it.
type sighting struct {
	code           finding.Code
	what, evidence string
	purposes       []string
}

// NewWatch returns a watch for a server whose URL has the path.
func NewWatch(path string) *Watch { return &Watch{patterns: patterns(), path: path} }

// Look looks through an answer. token is the token that was sent, valid or not.
func (w *Watch) Look(purpose string, a *answer.Answer, token string) {
	text := strings.Join(a.Header.Values("Www-Authenticate"), "\n") + "\n" + redact.Cut(string(a.Body), maxSearched)
	if token != "" && strings.Contains(text, token[max(0, len(token)-identifyingSuffix):]) {
		w.note("leak_token", "the token that was sent", "", purpose)
	}
	if a.Status >= 400 || a.RPCError() != nil {
		w.search(purpose, text, token)
	}
	if (a.Status == http.StatusUnauthorized || a.Status == http.StatusForbidden) && mayBeShared(a.Header) {
		w.cachable = append(w.cachable, fmt.Sprintf("%d to %s (%s)", a.Status, purpose, a.Header.Get("Cache-Control")))
	}
}

func (w *Watch) search(purpose, text, token string) {
	if token != "" {
		text = strings.ReplaceAll(text, token, "[token]")
	}
	if len(w.path) > len("/") {
		text = strings.ReplaceAll(text, w.path, "[path]")
	}
	for _, p := range w.patterns {
		if at := p.matches.FindStringIndex(text); at != nil {
			w.note(p.code, p.what, lineAround(text, at[0]), purpose)
		}
	}
}

// lineAround returns the line around a position, from a little before it.
func lineAround(text string, at int) string {
	from := max(0, at-40)
	if i := strings.LastIndexByte(text[from:at], '\n'); i >= 0 {
		from += i + 1
	}
	line, _, _ := strings.Cut(text[from:], "\n")
	return strings.ToValidUTF8(line, "?")
}

func (w *Watch) note(code finding.Code, what, evidence, purpose string) {
	i := slices.IndexFunc(w.leaks, func(s sighting) bool { return s.code == code && s.what == what })
	if i < 0 {
		w.leaks = append(w.leaks, sighting{code, what, evidence, []string{purpose}})
		return
	}
	w.leaks[i].purposes = append(w.leaks[i].purposes, purpose)
}

// mayBeShared reports whether a shared cache may keep a refusal. Without a
// header that allows it, no cache does (RFC 9111 §3, RFC 9110 §15.1).
func mayBeShared(h http.Header) bool {
	directives := transport.Elements(h, "Cache-Control")
	if slices.ContainsFunc(directives, func(d string) bool { return d == "no-store" || strings.HasPrefix(d, "private") || d == "no-cache" }) {
		return false
	}
	return slices.ContainsFunc(directives, func(d string) bool {
		seconds, ok := strings.CutPrefix(d, "max-age=")
		if !ok {
			seconds, ok = strings.CutPrefix(d, "s-maxage=")
		}
		return d == "public" || ok && seconds != "0"
	})
}

// Findings returns what was seen.
func (w *Watch) Findings() (found finding.List) {
	for _, s := range w.leaks {
		found.Add(s.code, s.evidence, "An answer contains %s: the answer to %s%s.", s.what, s.purposes[0], andMore(len(s.purposes)-1))
	}
	if n := len(w.cachable); n > 0 {
		found.Add("refusal_cacheable", "", "Caches may keep a refusal: the %s%s.", w.cachable[0], andMore(n-1))
	}
	return found
}

func andMore(n int) string {
	switch n {
	case 0:
		return ""
	case 1:
		return ", and one more"
	}
	return fmt.Sprintf(", and %d more", n)
}
