package endpoint

import (
	"testing"

	"github.com/mcp-auth/go/client/internal/untrusted"
)

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
