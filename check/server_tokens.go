package check

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/mcp-auth/go/internal/fetch"
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
			s.add("token_not_given", "", "No access token was given. What the server does for who has one was not looked at.")
		}
		return
	}
	r := s.request(http.MethodPost, initialize, nil)
	s.authorize(&r, "Bearer", s.opts.Token)
	a := s.send(ctx, "initialize with the token", r, s.opts.Token)
	switch {
	case a == nil:
		return
	case !a.success():
		s.add("token_refused", a.text(), "The access token that was given is refused with %d.", a.status)
		return
	}
	s.token, s.session = true, a.header.Get("Mcp-Session-Id")
	s.add("token_accepted", "", "The access token that was given is accepted.")
	s.schemeCase(ctx)
}

// schemeCase sends the scheme in lower case, which is the same one (RFC 9110
// §11.1).
func (s *serverCheck) schemeCase(ctx context.Context) {
	if s.state != protected {
		return
	}
	r := s.request(http.MethodPost, ping, nil)
	s.inSession(&r)
	s.authorize(&r, "bearer", s.opts.Token)
	a := s.send(ctx, "ping with the scheme in lower case", r, s.opts.Token)
	if a != nil && (a.status == http.StatusUnauthorized || a.status == http.StatusForbidden) {
		s.add("token_scheme_case", "", "The good token is refused with %d if the scheme is written bearer.", a.status)
	}
}

// badTokens sends tokens that must be refused (RS5–RS9). What comes back from a
// server that is open tells nothing.
func (s *serverCheck) badTokens(ctx context.Context) {
	if s.state != protected {
		return
	}
	refused := true
	for _, bad := range s.forgeries() {
		r := s.request(http.MethodPost, initialize, nil)
		s.authorize(&r, "Bearer", bad.token)
		a := s.send(ctx, "initialize with "+bad.what, r, bad.token)
		if a == nil {
			return
		}
		if a.success() && a.rpcError() == nil {
			refused = false
			s.add(bad.accepted, "", "%s is accepted.", capital(bad.what))
			s.endSession(ctx, a.header.Get("Mcp-Session-Id"), bad.token)
			continue
		}
		refused = s.judgeRefusal(bad.what, a) && refused
	}
	if refused {
		s.add("token_forgeries_refused", "", "Tokens that are not good are refused with 401 and invalid_token.")
	}
	s.tokenInQuery(ctx)
}

// judgeRefusal judges how a bad token is refused. Clients act on it: on 401 they
// get a new token, on 403 they ask for more scopes or give up.
func (s *serverCheck) judgeRefusal(what string, a *answer) bool {
	switch {
	case a.status == http.StatusServiceUnavailable:
		s.add("token_not_decided", a.text(), "%s is answered with 503.", capital(what))
	case a.status >= 500:
		s.add("token_refusal_failure", a.text(), "%s is answered with %d.", capital(what), a.status)
	case a.status != http.StatusUnauthorized:
		s.add("token_refusal_status", a.text(), "%s is answered with %d, where 401 is due.", capital(what), a.status)
	case a.bearer() == nil:
		s.add("token_refusal_without_challenge", "", "%s is refused with 401 and no challenge of the scheme Bearer.", capital(what))
	case a.code() != "invalid_token":
		s.add("token_refusal_code", strings.Join(a.header.Values("Www-Authenticate"), "; "), "%s is refused without the error invalid_token in the challenge.", capital(what))
	default:
		return s.sameLink(what, a)
	}
	return false
}

// sameLink sees that a client whose token has expired still learns where the
// metadata is.
func (s *serverCheck) sameLink(what string, a *answer) bool {
	first := s.refusal.bearer()
	if first == nil || first.Params["resource_metadata"] == a.bearer().Params["resource_metadata"] {
		return true
	}
	s.add("token_refusal_without_metadata", strings.Join(a.header.Values("Www-Authenticate"), "; "),
		"%s is refused with another resource_metadata than a request without a token.", capital(what))
	return false
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
		s.add("token_in_query_accepted", "", "A request with anything as access_token in the query is answered with %d.", a.status)
		s.endSession(ctx, a.header.Get("Mcp-Session-Id"), "")
	case a.status == http.StatusUnauthorized && a.code() == "invalid_token" && s.refusal.code() == "":
		s.add("token_in_query_read", "", "A token in the query is judged: the answer is invalid_token, and not the one to a request without a token.")
	case a.status >= 500:
		s.add("token_refusal_failure", a.text(), "A token in the query is answered with %d.", a.status)
	case !slices.Contains([]int{400, 401, 403, 404}, a.status):
		s.add("token_refusal_status", a.text(), "A token in the query is answered with %d, where 400 or 401 is due.", a.status)
	default:
		s.add("token_in_query_refused", "", "A token in the query does not help.")
	}
}

func capital(text string) string { return strings.ToUpper(text[:1]) + text[1:] }
