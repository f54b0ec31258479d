// Package provider knows authorization servers by name. It has profiles of
// identity providers, which say what their access tokens contain and what an
// MCP server must be told about them.
//
// [Get] finds a profile, and [Profile.AuthorizationServer] makes the
// configuration that goes into a [mcpauth.Resource]:
//
//	profile, err := provider.Get("auth0")
//	...
//	server, err := profile.AuthorizationServer(provider.Params{"domain": "example.us.auth0.com"}, provider.Options{})
//	...
//	mcpauth.Resource{Identifier: resource, AuthorizationServers: []mcpauth.AuthorizationServer{server}}
//
// Every profile has the audience checked. If a provider cannot issue tokens for
// the resource identifier, name in [Options] what it issues instead. What it
// issues to everybody alike, such as Keycloak's "account", is refused. If it
// issues no audience, list the clients in Options.
//
// Google and GitHub issue opaque tokens that only they can read. [NewGoogle]
// and [NewGitHub] make verifiers that ask them.
//
// Every profile names its sources, with the date on which they were read. What
// no source says is marked as unverified. docs/providers has a page on each
// provider, with what to configure there.
package provider
