package client

import (
	"fmt"
	"net/url"
	"time"

	"github.com/mcp-auth/go/client/internal/discovery"
	"github.com/mcp-auth/go/client/internal/endpoint"
	"github.com/mcp-auth/go/client/internal/record"
	"github.com/mcp-auth/go/client/internal/registration"
	"github.com/mcp-auth/go/configerr"
	"github.com/mcp-auth/go/internal/challenge"
	"github.com/mcp-auth/go/internal/fetch"
	"github.com/mcp-auth/go/metadata"
)

const maxTimeout = time.Minute

// parse reads the configuration into the parts of a client, and lists all
// mistakes.
func (c *Config) parse(faults *configerr.List) *parts {
	server := c.parseServer(faults)
	credentials := parseCredentials(c.Credentials, faults)
	if c.MetadataDocumentURL != "" && !validDocumentURL(c.MetadataDocumentURL) {
		faults.Add(configerr.InvalidMetadataURL, "MetadataDocumentURL", c.MetadataDocumentURL)
	}
	for i, scope := range c.Scopes {
		if !challenge.ValidScope(scope) {
			faults.Add(configerr.InvalidScope, fmt.Sprintf("Scopes[%d]", i), scope)
		}
	}
	dpop := c.DPoP.parse(faults)
	fallback := c.LegacyDiscovery.parse(faults)
	if c.Network.Timeout < 0 || c.Network.Timeout > maxTimeout {
		faults.Add(configerr.InvalidTimeout, "Network.Timeout", c.Network.Timeout.String())
	}
	p := c.parts(server, fallback, credentials)
	p.dpop = dpop
	p.grant = c.Grant.parse(p, faults)
	return p
}

// parseServer returns a server without a URL if the URL is not valid.
func (c *Config) parseServer(faults *configerr.List) *discovery.Server {
	server, err := discovery.ParseServer(c.ServerURL)
	if err != nil {
		faults.AddErr(configerr.InvalidServerURL, "ServerURL", c.ServerURL, err)
		return &discovery.Server{}
	}
	return server
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

// parts builds the parts, except for those that depend on the grant.
func (c *Config) parts(server *discovery.Server, fallback discovery.Fallback, credentials []registration.Credentials) *parts {
	p := &parts{
		server:  server,
		fetch:   fetch.New(fetch.Policy{Settings: c.Network}),
		records: record.New(c.Store),

		credentials: c.Credentials,
		scopes:      c.Scopes,
		logger:      c.Logger,
		now:         c.Now,
	}
	p.endpoint = endpoint.New(p.fetch, server.Loopback, c.Now)
	p.finder = discovery.New(discovery.Config{
		Server: server, Fallback: fallback, Fetch: p.fetch, Logger: c.Logger, Now: c.Now,
	})
	p.registrar = registration.New(registration.Config{
		Credentials: credentials,
		DocumentURL: c.MetadataDocumentURL,
		Dynamic:     !c.Registration.Disabled,
		About: endpoint.ClientMetadata{
			ClientName: c.Registration.ClientName, ClientURI: c.Registration.ClientURI, LogoURI: c.Registration.LogoURI,
			SoftwareID: c.Registration.SoftwareID, SoftwareVersion: c.Registration.SoftwareVersion,
		},
		Endpoint: p.endpoint, Records: p.records, Logger: c.Logger, Now: c.Now,
	})
	return p
}
