package authcode

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/mcp-auth/go/client/clienterr"
	"github.com/mcp-auth/go/client/internal/authserver"
	"github.com/mcp-auth/go/client/internal/untrusted"
	"github.com/mcp-auth/go/metadata"
)

const (
	testIssuer   = "https://as.example.com/tenant"
	testRedirect = "http://127.0.0.1:1234/callback"
	testState    = "the-state"
)

func attempt(advertised bool) *Attempt {
	return &Attempt{state: testState, request: Request{RedirectURI: testRedirect, Server: &authserver.Server{AuthorizationServer: &metadata.AuthorizationServer{
		Issuer: testIssuer, AuthorizationResponseIssParameterSupported: advertised,
	}}}}
}

// The four rows of MCP's authorization response validation, for answers with a
// code and with an error alike.
//
// Covers CL5.
func TestIssuerTable(t *testing.T) {
	t.Parallel()
	const absent = "\x00"
	rows := []struct {
		name       string
		advertised bool
		iss        string
		fault      clienterr.CallbackFault
	}{
		{"advertised, equal", true, testIssuer, ""},
		{"advertised, absent", true, absent, clienterr.IssuerMissing},
		{"advertised, another", true, "https://evil.example.com", clienterr.IssuerMismatch},
		{"not advertised, equal", false, testIssuer, ""},
		{"not advertised, absent", false, absent, ""},
		{"not advertised, another", false, "https://evil.example.com", clienterr.IssuerMismatch},
		{"empty", true, "", clienterr.IssuerMismatch},
		{"not advertised, empty", false, "", clienterr.IssuerMismatch},
		{"scheme in capitals", true, "HTTPS://as.example.com/tenant", clienterr.IssuerMismatch},
		{"host in capitals", true, "https://AS.example.com/tenant", clienterr.IssuerMismatch},
		{"default port", true, "https://as.example.com:443/tenant", clienterr.IssuerMismatch},
		{"a slash more", true, testIssuer + "/", clienterr.IssuerMismatch},
		{"percent-encoded", true, "https://as.example.com/%74enant", clienterr.IssuerMismatch},
		{"dot segment", true, "https://as.example.com/./tenant", clienterr.IssuerMismatch},
		{"space around", true, " " + testIssuer, clienterr.IssuerMismatch},
	}
	for _, row := range rows {
		for _, refused := range []bool{false, true} {
			query := url.Values{"state": {testState}, "code": {"the-code"}}
			if refused {
				query = url.Values{"state": {testState}, "error": {"access_denied"}, "error_description": {"click https://evil.example.com"}}
			}
			if row.iss != absent {
				query.Set("iss", row.iss)
			}
			code, err := attempt(row.advertised).Code(testRedirect + "?" + query.Encode())
			checkCallback(t, row.name, code, err, refused, row.fault)
		}
	}
}

func checkCallback(t *testing.T, name, code string, err error, refused bool, fault clienterr.CallbackFault) {
	t.Helper()
	var discarded *clienterr.CallbackError
	var denied *clienterr.AuthorizationError
	switch {
	case fault != "":
		if !errors.As(err, &discarded) || discarded.Fault != fault || code != "" {
			t.Errorf("%s: code %q, error %v, want %s", name, code, err, fault)
		}
		if errors.As(err, &denied) || strings.Contains(err.Error(), "evil") || strings.Contains(err.Error(), "denied") {
			t.Errorf("%s: %v shows an answer of unknown origin", name, err)
		}
	case refused:
		if !errors.As(err, &denied) || denied.Code != "access_denied" {
			t.Errorf("%s: error %v, want the server's refusal", name, err)
		}
	case err != nil || code != "the-code":
		t.Errorf("%s: code %q, error %v", name, code, err)
	}
}

// Covers CL10.
func TestCallbackFaults(t *testing.T) {
	t.Parallel()
	good := "?code=c&state=" + testState + "&iss=" + url.QueryEscape(testIssuer)
	for name, test := range map[string]struct {
		callback string
		fault    clienterr.CallbackFault
	}{
		"good":              {testRedirect + good, ""},
		"good and fragment": {testRedirect + good + "#_=_", ""},
		"unknown parameter": {testRedirect + good + "&session_state=x", ""},
		"no state":          {testRedirect + "?code=c&iss=" + testIssuer, clienterr.StateMismatch},
		"empty state":       {testRedirect + "?code=c&state=&iss=" + testIssuer, clienterr.StateMismatch},
		"longer state":      {testRedirect + good + "x&", clienterr.IssuerMismatch},
		"other state":       {strings.Replace(testRedirect+good, testState, "the-statf", 1), clienterr.StateMismatch},
		"state twice":       {testRedirect + good + "&state=" + testState, clienterr.MalformedCallback},
		"iss twice":         {testRedirect + good + "&iss=" + testIssuer, clienterr.MalformedCallback},
		"other host":        {"http://evil.example.com/callback" + good, clienterr.WrongRedirect},
		"other port":        {"http://127.0.0.1:9/callback" + good, clienterr.WrongRedirect},
		"other path":        {"http://127.0.0.1:1234/callback/x" + good, clienterr.WrongRedirect},
		"other scheme":      {"https://127.0.0.1:1234/callback" + good, clienterr.WrongRedirect},
		"userinfo":          {"http://u@127.0.0.1:1234/callback" + good, clienterr.WrongRedirect},
		"relative":          {"/callback" + good, clienterr.WrongRedirect},
		"empty":             {"", clienterr.WrongRedirect},
		"bad escape":        {testRedirect + good + "&x=%zz", clienterr.MalformedCallback},
		"semicolon":         {testRedirect + good + "&a;b", clienterr.MalformedCallback},
		"too long":          {testRedirect + good + "&x=" + strings.Repeat("x", maxCallback), clienterr.MalformedCallback},
		"no code":           {strings.Replace(testRedirect+good, "code=c", "x=c", 1), clienterr.CodeMissing},
		"line in code":      {strings.Replace(testRedirect+good, "code=c", "code=c%0A", 1), clienterr.CodeMissing},
	} {
		_, err := attempt(true).Code(test.callback)
		var discarded *clienterr.CallbackError
		switch {
		case test.fault == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case test.fault != "" && (!errors.As(err, &discarded) || discarded.Fault != test.fault):
			t.Errorf("%s: error %v, want %s", name, err, test.fault)
		}
	}
}

// A refusal without a state ends the login, and is not taken for the server's
// own. What has a code or another state is ignored.
//
// Covers CL5, CL10.
func TestRefusalWithoutState(t *testing.T) {
	t.Parallel()
	for query, accepted := range map[string]bool{
		"?error=invalid_client":                              true,
		"?error=invalid_client&iss=" + testIssuer:            true,
		"?error=invalid_client&iss=https://evil.example.com": false,
		"?error=invalid_client&state=":                       false,
		"?error=invalid_client&state=other":                  false,
		"?error=invalid_client&code=c":                       false,
		"?error=":                                            false,
		"":                                                   false,
		"?code=c":                                            false,
		"?error=invalid_client&error=access_denied":          false,
		"?error=access_denied&iss=" + testIssuer + "&state=" + testState: true,
	} {
		a := attempt(true)
		if got := a.Accepts(testRedirect + query); got != accepted {
			t.Errorf("%q accepted: %t, want %t", query, got, accepted)
		}
		_, err := a.Code(testRedirect + query)
		var refused *clienterr.AuthorizationError
		if errors.As(err, &refused) != accepted || accepted && refused.Unproven == strings.Contains(query, testState) {
			t.Errorf("%q: error %v", query, err)
		}
	}
}

// A refusal is shown, but not so that it steers a terminal or fills a log.
//
// Covers CL5.
func TestRefusalIsTamed(t *testing.T) {
	t.Parallel()
	query := url.Values{
		"state": {testState}, "iss": {testIssuer}, "error": {"access\x1b[31m_denied"},
		"error_description": {strings.Repeat("a", 10_000) + "\r\nSet-Cookie: x"},
	}
	_, err := attempt(true).Code(testRedirect + "?" + query.Encode())
	var denied *clienterr.AuthorizationError
	if !errors.As(err, &denied) {
		t.Fatal(err)
	}
	if text := err.Error(); len(text) > 1000 || strings.ContainsAny(text, "\x1b\r\n") {
		t.Errorf("the refusal is shown as %q", text)
	}
}

// Every callback leads to a code with the right state, or to an error that shows
// nothing of it.
//
// Covers CL5, CL10.
func FuzzCallback(f *testing.F) {
	for _, seed := range []string{
		testRedirect + "?code=c&state=" + testState + "&iss=" + testIssuer,
		testRedirect + "?error=access_denied&state=" + testState + "&iss=" + testIssuer,
		testRedirect + "?code=c&state=" + testState + "&state=x", "://", testRedirect + "?%zz", "http://[::1/callback?code=c",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, callback string) {
		code, err := attempt(true).Code(callback)
		if err != nil {
			if code != "" || len(err.Error()) > 1000 || !untrusted.Printable(err.Error()) {
				t.Errorf("code %q, error %q", code, err)
			}
			return
		}
		if !strings.Contains(callback, testState[4:]) && !strings.Contains(callback, "%") {
			t.Errorf("%q has not the state, and gave %q", callback, code)
		}
	})
}
