package mcpauthtest

import (
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"time"

	"github.com/mcp-auth/go/internal/authserver/grant"
	"github.com/mcp-auth/go/internal/authserver/key"
	"github.com/mcp-auth/go/internal/authserver/oauth"
	"github.com/mcp-auth/go/internal/authserver/page"
	"github.com/mcp-auth/go/internal/authserver/route"
)

// statusPage lists the grants and reads tokens. It stores nothing that is typed
// in.
type statusPage struct {
	pages     *page.Pages
	metadata  string // URL
	resources []string
	users     []shownUser
	keys      *key.Ring
	grants    *grant.Store
	inspector *inspector
	log       *slog.Logger
	now       func() time.Time
}

// statusView is what the status page shows.
type statusView struct {
	Style      template.CSS
	Issuer     string
	Metadata   string
	Algorithm  string
	Keys       int
	Resources  []string
	Users      []shownUser
	Snippet    string
	Grants     []Grant
	Now        time.Time
	Action     string
	FormToken  string
	Done       string
	Problem    string
	Inspection *inspection
}

func (p *statusPage) route() route.Route {
	return route.Route{Name: "status", Methods: []string{"GET", "HEAD", "POST"}, Page: true, Handler: p}
}

// ServeHTTP shows the page, after it has done what its form asks for.
func (p *statusPage) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.pages.SetHeaders(w.Header())
	view := &statusView{}
	status := http.StatusOK
	if r.Method == http.MethodPost {
		status = p.change(w, r, view)
	}
	grants, err := listGrants(r.Context(), p.grants)
	if err != nil {
		p.log.ErrorContext(r.Context(), "internal error", "path", r.URL.Path, "error", err)
		p.pages.ShowError(w, r, http.StatusInternalServerError, "The server failed.")
		return
	}
	view.Style, view.Issuer, view.Algorithm = p.pages.Style(), p.pages.Issuer(), p.keys.Algorithm()
	view.Metadata = p.metadata
	view.Keys, view.Resources, view.Users, view.Grants = len(p.keys.Published(p.now())), p.resources, p.users, grants
	view.Snippet = fmt.Sprintf("AuthorizationServers: []mcpauth.AuthorizationServer{\n\t{Issuer: %q},\n},", view.Issuer)
	view.Now, view.Action, view.FormToken = p.now(), r.URL.Path, p.pages.FormToken(w, r)
	p.pages.Render(w, r, status, "status.html", view)
}

// change does what a form of the page asks for.
func (p *statusPage) change(w http.ResponseWriter, r *http.Request, view *statusView) int {
	form, err := oauth.ReadCheckedForm(w, r)
	if err != nil {
		view.Problem = "The form cannot be read."
		return http.StatusBadRequest
	}
	if !p.pages.FromOwnPage(r, form.Get("csrf")) {
		view.Problem = "The form was not sent from this page, or cookies are blocked."
		return http.StatusForbidden
	}
	switch form.Get("action") {
	case "inspect":
		view.Inspection = p.inspector.inspect(r.Context(), form.Get("token"))
	case "revoke":
		if err := revokeGrant(r.Context(), p.grants, form.Get("grant")); err != nil {
			view.Problem = "The grant cannot be revoked."
			return http.StatusBadRequest
		}
		view.Done = "The grant is revoked."
	case "rotate":
		if err := p.keys.Rotate(); err != nil {
			p.log.ErrorContext(r.Context(), "internal error", "path", r.URL.Path, "error", err)
			view.Problem = "The keys cannot be rotated."
			return http.StatusInternalServerError
		}
		view.Done = "The keys are rotated. Tokens signed so far stay valid."
	default:
		view.Problem = "The form asks for an unknown action."
		return http.StatusBadRequest
	}
	return http.StatusOK
}
