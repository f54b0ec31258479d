package mcpauthtest

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// serveIntrospection tells a confidential client about a token (RFC 7662).
func (s *Server) serveIntrospection(w http.ResponseWriter, r *http.Request) {
	s.counts.introspect.Add(1)
	if s.spoil(w, r, s.faults.Load().Introspection) {
		return
	}
	answer, failed := s.introspection(w, r)
	if failed != nil {
		s.writeError(w, r, failed)
		return
	}
	s.writeJSON(w, r, http.StatusOK, answer)
}

func (s *Server) introspection(w http.ResponseWriter, r *http.Request) (map[string]any, *oauthError) {
	p, c, failed := s.clientForm(w, r)
	if failed != nil {
		return nil, failed
	}
	if !c.confidential() {
		return nil, invalidClient("introspection is for confidential clients")
	}
	if p.get("token") == "" {
		return nil, invalidRequest("token is missing")
	}
	answer, active := s.activeClaims(r.Context(), p.get("token"))
	if !active {
		return map[string]any{"active": false}, nil
	}
	answer["active"] = true
	answer["token_type"] = tokenType(answer["cnf"])
	return answer, nil
}

// tokenType is DPoP for a token that is bound to a DPoP key (RFC 9449 §6.2).
func tokenType(cnf any) string {
	if members, ok := cnf.(map[string]any); ok && members["jkt"] != nil {
		return "DPoP"
	}
	return "Bearer"
}

// TokenActive tells whether an access token is one of this server's, not
// expired and not revoked. A token is revoked when the authorization code it
// came from is redeemed again, or a refresh token of the same login is reused.
// Resource servers that introspect tokens see that; those that verify tokens
// with keys do not.
func (s *Server) TokenActive(ctx context.Context, token string) bool {
	_, active := s.activeClaims(ctx, token)
	return active
}

// activeClaims returns the claims of an access token that is active.
func (s *Server) activeClaims(ctx context.Context, token string) (all map[string]any, active bool) {
	all, err := s.ownClaims(s.opaque.reveal(token), typeAccessToken)
	if err != nil || s.checkValidity(ctx, all) != nil {
		return nil, false
	}
	return all, true
}

// ownClaims returns the claims of a JWT of one type that this server signed, be
// it expired or revoked.
func (s *Server) ownClaims(token, typ string) (map[string]any, error) {
	signed, all, err := s.signedClaims(token)
	if err != nil {
		return nil, err
	}
	if signed != typ {
		return nil, errors.New("its typ is not " + typ)
	}
	return all, nil
}

// signedClaims returns typ and claims of a JWT that this server signed.
func (s *Server) signedClaims(token string) (typ string, all map[string]any, err error) {
	parsed, err := jwt.ParseSigned(token, signingAlgorithms())
	if err != nil {
		return "", nil, errors.New("it is no signed JWT")
	}
	if err := parsed.Claims(&jose.JSONWebKeySet{Keys: s.keys.published(s.now())}, &all); err != nil {
		return "", nil, errors.New("it was not signed with a key of this server that is still published")
	}
	if all["iss"] != s.issuer {
		return "", nil, errors.New("its iss is not this server")
	}
	typ, _ = parsed.Headers[0].ExtraHeaders[jose.HeaderType].(string)
	return typ, all, nil
}

// checkValidity says why a token of this server is not valid now.
func (s *Server) checkValidity(ctx context.Context, claims map[string]any) error {
	exp, ok := claims["exp"].(float64)
	if !ok || !s.now().Before(time.Unix(int64(exp), 0)) {
		return errors.New("it is expired")
	}
	jti, _ := claims["jti"].(string)
	v, ok := s.handles.open(accessHandle, jti)
	if !ok {
		return nil // made without a grant
	}
	g, err := s.store.Grant(ctx, v.id, s.now())
	if err != nil || g.Revoked {
		return errors.New("its grant was revoked")
	}
	return nil
}

func signingAlgorithms() []jose.SignatureAlgorithm {
	var all []jose.SignatureAlgorithm
	for name := range algorithms() {
		all = append(all, jose.SignatureAlgorithm(name))
	}
	return all
}
