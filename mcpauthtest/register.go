package mcpauthtest

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"mime"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	maxRegistrationBytes = 64 << 10
	maxRedirectURIs      = 16
	maxClientName        = 200 // runes
)

// registration is client metadata (RFC 7591 §2): what this server uses and
// what it repeats. Other members are ignored.
type registration struct {
	RedirectURIs            []string `json:"redirect_uris"`
	TokenEndpointAuthMethod string   `json:"token_endpoint_auth_method"`
	GrantTypes              []string `json:"grant_types"`
	ResponseTypes           []string `json:"response_types"`
	ApplicationType         string   `json:"application_type,omitempty"`
	ClientName              string   `json:"client_name,omitempty"`
	ClientURI               string   `json:"client_uri,omitempty"`
	LogoURI                 string   `json:"logo_uri,omitempty"`
	PolicyURI               string   `json:"policy_uri,omitempty"`
	TOSURI                  string   `json:"tos_uri,omitempty"`
	Scope                   string   `json:"scope,omitempty"`
	Contacts                []string `json:"contacts,omitempty"`
	SoftwareID              string   `json:"software_id,omitempty"`
	SoftwareVersion         string   `json:"software_version,omitempty"`
}

// registrationResponse is that of RFC 7591 §3.2.1.
type registrationResponse struct {
	ClientID              string `json:"client_id"`
	ClientIDIssuedAt      int64  `json:"client_id_issued_at"`
	ClientSecret          string `json:"client_secret,omitempty"`
	ClientSecretExpiresAt *int64 `json:"client_secret_expires_at,omitempty"`
	registration
}

// serveRegister registers any client (RFC 7591 §3), at a bounded rate and for a
// limited time. The scope it names is repeated but does not limit what it can
// ask for later: clients register with their first scope and step up.
func (s *Server) serveRegister(w http.ResponseWriter, r *http.Request) {
	s.counts.register.Add(1)
	if !s.registrations.allow(s.now()) {
		w.Header().Set("Retry-After", "1")
		s.writeError(w, r, &oauthError{http.StatusTooManyRequests, "temporarily_unavailable", "too many registrations"})
		return
	}
	asked, failed := readRegistration(w, r)
	if failed == nil {
		failed = asked.settle()
	}
	if failed != nil {
		s.writeError(w, r, failed)
		return
	}
	response, failed := s.register(r, asked)
	if failed != nil {
		s.writeError(w, r, failed)
		return
	}
	s.writeJSON(w, r, http.StatusCreated, response)
}

func readRegistration(w http.ResponseWriter, r *http.Request) (*registration, *oauthError) {
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != "application/json" {
		return nil, invalidMetadata("the body must be application/json")
	}
	asked := &registration{}
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxRegistrationBytes))
	if err := decoder.Decode(asked); err != nil {
		return nil, invalidMetadata("the body is not client metadata, or is too large")
	}
	if decoder.More() {
		return nil, invalidMetadata("the body holds more than client metadata")
	}
	return asked, nil
}

// settle checks what was asked for and replaces it by what is given.
func (a *registration) settle() *oauthError {
	if failed := a.settleRedirects(); failed != nil {
		return failed
	}
	a.TokenEndpointAuthMethod = orDefault(a.TokenEndpointAuthMethod, authBasic) // RFC 7591 §2
	if !slices.Contains(authMethodsSupported(), a.TokenEndpointAuthMethod) {
		return invalidMetadata("the token_endpoint_auth_method is not supported")
	}
	if failed := a.settleGrantTypes(); failed != nil {
		return failed
	}
	if len(a.ResponseTypes) > 0 && !slices.Contains(a.ResponseTypes, "code") {
		return invalidMetadata("response_types must hold code")
	}
	a.ResponseTypes = []string{"code"}
	if a.ApplicationType != "" && a.ApplicationType != "web" && a.ApplicationType != "native" {
		return invalidMetadata("the application_type must be web or native")
	}
	if utf8.RuneCountInString(a.ClientName) > maxClientName || hasControl(a.ClientName) {
		return invalidMetadata("the client_name is too long or has control characters")
	}
	_, failed := splitScopes(a.Scope)
	if failed != nil {
		return invalidMetadata("the scope is malformed")
	}
	return nil
}

func (a *registration) settleRedirects() *oauthError {
	if len(a.RedirectURIs) == 0 || len(a.RedirectURIs) > maxRedirectURIs {
		return invalidRedirect("redirect_uris must hold at least one URL, and not too many")
	}
	for _, uri := range a.RedirectURIs {
		if err := checkRedirectURI(uri); err != nil {
			return invalidRedirect("a redirect URI " + err.Error())
		}
	}
	return nil
}

// settleGrantTypes drops what is not to be had by registering (RFC 7591 §3.2.1
// lets the server replace values).
func (a *registration) settleGrantTypes() *oauthError {
	if len(a.GrantTypes) == 0 {
		a.GrantTypes = []string{grantAuthorizationCode} // RFC 7591 §2
	}
	if !slices.Contains(a.GrantTypes, grantAuthorizationCode) {
		return invalidMetadata("grant_types must hold authorization_code")
	}
	given := []string{grantAuthorizationCode}
	if slices.Contains(a.GrantTypes, grantRefreshToken) {
		given = append(given, grantRefreshToken)
	}
	a.GrantTypes = given
	return nil
}

// register stores the client.
func (s *Server) register(r *http.Request, given *registration) (*registrationResponse, *oauthError) {
	now := s.now()
	c := &client{
		id:           rand.Text(),
		redirectURIs: given.RedirectURIs,
		grantTypes:   given.GrantTypes,
		expires:      now.Add(s.config.RegistrationTTL),
	}
	c.name = orDefault(strings.TrimSpace(given.ClientName), c.id)
	response := &registrationResponse{ClientID: c.id, ClientIDIssuedAt: now.Unix(), registration: *given}
	if given.TokenEndpointAuthMethod != authNone {
		response.ClientSecret = rand.Text() + rand.Text()
		expires := c.expires.Unix()
		response.ClientSecretExpiresAt = &expires
		c.confidential, c.secretHash = true, sha256.Sum256([]byte(response.ClientSecret))
	}
	err := s.store.addClient(r.Context(), c, now)
	if errors.Is(err, errFull) {
		return nil, &oauthError{http.StatusServiceUnavailable, "temporarily_unavailable", "too many clients are registered"}
	}
	if err != nil {
		return nil, s.serverError(r, err)
	}
	s.log.InfoContext(r.Context(), "registered a client", "client", c.id, "name", c.name)
	return response, nil
}

// invalidMetadata and invalidRedirect are of RFC 7591 §3.2.2.
func invalidMetadata(description string) *oauthError {
	return &oauthError{http.StatusBadRequest, "invalid_client_metadata", description}
}

func invalidRedirect(description string) *oauthError {
	return &oauthError{http.StatusBadRequest, "invalid_redirect_uri", description}
}
