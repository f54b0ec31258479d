package check

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

const (
	maxSearched = 64 << 10 // bytes of a body that are searched
	tellingEnd  = 24       // characters at the end of a token that give it away
)

// leak is what an answer must not hold, and how to tell.
type leak struct {
	code    Code
	what    string
	pattern *regexp.Regexp
}

// leaks lists what gives a server away: what its authors meant for their log.
func leaks() []leak {
	return []leak{
		{LeakTrace, "a stack trace of Go", regexp.MustCompile(`goroutine \d+ \[|\.go:\d+`)},
		{LeakTrace, "a stack trace of JavaScript", regexp.MustCompile(`\bat [^\n"]+\.[cm]?[jt]s:\d+:\d+`)},
		{LeakTrace, "a stack trace of Python", regexp.MustCompile(`Traceback \(most recent call last\)|File \\?"[^"\n]+\.py\\?", line \d+`)},
		{LeakTrace, "a stack trace of Java", regexp.MustCompile(`\bat [\w.$]+\([\w$]+\.(java|kt|scala):\d+\)`)},
		{LeakTrace, "a stack trace of .NET", regexp.MustCompile(`\bat [\w.<>]+\([^)\n]*\) in [^\n]+:line \d+`)},
		{LeakTrace, "a stack trace of PHP", regexp.MustCompile(`Stack trace:\s{0,3}(\\n)?#0 `)},
		{LeakTrace, "a stack trace of Ruby", regexp.MustCompile(`\.rb:\d+:in `)},
		{LeakPath, "a path of its file system", regexp.MustCompile(`(^|[\s"'(\[=])(/home/|/Users/|/root/|/usr/src/|/var/www/|/opt/|/srv/|[A-Z]:\\{1,2})\w|node_modules/|site-packages/`)},
		{LeakLibrary, "words of a library for JWTs", regexp.MustCompile(`jwt malformed|jwt expired|JsonWebTokenError|JWSSignature|JWTClaimValidation|JWKSNoMatchingKey|ERR_J(WT|WS|WK|OSE)|Invalid Compact JWS|Invalid Token or Protected Header|go-jose|crypto/rsa: |crypto/ecdsa: |unexpected signing method|token is (malformed|unverifiable): |signature is invalid|Not enough segments|Signature verification failed|IDX\d{5}|io\.jsonwebtoken|unable to find key|no matching key|error parsing token|"alg"`)},
		{LeakLibrary, "words of what it calls inside", regexp.MustCompile(`dial tcp|no such host|connection refused|ECONN(REFUSED|RESET)|ENOTFOUND|ETIMEDOUT|fetch failed|unsupported protocol scheme|x509: |certificate (has expired|verify failed)|context deadline exceeded|SQLSTATE|ORA-\d{5}|NullPointerException|TypeError: |Introspection failed`)},
	}
}

// sightings collects what is noticed on the side, in all answers.
type sightings struct {
	patterns []leak
	// path is that of the server's URL, which error pages repeat.
	path     string
	leaks    []sighting
	cachable []string // what was answered
}

type sighting struct {
	code           Code
	what, evidence string
	purposes       []string
}

// look looks through an answer. token is the one that was sent, good or not.
func (s *sightings) look(purpose string, a *answer, token string) {
	words := strings.Join(a.header.Values("Www-Authenticate"), "\n") + "\n" + cut(string(a.body), maxSearched)
	if token != "" && strings.Contains(words, token[max(0, len(token)-tellingEnd):]) {
		s.note(LeakToken, "the token that was sent", "", purpose)
	}
	if a.status >= 400 || a.rpcError() != nil {
		s.lookForLeaks(purpose, words, token)
	}
	if (a.status == http.StatusUnauthorized || a.status == http.StatusForbidden) && mayBeShared(a.header) {
		s.cachable = append(s.cachable, fmt.Sprintf("%d to %s (%s)", a.status, purpose, a.header.Get("Cache-Control")))
	}
}

func (s *sightings) lookForLeaks(purpose, words, token string) {
	if token != "" {
		words = strings.ReplaceAll(words, token, "[token]")
	}
	if len(s.path) > len("/") {
		words = strings.ReplaceAll(words, s.path, "[path]")
	}
	for _, l := range s.patterns {
		if at := l.pattern.FindStringIndex(words); at != nil {
			s.note(l.code, l.what, around(words, at[0]), purpose)
		}
	}
}

// around is the line that a leak is in, from a little before it.
func around(text string, at int) string {
	from := max(0, at-40)
	if i := strings.LastIndexByte(text[from:at], '\n'); i >= 0 {
		from += i + 1
	}
	line, _, _ := strings.Cut(text[from:], "\n")
	return strings.ToValidUTF8(line, "?")
}

func (s *sightings) note(code Code, what, evidence, purpose string) {
	i := slices.IndexFunc(s.leaks, func(o sighting) bool { return o.code == code && o.what == what })
	if i < 0 {
		s.leaks = append(s.leaks, sighting{code, what, evidence, []string{purpose}})
		return
	}
	s.leaks[i].purposes = append(s.leaks[i].purposes, purpose)
}

// mayBeShared reports whether a shared cache may keep an answer, which without
// a word on it none keeps that is a refusal (RFC 9111 §3, RFC 9110 §15.1).
func mayBeShared(h http.Header) bool {
	directives := listed(h, "Cache-Control")
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

// sightings reports what was noticed.
func (s *serverCheck) sightings() {
	for _, l := range s.seen.leaks {
		s.add(l.code, l.evidence, "An answer contains %s: the one to %s%s.", l.what, l.purposes[0], andMore(len(l.purposes)-1))
	}
	if n := len(s.seen.cachable); n > 0 {
		s.add(RefusalCacheable, "", "Caches may keep a refusal: the %s%s.", s.seen.cachable[0], andMore(n-1))
	}
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
