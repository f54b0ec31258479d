package mcpauthtest

import (
	"fmt"
	"io"
)

// Format prints the issuer, and no secret, key or password.
func (s *Server) Format(f fmt.State, _ rune) {
	if s == nil {
		_, _ = io.WriteString(f, "<nil>")
		return
	}
	_, _ = fmt.Fprintf(f, "{Issuer:%s}", s.issuer)
}

// Format prints the user without the password.
func (u User) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "{Username:%s Subject:%s}", u.Username, u.Subject)
}

// Format prints the client without its secret.
func (c Client) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "{ID:%s RedirectURIs:%s}", c.ID, c.RedirectURIs)
}

// Format prints the user without the password.
func (u UserAgent) Format(f fmt.State, _ rune) { _, _ = fmt.Fprintf(f, "{Username:%s}", u.Username) }
