package mcpauthtest

import (
	"cmp"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/mcp-auth/go/internal/authserver"
	"github.com/mcp-auth/go/internal/authserver/respond"
	"github.com/mcp-auth/go/internal/authserver/route"
)

// documentCacheControl is what the server sends with its documents.
const documentCacheControl = "public, max-age=300"

// spoiler makes the endpoints of a server misbehave as its faults say. The
// server itself knows nothing of them.
type spoiler struct {
	faults  *faultState
	server  *authserver.Server
	closing <-chan struct{}
	log     *slog.Logger
}

// spoil returns a route that misbehaves.
func (s *spoiler) spoil(r route.Route) route.Route {
	next := r.Handler
	spoilers := map[string]func(http.ResponseWriter, *http.Request, *Faults, http.Handler){
		authserver.OAuthMetadata: s.oauthMetadata,
		authserver.OIDCMetadata:  s.oidcMetadata,
		authserver.JWKS:          s.jwks,
		authserver.Authorization: s.authorization,
		authserver.Token:         s.token,
		authserver.Introspection: s.introspection,
	}
	spoil, ok := spoilers[r.Name]
	if !ok {
		return r
	}
	r.Handler = http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		spoil(w, request, s.faults.get(), next)
	})
	return r
}

func (s *spoiler) oauthMetadata(w http.ResponseWriter, r *http.Request, f *Faults, next http.Handler) {
	if f.HideOAuthMetadata {
		http.NotFound(w, r)
		return
	}
	s.metadata(w, r, f, next)
}

func (s *spoiler) oidcMetadata(w http.ResponseWriter, r *http.Request, f *Faults, next http.Handler) {
	if f.HideOIDCMetadata {
		http.NotFound(w, r)
		return
	}
	s.metadata(w, r, f, next)
}

func (s *spoiler) metadata(w http.ResponseWriter, r *http.Request, f *Faults, next http.Handler) {
	if f.MetadataIssuer != "" {
		document := s.server.Metadata()
		document.Issuer = f.MetadataIssuer
		next = s.document(document)
	}
	s.serveDocument(w, r, f.Metadata, next)
}

func (s *spoiler) jwks(w http.ResponseWriter, r *http.Request, f *Faults, next http.Handler) {
	if f.EmptyJWKS || f.NoKeyAlgorithm || f.OddKeys {
		next = s.document(map[string]any{"keys": spoiledKeys(f, s.server.KeySet().Keys)})
	}
	s.serveDocument(w, r, f.JWKS, next)
}

func spoiledKeys(f *Faults, published []jose.JSONWebKey) []any {
	keys := []any{}
	if f.OddKeys {
		keys = append(keys, oddKeys()...)
	}
	if f.EmptyJWKS {
		return keys
	}
	for _, key := range published {
		if f.NoKeyAlgorithm {
			key.Algorithm, key.Use = "", ""
		}
		keys = append(keys, key)
	}
	return keys
}

// oddKeys returns members of a JWK Set that a verifier must skip.
func oddKeys() []any {
	return []any{
		map[string]any{"kty": "FUTURE", "kid": "odd-type", "use": "sig"},
		map[string]any{"kty": "EC", "crv": "P-999", "x": "AA", "y": "AA", "kid": "odd-curve"},
		map[string]any{"kty": "RSA", "n": "AQ", "e": "AQAB", "kid": "odd-size"},
		jose.JSONWebKey{Key: []byte("no symmetric key is ever published by a server"), KeyID: "odd-symmetric"},
		"not an object",
	}
}

func (s *spoiler) token(w http.ResponseWriter, r *http.Request, f *Faults, next http.Handler) {
	s.serveResponse(w, r, f.Token, next)
}

func (s *spoiler) introspection(w http.ResponseWriter, r *http.Request, f *Faults, next http.Handler) {
	s.serveResponse(w, r, f.Introspection, next)
}

// serveResponse answers in place of an endpoint, if the fault says so.
func (s *spoiler) serveResponse(w http.ResponseWriter, r *http.Request, f DocumentFault, next http.Handler) {
	if !s.wait(r, f.Delay) {
		return
	}
	if f.Status == 0 && f.Body == nil {
		next.ServeHTTP(w, r)
		return
	}
	writeJSON(w, cmp.Or(f.Status, http.StatusOK), f.Body)
}

// serveDocument serves a document with the status and the body of the fault.
func (s *spoiler) serveDocument(w http.ResponseWriter, r *http.Request, f DocumentFault, next http.Handler) {
	if !s.wait(r, f.Delay) {
		return
	}
	if f.Status != 0 && f.Status != http.StatusOK {
		w = &statusWriter{w, f.Status}
	}
	if f.Body != nil {
		w.Header().Set("Cache-Control", documentCacheControl)
		writeJSON(w, http.StatusOK, f.Body)
		return
	}
	next.ServeHTTP(w, r)
}

// document serves a document as the server does.
func (s *spoiler) document(document any) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		respond.Responder{Log: s.log}.Document(w, r, document)
	})
}

func writeJSON(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client is gone if this fails
}

// statusWriter replaces the status of a document, which must not be cached then.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(int) {
	w.Header().Del("Cache-Control")
	w.ResponseWriter.WriteHeader(w.status)
}

func (s *spoiler) authorization(w http.ResponseWriter, r *http.Request, f *Faults, next http.Handler) {
	if f.NoAuthorizationIssuer {
		w = &issuerWriter{w, ""}
	} else if f.AuthorizationIssuer != "" {
		w = &issuerWriter{w, f.AuthorizationIssuer}
	}
	next.ServeHTTP(w, r)
}

// issuerWriter replaces iss of authorization responses, or leaves it out if the
// issuer is empty.
type issuerWriter struct {
	http.ResponseWriter
	issuer string
}

func (w *issuerWriter) WriteHeader(status int) {
	if location := w.Header().Get("Location"); location != "" {
		w.Header().Set("Location", replaceIssuer(location, w.issuer))
	}
	w.ResponseWriter.WriteHeader(status)
}

// replaceIssuer replaces the last iss of a URL. An earlier one is part of the
// redirect URI.
func replaceIssuer(location, issuer string) string {
	before, query, _ := strings.Cut(location, "?")
	parameters := strings.Split(query, "&")
	for i, parameter := range slices.Backward(parameters) {
		if !strings.HasPrefix(parameter, "iss=") {
			continue
		}
		if issuer == "" {
			parameters = slices.Delete(parameters, i, i+1)
		} else {
			parameters[i] = "iss=" + url.QueryEscape(issuer)
		}
		break
	}
	return before + "?" + strings.Join(parameters, "&")
}

// wait waits for d and reports whether the response is still wanted.
func (s *spoiler) wait(r *http.Request, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
		return false
	case <-s.closing:
		return false
	}
}
