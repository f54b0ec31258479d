// Package wellknown serves public documents at well-known paths: the metadata of
// protected resources (RFC 9728 §3).
package wellknown

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/jub0bs/cors"

	"github.com/mcp-auth/go/internal/response"
)

const (
	resourcePath = "/.well-known/oauth-protected-resource"
	cacheControl = "public, max-age=300"
)

// Document is the metadata of one resource.
type Document struct {
	URL  string // where clients look for it
	Body []byte
}

// published is the metadata of one resource, ready to be sent.
type published struct {
	host     string // of the identifier
	document []byte
	etag     string
}

// handler maps well-known paths to documents. Resources on several
// hosts may share a path; the Host header then chooses among them.
type handler struct {
	exact map[string][]*published // path with query
	paths map[string][]*published // path of identifiers without query
	only  *published              // nil: there are several
	roots map[string]*published   // by host: the only one there, if it is
}

// New returns a handler that serves the documents at their well-known paths, and
// at the root path if that can mean only one. It answers GET, HEAD and preflight
// requests from any origin.
func New(documents []Document) (http.Handler, error) {
	h := &handler{
		exact: map[string][]*published{}, paths: map[string][]*published{}, roots: map[string]*published{},
	}
	for _, d := range documents {
		if err := h.add(d); err != nil {
			return nil, err
		}
	}
	return Public(h)
}

func (h *handler) add(d Document) error {
	u, err := url.Parse(d.URL)
	if err != nil {
		return err
	}
	p := &published{host: u.Host, document: d.Body, etag: ETag(d.Body)}
	places, place := h.paths, u.EscapedPath()
	if u.RawQuery != "" {
		places, place = h.exact, u.RequestURI()
	}
	places[place] = append(places[place], p)

	host := strings.ToLower(u.Host)
	if _, several := h.roots[host]; several {
		h.roots[host] = nil
	} else {
		h.roots[host] = p
	}
	if h.only = p; len(h.exact)+len(h.paths) > 1 || len(places[place]) > 1 {
		h.only = nil
	}
	return nil
}

// Public lets every origin read what next serves.
func Public(next http.Handler) (http.Handler, error) {
	m, err := cors.NewMiddleware(cors.Config{
		Origins:         []string{"*"},
		Methods:         []string{http.MethodGet, http.MethodHead},
		RequestHeaders:  []string{"*", "Authorization"},
		MaxAgeInSeconds: 600,
	})
	if err != nil {
		return nil, err
	}
	return m.Wrap(next), nil
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p := h.find(r)
	if p == nil {
		response.WriteJSON(w, http.StatusNotFound, map[string]string{"error": "not_found"})
		return
	}
	Serve(w, r, p.document, p.etag)
}

func (h *handler) find(r *http.Request) *published {
	path := r.URL.EscapedPath()
	if r.URL.RawQuery != "" {
		if p := choose(h.exact[path+"?"+r.URL.RawQuery], r.Host); p != nil {
			return p
		}
	}
	if path == resourcePath {
		return h.root(r.Host)
	}
	return choose(h.paths[path], r.Host)
}

// root is what the root well-known path means (RS2): the resource that is the
// host itself, the only one on the host, or the only one at all.
func (h *handler) root(host string) *published {
	exact := h.paths[resourcePath]
	for _, p := range exact {
		if strings.EqualFold(p.host, host) {
			return p
		}
	}
	if p := h.roots[strings.ToLower(host)]; p != nil {
		return p
	}
	if h.only != nil {
		return h.only
	}
	return choose(exact, host)
}

// choose picks the only candidate, or the only one on this host.
func choose(candidates []*published, host string) *published {
	if len(candidates) == 1 {
		return candidates[0]
	}
	var found *published
	for _, p := range candidates {
		if !strings.EqualFold(p.host, host) {
			continue
		}
		if found != nil {
			return nil
		}
		found = p
	}
	return found
}

// Serve answers GET, HEAD and OPTIONS for a public JSON document.
func Serve(w http.ResponseWriter, r *http.Request, document []byte, etag string) {
	h := w.Header()
	switch r.Method {
	case http.MethodGet, http.MethodHead:
	case http.MethodOptions:
		h.Set("Allow", "GET, HEAD, OPTIONS")
		w.WriteHeader(http.StatusNoContent)
		return
	default:
		h.Set("Allow", "GET, HEAD, OPTIONS")
		response.WriteJSON(w, http.StatusMethodNotAllowed, map[string]string{"error": "method_not_allowed"})
		return
	}
	h.Set("Cache-Control", cacheControl)
	h.Set("ETag", etag)
	if matchesETag(r.Header.Get("If-None-Match"), etag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Type", "application/json")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Length", strconv.Itoa(len(document)))
	if r.Method == http.MethodGet {
		_, _ = w.Write(document)
	}
}

// ETag returns the entity tag of a document.
func ETag(document []byte) string {
	sum := sha256.Sum256(document)
	return `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
}

// matchesETag compares as RFC 9110 §13.1.2 says: weakly, any of the list.
func matchesETag(header, etag string) bool {
	for candidate := range strings.SplitSeq(header, ",") {
		candidate = strings.TrimPrefix(strings.TrimSpace(candidate), "W/")
		if candidate == etag || candidate == "*" {
			return true
		}
	}
	return false
}
