package mcpauthtest

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/mcp-auth/go/internal/jsonx"
)

const (
	maxRegistrationBytes = 64 << 10
	maxRedirectURIs      = 16
	maxMetadataDepth     = 16
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
	ClientID                string   `json:"-"` // of a Client ID Metadata Document
	Scope                   string   `json:"scope,omitempty"`
	Contacts                []string `json:"contacts,omitempty"`
	SoftwareID              string   `json:"software_id,omitempty"`
	SoftwareVersion         string   `json:"software_version,omitempty"`
	DPoPBound               bool     `json:"dpop_bound_access_tokens,omitempty"` // RFC 9449 §5.2
	JWKSURI                 string   `json:"jwks_uri,omitempty"`

	JWKS      json.RawMessage `json:"jwks,omitempty"`
	hasSecret bool
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
		failed = asked.settle(authBasic) // RFC 7591 §2
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
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRegistrationBytes))
	if err != nil {
		return nil, invalidMetadata("the body cannot be read, or is too large")
	}
	asked, err := parseClientMetadata(body)
	if err != nil {
		return nil, invalidMetadata("the body is not client metadata: " + err.Error())
	}
	return asked, nil
}

// parseClientMetadata reads client metadata (RFC 7591 §2). Members that are not
// known are ignored; one that is known must have its type.
func parseClientMetadata(raw []byte) (*registration, error) {
	asked := &registration{}
	if err := jsonx.Object(raw, maxMetadataDepth, asked.member); err != nil {
		return nil, err
	}
	return asked, nil
}

func (a *registration) member(name string, raw []byte) error {
	if string(raw) == "null" {
		return nil // as if it were missing
	}
	texts := map[string]*string{
		"client_id": &a.ClientID, "token_endpoint_auth_method": &a.TokenEndpointAuthMethod,
		"application_type": &a.ApplicationType, "client_name": &a.ClientName, "client_uri": &a.ClientURI,
		"logo_uri": &a.LogoURI, "policy_uri": &a.PolicyURI, "tos_uri": &a.TOSURI, "scope": &a.Scope,
		"software_id": &a.SoftwareID, "software_version": &a.SoftwareVersion, "jwks_uri": &a.JWKSURI,
	}
	lists := map[string]*[]string{
		"redirect_uris": &a.RedirectURIs, "grant_types": &a.GrantTypes,
		"response_types": &a.ResponseTypes, "contacts": &a.Contacts,
	}
	ok := true
	if text := texts[name]; text != nil {
		*text, ok = jsonx.String(raw)
	} else if list := lists[name]; list != nil {
		*list, ok = jsonx.Strings(raw)
	}
	switch name {
	case "jwks":
		a.JWKS = bytes.Clone(raw)
	case "dpop_bound_access_tokens":
		a.DPoPBound, ok = jsonx.Bool(raw)
	case "client_secret":
		a.hasSecret = true
	}
	if !ok {
		return errors.New("a member has the wrong type")
	}
	return nil
}

// settle checks what was asked for and replaces it by what is given.
// defaultMethod is how a client authenticates that says nothing of it.
func (a *registration) settle(defaultMethod string) *oauthError {
	if failed := a.settleRedirects(); failed != nil {
		return failed
	}
	a.TokenEndpointAuthMethod = cmp.Or(a.TokenEndpointAuthMethod, defaultMethod)
	if !slices.Contains(authMethodsSupported(), a.TokenEndpointAuthMethod) {
		return invalidMetadata("the token_endpoint_auth_method is not supported")
	}
	for _, check := range []func() *oauthError{a.settleKeys, a.settleGrantTypes, a.settleResponses, a.checkTexts} {
		if failed := check(); failed != nil {
			return failed
		}
	}
	return nil
}

// settleKeys checks the keys of a client that authenticates with them, and drops
// those of others.
func (a *registration) settleKeys() *oauthError {
	if a.TokenEndpointAuthMethod != authPrivateKey {
		a.JWKS, a.JWKSURI = nil, ""
		return nil
	}
	if (a.JWKS == nil) == (a.JWKSURI == "") {
		return invalidMetadata("private_key_jwt needs jwks or jwks_uri, and not both")
	}
	var f faults
	if checkKeys(&f, "", a.JWKS, a.JWKSURI); len(f) > 0 {
		return invalidMetadata("the jwks has no public signing key, or the jwks_uri is not one of https")
	}
	return nil
}

func (a *registration) settleResponses() *oauthError {
	if len(a.ResponseTypes) > 0 && !slices.Contains(a.ResponseTypes, "code") {
		return invalidMetadata("response_types must hold code")
	}
	a.ResponseTypes = []string{"code"}
	if a.ApplicationType != "" && a.ApplicationType != "web" && a.ApplicationType != "native" {
		return invalidMetadata("the application_type must be web or native")
	}
	return nil
}

func (a *registration) checkTexts() *oauthError {
	if utf8.RuneCountInString(a.ClientName) > maxClientName || hasControl(a.ClientName) {
		return invalidMetadata("the client_name is too long or has control characters")
	}
	if _, failed := splitScopes(a.Scope); failed != nil {
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

// settleGrantTypes drops what is not to be had by describing oneself (RFC 7591
// §3.2.1 lets the server replace values).
func (a *registration) settleGrantTypes() *oauthError {
	if len(a.GrantTypes) == 0 {
		a.GrantTypes = []string{grantAuthorizationCode} // RFC 7591 §2
	}
	var given []string
	for _, offered := range []string{grantAuthorizationCode, grantRefreshToken, grantJWTBearer} {
		if slices.Contains(a.GrantTypes, offered) {
			given = append(given, offered)
		}
	}
	if !slices.Contains(given, grantAuthorizationCode) {
		return invalidMetadata("grant_types must hold authorization_code")
	}
	a.GrantTypes = given
	return nil
}

// client returns the client that settled metadata describe.
func (a *registration) client(id string, origin clientOrigin) (*client, error) {
	c := &client{
		id: id, name: cmp.Or(strings.TrimSpace(a.ClientName), id), origin: origin, dpopBound: a.DPoPBound,
		redirectURIs: a.RedirectURIs, grantTypes: a.GrantTypes,
	}
	if a.TokenEndpointAuthMethod != authPrivateKey {
		return c, nil
	}
	keys, err := newKeySource(a.JWKS, a.JWKSURI)
	c.keys = keys
	return c, err
}

// register stores the client.
func (s *Server) register(r *http.Request, given *registration) (*registrationResponse, *oauthError) {
	now := s.now()
	id, expires := rand.Text(), now.Add(s.config.RegistrationTTL)
	given.ClientID = ""
	stored := storedClient{Metadata: *given}
	response := &registrationResponse{ClientID: id, ClientIDIssuedAt: now.Unix(), registration: *given}
	if slices.Contains([]string{authBasic, authPost}, given.TokenEndpointAuthMethod) {
		response.ClientSecret = rand.Text() + rand.Text()
		expiry := expires.Unix()
		response.ClientSecretExpiresAt = &expiry
		stored.SecretHash = hashSecret(response.ClientSecret)
	}
	data, err := json.Marshal(stored)
	if err == nil {
		err = s.store.AddClient(r.Context(), StoredClient{id, data, expires}, now)
	}
	if errors.Is(err, ErrFull) {
		return nil, &oauthError{http.StatusServiceUnavailable, "temporarily_unavailable", "too many clients are registered"}
	}
	if err != nil {
		return nil, s.serverError(r, err)
	}
	s.log.InfoContext(r.Context(), "registered a client", "client", id, "name", given.ClientName)
	return response, nil
}

// invalidMetadata and invalidRedirect are of RFC 7591 §3.2.2.
func invalidMetadata(description string) *oauthError {
	return &oauthError{http.StatusBadRequest, "invalid_client_metadata", description}
}

func invalidRedirect(description string) *oauthError {
	return &oauthError{http.StatusBadRequest, "invalid_redirect_uri", description}
}
