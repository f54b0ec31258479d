// Package authserver describes an authorization server as the client deals with
// it: the server's metadata, and how the configuration wants the client to
// deviate from the rules there.
package authserver

import (
	"github.com/mcp-auth/go/metadata"
)

// Settings say how to deal with one authorization server. The zero value is a
// server that conforms.
type Settings struct {
	// Metadata is used instead of what the server publishes, unless it is nil.
	Metadata *metadata.AuthorizationServer
	// MetadataURL is the only place of the metadata, unless it is empty.
	MetadataURL string
	// Repair repairs a document that does not conform, unless it is nil.
	Repair func(document []byte) ([]byte, error)
	// OwnIssuer is the issuer as the server's own metadata and answers name it,
	// empty if it is the same.
	OwnIssuer string
	// AssumePKCE uses a server that does not advertise PKCE.
	AssumePKCE bool
	// OmitResource leaves the parameter resource out.
	OmitResource bool
	// AuthorizationParameters and TokenParameters are added to authorization
	// requests and to token requests.
	AuthorizationParameters, TokenParameters map[string]string
	// Scopes are requested in addition, whatever the server advertises.
	Scopes []string
	// RegisterScopes registers the client with scopes from the beginning.
	RegisterScopes bool
}

// Server is an authorization server. Its issuer is what the MCP server calls it:
// records are kept under that name.
type Server struct {
	*metadata.AuthorizationServer
	Settings Settings
	// Own is the issuer as the server's own metadata has it, empty if it is the
	// same.
	Own string
}

// OwnIssuer returns the issuer as the server itself writes it: the parameter iss
// of its answers and the audience of assertions.
func (s *Server) OwnIssuer() string {
	if s.Own != "" {
		return s.Own
	}
	return s.Issuer
}
