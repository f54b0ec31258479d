package endpoint

import (
	"errors"
	"testing"

	"github.com/mcp-auth/go/client/clienterr"
)

// Covers CL6, CL9.
func TestRefusals(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		status        int
		code, text    string
		client, grant bool
	}{
		{401, "invalid_client", "", true, true},
		{400, "unauthorized_client", "", true, true},
		{401, "", "", true, true},
		{422, "", "Unrecognized client_id", true, true},
		{400, "", "Unknown client", true, true},
		{404, "", "client_id not found", true, true},
		{404, "", "OAuth client does not exist", true, true},
		{400, "", "client is tired", false, true},
		{400, "invalid_grant", "Unknown client", false, true},
		{401, "invalid_grant", "", false, true},
		{200, "bad_refresh_token", "", false, true},
		{429, "", "", false, false},
		{408, "invalid_grant", "", false, false},
		{400, "temporarily_unavailable", "", false, false},
		{302, "", "", false, false},
		{503, "", "Unknown client", false, false},
		{500, "server_error", "", false, false},
	} {
		err := errors.Join(errors.New("x"), &clienterr.TokenError{Status: test.status, Code: test.code, Description: test.text})
		if RefusesClient(err) != test.client || RefusesGrant(err) != test.grant {
			t.Errorf("%+v: client %t, grant %t", test, RefusesClient(err), RefusesGrant(err))
		}
	}
	if RefusesClient(errors.New("x")) || RefusesGrant(nil) {
		t.Error("another error is a refusal")
	}
}
