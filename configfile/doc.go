// Package configfile reads a [mcpauth.Config] from a file in YAML, or in JSON,
// which is YAML:
//
//	resources:
//	  - identifier: https://api.example.com/notes
//	    scopes_supported: [read:notes, write:notes]
//	    policy: policy.yaml            # relative to this file, see package policyfile
//	    dpop: required                 # or optional; left out: bearer tokens only
//	    authorization_servers:
//	      - issuer: https://auth.example.com
//	        type: oauth                # or oidc; left out: both are tried
//	        metadata_url: https://auth.example.com/metadata   # if it is at no well-known URL
//	        audiences: [notes-api]     # accepted in addition to the identifier
//	        allowed_clients: [app]     # accepted without an audience
//	        algorithms: [ES256]
//	        token_types: [at+jwt]
//	        scope_claim: scope
//	        introspection:
//	          endpoint: https://auth.example.com/introspect   # left out: the one in the metadata
//	          client_id: notes
//	          client_secret_env: NOTES_SECRET                 # the name of an environment variable
//	          auth_method: client_secret_basic
//	          tokens: opaque           # or all
//	          allowed_clients: []      # with tokens: all
//	      - provider: auth0            # instead of an issuer and what the profile says of it
//	        parameters: {domain: example.us.auth0.com}
//	leeway: 5s
//	allowed_networks: [10.20.0.0/16]   # private networks in which authorization servers may be
//	dangerously_allow_http: [keycloak] # hosts that may be plain http, for development
//
// The fields mean what the fields of [mcpauth.Config] with the same names mean.
// Profiles and their parameters are those of package provider.
//
// A file is read strictly: unknown fields, duplicate keys, values of a wrong
// type, aliases and merge keys are mistakes. All mistakes are reported together.
//
// [Load] reads a file. A program with settings of its own embeds [Document] in
// the struct of its file, and reads it with [Read]:
//
//	var settings struct {
//		configfile.Document
//		Listen string `yaml:"listen"`
//	}
//	file, err := configfile.Read("server.yaml", &settings)
//	…
//	config, err := settings.Config(file)
package configfile
