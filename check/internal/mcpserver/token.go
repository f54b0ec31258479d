package mcpserver

import (
	"context"
	"crypto/rand"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/mcp-auth/go/check/internal/answer"
	"github.com/mcp-auth/go/check/internal/endpoint"
	"github.com/mcp-auth/go/check/internal/finding"
	"github.com/mcp-auth/go/check/internal/forgery"
	"github.com/mcp-auth/go/check/internal/redact"
	"github.com/mcp-auth/go/metadata"
)

const (
	// maxClaim bounds what a forged token takes from the metadata, in bytes.
	// Servers refuse a token that is too long for a header, whatever is in it.
	maxClaim = 512

	forgedSubject = "mcpauth-check"
)

// Tokens are valid tokens from the user. Each may be empty.
type Tokens struct {
	// Valid is a token for the server.
	Valid string
	// WrongAudience is a token for another resource.
	WrongAudience string
}

// logIn sends the user's token, if there is one. protected means that the
// server refuses requests without a token.
func logIn(ctx context.Context, e *endpoint.Endpoint, token string, protected bool) {
	if token == "" {
		if protected {
			e.Add(finding.New("token_not_given", "", "No access token was given, so the server was not checked with one."))
		}
		return
	}
	a := initializeWith(ctx, e, "the token", token)
	switch {
	case a == nil:
		return
	case refusesHost(a):
		e.Add(finding.New("server_host_refused", a.Text(), "A request with the given access token is answered with %d because of its Host header.", a.Status))
		return
	case !a.OK(), !protected && a.RPCError() != nil:
		e.Add(finding.New("token_refused", a.Text(), "The given access token is refused with %d.", a.Status))
		return
	case !a.IsMessage():
		e.Add(finding.New("server_not_mcp", a.Header.Get("Content-Type"), "The answer to initialize with the token is not a JSON-RPC message."))
		return
	}
	e.LogIn(token, a.Header.Get("Mcp-Session-Id"))
	e.Add(finding.New("token_accepted", "", "The given access token is accepted."))
}

// initializeWith sends initialize with a token, valid or not.
func initializeWith(ctx context.Context, e *endpoint.Endpoint, what, token string) *answer.Answer {
	r := e.Request(http.MethodPost, endpoint.Initialize, nil)
	endpoint.Authorize(&r, "Bearer", token)
	return e.Send(ctx, "initialize with "+what, r, token)
}

// lowerCaseScheme sends the scheme in lower case, which means the same (RFC
// 9110 §11.1).
func lowerCaseScheme(ctx context.Context, e *endpoint.Endpoint, valid *validRequest) {
	a := e.SendAs(ctx, valid.what+" with the scheme in lower case", valid.request(e, nil), "bearer")
	if a != nil && (a.Status == http.StatusUnauthorized || a.Status == http.StatusForbidden) {
		e.Add(finding.New("token_scheme_case", "", "The valid token is refused with %d if the scheme is written bearer.", a.Status))
	}
}

// badToken is a token that a server must refuse.
type badToken struct {
	what, token string
	accepted    finding.Code // for a server that accepts it
}

// forgeries returns tokens that must be refused, the crudest first.
func forgeries(e *endpoint.Endpoint, document *metadata.ProtectedResource, tokens Tokens) []badToken {
	claims := forgedClaims(e, document)
	list := []badToken{
		{"a word", forgery.Word, "token_word_accepted"},
		{"an unsigned JWT", forgery.Unsigned(claims), "token_unsigned_accepted"},
	}
	if token, err := forgery.OfUnknownKey(claims); err == nil {
		list = append(list, badToken{"a JWT of an unknown key", token, "token_of_unknown_key_accepted"})
	}
	if e.LoggedIn() {
		list = append(list, badToken{"the valid token with another signature", forgery.OtherSignature(tokens.Valid), "token_altered_accepted"})
		if token := forgery.OtherSubject(tokens.Valid, forgedSubject); token != "" {
			list = append(list, badToken{"the valid token with another subject", token, "token_altered_accepted"})
		}
	}
	if tokens.WrongAudience != "" {
		list = append(list, badToken{"the token for another resource", tokens.WrongAudience, "token_wrong_audience_accepted"})
	}
	return list
}

// forgedClaims returns the claims of a valid token, as far as they can be known
// from outside.
func forgedClaims(e *endpoint.Endpoint, document *metadata.ProtectedResource) map[string]any {
	now := e.Now()
	claims := map[string]any{
		"iss": e.Origin, "aud": e.URL, "sub": forgedSubject, "client_id": forgedSubject,
		"jti": rand.Text(), "iat": now.Unix(), "exp": now.Add(time.Hour).Unix(),
	}
	if document == nil {
		return claims
	}
	claims["aud"] = redact.Cut(document.Resource, maxClaim)
	if len(document.AuthorizationServers) > 0 {
		claims["iss"] = redact.Cut(document.AuthorizationServers[0], maxClaim)
	}
	claims["scope"] = redact.Cut(strings.Join(document.ScopesSupported, " "), maxClaim)
	return claims
}

// badTokens sends tokens that must be refused (RS5–RS9). refusal is the answer
// to a request without a token.
func badTokens(ctx context.Context, e *endpoint.Endpoint, refusal *answer.Answer, list []badToken) {
	allRefused, waited := true, false
	var poor poorRefusals
	for _, bad := range list {
		a := initializeWith(ctx, e, bad.what, bad.token)
		if undecided(a) && !waited {
			// A server that has just fetched keys does not do so again for a while.
			waited = true
			if e.Wait(ctx, patience(a)) {
				a = initializeWith(ctx, e, bad.what+", again", bad.token)
			}
		}
		if a == nil {
			allRefused = false // the rest was not seen
			break
		}
		if a.Accepted() {
			allRefused = false
			e.Add(finding.New(bad.accepted, "", "%s is accepted.", finding.Capital(bad.what)))
			continue
		}
		if p, ok := judgeRefusal(a, refusal); ok {
			poor.note(p, bad.what)
		}
	}
	e.Add(poor.findings()...)
	if allRefused && len(poor) == 0 {
		e.Add(finding.New("token_forgeries_refused", "", "Invalid tokens are refused with 401 and invalid_token."))
	}
	tokenInQuery(ctx, e, refusal)
}

// tokenInQuery finds out whether the server accepts tokens in the URL (RS6). It
// does not send the user's token, which must not get into a log.
func tokenInQuery(ctx context.Context, e *endpoint.Endpoint, refusal *answer.Answer) {
	u, err := url.Parse(e.URL)
	if err != nil {
		return
	}
	query := u.Query()
	query.Set("access_token", forgery.Word)
	u.RawQuery = query.Encode()
	r := e.Request(http.MethodPost, endpoint.Initialize, nil)
	r.URL = u.String()
	if a := e.Send(ctx, "initialize with a token in the query", r, forgery.Word); a != nil {
		e.Add(judgeTokenInQuery(a, refusal))
	}
}

func judgeTokenInQuery(a, refusal *answer.Answer) finding.Finding {
	switch {
	case a.Accepted():
		return finding.New("token_in_query_accepted", "", "A request with an arbitrary access_token in the query is answered with %d.", a.Status)
	case a.Status == http.StatusUnauthorized && a.ErrorCode() == "invalid_token" && refusal.ErrorCode() == "":
		return finding.New("token_in_query_read", "", "A token in the query is evaluated: the answer is invalid_token, unlike the answer to a request without a token.")
	case undecided(a):
		return finding.New("token_not_decided", a.Text(), "A token in the query is answered with %d.", a.Status)
	case a.Status >= 500:
		return finding.New("token_refusal_failure", a.Text(), "A token in the query is answered with %d.", a.Status)
	case !slices.Contains([]int{400, 401, 403, 404}, a.Status):
		return finding.New("token_refusal_status", a.Text(), "A token in the query is answered with %d instead of 400 or 401.", a.Status)
	}
	return finding.New("token_in_query_refused", "", "A token in the query is not accepted.")
}
