package authorize

import (
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/mcp-auth/go/internal/authserver/client"
	"github.com/mcp-auth/go/internal/authserver/grant"
	"github.com/mcp-auth/go/internal/authserver/oauth"
	"github.com/mcp-auth/go/internal/authserver/page"
	"github.com/mcp-auth/go/internal/authserver/respond"
	"github.com/mcp-auth/go/internal/fetch"
)

// Config configures an [Endpoint].
type Config struct {
	// Issuer is the iss parameter of responses (RFC 9207).
	Issuer    string
	Clients   client.Finder
	Supported *oauth.Supported
	Grants    *grant.Store
	// GrantTTL is how long after the login tokens can be refreshed.
	GrantTTL time.Duration
	Login    Login
	Pages    *page.Pages
	Respond  respond.Responder
	Log      *slog.Logger
	Now      func() time.Time
}

// Endpoint is the authorization endpoint. GET is the request of the client, POST
// the form of the page that the login shows, under the same query.
type Endpoint struct{ c Config }

// New returns an authorization endpoint.
func New(c Config) *Endpoint { return &Endpoint{c} }

// ServeHTTP answers an authorization request.
func (e *Endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e.c.Pages.SetHeaders(w.Header())
	if len(r.URL.RawQuery) > oauth.MaxQueryBytes {
		e.c.Pages.ShowError(w, r, http.StatusRequestURITooLong, "The authorization request is too long.")
		return
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		e.c.Pages.ShowError(w, r, http.StatusBadRequest, "The authorization request is malformed.")
		return
	}
	p := oauth.Parameters(query)
	c, redirectURI, ok := e.redirectTarget(w, r, p)
	if !ok {
		return
	}
	request, err := parse(p, c, redirectURI, e.c.Supported)
	if err != nil {
		e.refuse(w, r, &Request{Client: c, RedirectURI: redirectURI, State: p.Get("state")}, err)
		return
	}
	e.Complete(w, r, request, e.c.Login.Login(w, r, request))
}

// redirectTarget finds out where responses may go. Until that is certain, errors
// are shown to the user and never sent on (RFC 6749 §4.1.2.1).
func (e *Endpoint) redirectTarget(w http.ResponseWriter, r *http.Request, p oauth.Parameters) (*client.Client, string, bool) {
	refuse := func(status int, message string) (*client.Client, string, bool) {
		e.c.Pages.ShowError(w, r, status, message)
		return nil, "", false
	}
	c, err := e.c.Clients.Find(r.Context(), p.Get("client_id"))
	var described *client.DocumentError
	switch {
	case errors.Is(err, client.ErrUnknown):
		return refuse(http.StatusBadRequest, "The application is not registered here, or its registration has expired.")
	case errors.As(err, &described):
		// The page does not say why: how a fetch fails tells open ports from closed ones.
		e.c.Log.WarnContext(r.Context(), "the metadata document of a client cannot be used", "client", p.Get("client_id"), "cause", described.Err)
		return refuse(http.StatusBadRequest, "The document that describes the application cannot be fetched or used. The log of this server says why.")
	case err != nil:
		return refuse(e.c.Respond.Classify(r, err).Status, "The server failed.")
	}
	if len(p["redirect_uri"]) > 1 {
		return refuse(http.StatusBadRequest, "The redirect URI was sent more than once.")
	}
	redirectURI, ok := c.RedirectURI(p.Get("redirect_uri"))
	if !ok {
		return refuse(http.StatusBadRequest, "The redirect URI is not one that the application registered.")
	}
	return c, redirectURI, true
}

// Complete sends the client the outcome of a login. It does nothing if the login
// has answered the browser itself.
func (e *Endpoint) Complete(w http.ResponseWriter, r *http.Request, request *Request, d Decision) {
	switch {
	case d.refusal != nil && d.byUser:
		e.redirectError(w, r, request, d.refusal)
	case d.refusal != nil:
		e.refuse(w, r, request, d.refusal)
	case d.user != nil:
		e.approve(w, r, request, *d.user)
	}
}

// approve fixes the grant and sends its code to the client.
func (e *Endpoint) approve(w http.ResponseWriter, r *http.Request, request *Request, user grant.User) {
	code, err := e.c.Grants.AddWithCode(r.Context(), grant.Grant{
		Type:        oauth.GrantAuthorizationCode,
		ClientID:    request.Client.ID,
		ClientName:  request.Client.Name,
		User:        user,
		Scopes:      request.Scopes,
		Resources:   request.Resources,
		RedirectURI: request.RedirectURI,
		Challenge:   request.Challenge,
		Nonce:       request.Nonce,
		JKT:         request.JKT,
	}, e.c.Now().Add(e.c.GrantTTL))
	if err != nil {
		e.redirectError(w, r, request, err)
		return
	}
	e.c.Log.InfoContext(r.Context(), "granted", "client", request.Client.ID, "subject", user.Subject,
		"scope", strings.Join(request.Scopes, " "), "resource", request.Resources)
	e.redirect(w, r, request, url.Values{"code": {code}})
}

// refuse answers a request that no user has seen yet. Anyone can register a
// client, so sending an error on could lead a browser from a server that the user
// trusts to any place that a stranger chose: a page comes first (RFC 9700
// §4.11.2).
func (e *Endpoint) refuse(w http.ResponseWriter, r *http.Request, request *Request, err error) {
	if request.Client.Origin == client.Configured || fetch.IsLoopbackURL(request.RedirectURI) {
		e.redirectError(w, r, request, err)
		return
	}
	failed := e.c.Respond.Classify(r, err)
	e.c.Pages.ShowReturn(w, r, failed.Status, failed.Description, e.location(request, errorResponse(failed)))
}

func (e *Endpoint) redirectError(w http.ResponseWriter, r *http.Request, request *Request, err error) {
	e.redirect(w, r, request, errorResponse(e.c.Respond.Classify(r, err)))
}

func errorResponse(failed *oauth.Error) url.Values {
	return url.Values{"error": {failed.Code}, "error_description": {failed.Description}}
}

// redirect sends the authorization response.
func (e *Endpoint) redirect(w http.ResponseWriter, r *http.Request, request *Request, response url.Values) {
	status := http.StatusFound
	if r.Method == http.MethodPost {
		status = http.StatusSeeOther // the browser must drop the form with the password
	}
	w.Header().Set("Location", e.location(request, response))
	w.WriteHeader(status)
}

// location returns the URL of an authorization response. Errors have iss as well
// (RFC 9207 §2).
func (e *Endpoint) location(request *Request, response url.Values) string {
	response.Set("iss", e.c.Issuer)
	if request.State != "" {
		response.Set("state", request.State)
	}
	separator := "?"
	if strings.Contains(request.RedirectURI, "?") {
		separator = "&"
	}
	return request.RedirectURI + separator + response.Encode()
}
