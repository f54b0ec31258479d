package client

import (
	"fmt"
	"net/url"
	"time"

	"github.com/mcp-auth/go/client/internal/authserver"
	"github.com/mcp-auth/go/client/internal/discovery"
	"github.com/mcp-auth/go/client/internal/endpoint"
	"github.com/mcp-auth/go/client/internal/record"
	"github.com/mcp-auth/go/client/internal/registration"
	"github.com/mcp-auth/go/configerr"
	"github.com/mcp-auth/go/internal/fetch"
	"github.com/mcp-auth/go/internal/identifier"
	"github.com/mcp-auth/go/internal/jose"
	"github.com/mcp-auth/go/internal/scope"
	"github.com/mcp-auth/go/metadata"
)

const maxTimeout = time.Minute

// parse reads the configuration into the parts of a client, and lists all
// mistakes.
func (c *Config) parse(faults *configerr.List) *parts {
	server := c.parseServer(faults)
	credentials := parseCredentials(c.Credentials, c.Network.DangerouslyAllowHTTP, faults)
	if c.MetadataDocumentURL != "" && !validDocumentURL(c.MetadataDocumentURL) {
		faults.Add(configerr.InvalidMetadataURL, "MetadataDocumentURL", c.MetadataDocumentURL)
	}
	for i, text := range c.Scopes {
		faults.Nest(fmt.Sprintf("Scopes[%d]", i), scope.Check(text))
	}
	dpop := c.DPoP.parse(faults)
	fallback := c.LegacyDiscovery.parse(faults)
	faults.Nest("Network", identifier.CheckNetwork(c.Network, maxTimeout))
	built := partsConfig{
		server: server, fallback: fallback, credentials: credentials,
		settings: c.settingsOf(faults), documentSigner: c.parseDocumentKey(faults),
	}
	p := c.parts(built)
	p.dpop = dpop
	p.grant, p.extension = c.Grant.parse(p, faults), extensionOf(c.Grant)
	return p
}

// parseServer returns a server without a URL if the URL is not valid.
func (c *Config) parseServer(faults *configerr.List) *discovery.Server {
	server, err := discovery.ParseServer(c.ServerURL, c.Network.DangerouslyAllowHTTP)
	if err != nil {
		faults.AddErr(configerr.InvalidServerURL, "ServerURL", c.ServerURL, err)
		return &discovery.Server{}
	}
	return server
}

// preferredIssuers returns the issuers that a grant is for.
func preferredIssuers(g Grant) []string {
	if workload, ok := g.(WorkloadIdentity); ok && workload.Issuer != "" {
		return []string{workload.Issuer}
	}
	return nil
}

// parseDocumentKey returns nil if there is no key.
func (c *Config) parseDocumentKey(faults *configerr.List) *jose.Signer {
	key := c.MetadataDocumentKey
	switch {
	case key == nil:
		return nil
	case key.PrivateKey == nil:
		faults.Add(configerr.InvalidClientKey, "MetadataDocumentKey.PrivateKey", "")
		return nil
	case c.MetadataDocumentURL == "":
		faults.Add(configerr.InvalidMetadataURL, "MetadataDocumentURL", "")
	}
	signer, err := jose.NewSigner(key.PrivateKey, key.Algorithm, key.KeyID)
	if err != nil {
		faults.AddErr(configerr.InvalidClientKey, "MetadataDocumentKey.PrivateKey", "", err)
	}
	return signer
}

// validDocumentURL applies section 3 of the CIMD draft.
func validDocumentURL(raw string) bool {
	if fetch.CheckURL(raw, false) != nil {
		return false
	}
	_, err := metadata.ResourceMetadataURL(raw) // refuses dot segments
	u, errURL := url.Parse(raw)
	return err == nil && errURL == nil && u.Path != "" && u.Path != "/"
}

// partsConfig is what a configuration was parsed into.
type partsConfig struct {
	server         *discovery.Server
	fallback       discovery.Fallback
	credentials    []registration.Credentials
	settings       func(issuer string) (authserver.Settings, error)
	documentSigner *jose.Signer
}

// parts builds the parts, except for those that depend on the grant.
func (c *Config) parts(built partsConfig) *parts {
	p := &parts{
		server:  built.server,
		fetch:   fetch.New(fetch.Policy{Settings: c.Network}),
		records: record.New(c.Store),

		credentials: c.Credentials,
		scopes:      c.Scopes,
		logger:      c.Logger,
		proxy:       c.Network.Proxy,
		now:         c.Now,
	}
	p.endpoint = endpoint.New(p.fetch, p.server.Loopback, c.Now)
	p.finder = discovery.New(discovery.Config{
		Server: p.server, Fallback: built.fallback, Settings: built.settings, Fetch: p.fetch, Logger: c.Logger, Now: c.Now,
	})
	p.registrar = registration.New(registration.Config{
		Credentials: built.credentials,
		DocumentURL: c.MetadataDocumentURL, DocumentSigner: built.documentSigner,
		Dynamic:   !c.Registration.Disabled,
		Preferred: preferredIssuers(c.Grant),
		About: endpoint.ClientMetadata{
			ClientName: c.Registration.ClientName, ClientURI: c.Registration.ClientURI, LogoURI: c.Registration.LogoURI,
			SoftwareID: c.Registration.SoftwareID, SoftwareVersion: c.Registration.SoftwareVersion,
		},
		Endpoint: p.endpoint, Records: p.records, Logger: c.Logger, Now: c.Now,
	})
	return p
}
