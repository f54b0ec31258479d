package mcpauthtest

import (
	"encoding/json"
	"mime"
	"net/http"
	"net/url"
	"slices"
)

const (
	maxFormBytes  = 64 << 10
	maxQueryBytes = 16 << 10
	maxValueBytes = 4 << 10
	maxParameters = 64
	maxScopes     = 64
	maxResources  = 8
)

// oauthError is an error response (RFC 6749 §4.1.2.1, §5.2). The description
// never repeats what the client sent.
type oauthError struct {
	status      int // at endpoints that answer in JSON
	code        string
	description string
}

func invalidRequest(description string) *oauthError {
	return &oauthError{http.StatusBadRequest, "invalid_request", description}
}

func invalidScope(description string) *oauthError {
	return &oauthError{http.StatusBadRequest, "invalid_scope", description}
}

// invalidTarget is of RFC 8707 §2.
func invalidTarget(description string) *oauthError {
	return &oauthError{http.StatusBadRequest, "invalid_target", description}
}

func invalidGrant(description string) *oauthError {
	return &oauthError{http.StatusBadRequest, "invalid_grant", description}
}

func invalidClient(description string) *oauthError {
	return &oauthError{http.StatusUnauthorized, "invalid_client", description}
}

func unauthorizedClient(description string) *oauthError {
	return &oauthError{http.StatusBadRequest, "unauthorized_client", description}
}

func (s *Server) serverError(r *http.Request, err error) *oauthError {
	s.log.ErrorContext(r.Context(), "internal error", "path", r.URL.Path, "error", err)
	return &oauthError{http.StatusInternalServerError, "server_error", "the server failed"}
}

// writeError answers a program.
func (s *Server) writeError(w http.ResponseWriter, r *http.Request, e *oauthError) {
	s.log.InfoContext(r.Context(), "refused", "path", r.URL.Path, "error", e.code, "reason", e.description)
	if e.status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Basic realm="mcpauthtest"`)
	}
	s.writeJSON(w, r, e.status, map[string]string{"error": e.code, "error_description": e.description})
}

// writeJSON answers a program with something that must not be stored.
func (s *Server) writeJSON(w http.ResponseWriter, r *http.Request, status int, value any) {
	body, err := json.Marshal(value)
	if err != nil {
		s.log.ErrorContext(r.Context(), "internal error", "path", r.URL.Path, "error", err)
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client is gone if this fails
}

// parameters are those of a request. An empty value counts as none
// (RFC 6749 §3.1).
type parameters url.Values

// get returns the value of a parameter that was sent once.
func (p parameters) get(name string) string {
	if values := p[name]; len(values) == 1 {
		return values[0]
	}
	return ""
}

// resources returns the resource parameters, the only ones that can be sent
// more than once (RFC 8707 §2).
func (p parameters) resources() []string {
	var resources []string
	for _, r := range p["resource"] {
		if r != "" {
			resources = append(resources, r)
		}
	}
	return resources
}

// longParameters hold tokens, which may be as long as the body.
func longParameters() []string {
	return []string{"token", "assertion", "client_assertion", "subject_token"}
}

// check refuses what is ambiguous or too large.
func (p parameters) check() *oauthError {
	if len(p) > maxParameters {
		return invalidRequest("too many parameters")
	}
	for name, values := range p {
		if name != "resource" && len(values) > 1 {
			return invalidRequest("a parameter was sent more than once")
		}
		for _, v := range values {
			if len(v) > maxValueBytes && !slices.Contains(longParameters(), name) {
				return invalidRequest("a parameter is too long")
			}
		}
	}
	if len(p.resources()) > maxResources {
		return invalidTarget("too many resources")
	}
	return nil
}

// formParameters reads the body of a form request.
func formParameters(w http.ResponseWriter, r *http.Request) (parameters, *oauthError) {
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != "application/x-www-form-urlencoded" {
		return nil, invalidRequest("the body must be application/x-www-form-urlencoded")
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxFormBytes)
	if err := r.ParseForm(); err != nil {
		return nil, invalidRequest("the body cannot be read as a form, or is too large")
	}
	return parameters(r.PostForm), nil
}
