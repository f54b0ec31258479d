package mcpauth

import (
	"encoding/json"
	"net/http"

	"github.com/mcp-auth/go/internal/wellknown"
	"github.com/mcp-auth/go/reason"
)

// LegacyMetadataHandler serves the authorization server's metadata at the MCP
// server's own /.well-known/oauth-authorization-server, where clients of the
// specification of 2025-03-26 look for it. The document is that of the
// resource's first authorization server; the issuer in it stays the server's own.
//
// Deprecated: the specification of 2025-06-18 and later let clients find the
// authorization server through the protected resource metadata; use
// [Auth.MetadataHandler]. This handler is for clients that cannot yet.
func (a *Auth) LegacyMetadataHandler(opts ...Option) (http.Handler, error) {
	var p protection
	for _, opt := range opts {
		opt.apply(&p)
	}
	res, err := a.resource(p.resource)
	if err != nil {
		return nil, err
	}
	if res.first.metadata == nil && res.first.server.Metadata == nil {
		return nil, &ConfigError{Field: "AuthorizationServer.Metadata", Value: res.first.server.Issuer, Fault: NoMetadata}
	}
	return wellknown.Public(&legacyHandler{auth: a, source: res.first})
}

type legacyHandler struct {
	auth   *Auth
	source *issuer
}

func (h *legacyHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		wellknown.Serve(w, r, nil, "")
		return
	}
	md, err := h.source.serverMetadata(r.Context())
	if err != nil {
		h.auth.log.ErrorContext(r.Context(), "mcpauth: no metadata for legacy clients", "issuer", h.source.server.Issuer, "cause", err)
		WriteChallenge(w, &Challenge{
			Status: http.StatusServiceUnavailable, Reason: reason.ServerUnavailable, RetryAfter: retryAfter(err), cause: err,
			Description: "The authorization server's metadata cannot be fetched now.",
		})
		return
	}
	document, err := json.Marshal(md)
	if err != nil {
		WriteChallenge(w, err)
		return
	}
	wellknown.Serve(w, r, document, wellknown.ETag(document))
}
