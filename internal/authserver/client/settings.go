package client

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/mcp-auth/go/configerr"
	"github.com/mcp-auth/go/internal/authserver/keyset"
	"github.com/mcp-auth/go/internal/authserver/oauth"
)

// Settings describe a client that is registered in advance.
type Settings struct {
	ID           string
	Secret       string // makes the client a confidential one
	JWKS         []byte // makes it a confidential one as well
	JWKSURI      string // in place of JWKS
	DPoPBound    bool
	Name         string // empty means ID
	RedirectURIs []string
	// GrantTypes is empty for the default: authorization_code and refresh_token
	// for a client with redirect URIs, client_credentials and token exchange for
	// a confidential one, and jwt-bearer for all.
	GrantTypes []string
}

// ParseAll returns the clients by their IDs.
func ParseAll(list *configerr.List, all []Settings) map[string]*Client {
	clients := make(map[string]*Client, len(all))
	for i, s := range all {
		field := fmt.Sprintf("Clients[%d]", i)
		if s.ID == "" {
			list.Add(configerr.MissingValue, field+".ID", "")
		}
		if _, taken := clients[s.ID]; taken {
			list.Add(configerr.DuplicateValue, field+".ID", s.ID)
		}
		clients[s.ID] = s.parse(list, field)
	}
	return clients
}

func (s Settings) parse(list *configerr.List, field string) *Client {
	c := &Client{
		ID: s.ID, Name: cmp.Or(s.Name, s.ID), DPoPBound: s.DPoPBound,
		RedirectURIs: slices.Clone(s.RedirectURIs), GrantTypes: s.grantTypes(),
	}
	if s.Secret != "" {
		c.SecretHash = HashSecret(s.Secret)
	}
	for i, uri := range c.RedirectURIs {
		// The operator vouches for the application that has the scheme.
		if err := CheckRedirectURI(uri, true); err != nil {
			list.Add(invalidRedirectURI, fmt.Sprintf("%s.RedirectURIs[%d]", field, i), uri)
		}
	}
	s.checkGrantTypes(list, field, c.GrantTypes)
	c.Keys = keyset.Parse(list, field, s.JWKS, s.JWKSURI, nil)
	return c
}

func (s Settings) confidential() bool { return s.Secret != "" || len(s.JWKS) > 0 || s.JWKSURI != "" }

func (s Settings) grantTypes() []string {
	types := slices.Clone(s.GrantTypes)
	if len(types) > 0 {
		return types
	}
	if len(s.RedirectURIs) > 0 {
		types = append(types, oauth.GrantAuthorizationCode, oauth.GrantRefreshToken)
	}
	if s.confidential() {
		types = append(types, oauth.GrantClientCredentials, oauth.GrantTokenExchange)
	}
	if len(types) > 0 {
		types = append(types, oauth.GrantJWTBearer)
	}
	return types
}

const (
	invalidRedirectURI configerr.Fault = "the redirect URI is neither https, nor http on a loopback host, nor of a private-use scheme, or has a fragment or userinfo (OAuth 2.1 §1.5, RFC 8252 §7.1)"

	noGrantTypes  configerr.Fault = "the client has neither redirect URIs nor a secret or keys, so it can get no token"
	noRedirectURI configerr.Fault = "authorization_code needs a redirect URI"
	noSecret      configerr.Fault = "client_credentials needs a secret or keys"
)

func (s Settings) checkGrantTypes(list *configerr.List, field string, types []string) {
	for _, t := range types {
		if !slices.Contains(oauth.GrantTypes(), t) {
			list.Add(configerr.UnsupportedGrantType, field+".GrantTypes", t)
		}
	}
	if len(types) == 0 {
		list.Add(noGrantTypes, field, "")
	}
	if slices.Contains(types, oauth.GrantAuthorizationCode) && len(s.RedirectURIs) == 0 {
		list.Add(noRedirectURI, field+".RedirectURIs", "")
	}
	if slices.Contains(types, oauth.GrantClientCredentials) && !s.confidential() {
		list.Add(noSecret, field+".Secret", "")
	}
}
