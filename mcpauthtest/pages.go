package mcpauthtest

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strings"

	"github.com/mcp-auth/go/internal/fetch"
	"github.com/mcp-auth/go/internal/webpage"
)

//go:embed templates
var templateFiles embed.FS

const (
	csrfCookie       = "mcpauthtest"
	csrfSecretBytes  = 32
	csrfCookieMaxAge = 3600 // seconds
)

// pages renders what people see.
type pages struct {
	*webpage.Inline
	templates *template.Template
	csrfKey   []byte
	secure    bool // https: the cookie can have the prefix __Host-
	origins   *http.CrossOriginProtection
}

func newPages(issuer string, csrfKey []byte) (*pages, error) {
	templates, err := template.ParseFS(templateFiles, "templates/*.html")
	if err != nil {
		return nil, fmt.Errorf("mcpauthtest: reading the pages: %w", err)
	}
	style, err := templateFiles.ReadFile("templates/style.css")
	if err != nil {
		return nil, fmt.Errorf("mcpauthtest: reading the pages: %w", err)
	}
	return &pages{
		templates: templates,
		// Forms may lead anywhere: browsers apply form-action to redirects too,
		// and the answer to the form redirects to whatever the client registered.
		Inline:  webpage.New(string(style), "", ""),
		secure:  strings.HasPrefix(issuer, "https:"),
		origins: http.NewCrossOriginProtection(),
		csrfKey: csrfKey,
	}, nil
}

// consentView is what the consent page shows.
type consentView struct {
	Style        template.CSS
	Issuer       string
	ClientName   string
	ClientHost   string // of its Client ID Metadata Document
	RedirectHost string
	Loopback     bool // the redirect host
	OtherHost    bool // the redirect host is not the client's
	SelfNamed    bool // nobody checked the client's name
	Resources    []string
	Scopes       []scopeView
	Action       string
	CSRF         string
	LoginHint    string
	Problem      string
}

type scopeView struct{ Name, Words string }

// showConsent asks the user. problem says what was wrong with the last answer.
func (s *Server) showConsent(w http.ResponseWriter, r *http.Request, request *authorizationRequest, status int, problem string) {
	target, err := url.Parse(request.redirectURI)
	if err != nil {
		s.showError(w, r, http.StatusBadRequest, "The redirect URI is malformed.")
		return
	}
	view := consentView{
		Style:        s.pages.Style,
		Issuer:       s.issuer,
		ClientName:   request.client.name,
		ClientHost:   request.client.documentHost(),
		RedirectHost: target.Host,
		Loopback:     fetch.IsLoopbackHost(target.Hostname()),
		SelfNamed:    request.client.origin != configured,
		Resources:    request.resources,
		Action:       r.URL.Path + "?" + r.URL.RawQuery,
		CSRF:         s.pages.newCSRF(w, r),
		LoginHint:    request.loginHint,
		Problem:      problem,
	}
	view.OtherHost = view.ClientHost != "" && view.ClientHost != view.RedirectHost && !view.Loopback
	for _, scope := range request.scopes {
		view.Scopes = append(view.Scopes, scopeView{scope, s.scopeWords(scope)})
	}
	s.render(w, r, status, "consent.html", view)
}

// documentHost is the host that a client is identified by, if it is by one
// (Client ID Metadata Document §6.4).
func (c *client) documentHost() string {
	if c.origin != selfDescribed {
		return ""
	}
	u, err := url.Parse(c.id)
	if err != nil {
		return ""
	}
	return u.Host
}

func (s *Server) scopeWords(scope string) string {
	if words := s.config.ScopeDescriptions[scope]; words != "" {
		return words
	}
	switch scope {
	case scopeOpenID:
		return "Know who you are"
	case scopeProfile:
		return "See your name"
	case scopeEmail:
		return "See your email address"
	case scopeOfflineAccess:
		return "Keep access while you are away"
	}
	return ""
}

type errorView struct {
	Style   template.CSS
	Issuer  string
	Message string
}

// showError tells the user what cannot be sent to the client.
func (s *Server) showError(w http.ResponseWriter, r *http.Request, status int, message string) {
	s.log.InfoContext(r.Context(), "refused", "path", r.URL.Path, "reason", message)
	s.render(w, r, status, "error.html", errorView{s.pages.Style, s.issuer, message})
}

func (s *Server) render(w http.ResponseWriter, r *http.Request, status int, name string, view any) {
	var page bytes.Buffer
	if err := s.pages.templates.ExecuteTemplate(&page, name, view); err != nil {
		s.log.ErrorContext(r.Context(), "internal error", "path", r.URL.Path, "error", err)
		http.Error(w, "the server failed", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = page.WriteTo(w) // the browser is gone if this fails
}

// sameSite refuses forms that another site's page sent.
func (p *pages) sameSite(r *http.Request) bool { return p.origins.Check(r) == nil }

// newCSRF returns the token for a form, bound to the browser by a cookie and to
// the authorization request by its query: the form consents to what the page
// showed and to nothing else.
func (p *pages) newCSRF(w http.ResponseWriter, r *http.Request) string {
	secret, ok := p.csrfSecret(r)
	if !ok {
		raw := make([]byte, csrfSecretBytes)
		_, _ = rand.Read(raw) // never fails (crypto/rand)
		secret = base64.RawURLEncoding.EncodeToString(raw)
	}
	http.SetCookie(w, &http.Cookie{
		Name: p.csrfCookie(), Value: secret, Path: "/", MaxAge: csrfCookieMaxAge,
		HttpOnly: true, Secure: p.secure, SameSite: http.SameSiteLaxMode,
	})
	return p.csrfToken(secret, r)
}

func (p *pages) checkCSRF(r *http.Request, token string) bool {
	secret, ok := p.csrfSecret(r)
	return ok && hmac.Equal([]byte(token), []byte(p.csrfToken(secret, r)))
}

// csrfToken covers the query as it is understood: browsers may escape it in
// another way than the client did.
func (p *pages) csrfToken(secret string, r *http.Request) string {
	m := hmac.New(sha256.New, p.csrfKey)
	m.Write([]byte(secret + "\n" + r.URL.Query().Encode()))
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil))
}

// csrfSecret returns the value of the cookie, if it is one that could have been
// set here.
func (p *pages) csrfSecret(r *http.Request) (string, bool) {
	cookies := r.CookiesNamed(p.csrfCookie())
	if len(cookies) != 1 {
		return "", false
	}
	_, ok := decodeExactly(cookies[0].Value, csrfSecretBytes)
	return cookies[0].Value, ok
}

// csrfCookie has the prefix that keeps other hosts from setting the cookie,
// where browsers allow it.
func (p *pages) csrfCookie() string {
	if p.secure {
		return "__Host-" + csrfCookie
	}
	return csrfCookie
}
