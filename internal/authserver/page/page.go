// Package page renders the pages of an authorization server and protects their
// forms.
package page

import (
	"bytes"
	"cmp"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"

	"github.com/mcp-auth/go/internal/webpage"
)

//go:embed templates
var templateFiles embed.FS

// Config configures [Pages].
type Config struct {
	// Issuer is shown on every page.
	Issuer string
	// FormKey is the key of form tokens, Cookie the name of their cookie.
	FormKey []byte
	Cookie  string
	// Templates holds further templates in *.html and, in style.css, their
	// style. They can define "consent title", "consent note", "consent fields",
	// "consent approve" and "error note" for the pages of this package. Nil
	// means none.
	Templates fs.FS
	Log       *slog.Logger
}

// Pages renders pages. It is safe for concurrent use.
type Pages struct {
	inline    *webpage.Inline
	templates *template.Template
	forms     forms
	issuer    string
	log       *slog.Logger
}

// New returns the pages of a server.
func New(c Config) (*Pages, error) {
	own, err := fs.Sub(templateFiles, "templates")
	if err != nil {
		return nil, fmt.Errorf("reading the pages: %w", err)
	}
	all := template.New("")
	style := ""
	for _, files := range []fs.FS{own, c.Templates} {
		if files == nil {
			continue
		}
		if all, err = all.ParseFS(files, "*.html"); err != nil {
			return nil, fmt.Errorf("reading the pages: %w", err)
		}
		css, err := fs.ReadFile(files, "style.css")
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("reading the pages: %w", err)
		}
		style += string(css)
	}
	return &Pages{
		// Forms may lead anywhere: browsers apply form-action to redirects too,
		// and the response to the form redirects to any URL that the client
		// registered.
		inline:    webpage.New(style, "", ""),
		templates: all,
		forms:     newForms(c.Issuer, c.FormKey, c.Cookie),
		issuer:    c.Issuer,
		log:       c.Log,
	}, nil
}

// Issuer returns the issuer that pages show.
func (p *Pages) Issuer() string { return p.issuer }

// Style returns the content of the style element of every page.
func (p *Pages) Style() template.CSS { return p.inline.Style }

// SetHeaders sets the headers of a page.
func (p *Pages) SetHeaders(h http.Header) { p.inline.SetHeaders(h) }

const cannotAuthorize = "This cannot be authorized"

type errorView struct {
	Style   template.CSS
	Issuer  string
	Title   string
	Message string
	// Return leads back to the application. It is empty if nothing may lead there.
	// ReturnTo is the place in words.
	Return   template.URL
	ReturnTo string
}

// ShowError shows the user an error that cannot be sent to the client.
func (p *Pages) ShowError(w http.ResponseWriter, r *http.Request, status int, message string) {
	p.log.InfoContext(r.Context(), "refused", "path", r.URL.Path, "reason", message)
	p.Render(w, r, status, "error.html", errorView{Style: p.Style(), Issuer: p.issuer, Title: cannotAuthorize, Message: message})
}

// ShowProblem shows a person a page that says why there is no other, with the
// headers of a page.
func (p *Pages) ShowProblem(w http.ResponseWriter, r *http.Request, status int, title, message string) {
	p.SetHeaders(w.Header())
	p.Render(w, r, status, "error.html", errorView{Style: p.Style(), Issuer: p.issuer, Title: title, Message: message})
}

// ShowReturn shows the user an error with a link by which they can send it to
// the client. location is an authorization response at a registered redirect URI.
func (p *Pages) ShowReturn(w http.ResponseWriter, r *http.Request, status int, message, location string) {
	target, err := url.Parse(location)
	if err != nil {
		p.ShowError(w, r, status, message)
		return
	}
	p.Render(w, r, status, "error.html", errorView{
		Style: p.Style(), Issuer: p.issuer, Title: cannotAuthorize, Message: message,
		// The template knows only http and https. Other schemes were checked when
		// the client registered.
		Return: template.URL(location), ReturnTo: cmp.Or(target.Host, target.Scheme+":"),
	})
}

// Render renders the template of that name.
func (p *Pages) Render(w http.ResponseWriter, r *http.Request, status int, name string, view any) {
	var page bytes.Buffer
	if err := p.templates.ExecuteTemplate(&page, name, view); err != nil {
		p.log.ErrorContext(r.Context(), "internal error", "path", r.URL.Path, "error", err)
		http.Error(w, "the server failed", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = page.WriteTo(w) // the browser is gone if this fails
}

// FormToken returns the token for a form on the page that answers r, and sets
// its cookie. The token is bound to the browser by the cookie and to the
// authorization request by its query: the form consents only to what the page
// showed.
func (p *Pages) FormToken(w http.ResponseWriter, r *http.Request) string {
	return p.forms.newToken(w, r)
}

// FromOwnPage reports whether a form with this token was sent from a page of
// this server, for the same query.
func (p *Pages) FromOwnPage(r *http.Request, token string) bool { return p.forms.check(r, token) }
