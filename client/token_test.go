package client

import (
	"strings"
	"testing"
	"time"
)

func TestTokenResponses(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]error{
		`{"access_token":"a","token_type":"Bearer"}`:                                nil,
		`{"access_token":"a","token_type":"Bearer","expires_in":3600}`:              nil,
		`{"access_token":"a","token_type":"Bearer","expires_in":"3600"}`:            nil,
		`{"access_token":"a","token_type":"Bearer","expires_in":null,"scope":null}`: nil,
		`{"access_token":"a","token_type":"Bearer","scope":"a  b"}`:                 nil,
		`{"access_token":"a","token_type":"Bearer","unknown":{"a":[1]}}`:            nil,
		`{"access_token":"a","token_type":"Bearer","expires_in":0}`:                 nil,
		`{"token_type":"Bearer"}`:                                                   errAccessToken,
		`{"access_token":"","token_type":"Bearer"}`:                                 errAccessToken,
		`{"access_token":7,"token_type":"Bearer"}`:                                  errAccessToken,
		`{"access_token":"a b","token_type":"Bearer"}`:                              errAccessToken,
		`{"access_token":"a\r\nX: y","token_type":"Bearer"}`:                        errAccessToken,
		`{"access_token":"ä","token_type":"Bearer"}`:                                errAccessToken,
		`{"access_token":"a"}`:                                                      errTokenType,
		`{"access_token":"a","token_type":["Bearer"]}`:                              errTokenType,
		`{"access_token":"a","token_type":"Bearer","expires_in":-1}`:                errLifetime,
		`{"access_token":"a","token_type":"Bearer","expires_in":1e300}`:             errLifetime,
		`{"access_token":"a","token_type":"Bearer","expires_in":"soon"}`:            errLifetime,
		`{"access_token":"a","token_type":"Bearer","expires_in":"NaN"}`:             errLifetime,
		`{"access_token":"a","token_type":"Bearer","expires_in":"Inf"}`:             errLifetime,
		`{"access_token":"a","token_type":"Bearer","scope":["a"]}`:                  errScope,
		`{"access_token":"a","token_type":"Bearer","scope":"a\"b"}`:                 errScope,
		`{"access_token":"a","token_type":"Bearer","refresh_token":"a\nb"}`:         errRefresh,
		`{"access_token":"a","token_type":"Bearer","refresh_token":true}`:           errRefresh,
		`{"access_token":"a","access_token":"b","token_type":"Bearer"}`:             errNotJSON,
		`{"access_token":"a","token_type":"Bearer"}x`:                               errNotJSON,
		`["a"]`:               errNotJSON,
		`access_token=a`:      errNotJSON,
		``:                    errNotJSON,
		`{"access_token":"a"`: errNotJSON,
		`{"access_token":"` + strings.Repeat("a", maxToken+1) + `","token_type":"Bearer"}`: errAccessToken,
	} {
		_, err := parseTokenResponse([]byte(body))
		switch {
		case want == nil && err != nil:
			t.Errorf("%.100s: %v", body, err)
		case want != nil && (err == nil || !strings.Contains(err.Error(), want.Error())):
			t.Errorf("%.100s: error %v, want %v", body, err, want)
		}
	}
	r, err := parseTokenResponse([]byte(`{"access_token":"a","token_type":"Bearer","expires_in":90.5,"scope":"a  b"}`))
	if err != nil || r.lifetime != 90500*time.Millisecond || strings.Join(r.scope, ",") != "a,b" {
		t.Errorf("%+v, %v", r, err)
	}
}

// What any server may send leads to a code from the right place or to an error
// that shows nothing of it.
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
		code, err := expected(true).code(callback)
		if err != nil {
			if code != "" || len(err.Error()) > 1000 || !printable(err.Error()) {
				t.Errorf("code %q, error %q", code, err)
			}
			return
		}
		if !strings.Contains(callback, testState[4:]) && !strings.Contains(callback, "%") {
			t.Errorf("%q has not the state, and gave %q", callback, code)
		}
	})
}

func FuzzTokenResponse(f *testing.F) {
	f.Add([]byte(`{"access_token":"a","token_type":"Bearer","expires_in":3600,"scope":"a b","refresh_token":"r"}`))
	f.Add([]byte(`{"access_token":"a","token_type":"DPoP","expires_in":"1e2"}`))
	f.Add([]byte(`{"error":"invalid_grant","error_description":"no"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		r, err := parseTokenResponse(body)
		_ = readRefusal(body)
		if err != nil {
			return
		}
		if r.accessToken == "" || !printable(r.accessToken+r.refreshToken+r.tokenType) || r.lifetime < 0 || r.lifetime > maxExpiry {
			t.Errorf("accepted %q as %+v", body, r)
		}
	})
}

func FuzzRegistrationResponse(f *testing.F) {
	f.Add([]byte(`{"client_id":"a","client_secret":"s","client_secret_expires_at":0,"redirect_uris":["http://127.0.0.1/"]}`))
	f.Add([]byte(`{"client_id":"a","token_endpoint_auth_method":"none"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		r, err := parseRegistration(body)
		if err == nil && (!validClientID(r.clientID) || !printable(r.secret)) {
			t.Errorf("accepted %q as %+v", body, r)
		}
	})
}
