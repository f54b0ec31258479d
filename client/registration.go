package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/mcp-auth/go/internal/fetch"
	"github.com/mcp-auth/go/internal/jsonx"
	"github.com/mcp-auth/go/metadata"
)

// register finds the client's identity at an authorization server, in MCP's
// order: registered beforehand, client ID metadata document, dynamic
// registration, and else an error that says what to do.
func (c *Client) register(ctx context.Context, f *flow, redirectURI string) (identity, error) {
	who, found, err := c.preRegistered(f)
	if err != nil || found {
		return who, err
	}
	if c.config.MetadataDocumentURL != "" && f.as.ClientIDMetadataDocumentSupported {
		return identity{id: c.config.MetadataDocumentURL, method: methodNone}, nil
	}
	if redirectURI == "" || f.as.RegistrationEndpoint == "" || c.config.Registration.Disabled {
		return identity{}, &RegistrationError{Issuer: f.as.Issuer, Kind: RegistrationNeeded, RedirectURI: redirectURI}
	}
	record, err := c.dynamic(ctx, f.as, redirectURI)
	if err != nil {
		return identity{}, err
	}
	f.registered = true
	return record.identity(), nil
}

func (r *clientRecord) identity() identity {
	return identity{id: r.ClientID, secret: r.ClientSecret, method: r.Method}
}

// preRegistered finds the credentials configured for the server. Where there
// are some for other servers only, the client was meant to be known, and the
// MCP server has moved: that is an error, not a reason to register.
func (c *Client) preRegistered(f *flow) (who identity, found bool, err error) {
	var unbound *Credentials
	for i := range c.config.Credentials {
		credentials := &c.config.Credentials[i]
		switch credentials.Issuer {
		case f.as.Issuer:
			who, err = credentials.identify(f.as)
			return who, true, err
		case "":
			unbound = credentials
		}
	}
	switch {
	case unbound != nil && (!f.before.Bound || f.before.Issuer == f.as.Issuer):
		f.bound = true
		who, err = unbound.identify(f.as)
		return who, true, err
	case unbound != nil:
		return identity{}, false, c.otherIssuer(f, f.before.Issuer)
	case len(c.config.Credentials) > 0:
		return identity{}, false, c.otherIssuer(f, c.config.Credentials[0].Issuer)
	}
	return identity{}, false, nil
}

func (c *Client) otherIssuer(f *flow, registered string) error {
	return &RegistrationError{
		Issuer: f.as.Issuer, Kind: OtherIssuer,
		Err: fmt.Errorf("its credentials are for %s", registered),
	}
}

// dynamic returns the registration at this server, making one if there is none
// that still fits.
func (c *Client) dynamic(ctx context.Context, as *metadata.AuthorizationServer, redirectURI string) (*clientRecord, error) {
	record, ok, err := load[clientRecord](ctx, c.config.Store, clientKey(as.Issuer))
	if err != nil {
		return nil, err
	}
	if ok && record.Issuer == as.Issuer && record.fits(redirectURI, c.now()) {
		return &record, nil
	}
	c.config.Logger.InfoContext(ctx, "registering with the authorization server", "issuer", as.Issuer)
	fresh, err := c.registerAt(ctx, as, redirectURI)
	if err != nil {
		return nil, err
	}
	return fresh, save(ctx, c.config.Store, clientKey(as.Issuer), fresh)
}

func (r *clientRecord) fits(redirectURI string, now time.Time) bool {
	return r.ClientID != "" && r.RedirectURI == redirectURI && (r.ExpiresAt.IsZero() || now.Before(r.ExpiresAt))
}

// clientMetadata is what is sent to register (RFC 7591 §2, OpenID Connect
// Dynamic Client Registration §2 for application_type).
type clientMetadata struct {
	ClientName              string   `json:"client_name"`
	ClientURI               string   `json:"client_uri,omitempty"`
	LogoURI                 string   `json:"logo_uri,omitempty"`
	SoftwareID              string   `json:"software_id,omitempty"`
	SoftwareVersion         string   `json:"software_version,omitempty"`
	RedirectURIs            []string `json:"redirect_uris"`
	GrantTypes              []string `json:"grant_types"`
	ResponseTypes           []string `json:"response_types"`
	TokenEndpointAuthMethod string   `json:"token_endpoint_auth_method"`
	ApplicationType         string   `json:"application_type"`
}

// aboutClient leaves out the scope: servers would take it for the most the
// client may ever ask for, and refuse a step-up.
func (c *Client) aboutClient(as *metadata.AuthorizationServer, redirectURI string) clientMetadata {
	about := clientMetadata{
		ClientName:              c.config.Registration.ClientName,
		ClientURI:               c.config.Registration.ClientURI,
		LogoURI:                 c.config.Registration.LogoURI,
		SoftwareID:              c.config.Registration.SoftwareID,
		SoftwareVersion:         c.config.Registration.SoftwareVersion,
		RedirectURIs:            []string{redirectURI},
		GrantTypes:              []string{grantAuthorizationCode},
		ResponseTypes:           []string{"code"},
		TokenEndpointAuthMethod: registrationMethod(as),
		ApplicationType:         "web",
	}
	if as.GrantTypesSupported == nil || slices.Contains(as.GrantTypesSupported, grantRefreshToken) {
		about.GrantTypes = append(about.GrantTypes, grantRefreshToken)
	}
	if fetch.IsLoopbackURL(redirectURI) {
		about.ApplicationType = "native"
	}
	return about
}

// registrationMethod prefers to be a public client: a secret that every
// installation gets adds nothing to PKCE.
func registrationMethod(as *metadata.AuthorizationServer) string {
	for _, method := range []string{methodNone, methodBasic, methodPost} {
		if slices.Contains(as.TokenEndpointAuthMethodsSupported, method) {
			return method
		}
	}
	return methodBasic // the default (RFC 8414 §2)
}

func (c *Client) registerAt(ctx context.Context, as *metadata.AuthorizationServer, redirectURI string) (*clientRecord, error) {
	body, err := json.Marshal(c.aboutClient(as, redirectURI))
	if err != nil {
		return nil, err
	}
	endpoint := as.RegistrationEndpoint
	resp, err := c.fetch.Do(ctx, fetch.Request{
		Method: http.MethodPost, URL: endpoint, Body: body, AllowLoopback: c.mayLoopback(endpoint),
		Header: http.Header{"Content-Type": {"application/json"}, "Accept": {"application/json"}},
	})
	if err != nil {
		return nil, err
	}
	// RFC 7591 §3.2.1 says 201; servers answer with 200, too.
	if resp.Status != http.StatusCreated && resp.Status != http.StatusOK {
		return nil, &RegistrationError{
			Issuer: as.Issuer, Kind: RegistrationRefused, RedirectURI: redirectURI,
			Err: refusal(exchange{endpoint: endpoint}, resp),
		}
	}
	answer, err := parseRegistration(resp.Body)
	if err != nil {
		return nil, &AnswerError{Endpoint: withoutQuery(endpoint), Reason: err.Error()}
	}
	return answer.record(as, redirectURI)
}

// registrationResponse is the answer to a registration (RFC 7591 §3.2.1).
type registrationResponse struct {
	clientID, secret, method string
	redirectURIs             []string
	secretExpires            time.Time
}

var (
	errClientID      = errors.New("client_id is missing or not printable")
	errClientSecret  = errors.New("client_secret is not printable")
	errClientMember  = errors.New("a member is not of its type")
	errOtherRedirect = errors.New("the server registered other redirect URIs than were asked for")
	errOtherMethod   = errors.New("the server wants an authentication method that the client cannot use")
)

func parseRegistration(body []byte) (*registrationResponse, error) {
	r := &registrationResponse{}
	err := readMembers(body, r.member)
	switch {
	case err != nil:
		return nil, err
	case !validClientID(r.clientID):
		return nil, errClientID
	case len(r.secret) > maxToken || !printable(r.secret):
		return nil, errClientSecret
	}
	return r, nil
}

func (r *registrationResponse) member(name string, raw []byte) error {
	if string(raw) == "null" {
		return nil
	}
	ok := true
	switch name {
	case "client_id":
		r.clientID, ok = jsonx.String(raw)
	case "client_secret":
		r.secret, ok = jsonx.String(raw)
	case "token_endpoint_auth_method":
		r.method, ok = jsonx.String(raw)
	case "redirect_uris":
		r.redirectURIs, ok = jsonx.Strings(raw)
	case "client_secret_expires_at":
		r.secretExpires, ok = jsonx.NumericDate(raw)
		if r.secretExpires.Unix() == 0 { // never
			r.secretExpires = time.Time{}
		}
	}
	if !ok {
		return errClientMember
	}
	return nil
}

// record turns the answer into what is kept. What the server made of the
// request counts, not what was asked for.
func (r *registrationResponse) record(as *metadata.AuthorizationServer, redirectURI string) (*clientRecord, error) {
	fail := func(err error) (*clientRecord, error) {
		return nil, &AnswerError{Endpoint: withoutQuery(as.RegistrationEndpoint), Reason: err.Error()}
	}
	if len(r.redirectURIs) > 0 && !slices.Contains(r.redirectURIs, redirectURI) {
		return fail(errOtherRedirect)
	}
	record := &clientRecord{
		Issuer: as.Issuer, ClientID: r.clientID, ClientSecret: r.secret, Method: r.method, RedirectURI: redirectURI,
	}
	switch {
	case r.method == "":
		record.Method = chooseMethod(as, r.secret != "", false)
	case r.method != methodNone && r.method != methodBasic && r.method != methodPost,
		r.method != methodNone && r.secret == "":
		return fail(errOtherMethod)
	}
	if r.secret != "" {
		record.ExpiresAt = r.secretExpires
	}
	return record, nil
}

// withPort puts a port into a redirect URI that leaves it open (RFC 8252 §7.3).
func withPort(redirectURI, port string) string {
	u, err := url.Parse(redirectURI)
	if err != nil || u.Port() != "" {
		return redirectURI
	}
	u.Host += ":" + port
	return u.String()
}
