// Package registration determines as which client to speak to an authorization
// server, in MCP's order: credentials registered beforehand, client ID metadata
// document, dynamic registration.
package registration

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/mcp-auth/go/client/clienterr"
	"github.com/mcp-auth/go/client/internal/authserver"
	"github.com/mcp-auth/go/client/internal/endpoint"
	"github.com/mcp-auth/go/client/internal/record"
	"github.com/mcp-auth/go/internal/jose"
)

// Credentials identify a client that was registered beforehand.
type Credentials struct {
	// Issuer is the authorization server. Empty binds the credentials to the
	// first one that they are used at.
	Issuer string
	// Identity is the client. An empty method is chosen by what the server
	// supports.
	Identity endpoint.Identity
}

// At returns the client at a server.
func (c *Credentials) At(as *authserver.Server) endpoint.Identity {
	id := c.Identity
	if id.Method == "" {
		id.Method = endpoint.ChooseMethod(as.AuthorizationServer, id.Secret != "", id.Signer != nil)
	}
	return id
}

// Config configures a [Registrar].
type Config struct {
	Credentials []Credentials
	// DocumentURL is the URL of the client's metadata document, empty if it has
	// none.
	DocumentURL string
	// DocumentSigner signs assertions with a key that the document publishes. Nil
	// means that the document describes a public client.
	DocumentSigner *jose.Signer
	// Preferred are issuers to choose if the MCP server names several, in
	// addition to those of Credentials.
	Preferred []string
	// Dynamic allows dynamic registration, with what About says of the client.
	Dynamic bool
	About   endpoint.ClientMetadata

	Endpoint *endpoint.Client
	Records  *record.Records
	Logger   *slog.Logger
	Now      func() time.Time
}

// Registrar finds the identities of one client. It is safe for concurrent use.
type Registrar struct {
	config Config

	mu        sync.Mutex
	confirmed map[string]time.Time // by issuer, when the server last knew the client
}

// New returns a registrar.
func New(config Config) *Registrar {
	return &Registrar{config: config, confirmed: map[string]time.Time{}}
}

// Registration is a client at an authorization server.
type Registration struct {
	Identity endpoint.Identity
	// Bound reports whether credentials without an issuer are used.
	Bound bool
	// Dynamic reports whether the client registered dynamically.
	Dynamic bool
	// Kept reports whether it did so earlier, and nothing has shown lately that
	// the server still knows it.
	Kept bool
	// Scopes are the scopes of a dynamic registration, empty if it has none.
	Scopes []string
}

// Request says for which use a client is wanted.
type Request struct {
	Server *authserver.Server
	// Before is the authorization server used earlier.
	Before record.Server
	// RedirectURI is where the user is sent back to. Empty means that no redirect
	// takes place, so the client does not register dynamically.
	RedirectURI string
	// Scopes are the scopes to register. Empty means none: servers take them for
	// the most that the client may ever request.
	Scopes []string
}

// Register returns the client at an authorization server, registering it there
// if need be. The error is a [*clienterr.RegistrationError] if there is no client
// identifier.
func (r *Registrar) Register(ctx context.Context, q Request) (Registration, error) {
	known, err := r.beforehand(q.Server, q.Before)
	if err != nil || known.Identity.ID != "" {
		return known, err
	}
	if q.RedirectURI == "" || q.Server.RegistrationEndpoint == "" || !r.config.Dynamic {
		return Registration{}, &clienterr.RegistrationError{Issuer: q.Server.Issuer, Kind: clienterr.RegistrationNeeded, RedirectURI: q.RedirectURI}
	}
	return r.dynamic(ctx, q)
}

// RegistersDynamically reports whether Register would use a dynamic registration
// at a server.
func (r *Registrar) RegistersDynamically(as *authserver.Server, before record.Server) bool {
	known, err := r.beforehand(as, before)
	return err == nil && known.Identity.ID == "" && as.RegistrationEndpoint != "" && r.config.Dynamic
}

// beforehand returns the client that needs no registration, without an identifier
// if there is none.
func (r *Registrar) beforehand(as *authserver.Server, before record.Server) (Registration, error) {
	known, err := r.Preregistered(as, before)
	if err != nil || known.Identity.ID != "" || r.config.DocumentURL == "" || !as.ClientIDMetadataDocumentSupported {
		return known, err
	}
	return Registration{Identity: r.document(as)}, nil
}

// document returns the client that its metadata document describes. A document
// with a key may also be read by servers that do not know private_key_jwt (MCP
// SEP-3149): there the client is a public one.
func (r *Registrar) document(as *authserver.Server) endpoint.Identity {
	id := endpoint.Identity{ID: r.config.DocumentURL, Method: endpoint.MethodNone}
	if r.config.DocumentSigner != nil && slices.Contains(as.TokenEndpointAuthMethodsSupported, endpoint.MethodPrivateKey) {
		id.Method, id.Signer = endpoint.MethodPrivateKey, r.config.DocumentSigner
	}
	return id
}

// Preregistered returns the client that was registered beforehand, without an
// identifier if there are no credentials. Credentials for other servers only are
// an error, not a reason to register: the client was meant to be known, and the
// MCP server has moved.
func (r *Registrar) Preregistered(as *authserver.Server, before record.Server) (Registration, error) {
	var unbound *Credentials
	for i := range r.config.Credentials {
		credentials := &r.config.Credentials[i]
		switch credentials.Issuer {
		case as.Issuer:
			return Registration{Identity: credentials.At(as)}, nil
		case "":
			unbound = credentials
		}
	}
	switch {
	case unbound != nil && (!before.Bound || before.Issuer == as.Issuer):
		return Registration{Identity: unbound.At(as), Bound: true}, nil
	case unbound != nil:
		return Registration{}, otherIssuer(as.Issuer, before.Issuer)
	case len(r.config.Credentials) > 0:
		return Registration{}, otherIssuer(as.Issuer, r.config.Credentials[0].Issuer)
	}
	return Registration{}, nil
}

func otherIssuer(issuer, registered string) error {
	return &clienterr.RegistrationError{
		Issuer: issuer, Kind: clienterr.OtherIssuer,
		Err: fmt.Errorf("its credentials are for %s", registered),
	}
}

// Issuers returns the issuers to choose if the MCP server names several: those
// that there are credentials for.
func (r *Registrar) Issuers() []string {
	issuers := slices.Clone(r.config.Preferred)
	for _, credentials := range r.config.Credentials {
		if credentials.Issuer != "" {
			issuers = append(issuers, credentials.Issuer)
		}
	}
	return issuers
}

// Owns reports whether a token was issued to the client whose credentials are
// configured for its issuer. Without credentials every token is the client's.
func (r *Registrar) Owns(token *record.Token) bool {
	for _, issuer := range []string{token.Issuer, ""} {
		for _, credentials := range r.config.Credentials {
			if credentials.Issuer == issuer {
				return credentials.Identity.ID == token.ClientID
			}
		}
	}
	return true
}

// Known returns the client that a token was issued to.
func (r *Registrar) Known(as *authserver.Server, token *record.Token) endpoint.Identity {
	clientID := token.ClientID
	for i := range r.config.Credentials {
		credentials := &r.config.Credentials[i]
		if credentials.Identity.ID == clientID && (credentials.Issuer == as.Issuer || credentials.Issuer == "") {
			return credentials.At(as)
		}
	}
	if clientID == r.config.DocumentURL {
		return r.document(as)
	}
	id := endpoint.Identity{ID: clientID, Secret: token.ClientSecret, Method: token.ClientMethod}
	if id.Method == "" {
		id.Method = endpoint.MethodNone
	}
	return id
}
