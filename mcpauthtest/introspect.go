package mcpauthtest

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"net/http"
	"sync"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// maxOpaqueTokens bounds what many opaque tokens leave behind.
const maxOpaqueTokens = 10_000

// opaqueTokens knows which JWT stands behind an opaque token.
type opaqueTokens struct {
	mu    sync.Mutex
	jwts  map[[sha256.Size]byte]string
	order [][sha256.Size]byte
}

func newOpaqueTokens() *opaqueTokens {
	return &opaqueTokens{jwts: map[[sha256.Size]byte]string{}}
}

// conceal returns an opaque token for a JWT. The oldest one is forgotten when
// there are too many, which makes it inactive.
func (o *opaqueTokens) conceal(token string) string {
	opaque := rand.Text()
	key := sha256.Sum256([]byte(opaque))
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.order) >= maxOpaqueTokens {
		delete(o.jwts, o.order[0])
		o.order = o.order[1:]
	}
	o.jwts[key] = token
	o.order = append(o.order, key)
	return opaque
}

// reveal returns the JWT behind an opaque token, or the token itself.
func (o *opaqueTokens) reveal(token string) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	if behind, ok := o.jwts[sha256.Sum256([]byte(token))]; ok {
		return behind
	}
	return token
}

// serveIntrospection tells a confidential client about a token (RFC 7662).
func (s *Server) serveIntrospection(w http.ResponseWriter, r *http.Request) {
	s.counts.introspect.Add(1)
	fault := s.faults.Load().Introspection
	if !s.wait(r, fault.Delay) {
		return
	}
	if fault.Status != 0 || fault.Body != nil {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(orDefault(fault.Status, http.StatusOK))
		_, _ = w.Write(fault.Body) // the client is gone if this fails
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
	p, failed := formParameters(w, r)
	if failed != nil {
		return nil, failed
	}
	if failed = p.checkExcept("token"); failed != nil { // a token may be longer than other values
		return nil, failed
	}
	c, failed := s.authenticate(r, p)
	if failed != nil {
		return nil, failed
	}
	if !c.confidential {
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
// came from is redeemed again, or a refresh token of the same login reused;
// resource servers that verify tokens by themselves cannot see that, those that
// introspect them can.
func (s *Server) TokenActive(ctx context.Context, token string) bool {
	_, active := s.activeClaims(ctx, token)
	return active
}

// activeClaims returns the claims of a token that is active.
func (s *Server) activeClaims(ctx context.Context, token string) (all map[string]any, active bool) {
	algorithm := jose.SignatureAlgorithm(s.config.Algorithm)
	parsed, err := jwt.ParseSigned(s.opaque.reveal(token), []jose.SignatureAlgorithm{algorithm})
	if err != nil {
		return nil, false
	}
	var claims jwt.Claims
	var raw json.RawMessage
	if err := parsed.Claims(&jose.JSONWebKeySet{Keys: s.keys.published(s.now())}, &claims, &raw); err != nil {
		return nil, false
	}
	if claims.Issuer != s.issuer || claims.Expiry == nil || !s.now().Before(claims.Expiry.Time()) {
		return nil, false
	}
	if parsed.Headers[0].ExtraHeaders[jose.HeaderType] != typeAccessToken {
		return nil, false
	}
	if id, _, ok := s.handles.open(accessHandle, claims.ID); ok { // otherwise made without a login
		if active, err := s.store.active(ctx, id, s.now()); err != nil || !active {
			return nil, false
		}
	}
	if err := json.Unmarshal(raw, &all); err != nil {
		return nil, false
	}
	return all, true
}
