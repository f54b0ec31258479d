package check

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/mcp-auth/go/internal/challenge"
	"github.com/mcp-auth/go/internal/fetch"
	"github.com/mcp-auth/go/metadata"
)

const (
	// maxServerTime bounds the check of a server, its authorization servers
	// included, however slow each of them is.
	maxServerTime = 3 * time.Minute
	// maxEndTime bounds the ending of sessions.
	maxEndTime = 10 * time.Second
	// maxSilence is how many requests in a row may go unanswered.
	maxSilence = 2
	// maxIssuers is how many authorization servers are looked at.
	maxIssuers = 5
)

// Server checks a running MCP server, in whatever language it is written, as
// MCP clients meet it: what it says without a token, where it says that tokens
// come from (RFC 9728), each authorization server it names, what it does with
// tokens that it must refuse, and how it answers web pages. With
// [Options.Token] it also checks what only a logged-in client sees.
//
// It sends at most some thirty requests, one after the other, and nothing that
// changes anything: no tool is called, and a session that initialize has opened
// is ended.
//
// A server that is broken or cannot be reached is a report with errors. Server
// returns an error only if url cannot be requested, if Options has a token that
// cannot be one, or if ctx ends. In the latter case the report has what was
// found until then.
func Server(ctx context.Context, url string, opts Options) (*Report, error) {
	for _, token := range []string{opts.Token, opts.WrongAudienceToken} {
		if token != "" && !challenge.ValidToken68(token) {
			return nil, errNoToken
		}
	}
	s := newServerCheck(url, opts)
	defer s.close()
	err := fetch.CheckURL(url, true)
	var fault *fetch.Error
	switch {
	case err == nil:
	case errors.As(err, &fault) && fault.Kind == fetch.NotHTTPS && strings.HasPrefix(url, "http://"):
		s.add(InsecureTarget, "", "The server is asked for over plain http.")
		s.verdicts()
		return s.report, nil
	default:
		return nil, err
	}
	limited, cancel := context.WithTimeout(ctx, maxServerTime)
	defer cancel()
	s.run(limited)
	if limited.Err() != nil && ctx.Err() == nil {
		s.add(ServerTimeUp, "", "The check was ended after %s. The rest of it is missing.", maxServerTime)
	}
	s.verdicts()
	return s.report, ctx.Err()
}

// errNoToken does not repeat what was taken for a token.
var errNoToken = errors.New("check: a token has a character that no bearer token has (RFC 6750 §2.1)")

// serverCheck is the check of one MCP server.
type serverCheck struct {
	*checker
	url    string
	origin string // scheme and authority of url
	silent int    // requests in a row that were not answered
	seen   sightings
	// state tells how the server answers who has no token.
	state state
	// refusal is the answer to a POST without a token; nil if there was none.
	refusal *answer
	// document is the metadata that clients find first; nil if they find none.
	document *metadata.ProtectedResource
	// token says that Options.Token was tried and is good.
	token bool
	// session is that of the good token, "" for none.
	session string
	// sessions are all that were opened, to be ended.
	sessions []session
}

// state is how a server answers who has no token.
type state int

const (
	unknown   state = iota // no answer, or one that says nothing of it
	protected              // 401
	open                   // as if nothing were protected
)

func newServerCheck(url string, opts Options) *serverCheck {
	s := &serverCheck{
		checker: newChecker(KindServer, url, fetch.IsLoopbackURL(url), opts),
		url:     url,
		origin:  url,
		seen:    sightings{patterns: leaks()},
	}
	s.report.Target = s.shownURL(url) // clients may be given a key in the query
	if i := strings.Index(url, "://"); i >= 0 {
		if end := strings.IndexAny(url[i+3:], "/?"); end >= 0 {
			s.origin = url[:i+3+end]
			s.seen.path, _, _ = strings.Cut(url[i+3+end:], "?")
		}
	}
	return s
}

func (s *serverCheck) run(ctx context.Context) {
	if s.loopback {
		s.add(ServerOnLoopback, "", "The server is on this machine.")
	}
	if !s.withoutToken(ctx) {
		return
	}
	s.challenge()
	s.otherMethods(ctx)
	s.resourceMetadata(ctx)
	s.authorizationServers(ctx)
	s.crossOrigin(ctx)
	s.goodToken(ctx)
	s.foreignOrigin(ctx)
	s.badTokens(ctx)
	s.messages(ctx)
	s.endSessions(ctx)
	s.sightings()
}

// withoutToken is what each client does first. It reports whether there is
// anything to go on with.
func (s *serverCheck) withoutToken(ctx context.Context) bool {
	const purpose = "initialize without a token"
	r := s.request(http.MethodPost, initialize, nil)
	resp, err := s.do(ctx, purpose, r)
	if err != nil {
		s.unreachable(err)
		return false
	}
	s.connection(resp)
	s.noteSession(&r, resp)
	s.refusal = s.answer(purpose, resp, "")
	s.judgeAdmission(s.refusal)
	return true
}

func (s *serverCheck) unreachable(err error) {
	if code := failureCode(err, ServerUnreachable); code != "" {
		s.add(code, failureText(err), "No answer that can be read came from the server.")
	}
}

// judgeAdmission tells whether the server is protected at all.
func (s *serverCheck) judgeAdmission(a *answer) {
	switch {
	case a.status == http.StatusUnauthorized:
		s.state = protected
		s.add(ServerProtected, "", "A request without a token is refused with 401.")
	case a.success() && a.rpcError() != nil:
		s.add(ServerRefusalAsSuccess, a.text(), "A request without a token is answered with %d and an error in the body.", a.status)
	case a.success() && !a.isMessage():
		s.add(ServerNotMCP, a.header.Get("Content-Type"), "The answer to initialize is not a JSON-RPC message.")
	case a.success():
		s.state = open
		s.add(ServerOpen, "", "initialize is answered without a token: at this point nothing is protected.")
	case a.status >= 300 && a.status < 400:
		s.add(ServerRedirects, a.header.Get("Location"), "The server answers %d and sends clients elsewhere.", a.status)
	default:
		s.add(refusalCode(a.status), a.text(), "A request without a token is answered with %d, where 401 is due.", a.status)
	}
}

func refusalCode(status int) Code {
	switch {
	case status == http.StatusForbidden:
		return ServerForbidden
	case status == http.StatusNotFound:
		return ServerNotFound
	case status == http.StatusMethodNotAllowed:
		return ServerPostNotAllowed
	case status >= 500:
		return ServerFailure
	}
	return ServerRequestRefused
}

// otherMethods sends GET and DELETE, which must be as protected as POST (RS3).
func (s *serverCheck) otherMethods(ctx context.Context) {
	if s.state != protected {
		return
	}
	alike := true
	for _, method := range []string{http.MethodGet, http.MethodDelete} {
		a := s.send(ctx, method+" without a token", s.request(method, "", nil), "")
		alike = s.judgeMethod(ctx, method, a) && alike
	}
	if alike {
		s.add(ServerMethodsAlike, "", "GET and DELETE are refused as POST is.")
	}
}

func (s *serverCheck) judgeMethod(ctx context.Context, method string, a *answer) bool {
	switch {
	case a == nil && s.gaveUp(ctx):
	case a == nil:
		s.add(ServerMethodDiffers, "", "%s without a token gets no answer, where 401 is due.", method)
	case a.status == http.StatusUnauthorized:
		return s.sameChallenge(method, a)
	case a.success() && (method != http.MethodGet || mediaType(a.header) == "text/event-stream"):
		s.add(ServerMethodOpen, "", "%s without a token is answered with %d, while POST is refused.", method, a.status)
	case a.success(): // a page for people, to whom a browser brings the URL
		s.add(ServerMethodDiffers, a.header.Get("Content-Type"), "%s without a token is answered with %d and no event stream, where 401 is due.", method, a.status)
	case a.status == http.StatusMethodNotAllowed:
		s.add(ServerMethodNotOffered, "", "%s without a token is answered with 405.", method)
	default:
		s.add(ServerMethodDiffers, a.text(), "%s without a token is answered with %d, where 401 is due.", method, a.status)
	}
	return false
}

func (s *serverCheck) sameChallenge(method string, a *answer) bool {
	if equalHeaders(s.refusal, a, "Www-Authenticate") {
		return true
	}
	s.add(ChallengeDiffers, strings.Join(a.header.Values("Www-Authenticate"), "; "), "The challenge to %s is not the one to POST.", method)
	return false
}

// session is one that a request of ours has opened.
type session struct {
	id, url, authorization string
}

// noteSession remembers a session that the answer to r has opened.
func (s *serverCheck) noteSession(r *fetch.Request, resp *fetch.Response) {
	id := resp.Header.Get("Mcp-Session-Id")
	known := slices.ContainsFunc(s.sessions, func(o session) bool { return o.id == id })
	if id != "" && !known && resp.Status >= 200 && resp.Status < 300 {
		s.sessions = append(s.sessions, session{id, r.URL, r.Header.Get("Authorization")})
	}
}

// endSessions ends what the check has opened, even if its time is over.
func (s *serverCheck) endSessions(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), maxEndTime)
	defer cancel()
	for _, open := range s.sessions {
		r := s.request(http.MethodDelete, "", http.Header{"Mcp-Session-Id": {open.id}, "Mcp-Protocol-Version": {protocolVersion}})
		r.URL = open.url
		if open.authorization != "" {
			r.Header.Set("Authorization", open.authorization)
		}
		s.send(ctx, "end a session that was opened", r, strings.TrimPrefix(open.authorization, "Bearer "))
	}
}

// authorizationServers checks those that the metadata names.
func (s *serverCheck) authorizationServers(ctx context.Context) {
	if s.document == nil {
		return
	}
	issuers := s.document.AuthorizationServers
	if len(issuers) > maxIssuers {
		s.add(AuthorizationServersMany, "", "The metadata names %d authorization servers. The first %d are looked at.", len(issuers), maxIssuers)
		issuers = issuers[:maxIssuers]
	}
	asked, usable := map[string]bool{}, false
	for _, issuer := range issuers {
		if metadata.CheckIssuer(issuer) == nil && !asked[issuer] && ctx.Err() == nil {
			asked[issuer] = true
			part := s.checkIssuerAs(ctx, &ServerSource{Source: metadata.Source{Issuer: issuer}})
			usable = usable || part.document != nil
		}
	}
	if !usable && len(issuers) > 0 && ctx.Err() == nil {
		s.add(AuthorizationServersUnusable, "", "No metadata was found for any of the authorization servers that are named.")
	}
}
