package dev

import (
	"strings"

	"github.com/mcp-auth/go/mcpauthtest"
)

// facts are what a user or a script needs to know of a running server.
type facts struct {
	Issuer                string   `json:"issuer"`
	MetadataURL           string   `json:"metadata_url"`
	AuthorizationEndpoint string   `json:"authorization_endpoint"`
	TokenEndpoint         string   `json:"token_endpoint"`
	StatusURL             string   `json:"status_url,omitempty"`
	Users                 []user   `json:"users"`
	Scopes                []string `json:"scopes,omitempty"`
	Resources             []string `json:"resources,omitempty"`
}

// newFacts returns the facts of a server. The only passwords among them are those
// that are publicly known.
func newFacts(o *options, server *mcpauthtest.Server) facts {
	document := server.Metadata()
	base := strings.TrimSuffix(server.Issuer(), "/")
	f := facts{
		Issuer:                server.Issuer(),
		MetadataURL:           base + "/.well-known/openid-configuration",
		AuthorizationEndpoint: document.AuthorizationEndpoint,
		TokenEndpoint:         document.TokenEndpoint,
		Scopes:                o.config.Scopes,
		Resources:             o.config.Resources,
	}
	if o.config.StatusPage {
		f.StatusURL = base + "/"
	}
	for _, configured := range o.config.Users {
		shown := user{Username: configured.Username}
		if o.defaultUsers {
			shown.Password = configured.Password
		}
		f.Users = append(f.Users, shown)
	}
	return f
}
