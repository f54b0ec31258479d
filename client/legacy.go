package client

import (
	"github.com/mcp-auth/go/client/internal/discovery"
	"github.com/mcp-auth/go/configerr"
)

// LegacyDiscovery says what to do with a server that has no protected resource
// metadata (RFC 9728), such as servers of MCP 2025-03-26.
//
// It applies only if that is certain: the server refused a request with status
// 401 and named no metadata in its challenge, not even in a malformed one; its
// own origin answered every place of resource metadata with status 404 or 410;
// and no token was ever obtained with resource metadata, as far as the [Store]
// remembers and until [Client.Logout]. Outages, documents that are malformed or
// about another resource, and all other statuses are errors as usual.
//
// The issuer is then the server's origin, with or without a slash at its end,
// and tokens are requested for the resource [Config.ServerURL].
type LegacyDiscovery string

const (
	// LegacyMetadata uses the authorization server metadata at the server's
	// origin, by the same rules as elsewhere: identical issuer, PKCE with S256
	// advertised. An origin that publishes it could as well publish resource
	// metadata that names itself.
	LegacyMetadata LegacyDiscovery = ""
	// LegacyOff uses resource metadata only.
	LegacyOff LegacyDiscovery = "off"
	// DangerouslyAssumeEndpoints does what LegacyMetadata does and, if the
	// origin has no authorization server metadata either, assumes /authorize,
	// /token and /register there. The client sends PKCE with S256, but nothing
	// shows whether the server checks it: if not, anyone who gets hold of an
	// authorization code can redeem it. The iss parameter that would reveal a
	// mix-up may also be missing (RFC 9207). After a login with metadata,
	// endpoints are not assumed until [Client.Logout].
	DangerouslyAssumeEndpoints LegacyDiscovery = "endpoints"
)

func (l LegacyDiscovery) parse(faults *configerr.List) discovery.Fallback {
	switch l {
	case LegacyMetadata:
	case LegacyOff:
		return discovery.NoFallback
	case DangerouslyAssumeEndpoints:
		return discovery.DefaultEndpoints
	default:
		faults.Add(configerr.InvalidLegacyDiscovery, "LegacyDiscovery", string(l))
	}
	return discovery.OriginMetadata
}
