// Package consent is the page that asks a user whether a client may act for
// them.
package consent

import (
	"html/template"
	"net/http"
	"net/url"

	"github.com/mcp-auth/go/internal/authserver/authorize"
	"github.com/mcp-auth/go/internal/authserver/client"
	"github.com/mcp-auth/go/internal/authserver/oauth"
	"github.com/mcp-auth/go/internal/authserver/page"
	"github.com/mcp-auth/go/internal/fetch"
)

// Page shows the page and reads its form.
type Page struct {
	// Pages renders it.
	Pages *page.Pages
	// ScopeDescriptions says in words what a scope permits.
	ScopeDescriptions map[string]string
	// Login is for the templates of the login, as .Login.
	Login any
}

// view is what the page shows.
type view struct {
	Style        template.CSS
	Issuer       string
	ClientName   string
	ClientHost   string // of its Client ID Metadata Document
	RedirectHost string
	Scheme       string // of a private-use redirect URI, which has no host
	Loopback     bool   // the redirect host
	OtherHost    bool   // the redirect host is not the client's
	SelfNamed    bool   // no one checked the client's name
	Resources    []string
	Scopes       []scopeView
	Action       string
	FormToken    string
	LoginHint    string
	Problem      string
	Login        any
}

type scopeView struct{ Name, Words string }

// Show asks the user. problem says what was wrong with the last answer.
func (p *Page) Show(w http.ResponseWriter, r *http.Request, request *authorize.Request, status int, problem string) {
	target, err := url.Parse(request.RedirectURI)
	if err != nil {
		p.Pages.ShowError(w, r, http.StatusBadRequest, "The redirect URI is malformed.")
		return
	}
	v := view{
		Style:        p.Pages.Style(),
		Issuer:       p.Pages.Issuer(),
		ClientName:   request.Client.Name,
		ClientHost:   request.Client.DocumentHost(),
		RedirectHost: target.Host,
		Loopback:     fetch.IsLoopbackHost(target.Hostname()),
		SelfNamed:    request.Client.Origin != client.Configured,
		Resources:    request.Resources,
		Action:       r.URL.Path + "?" + r.URL.RawQuery,
		FormToken:    p.Pages.FormToken(w, r),
		LoginHint:    request.LoginHint,
		Problem:      problem,
		Login:        p.Login,
	}
	if client.IsPrivateUse(target) {
		v.Scheme = target.Scheme
	}
	v.OtherHost = v.Scheme == "" && v.ClientHost != "" && v.ClientHost != v.RedirectHost && !v.Loopback
	for _, scope := range request.Scopes {
		v.Scopes = append(v.Scopes, scopeView{scope, p.describe(scope)})
	}
	p.Pages.Render(w, r, status, "consent.html", v)
}

func (p *Page) describe(scope string) string {
	if words := p.ScopeDescriptions[scope]; words != "" {
		return words
	}
	switch scope {
	case oauth.ScopeOpenID:
		return "Know who you are"
	case oauth.ScopeProfile:
		return "See your name"
	case oauth.ScopeEmail:
		return "See your email address"
	case oauth.ScopeOfflineAccess:
		return "Keep access while you are away"
	}
	return ""
}

// Form is what a user sent back.
type Form struct {
	oauth.Parameters
	Approved bool
}

// Read reads the form of the page. If it cannot be trusted, Read shows an error
// and reports false.
func (p *Page) Read(w http.ResponseWriter, r *http.Request) (Form, bool) {
	sent, err := oauth.ReadForm(w, r)
	if err != nil {
		p.Pages.ShowError(w, r, http.StatusBadRequest, "The form cannot be read.")
		return Form{}, false
	}
	if !p.Pages.FromOwnPage(r, sent.Get("csrf")) {
		p.Pages.ShowError(w, r, http.StatusForbidden,
			"The form was not sent from this server's page, or cookies are blocked. Start again in the application.")
		return Form{}, false
	}
	return Form{sent, sent.Get("decision") == "approve"}, true
}
