// Package respond writes the responses of endpoints that answer programs.
package respond

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"

	"github.com/mcp-auth/go/internal/authserver/oauth"
)

// documentCacheControl lets verifiers keep metadata and keys for a while.
const documentCacheControl = "public, max-age=300"

// Responder writes responses and logs errors.
type Responder struct {
	// Realm is the realm of challenges to authenticate.
	Realm string
	// Log receives every refusal and every error of the server's own.
	Log *slog.Logger
}

// Error answers with the error response of err. An error that is not an
// [*oauth.Error] is the server's own.
func (p Responder) Error(w http.ResponseWriter, r *http.Request, err error) {
	e := p.Classify(r, err)
	if e.Status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Basic realm="`+p.Realm+`"`)
	}
	p.JSON(w, r, e.Status, map[string]string{"error": e.Code, "error_description": e.Description})
}

// Classify logs err and returns the error response for it.
func (p Responder) Classify(r *http.Request, err error) *oauth.Error {
	var e *oauth.Error
	if !errors.As(err, &e) {
		e = oauth.ServerError(err)
	}
	if e.Status == http.StatusInternalServerError {
		p.Log.ErrorContext(r.Context(), "internal error", "path", r.URL.Path, "error", e.Cause)
		return e
	}
	attributes := []any{"path", r.URL.Path, "error", e.Code, "reason", e.Description}
	if e.Cause != nil {
		attributes = append(attributes, "cause", e.Cause)
	}
	p.Log.InfoContext(r.Context(), "refused", attributes...)
	return e
}

// JSON answers with a value that must not be stored.
func (p Responder) JSON(w http.ResponseWriter, r *http.Request, status int, value any) {
	body, err := json.Marshal(value)
	if err != nil {
		p.Log.ErrorContext(r.Context(), "internal error", "path", r.URL.Path, "error", err)
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	write(w, status, body)
}

// Document answers with a document that may be cached.
func (p Responder) Document(w http.ResponseWriter, r *http.Request, document any) {
	body, err := json.Marshal(document)
	if err != nil {
		p.Error(w, r, err)
		return
	}
	w.Header().Set("Cache-Control", documentCacheControl)
	write(w, http.StatusOK, body)
}

func write(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client is gone if this fails
}
