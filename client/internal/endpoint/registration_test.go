package endpoint

import (
	"testing"
	"time"

	"github.com/mcp-auth/go/client/internal/untrusted"
)

// What can be read is read; what cannot is named.
func TestRegistrationResponses(t *testing.T) {
	t.Parallel()
	at := time.Date(2027, 1, 2, 3, 4, 5, 0, time.UTC)
	for body, want := range map[string]struct {
		expires time.Time
		fault   string
	}{
		`{"client_id":"a"}`: {},
		`{"client_id":"a","client_secret_expires_at":0}`:                      {},
		`{"client_id":"a","client_secret_expires_at":"0"}`:                    {},
		`{"client_id":"a","client_secret_expires_at":null}`:                   {},
		`{"client_id":"a","client_secret_expires_at":1798859045}`:             {expires: at},
		`{"client_id":"a","client_secret_expires_at":"1798859045"}`:           {expires: at},
		`{"client_id":"a","client_secret_expires_at":"2027-01-02T03:04:05Z"}`: {expires: at},
		`{"client_id":"a","client_secret_expires_at":"never"}`:                {fault: "client_secret_expires_at is not a number of seconds"},
		`{"client_id":"a","client_secret_expires_at":[]}`:                     {fault: "client_secret_expires_at is not a number of seconds"},
		`{"client_id":7}`:                                   {fault: "client_id is not a string"},
		`{"client_id":"a","client_secret":7}`:               {fault: "client_secret is not a string"},
		`{"client_id":"a","redirect_uris":"x"}`:             {fault: "redirect_uris is not a list of strings"},
		`{"client_id":"a","token_endpoint_auth_method":[]}`: {fault: "token_endpoint_auth_method is not a string"},
	} {
		r, err := parseRegistered([]byte(body))
		switch {
		case want.fault != "" && (err == nil || err.Error() != want.fault):
			t.Errorf("%s: error %v, want %s", body, err, want.fault)
		case want.fault == "" && (err != nil || !r.SecretExpiresAt.Equal(want.expires)):
			t.Errorf("%s: %+v, %v", body, r, err)
		}
	}
}

func FuzzRegistrationResponse(f *testing.F) {
	f.Add([]byte(`{"client_id":"a","client_secret":"s","client_secret_expires_at":0,"redirect_uris":["http://127.0.0.1/"]}`))
	f.Add([]byte(`{"client_id":"a","token_endpoint_auth_method":"none"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		r, err := parseRegistered(body)
		if err == nil && (!ValidClientID(r.ClientID) || !untrusted.Printable(r.Secret)) {
			t.Errorf("accepted %q as %+v", body, r)
		}
	})
}
