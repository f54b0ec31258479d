package mcpauthtest

import "net/http"

// serveRevocation ends the grant of a token (RFC 7009). Whether there was one to
// end is not told.
func (s *Server) serveRevocation(w http.ResponseWriter, r *http.Request) {
	s.counts.revoke.Add(1)
	if failed := s.revocation(w, r); failed != nil {
		s.writeError(w, r, failed)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK)
}

func (s *Server) revocation(w http.ResponseWriter, r *http.Request) *oauthError {
	p, c, failed := s.clientForm(w, r)
	if failed != nil {
		return failed
	}
	if p.get("token") == "" {
		return invalidRequest("token is missing")
	}
	id, ok := s.grantOf(p.get("token"))
	if !ok {
		return nil // unknown: as good as revoked (RFC 7009 §2.2)
	}
	state, err := s.store.Grant(r.Context(), id, s.now())
	if err != nil {
		return nil // ended already
	}
	g, failed := s.readGrant(r, state.Data)
	if failed != nil {
		return failed
	}
	if g.ClientID != c.id {
		return invalidGrant("the token was issued to another client")
	}
	if err := s.store.Revoke(r.Context(), id); err != nil {
		return s.serverError(r, err)
	}
	s.log.InfoContext(r.Context(), "revoked", "client", c.id, "subject", g.Subject)
	return nil
}

// grantOf finds the grant that a refresh token or an access token came from.
func (s *Server) grantOf(token string) (GrantID, bool) {
	if v, ok := s.handles.open(refreshHandle, token); ok {
		return v.id, true
	}
	claims, err := s.ownClaims(s.opaque.reveal(token), typeAccessToken)
	if err != nil {
		return GrantID{}, false
	}
	jti, _ := claims["jti"].(string)
	v, ok := s.handles.open(accessHandle, jti)
	return v.id, ok
}
