package client

import (
	"crypto/subtle"
	"net/url"
	"strings"

	"github.com/mcp-auth/go/metadata"
)

const maxCallback = 16 << 10

// expectation is what was recorded before the user was sent away, and what the
// answer is held to.
type expectation struct {
	redirectURI string
	state       string
	as          *metadata.AuthorizationServer // its validated metadata
}

func (e *expectation) fail(fault CallbackFault) error {
	return &CallbackError{Issuer: e.as.Issuer, Fault: fault}
}

// code returns the authorization code of an answer. The order matters: nothing
// of an answer is believed before state and iss have shown whose it is.
func (e *expectation) code(callback string) (string, error) {
	answer, err := e.parse(callback)
	if err != nil {
		return "", err
	}
	if !e.stateMatches(answer) {
		return "", e.fail(StateMismatch)
	}
	if fault := e.issuerFault(answer); fault != "" {
		return "", e.fail(fault)
	}
	if refusal, refused := answer["error"]; refused {
		return "", &AuthorizationError{
			Issuer:      e.as.Issuer,
			Code:        shown(refusal, maxErrorCode),
			Description: shown(answer["error_description"], maxErrorDescription),
		}
	}
	code := answer["code"]
	if code == "" || !printable(code) {
		return "", e.fail(CodeMissing)
	}
	return code, nil
}

func (e *expectation) stateMatches(answer map[string]string) bool {
	return subtle.ConstantTimeCompare([]byte(answer["state"]), []byte(e.state)) == 1
}

// issuerFault applies the table of MCP's authorization response validation
// (RFC 9207 §2.4): a present iss is compared byte for byte, whatever the
// metadata say; an absent one is a fault where they promise it.
func (e *expectation) issuerFault(answer map[string]string) CallbackFault {
	iss, present := answer["iss"]
	switch {
	case present && iss != e.as.Issuer:
		return IssuerMismatch
	case !present && e.as.AuthorizationResponseIssParameterSupported:
		return IssuerMissing
	}
	return ""
}

// parse reads the parameters of a URL at the redirect URI, each of which may
// occur once (RFC 6749 §3.1).
func (e *expectation) parse(callback string) (map[string]string, error) {
	if len(callback) > maxCallback {
		return nil, e.fail(MalformedCallback)
	}
	callback, _, _ = strings.Cut(callback, "#")
	u, err := url.Parse(callback)
	if err != nil {
		return nil, e.fail(MalformedCallback)
	}
	expected, err := url.Parse(e.redirectURI)
	if err != nil || !atRedirect(u, expected) {
		return nil, e.fail(WrongRedirect)
	}
	values, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return nil, e.fail(MalformedCallback)
	}
	answer := make(map[string]string, len(values))
	for name, list := range values {
		if len(list) > 1 {
			return nil, e.fail(MalformedCallback)
		}
		answer[name] = list[0]
	}
	return answer, nil
}

func atRedirect(u, expected *url.URL) bool {
	return u.User == nil && strings.EqualFold(u.Scheme, expected.Scheme) &&
		strings.EqualFold(u.Host, expected.Host) && orSlash(u.EscapedPath()) == orSlash(expected.EscapedPath())
}
