package mcpauth

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/jub0bs/cors"
	"github.com/mcp-auth/go/metadata"
)

const (
	protectedResourcePath = "/.well-known/oauth-protected-resource"
	metadataCacheControl  = "public, max-age=300"
)

// document renders the resource's metadata (RFC 9728 §2).
func (r *Resource) document(now time.Time) ([]byte, error) {
	doc := metadata.ProtectedResource{
		Resource:                           r.Identifier,
		ScopesSupported:                    r.ScopesSupported,
		BearerMethodsSupported:             []string{"header"},
		JWKSURI:                            r.JWKSURI,
		ResourceSigningAlgValuesSupported:  r.SigningAlgValues,
		ResourceName:                       r.Name,
		ResourceDocumentation:              r.Documentation,
		ResourcePolicyURI:                  r.PolicyURI,
		ResourceTOSURI:                     r.TOSURI,
		AuthorizationDetailsTypesSupported: r.AuthorizationDetailsTypes,

		DPoPSigningAlgValuesSupported:         r.DPoP.algorithms(),
		DPoPBoundAccessTokensRequired:         r.DPoP != nil && r.DPoP.Required,
		TLSClientCertificateBoundAccessTokens: r.MTLS != nil,
	}
	for _, s := range r.AuthorizationServers {
		doc.AuthorizationServers = append(doc.AuthorizationServers, s.Issuer)
	}
	for name, value := range r.Extra {
		raw, err := json.Marshal(value)
		if err != nil {
			return nil, err
		}
		if doc.Extra == nil {
			doc.Extra = make(map[string]json.RawMessage, len(r.Extra))
		}
		doc.Extra[name] = raw
	}
	document, err := json.Marshal(doc)
	if err != nil || r.MetadataSigner == nil {
		return document, err
	}
	if doc.SignedMetadata, err = r.MetadataSigner.sign(document, r.Identifier, now); err != nil {
		return nil, &ConfigError{Field: "Resources.MetadataSigner", Value: r.Identifier, Fault: InvalidSigner, detail: err}
	}
	return json.Marshal(doc)
}

// MetadataHandler serves the protected resource metadata (RFC 9728 §3) of every
// resource at its well-known path, and at the root well-known path where that
// can mean only one. Mount it at "/.well-known/" or at the paths themselves.
//
// It answers GET, HEAD and preflight requests from any origin.
func (a *Auth) MetadataHandler() http.Handler { return a.metadata.handler }

// published is the metadata of one resource, ready to be sent.
type published struct {
	host     string // of the identifier
	document []byte
	etag     string
}

// metadataHandler maps well-known paths to documents. Resources on several
// hosts may share a path; the Host header then chooses among them.
type metadataHandler struct {
	exact   map[string][]*published // path with query
	paths   map[string][]*published // path of identifiers without query
	only    *published              // nil: there are several
	roots   map[string]*published   // by host: the only one there, if it is
	handler http.Handler
}

func newMetadataHandler(resources []*resource) (*metadataHandler, error) {
	h := &metadataHandler{
		exact: map[string][]*published{}, paths: map[string][]*published{}, roots: map[string]*published{},
	}
	for _, res := range resources {
		if err := h.add(res); err != nil {
			return nil, err
		}
	}
	m, err := publicCORS()
	if err != nil {
		return nil, err
	}
	h.handler = m.Wrap(h)
	return h, nil
}

func (h *metadataHandler) add(res *resource) error {
	u, err := url.Parse(res.metadataURL)
	if err != nil {
		return err
	}
	p := &published{host: u.Host, document: res.document, etag: etagOf(res.document)}
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

// publicCORS lets every origin read public documents (RS20).
func publicCORS() (*cors.Middleware, error) {
	return cors.NewMiddleware(cors.Config{
		Origins:         []string{"*"},
		Methods:         []string{http.MethodGet, http.MethodHead},
		RequestHeaders:  []string{"*", "Authorization"},
		MaxAgeInSeconds: 600,
	})
}

func (h *metadataHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p := h.find(r)
	if p == nil {
		writeJSON(w, http.StatusNotFound, map[string]string{"error": "not_found"})
		return
	}
	serveDocument(w, r, p.document, p.etag)
}

func (h *metadataHandler) find(r *http.Request) *published {
	path := r.URL.EscapedPath()
	if r.URL.RawQuery != "" {
		if p := choose(h.exact[path+"?"+r.URL.RawQuery], r.Host); p != nil {
			return p
		}
	}
	if path == protectedResourcePath {
		return h.root(r.Host)
	}
	return choose(h.paths[path], r.Host)
}

// root is what the root well-known path means (RS2): the resource that is the
// host itself, the only one on the host, or the only one at all.
func (h *metadataHandler) root(host string) *published {
	exact := h.paths[protectedResourcePath]
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

// serveDocument answers GET, HEAD and OPTIONS for a public JSON document.
func serveDocument(w http.ResponseWriter, r *http.Request, document []byte, etag string) {
	h := w.Header()
	switch r.Method {
	case http.MethodGet, http.MethodHead:
	case http.MethodOptions:
		h.Set("Allow", "GET, HEAD, OPTIONS")
		w.WriteHeader(http.StatusNoContent)
		return
	default:
		h.Set("Allow", "GET, HEAD, OPTIONS")
		writeJSON(w, http.StatusMethodNotAllowed, map[string]string{"error": "method_not_allowed"})
		return
	}
	h.Set("Cache-Control", metadataCacheControl)
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

func etagOf(document []byte) string {
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
