package authcode

import (
	"crypto/subtle"
	"net/url"
	"strings"

	"github.com/mcp-auth/go/client/clienterr"
	"github.com/mcp-auth/go/client/internal/untrusted"
	"github.com/mcp-auth/go/client/internal/urls"
)

// maxCallback bounds the URL of an authorization response, in bytes.
const maxCallback = 16 << 10

// Accepts reports whether a URL is an authorization response at the redirect URI
// with the state of this attempt, or a refusal without a state.
func (a *Attempt) Accepts(callbackURL string) bool {
	answer, err := a.parse(callbackURL)
	return err == nil && (a.stateMatches(answer) || a.isStatelessRefusal(answer))
}

// isStatelessRefusal reports whether an answer is a refusal without a state, as
// some servers send it if they dislike the request. It ends the login, which
// would only time out, and nothing else: a sender that is not the server gains
// no more.
func (a *Attempt) isStatelessRefusal(answer map[string]string) bool {
	_, hasState := answer["state"]
	_, hasCode := answer["code"]
	return answer["error"] != "" && !hasState && !hasCode && a.issuerFault(answer) != clienterr.IssuerMismatch
}

// Code returns the authorization code of an authorization response. The error is
// a [*clienterr.CallbackError] if the response is discarded, a
// [*clienterr.AuthorizationError] if it is a refusal. The order matters: nothing
// of a response is believed before state and iss have proved its origin.
func (a *Attempt) Code(callbackURL string) (string, error) {
	answer, err := a.parse(callbackURL)
	if err != nil {
		return "", err
	}
	if a.isStatelessRefusal(answer) {
		refusal := a.refusal(answer)
		refusal.Unproven = true
		return "", refusal
	}
	if !a.stateMatches(answer) {
		return "", a.discard(clienterr.StateMismatch)
	}
	if fault := a.issuerFault(answer); fault != "" {
		return "", a.discard(fault)
	}
	if _, refused := answer["error"]; refused {
		return "", a.refusal(answer)
	}
	code := answer["code"]
	if code == "" || !untrusted.Printable(code) {
		return "", a.discard(clienterr.CodeMissing)
	}
	return code, nil
}

func (a *Attempt) refusal(answer map[string]string) *clienterr.AuthorizationError {
	return &clienterr.AuthorizationError{
		Issuer:      a.request.Server.Issuer,
		Code:        untrusted.Text(answer["error"], untrusted.MaxCode),
		Description: untrusted.Text(answer["error_description"], untrusted.MaxDescription),
	}
}

func (a *Attempt) discard(fault clienterr.CallbackFault) error {
	return &clienterr.CallbackError{Issuer: a.request.Server.Issuer, Fault: fault}
}

func (a *Attempt) stateMatches(answer map[string]string) bool {
	return subtle.ConstantTimeCompare([]byte(answer["state"]), []byte(a.state)) == 1
}

// issuerFault applies MCP's table of authorization response validation (RFC 9207
// §2.4): iss is compared byte for byte if it is present, whatever the metadata
// says; its absence is a fault if the metadata promises it.
func (a *Attempt) issuerFault(answer map[string]string) clienterr.CallbackFault {
	iss, present := answer["iss"]
	switch {
	case present && iss != a.request.Server.OwnIssuer():
		return clienterr.IssuerMismatch
	case !present && a.request.Server.AuthorizationResponseIssParameterSupported:
		return clienterr.IssuerMissing
	}
	return ""
}

// parse reads the parameters of a URL at the redirect URI, each of which may
// occur once (RFC 6749 §3.1).
func (a *Attempt) parse(callbackURL string) (map[string]string, error) {
	if len(callbackURL) > maxCallback {
		return nil, a.discard(clienterr.MalformedCallback)
	}
	callbackURL, _, _ = strings.Cut(callbackURL, "#")
	u, err := url.Parse(callbackURL)
	if err != nil {
		return nil, a.discard(clienterr.MalformedCallback)
	}
	redirect, err := url.Parse(a.request.RedirectURI)
	if err != nil || !at(u, redirect) {
		return nil, a.discard(clienterr.WrongRedirect)
	}
	values, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return nil, a.discard(clienterr.MalformedCallback)
	}
	answer := make(map[string]string, len(values))
	for name, list := range values {
		if len(list) > 1 {
			return nil, a.discard(clienterr.MalformedCallback)
		}
		answer[name] = list[0]
	}
	return answer, nil
}

func at(u, redirect *url.URL) bool {
	return u.User == nil && strings.EqualFold(u.Scheme, redirect.Scheme) &&
		strings.EqualFold(u.Host, redirect.Host) && urls.SamePath(u, redirect)
}
