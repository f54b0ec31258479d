package registration

import (
	"crypto"

	"github.com/mcp-auth/go/client/internal/endpoint"
	"github.com/mcp-auth/go/configerr"
	"github.com/mcp-auth/go/internal/jose"
)

// Client is a client that was registered beforehand, as it is configured.
type Client struct {
	ID, Secret string
	PrivateKey crypto.Signer
	// KeyID and Algorithm go into the header of assertions.
	KeyID, Algorithm string
	Method           string
}

// Parse reads what the client authenticates with, and lists mistakes under the
// name of the field.
func (c Client) Parse(faults *configerr.List, field string) endpoint.Identity {
	if !endpoint.ValidClientID(c.ID) {
		faults.Add(configerr.InvalidClientID, field+".ClientID", c.ID)
	}
	if c.Secret != "" && c.PrivateKey != nil {
		faults.Add(configerr.ConflictingSecrets, field, "")
	}
	id := endpoint.Identity{ID: c.ID, Secret: c.Secret, Method: c.Method}
	if c.PrivateKey != nil {
		signer, err := jose.NewSigner(c.PrivateKey, c.Algorithm, c.KeyID)
		if err != nil {
			faults.AddErr(configerr.InvalidClientKey, field+".PrivateKey", "", err)
		}
		id.Signer = signer
	}
	if !c.hasMethod() {
		faults.Add(configerr.InvalidAuthMethod, field+".AuthMethod", c.Method)
	}
	return id
}

// hasMethod reports whether the client has what its method needs.
func (c Client) hasMethod() bool {
	switch c.Method {
	case "":
		return true
	case endpoint.MethodNone:
		return c.Secret == "" && c.PrivateKey == nil
	case endpoint.MethodBasic, endpoint.MethodPost:
		return c.Secret != ""
	case endpoint.MethodPrivateKey:
		return c.PrivateKey != nil
	}
	return false
}
