package mcpauthtest

import "testing"

// Start is [NewServer] for a test: it fails the test if the server cannot start,
// and closes the server when the test ends.
//
//	as := mcpauthtest.Start(t, mcpauthtest.Config{Resources: []string{resource}})
//	token := as.MustToken(t, mcpauthtest.TokenClaims{Scopes: []string{"read"}})
func Start(t testing.TB, config Config) *Server {
	t.Helper()
	s, err := NewServer(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// MustToken is [Server.Token] for a test: it fails the test if the token cannot
// be made.
func (s *Server) MustToken(t testing.TB, claims TokenClaims, options ...TokenOption) string {
	t.Helper()
	token, err := s.Token(claims, options...)
	if err != nil {
		t.Fatal(err)
	}
	return token
}
