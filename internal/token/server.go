package token

import (
	"context"
	"slices"

	"github.com/mcp-auth/go/internal/claims"
	"github.com/mcp-auth/go/internal/jose"
	"github.com/mcp-auth/go/internal/keys"
	"github.com/mcp-auth/go/internal/refusal"
	"github.com/mcp-auth/go/reason"
)

// Server is an authorization server as one resource trusts it.
type Server struct {
	// Expected is what the server's tokens look like. Audiences are those that
	// stand for the resource, its identifier first.
	claims.Expected
	// Keys verify the server's JWTs.
	Keys *keys.Source
	// Algorithms is the allow-list of signing algorithms, nil for all.
	Algorithms []jose.Algorithm
	// Types is the allow-list of media types of tokens, nil for at+jwt, jwt and
	// none at all.
	Types []string
	// AllowedClients stand for an audience that a token lacks.
	AllowedClients []string
	// Verifier, if set, proves the tokens that keys do not: opaque ones, or if
	// AllTokens is set, all.
	Verifier  Verifier
	AllTokens bool
}

// Verifier proves tokens in another way than by keys: introspection, or a
// caller's own verifier. It returns a new Verified each time. It may change its
// mind, so what it says is not remembered. The address and port that the request
// came from may be empty.
type Verifier interface {
	Verify(ctx context.Context, token, from string) (*Verified, *refusal.Refusal)
}

type server struct {
	Server
	settings *settings
}

// settings stands for what the tokens of a server are held to. Servers of several
// Trusts share it if they hold tokens to the same: a token that one has verified,
// the others have.
type settings struct{ _ byte }

// newServer returns a server that continues an old one, if that holds tokens to
// the same.
func newServer(s Server, old *server) *server {
	if old != nil && s.alike(&old.Server) {
		return &server{s, old.settings}
	}
	return &server{s, &settings{}}
}

// alike reports whether tokens of two servers are held to the same.
func (s *Server) alike(other *Server) bool {
	return s.Expected.Equal(&other.Expected) && s.takesJWTs() == other.takesJWTs() && s.Keys.Continues(other.Keys) && slices.Equal(s.Algorithms, other.Algorithms) &&
		slices.Equal(s.Types, other.Types) && slices.Equal(s.AllowedClients, other.AllowedClients)
}

func (s *server) accepts(audience string) bool { return slices.Contains(s.Audiences, audience) }

// takesJWTs reports whether the verifier proves JWTs, too.
func (s *Server) takesJWTs() bool { return s.Verifier != nil && s.AllTokens }

// ask has the verifier prove a token.
func (s *server) ask(ctx context.Context, text, from string) (*Verified, *refusal.Refusal) {
	v, refused := s.Verifier.Verify(ctx, text, from)
	if refused != nil {
		return nil, refused
	}
	v.settings, v.refused = s.settings, s.bind(v.Claims)
	return v, nil
}

// verify proves a JWT with the server's keys. The signature comes last, because
// it costs most.
func (s *server) verify(ctx context.Context, u *unproven) (*Verified, *refusal.Refusal) {
	header := &u.jws.Header
	typ := jose.MediaType(header.Type)
	typed := typ == jose.AccessTokenType
	switch {
	case s.Algorithms != nil && !slices.Contains(s.Algorithms, header.Algorithm):
		return nil, refusal.InvalidToken(reason.UnsupportedAlgorithm, "the algorithm %q is not allowed for %q", header.Algorithm, s.Issuer)
	case !s.allowsType(typ):
		return nil, refusal.InvalidToken(reason.NotAnAccessToken, "the token's typ %.40q is not that of an access token", header.Type)
	case u.fault != nil:
		return nil, refusal.RejectedToken(reason.InvalidClaims, u.fault)
	}
	c, kind, err := u.payload.Decode(&s.Expected)
	if err != nil {
		return nil, refusal.RejectedToken(reason.InvalidClaims, err)
	}
	if why := kind.NotAccessToken(typed); why != "" {
		return nil, refusal.InvalidToken(reason.NotAnAccessToken, "not an access token: %s", why)
	}
	generation, refused := s.Keys.Verify(ctx, u.jws, c.IssuedAt)
	if refused != nil {
		return nil, refused
	}
	c.AllowClient(s.AllowedClients, &kind, typed)
	v := NewVerified(u.text, c)
	v.settings, v.generation, v.refused = s.settings, generation, s.bind(v.Claims)
	return v, nil
}

func (s *server) allowsType(typ string) bool {
	if s.Types != nil {
		return slices.Contains(s.Types, typ)
	}
	return typ == jose.AccessTokenType || typ == "jwt" || typ == ""
}
