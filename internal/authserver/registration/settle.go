package registration

import (
	"cmp"
	"slices"
	"unicode/utf8"

	"github.com/mcp-auth/go/configerr"
	"github.com/mcp-auth/go/internal/authserver/client"
	"github.com/mcp-auth/go/internal/authserver/keyset"
	"github.com/mcp-auth/go/internal/authserver/oauth"
)

const (
	maxRedirectURIs = 16
	maxClientName   = 200 // runes
)

// Terms are what a server offers clients that describe themselves.
type Terms struct {
	// Methods are the authentication methods of the token endpoint. DefaultMethod
	// is the method of a client that names none.
	Methods       []string
	DefaultMethod string
	// Described says that clients get no response, but choose among the methods
	// that their metadata name.
	Described bool
	// PrivateUse allows redirect URIs with private-use schemes (RFC 8252 §7.1).
	PrivateUse bool
}

// Settle checks what a client asks for and replaces it by what the client is
// given (RFC 7591 §3.2.1). The error is an [*oauth.Error] of RFC 7591 §3.2.2.
func (m *Metadata) Settle(terms Terms) error {
	if err := m.settleRedirects(terms.PrivateUse); err != nil {
		return err
	}
	if err := m.settleMethod(terms); err != nil {
		return err
	}
	for _, settle := range []func() error{m.settleKeys, m.settleGrantTypes, m.settleResponses, m.checkTexts} {
		if err := settle(); err != nil {
			return err
		}
	}
	return nil
}

// settleRedirects drops the redirect URIs that the server does not accept, if
// there are others: clients register the URIs for all their platforms at once.
func (m *Metadata) settleRedirects(privateUse bool) error {
	if len(m.RedirectURIs) == 0 || len(m.RedirectURIs) > maxRedirectURIs {
		return invalidRedirect("redirect_uris must hold at least one URL, and not too many")
	}
	var accepted []string
	var refused error
	for _, uri := range m.RedirectURIs {
		if err := client.CheckRedirectURI(uri, privateUse); err != nil {
			refused = err
			continue
		}
		accepted = append(accepted, uri)
	}
	if len(accepted) == 0 {
		return invalidRedirect("a redirect URI " + refused.Error())
	}
	m.RedirectURIs = accepted
	return nil
}

// settleMethod fixes how the client authenticates. A client can name one method,
// several (OpenID Connect RP Metadata Choices), or both. The one that it names is
// never replaced by a weaker one.
func (m *Metadata) settleMethod(terms Terms) error {
	named := m.TokenEndpointAuthMethod
	if len(m.AuthMethods) == 0 {
		m.AuthMethods = []string{cmp.Or(named, terms.DefaultMethod)}
	}
	if named != "" && !slices.Contains(m.AuthMethods, named) {
		return invalidMetadata("the token_endpoint_auth_method is not one of token_endpoint_auth_methods_supported")
	}
	if !slices.Contains(terms.Methods, named) {
		named = m.preferred(terms.Methods)
	}
	if named == "" {
		return invalidMetadata("the token_endpoint_auth_method is not supported")
	}
	m.keyOptional = terms.Described && m.hasKeys() && m.choosesKeyOrNone()
	m.TokenEndpointAuthMethod, m.AuthMethods = named, nil
	return nil
}

// preferred returns the method to use of those that the client and the server
// support, or "". Keys are preferred, if the client has any.
func (m *Metadata) preferred(supported []string) string {
	common := slices.DeleteFunc(slices.Clone(m.AuthMethods), func(method string) bool { return !slices.Contains(supported, method) })
	if slices.Contains(common, oauth.AuthPrivateKey) && (m.hasKeys() || len(common) == 1) {
		return oauth.AuthPrivateKey
	}
	common = slices.DeleteFunc(common, func(method string) bool { return method == oauth.AuthPrivateKey })
	if len(common) == 0 {
		return ""
	}
	return common[0]
}

func (m *Metadata) hasKeys() bool { return m.JWKS != nil || m.JWKSURI != "" }

// choosesKeyOrNone reports whether a client leaves it open whether it
// authenticates.
func (m *Metadata) choosesKeyOrNone() bool {
	return m.TokenEndpointAuthMethod != oauth.AuthPrivateKey &&
		slices.Contains(m.AuthMethods, oauth.AuthNone) && slices.Contains(m.AuthMethods, oauth.AuthPrivateKey)
}

// settleKeys checks the keys of a client that authenticates with them, and drops
// the keys of other clients.
func (m *Metadata) settleKeys() error {
	if !m.usesKeys() {
		m.JWKS, m.JWKSURI = nil, ""
		return nil
	}
	if (m.JWKS == nil) == (m.JWKSURI == "") {
		return invalidMetadata("private_key_jwt needs jwks or jwks_uri, and not both")
	}
	var mistakes configerr.List
	if keyset.Parse(&mistakes, "", m.JWKS, m.JWKSURI, nil); mistakes.Len() > 0 {
		return invalidMetadata("the jwks has no public signing key, or the jwks_uri is not an https URL").WithCause(mistakes.Err())
	}
	return nil
}

// settleGrantTypes drops the grant types that a client cannot get by describing
// itself.
func (m *Metadata) settleGrantTypes() error {
	if len(m.GrantTypes) == 0 {
		m.GrantTypes = []string{oauth.GrantAuthorizationCode} // RFC 7591 §2
	}
	var given []string
	for _, offered := range []string{oauth.GrantAuthorizationCode, oauth.GrantRefreshToken, oauth.GrantJWTBearer} {
		if slices.Contains(m.GrantTypes, offered) {
			given = append(given, offered)
		}
	}
	if !slices.Contains(given, oauth.GrantAuthorizationCode) {
		return invalidMetadata("grant_types must hold authorization_code")
	}
	m.GrantTypes = given
	return nil
}

func (m *Metadata) settleResponses() error {
	if len(m.ResponseTypes) > 0 && !slices.Contains(m.ResponseTypes, "code") {
		return invalidMetadata("response_types must hold code")
	}
	m.ResponseTypes = []string{"code"}
	if m.ApplicationType != "" && m.ApplicationType != "web" && m.ApplicationType != "native" {
		return invalidMetadata("the application_type must be web or native")
	}
	return nil
}

func (m *Metadata) checkTexts() error {
	if utf8.RuneCountInString(m.ClientName) > maxClientName || !oauth.Displayable(m.ClientName) {
		return invalidMetadata("the client_name is too long, or has control, invisible or private-use characters")
	}
	if _, err := oauth.SplitScopes(m.Scope); err != nil {
		return invalidMetadata("the scope is malformed")
	}
	return nil
}

func invalidMetadata(description string) *oauth.Error {
	return oauth.BadRequest("invalid_client_metadata", description)
}

func invalidRedirect(description string) *oauth.Error {
	return oauth.BadRequest("invalid_redirect_uri", description)
}
