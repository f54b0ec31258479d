package endpoint

import (
	"strings"
	"testing"
	"time"

	"github.com/mcp-auth/go/client/internal/untrusted"
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
		`{"access_token":"user:grant:secret","token_type":"Bearer"}`:                nil,
		`{"access_token":"a b{}\\\"","token_type":"Bearer"}`:                        nil,
		`{"access_token":" a","token_type":"Bearer"}`:                               errAccessToken,
		`{"access_token":"a ","token_type":"Bearer"}`:                               errAccessToken,
		`{"access_token":"a\u007f","token_type":"Bearer"}`:                          errAccessToken,
		`{"access_token":"a\r\nX: y","token_type":"Bearer"}`:                        errAccessToken,
		`{"access_token":"ä","token_type":"Bearer"}`:                                errAccessToken,
		`{"access_token":"a"}`:                                                      ErrTokenType,
		`{"access_token":"a","token_type":["Bearer"]}`:                              ErrTokenType,
		`{"access_token":"a","token_type":"Bearer","expires_in":-1}`:                nil,
		`{"access_token":"a","token_type":"Bearer","expires_in":1e300}`:             nil,
		`{"access_token":"a","token_type":"Bearer","expires_in":"soon"}`:            errLifetime,
		`{"access_token":"a","token_type":"Bearer","expires_in":"NaN"}`:             errLifetime,
		`{"access_token":"a","token_type":"Bearer","expires_in":"Inf"}`:             errLifetime,
		`{"access_token":"a","token_type":"Bearer","scope":["a"]}`:                  nil,
		`{"access_token":"a","token_type":"Bearer","scope":["a b"]}`:                errScope,
		`{"access_token":"a","token_type":"Bearer","scope":7}`:                      errScope,
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
		_, err := parseToken([]byte(body))
		switch {
		case want == nil && err != nil:
			t.Errorf("%.100s: %v", body, err)
		case want != nil && (err == nil || !strings.Contains(err.Error(), want.Error())):
			t.Errorf("%.100s: error %v, want %v", body, err, want)
		}
	}
	r, err := parseToken([]byte(`{"access_token":"a","token_type":"Bearer","expires_in":90.5,"scope":"a  b"}`))
	if err != nil || r.Lifetime != 90500*time.Millisecond || strings.Join(r.Scope, ",") != "a,b" {
		t.Errorf("%+v, %v", r, err)
	}
}

// A lifetime is never longer than ten years, and not known if it is none.
func TestTokenLifetime(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{
		`7`: 7 * time.Second, `"7"`: 7 * time.Second, `0`: 0, `-1`: 0, `"-1"`: 0,
		`315360001`: maxLifetime, `99999999999`: maxLifetime, `1e999`: maxLifetime, `-1e999`: 0,
	} {
		r, err := parseToken([]byte(`{"access_token":"a","token_type":"Bearer","expires_in":` + text + `}`))
		if err != nil || r.Lifetime != want || r.HasLifetime != (want > 0) {
			t.Errorf("%s: %+v, %v, want %s", text, r, err, want)
		}
	}
}

func FuzzTokenResponse(f *testing.F) {
	f.Add([]byte(`{"access_token":"a","token_type":"Bearer","expires_in":3600,"scope":"a b","refresh_token":"r"}`))
	f.Add([]byte(`{"access_token":"a","token_type":"DPoP","expires_in":"1e2"}`))
	f.Add([]byte(`{"error":"invalid_grant","error_description":"no"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		r, err := parseToken(body)
		_ = readRefusal(body)
		if err != nil {
			return
		}
		if r.AccessToken == "" || !untrusted.Printable(r.AccessToken+r.RefreshToken+r.Type) || r.Lifetime < 0 || r.Lifetime > maxLifetime {
			t.Errorf("accepted %q as %+v", body, r)
		}
	})
}
