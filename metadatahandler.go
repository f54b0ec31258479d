package mcpauth

import (
	"encoding/json"
	"log/slog"
	"net/http"

	"github.com/mcp-auth/go/configerr"
	"github.com/mcp-auth/go/internal/keys"
	"github.com/mcp-auth/go/internal/safelog"
	"github.com/mcp-auth/go/internal/wellknown"
	"github.com/mcp-auth/go/reason"
)

// MetadataHandler serves the protected resource metadata (RFC 9728 §3) of every
// resource at its well-known path, and at the root well-known path where that
// can mean only one. Mount it at "/.well-known/" or at the paths themselves.
//
// It answers GET, HEAD and preflight requests from any origin. It panics if the
// Auth is nil.
func (a *Auth) MetadataHandler() http.Handler {
	a.mustExist()
	return a.metadata
}

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
	if !res.first.HasMetadata() {
		return nil, &configerr.Error{Field: "AuthorizationServer.Metadata", Value: res.first.Issuer(), Fault: configerr.NoMetadata}
	}
	return wellknown.Public(&legacyHandler{auth: a, source: res.first})
}

type legacyHandler struct {
	auth   *Auth
	source *keys.Source
}

func (h *legacyHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		wellknown.Serve(w, r, nil, "")
		return
	}
	md, err := h.source.Metadata(r.Context())
	if err != nil {
		attrs := []slog.Attr{slog.String("issuer", h.source.Issuer())}
		safelog.Write(r.Context(), h.auth.log, slog.LevelError, "mcpauth: no metadata for legacy clients", append(attrs, safelog.Cause(err)...)...)
		WriteChallenge(w, &Challenge{
			Status: http.StatusServiceUnavailable, Reason: reason.ServerUnavailable, RetryAfter: keys.RetryAfter(err), cause: err,
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
