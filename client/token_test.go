package client

import (
	"errors"
	"testing"

	"github.com/mcp-auth/go/client/clienterr"
)

// Covers CL9.
func TestToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.client(t)
	var login *clienterr.LoginRequiredError
	if _, err := c.Token(t.Context()); !errors.As(err, &login) || login.ServerURL != w.rs.url {
		t.Errorf("error %v, want a login", err)
	}
	equal(t, "logins", len(w.as.authorizations), 0)
	if err := c.Login(t.Context()); err != nil {
		t.Fatal(err)
	}
	token, err := c.Token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "token", token.AccessToken, "access-one-1")
	equal(t, "type", token.Type, "Bearer")
	equal(t, "issuer", token.Issuer, w.as.issuer)
	equal(t, "resource", token.Resource, w.rs.url)
	if token.ExpiresAt.IsZero() {
		t.Error("no expiry")
	}
	if err := c.Logout(t.Context()); err != nil {
		t.Fatal(err)
	}
	equal(t, "revoked", w.as.revocations[0].Get("token"), "refresh-one-1")
	if _, err := c.Token(t.Context()); !errors.As(err, &login) {
		t.Errorf("error %v after the logout, want a login", err)
	}
}
