package client

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/mcp-auth/go/metadata"
)

func s256(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

const (
	testIssuer   = "https://as.example.com/tenant"
	testRedirect = "http://127.0.0.1:1234/callback"
	testState    = "the-state"
)

func expected(advertised bool) *expectation {
	return &expectation{redirectURI: testRedirect, state: testState, as: &metadata.AuthorizationServer{
		Issuer: testIssuer, AuthorizationResponseIssParameterSupported: advertised,
	}}
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
		fault      CallbackFault
	}{
		{"advertised, equal", true, testIssuer, ""},
		{"advertised, absent", true, absent, IssuerMissing},
		{"advertised, another", true, "https://evil.example.com", IssuerMismatch},
		{"not advertised, equal", false, testIssuer, ""},
		{"not advertised, absent", false, absent, ""},
		{"not advertised, another", false, "https://evil.example.com", IssuerMismatch},
		{"empty", true, "", IssuerMismatch},
		{"not advertised, empty", false, "", IssuerMismatch},
		{"scheme in capitals", true, "HTTPS://as.example.com/tenant", IssuerMismatch},
		{"host in capitals", true, "https://AS.example.com/tenant", IssuerMismatch},
		{"default port", true, "https://as.example.com:443/tenant", IssuerMismatch},
		{"a slash more", true, testIssuer + "/", IssuerMismatch},
		{"percent-encoded", true, "https://as.example.com/%74enant", IssuerMismatch},
		{"dot segment", true, "https://as.example.com/./tenant", IssuerMismatch},
		{"space around", true, " " + testIssuer, IssuerMismatch},
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
			code, err := expected(row.advertised).code(testRedirect + "?" + query.Encode())
			checkCallback(t, row.name, code, err, refused, row.fault)
		}
	}
}

func checkCallback(t *testing.T, name, code string, err error, refused bool, fault CallbackFault) {
	t.Helper()
	var discarded *CallbackError
	var denied *AuthorizationError
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

// The same through the whole flow: an answer that is discarded sends no code to
// any token endpoint.
//
// Covers CL5, CL10.
func TestDiscardedAnswerRedeemsNothing(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(url.Values){
		"wrong iss":   func(q url.Values) { q.Set("iss", "https://evil.example.com") },
		"missing iss": func(q url.Values) { q.Del("iss") },
		"wrong state": func(q url.Values) { q.Set("state", "x") },
		"no state":    func(q url.Values) { q.Del("state") },
		"two codes":   func(q url.Values) { q.Add("code", "other") },
		"no code":     func(q url.Values) { q.Del("code") },
		"denied":      func(q url.Values) { q.Del("code"); q.Set("error", "access_denied") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.as.callback = change
			if _, err := request(t, w.client(t), ""); err == nil {
				t.Error("no error")
			}
			if len(w.as.tokens) > 0 {
				t.Errorf("the token endpoint was asked %d times", len(w.as.tokens))
			}
		})
	}
}

// Covers CL10.
func TestCallbackFaults(t *testing.T) {
	t.Parallel()
	good := "?code=c&state=" + testState + "&iss=" + url.QueryEscape(testIssuer)
	for name, test := range map[string]struct {
		callback string
		fault    CallbackFault
	}{
		"good":              {testRedirect + good, ""},
		"good and fragment": {testRedirect + good + "#_=_", ""},
		"unknown parameter": {testRedirect + good + "&session_state=x", ""},
		"no state":          {testRedirect + "?code=c&iss=" + testIssuer, StateMismatch},
		"empty state":       {testRedirect + "?code=c&state=&iss=" + testIssuer, StateMismatch},
		"longer state":      {testRedirect + good + "x&", IssuerMismatch},
		"other state":       {strings.Replace(testRedirect+good, testState, "the-statf", 1), StateMismatch},
		"state twice":       {testRedirect + good + "&state=" + testState, MalformedCallback},
		"iss twice":         {testRedirect + good + "&iss=" + testIssuer, MalformedCallback},
		"other host":        {"http://evil.example.com/callback" + good, WrongRedirect},
		"other port":        {"http://127.0.0.1:9/callback" + good, WrongRedirect},
		"other path":        {"http://127.0.0.1:1234/callback/x" + good, WrongRedirect},
		"other scheme":      {"https://127.0.0.1:1234/callback" + good, WrongRedirect},
		"userinfo":          {"http://u@127.0.0.1:1234/callback" + good, WrongRedirect},
		"relative":          {"/callback" + good, WrongRedirect},
		"empty":             {"", WrongRedirect},
		"bad escape":        {testRedirect + good + "&x=%zz", MalformedCallback},
		"semicolon":         {testRedirect + good + "&a;b", MalformedCallback},
		"too long":          {testRedirect + good + "&x=" + strings.Repeat("x", maxCallback), MalformedCallback},
		"no code":           {strings.Replace(testRedirect+good, "code=c", "x=c", 1), CodeMissing},
		"line in code":      {strings.Replace(testRedirect+good, "code=c", "code=c%0A", 1), CodeMissing},
	} {
		_, err := expected(true).code(test.callback)
		var discarded *CallbackError
		switch {
		case test.fault == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case test.fault != "" && (!errors.As(err, &discarded) || discarded.Fault != test.fault):
			t.Errorf("%s: error %v, want %s", name, err, test.fault)
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
	_, err := expected(true).code(testRedirect + "?" + query.Encode())
	var denied *AuthorizationError
	if !errors.As(err, &denied) {
		t.Fatal(err)
	}
	if text := err.Error(); len(text) > 1000 || strings.ContainsAny(text, "\x1b\r\n") {
		t.Errorf("the refusal is shown as %q", text)
	}
}
