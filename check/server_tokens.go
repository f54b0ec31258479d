package check

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/mcp-auth/go/internal/fetch"
	"github.com/mcp-auth/go/metadata"
)

// inSession puts a request into the session of the good token.
func (s *serverCheck) inSession(r *fetch.Request) {
	r.Header.Set("Mcp-Protocol-Version", protocolVersion)
	if s.session != "" {
		r.Header.Set("Mcp-Session-Id", s.session)
	}
}

// goodToken logs in with the token that was given, if there is one.
func (s *serverCheck) goodToken(ctx context.Context) {
	if s.opts.Token == "" {
		if s.state == protected {
			s.add(TokenNotGiven, "", "No access token was given, so what the server does with one was not checked.")
		}
		return
	}
	a := s.initializeWith(ctx, "the token", s.opts.Token)
	switch {
	case a == nil:
		return
	case !a.success(), s.state != protected && a.rpcError() != nil:
		s.add(TokenRefused, a.text(), "The access token that was given is refused with %d.", a.status)
		return
	case !a.isMessage():
		s.add(ServerNotMCP, a.header.Get("Content-Type"), "The answer to initialize with the token is not a JSON-RPC message.")
		return
	}
	s.token, s.session = true, a.header.Get("Mcp-Session-Id")
	s.add(TokenAccepted, "", "The access token that was given is accepted.")
	s.schemeCase(ctx)
}

// initializeWith sends initialize with a token, good or not.
func (s *serverCheck) initializeWith(ctx context.Context, what, token string) *answer {
	r := s.request(http.MethodPost, initialize, nil)
	authorize(&r, "Bearer", token)
	return s.send(ctx, "initialize with "+what, r, token)
}

// schemeCase sends the scheme in lower case, which is the same one (RFC 9110
// §11.1).
func (s *serverCheck) schemeCase(ctx context.Context) {
	if s.state != protected {
		return
	}
	r := s.request(http.MethodPost, ping, nil)
	s.inSession(&r)
	authorize(&r, "bearer", s.opts.Token)
	a := s.send(ctx, "ping with the scheme in lower case", r, s.opts.Token)
	if a != nil && (a.status == http.StatusUnauthorized || a.status == http.StatusForbidden) {
		s.add(TokenSchemeCase, "", "The good token is refused with %d if the scheme is written bearer.", a.status)
	}
}

// badTokens sends tokens that must be refused (RS5–RS9). What comes back from a
// server that is open tells nothing.
func (s *serverCheck) badTokens(ctx context.Context) {
	if s.state != protected {
		return
	}
	refused := true
	var poor refusals
	for _, bad := range s.forgeries() {
		a := s.initializeWith(ctx, bad.what, bad.token)
		if a == nil {
			refused = false // not seen to be
			break
		}
		if a.success() && a.rpcError() == nil {
			refused = false
			s.add(bad.accepted, "", "%s is accepted.", capital(bad.what))
			continue
		}
		s.judgeRefusal(bad.what, a, &poor)
	}
	s.poorRefusals(poor)
	if refused && len(poor) == 0 {
		s.add(TokenForgeriesRefused, "", "Tokens that are not good are refused with 401 and invalid_token.")
	}
	s.tokenInQuery(ctx)
}

// refusals collects what is wrong with how bad tokens are refused, as the same
// is mostly wrong with each.
type refusals []poorRefusal

type poorRefusal struct {
	severity metadata.Severity
	code     Code
	evidence string
	how      string
	whats    []string
}

func (r *refusals) note(rule rule, what, evidence, format string, args ...any) {
	how := fmt.Sprintf(format, args...)
	i := slices.IndexFunc(*r, func(p poorRefusal) bool { return p.code == rule.code && p.how == how })
	if i < 0 {
		*r = append(*r, poorRefusal{rule.severity, rule.code, evidence, how, []string{what}})
		return
	}
	(*r)[i].whats = append((*r)[i].whats, what)
}

func (s *serverCheck) poorRefusals(list refusals) {
	for _, p := range list {
		s.addAs(p.severity, p.code, p.evidence, "%s: %s.", capital(p.how), strings.Join(p.whats, ", "))
	}
}

// judgeRefusal judges how a bad token is refused. Clients act on it: on 401 they
// get a new token, on 403 they ask for more scopes or give up.
func (s *serverCheck) judgeRefusal(what string, a *answer, poor *refusals) {
	shown := strings.Join(a.header.Values("Www-Authenticate"), "; ")
	first, bearer := s.refusal.bearer(), a.bearer()
	switch {
	case a.status == http.StatusServiceUnavailable && a.header.Get("Retry-After") != "":
		rule := s.rules[TokenNotDecided]
		rule.severity = Info
		poor.note(rule, what, a.text(), "answered with 503 and Retry-After")
	case a.status == http.StatusServiceUnavailable:
		poor.note(s.rules[TokenNotDecided], what, a.text(), "answered with 503")
	case a.status >= 500:
		poor.note(s.rules[TokenRefusalFailure], what, a.text(), "answered with %d, where 401 is due", a.status)
	case a.status != http.StatusUnauthorized:
		poor.note(s.rules[TokenRefusalStatus], what, a.text(), "answered with %d, where 401 is due", a.status)
	case bearer == nil:
		poor.note(s.rules[TokenRefusalWithoutChallenge], what, shown, "refused without a challenge of the scheme Bearer")
	case a.code() != "invalid_token":
		poor.note(s.rules[TokenRefusalCode], what, shown, "refused without the error invalid_token in the challenge")
	case first != nil && first.Params["resource_metadata"] != bearer.Params["resource_metadata"]:
		poor.note(s.rules[TokenRefusalWithoutMetadata], what, shown, "refused with another resource_metadata than a request without a token")
	}
}

// tokenInQuery sees whether a token is looked for in the URL (RS6). It sends one
// that is no token: a good one must not get into anybody's log.
func (s *serverCheck) tokenInQuery(ctx context.Context) {
	r := s.request(http.MethodPost, initialize, nil)
	u, err := url.Parse(s.url)
	if err != nil {
		return
	}
	query := u.Query()
	query.Set("access_token", noToken)
	u.RawQuery = query.Encode()
	r.URL = u.String()
	a := s.send(ctx, "initialize with a token in the query", r, noToken)
	switch {
	case a == nil:
	case a.success() && a.rpcError() == nil:
		s.add(TokenInQueryAccepted, "", "A request with anything as access_token in the query is answered with %d.", a.status)
	case a.status == http.StatusUnauthorized && a.code() == "invalid_token" && s.refusal.code() == "":
		s.add(TokenInQueryRead, "", "A token in the query is judged: the answer is invalid_token, and not the one to a request without a token.")
	case a.status >= 500:
		s.add(TokenRefusalFailure, a.text(), "A token in the query is answered with %d.", a.status)
	case !slices.Contains([]int{400, 401, 403, 404}, a.status):
		s.add(TokenRefusalStatus, a.text(), "A token in the query is answered with %d, where 400 or 401 is due.", a.status)
	default:
		s.add(TokenInQueryRefused, "", "A token in the query does not help.")
	}
}

func capital(text string) string { return strings.ToUpper(text[:1]) + text[1:] }
