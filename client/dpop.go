package client

import (
	"github.com/mcp-auth/go/client/internal/authorizer"
	"github.com/mcp-auth/go/configerr"
)

// DPoPMode says whether tokens are bound to a key of the client (RFC 9449).
type DPoPMode string

const (
	// DPoPAuto binds tokens if the MCP server accepts DPoP and the authorization
	// server supports ES256 for it.
	DPoPAuto DPoPMode = ""
	// DPoPRequired accepts only bound tokens.
	DPoPRequired DPoPMode = "required"
	// DPoPOff never binds tokens.
	DPoPOff DPoPMode = "off"
)

func (m DPoPMode) parse(faults *configerr.List) authorizer.DPoPMode {
	switch m {
	case DPoPAuto:
	case DPoPRequired:
		return authorizer.DPoPRequired
	case DPoPOff:
		return authorizer.DPoPOff
	default:
		faults.Add(configerr.InvalidDPoPMode, "DPoP", string(m))
	}
	return authorizer.DPoPAuto
}
