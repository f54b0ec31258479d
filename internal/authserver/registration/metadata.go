// Package registration reads the metadata by which clients describe themselves
// (RFC 7591 §2) and registers clients at run time (§3).
package registration

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"

	"github.com/mcp-auth/go/configerr"
	"github.com/mcp-auth/go/internal/authserver/client"
	"github.com/mcp-auth/go/internal/authserver/keyset"
	"github.com/mcp-auth/go/internal/authserver/oauth"
	"github.com/mcp-auth/go/internal/jsonx"
)

const maxMetadataDepth = 16

// Metadata is client metadata (RFC 7591 §2): the members that the server uses
// and the members that it repeats. It ignores others.
type Metadata struct {
	RedirectURIs            []string `json:"redirect_uris"`
	TokenEndpointAuthMethod string   `json:"token_endpoint_auth_method"`
	AuthMethods             []string `json:"-"` // token_endpoint_auth_methods_supported
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
	HasSecret bool            `json:"-"` // client_secret is among the members

	keyOptional bool // the client may authenticate with its keys or not at all
}

// Parse reads client metadata. It ignores unknown members; a known member must
// have its type.
func Parse(raw []byte) (*Metadata, error) {
	m := &Metadata{}
	if err := jsonx.Object(raw, maxMetadataDepth, m.member); err != nil {
		return nil, err
	}
	return m, nil
}

func (m *Metadata) member(name string, raw []byte) error {
	if string(raw) == "null" {
		return nil // as if it were missing
	}
	texts := map[string]*string{
		"client_id": &m.ClientID, "token_endpoint_auth_method": &m.TokenEndpointAuthMethod,
		"application_type": &m.ApplicationType, "client_name": &m.ClientName, "client_uri": &m.ClientURI,
		"logo_uri": &m.LogoURI, "policy_uri": &m.PolicyURI, "tos_uri": &m.TOSURI, "scope": &m.Scope,
		"software_id": &m.SoftwareID, "software_version": &m.SoftwareVersion, "jwks_uri": &m.JWKSURI,
	}
	lists := map[string]*[]string{
		"redirect_uris": &m.RedirectURIs, "grant_types": &m.GrantTypes, "token_endpoint_auth_methods_supported": &m.AuthMethods,
		"response_types": &m.ResponseTypes, "contacts": &m.Contacts,
	}
	ok := true
	if text := texts[name]; text != nil {
		*text, ok = jsonx.String(raw)
	} else if list := lists[name]; list != nil {
		*list, ok = jsonx.Strings(raw)
	}
	switch name {
	case "jwks":
		m.JWKS = bytes.Clone(raw)
	case "dpop_bound_access_tokens":
		m.DPoPBound, ok = jsonx.Bool(raw)
	case "client_secret":
		m.HasSecret = true
	}
	if !ok {
		return errors.New("a member has the wrong type")
	}
	return nil
}

// Client returns the client that settled metadata describes.
func (m *Metadata) Client(id string, origin client.Origin) (*client.Client, error) {
	name := strings.TrimSpace(m.ClientName)
	if !oauth.Visible(name) {
		name = id
	}
	c := &client.Client{
		ID: id, Name: name, Origin: origin, DPoPBound: m.DPoPBound,
		RedirectURIs: m.RedirectURIs, GrantTypes: m.GrantTypes, KeyOptional: m.keyOptional,
	}
	if !m.usesKeys() {
		return c, nil
	}
	var mistakes configerr.List
	c.Keys = keyset.Parse(&mistakes, "", m.JWKS, m.JWKSURI, nil)
	return c, mistakes.Err()
}

// usesKeys reports whether a client with settled metadata can authenticate with
// its keys.
func (m *Metadata) usesKeys() bool {
	return m.TokenEndpointAuthMethod == oauth.AuthPrivateKey || m.keyOptional
}
