// Package provider knows authorization servers by name: profiles of identity
// providers, as data, that say what they put where in their access tokens and
// what of it an MCP server must be told.
//
// [Get] finds a profile, [Profile.AuthorizationServer] makes of it what goes
// into a [mcpauth.Resource]:
//
//	profile, err := provider.Get("auth0")
//	...
//	server, err := profile.AuthorizationServer(provider.Params{"domain": "example.us.auth0.com"}, provider.Options{})
//	...
//	mcpauth.Resource{Identifier: resource, AuthorizationServers: []mcpauth.AuthorizationServer{server}}
//
// A profile never leaves out the audience. Where a provider cannot issue tokens
// for the resource identifier, what it issues instead must be named in
// [Options]; what it issues to everybody alike, such as Keycloak's "account", is
// refused; and where it issues no audience, the clients must be listed.
//
// Google and GitHub issue opaque tokens that only they can read. [NewGoogle] and
// [NewGitHub] ask them.
//
// Every profile has its sources, with the date on which they were read. What no
// source says is marked as unverified. docs/providers has a page on each.
package provider
