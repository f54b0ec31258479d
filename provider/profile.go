package provider

import (
	"github.com/mcp-auth/go/metadata"
)

// Profile is what is known of an authorization server.
type Profile struct {
	// Name is what [Get] finds it by, such as "entra-v2".
	Name string `json:"name"`
	// Title is its name for people.
	Title string `json:"title"`
	// Type says where its metadata is. Empty means that each place is tried.
	Type metadata.ServerType `json:"type"`
	// Issuer is a template of the issuer, with the names of parameters in braces.
	Issuer string `json:"issuer"`
	// IssuerSays is what there is to know about the issuer.
	IssuerSays Fact `json:"issuerSays"`
	// MetadataURL is a template of where the metadata is, if in none of the
	// well-known places.
	MetadataURL string `json:"metadataURL,omitempty"`
	// Parameters are those of Issuer.
	Parameters []Parameter `json:"parameters"`
	// Token describes its access tokens.
	Token Token `json:"token"`
	// Audience is what its access tokens have in aud.
	Audience Audience `json:"audience"`
	// Support is what it offers to MCP clients.
	Support Support `json:"support"`
	// Steps are what to configure at the provider, in order.
	Steps []Fact `json:"steps"`
	// Quirks are where it differs from what you would expect.
	Quirks []Fact `json:"quirks"`
	// Warnings are mistakes that would let others in.
	Warnings []Fact `json:"warnings"`
	// Client says what MCP clients must do there that the specification does not
	// say; see [ForClient].
	Client []ClientRule `json:"client,omitempty"`
	// Sources are where the facts come from.
	Sources []Source `json:"sources"`
}

// Parameter is a part of an issuer that differs from tenant to tenant.
type Parameter struct {
	// Name is the key in [Params].
	Name string `json:"name"`
	// Kind says which values are valid.
	Kind ParameterKind `json:"kind"`
	// Pattern is the regular expression that the whole value must match, for
	// [PatternParameter].
	Pattern string `json:"pattern,omitempty"`
	// Example is a valid value.
	Example string `json:"example"`
	// Says what it is and where to find it.
	Says string `json:"says"`
}

// ParameterKind says which values of a parameter are valid.
type ParameterKind string

// The kinds of parameters.
const (
	// PatternParameter must match the parameter's own pattern.
	PatternParameter ParameterKind = "pattern"
	// HostParameter is a host name of two or more labels, in lower case, without
	// a port.
	HostParameter ParameterKind = "host"
	// BaseParameter is the URL of a self-hosted server: https, or http on
	// loopback, with or without a path, and without a slash at its end.
	BaseParameter ParameterKind = "base"
	// IssuerParameter is the whole issuer: like [BaseParameter], but with the
	// slash at its end, if it has one.
	IssuerParameter ParameterKind = "issuer"
)

// Token describes the access tokens of a provider.
type Token struct {
	// Kind is the form of the tokens.
	Kind TokenKind `json:"kind"`
	// Says describes the form, the header and the algorithm.
	Says Fact `json:"says"`
	// Types are the values of the typ header that are accepted, see
	// [mcpauth.AuthorizationServer.TokenTypes]. Empty means the default.
	Types []string `json:"types,omitempty"`
	// Algorithms are those it signs with. Empty means the default.
	Algorithms []string `json:"algorithms,omitempty"`
	// ScopeClaim is set if the scopes are neither in scope nor in scp.
	ScopeClaim string `json:"scopeClaim,omitempty"`
	// Scopes says where the scopes are and in which form.
	Scopes Fact `json:"scopes"`
	// Client says where the client's identifier is.
	Client Fact `json:"client"`
	// IDToken says what tells an ID token of this provider from an access token.
	IDToken Fact `json:"idToken"`
}

// TokenKind is the form of access tokens.
type TokenKind string

// The forms of access tokens.
const (
	// JWT is verified with the keys of the server.
	JWT TokenKind = "jwt"
	// Opaque is a token that only the provider can read.
	Opaque TokenKind = "opaque"
	// Introspected is a JWT that, verified with keys, could also be an ID
	// token: the provider must be asked about each. [Options.Introspection] is
	// needed, for [mcpauth.AllTokens].
	Introspected TokenKind = "introspected"
	// Either is a JWT or opaque, depending on how the provider, or the client
	// there, is configured. With [Options.Introspection] opaque tokens are
	// accepted, too.
	Either TokenKind = "either"
)

// Audience is what access tokens have in aud, and what follows from it.
type Audience struct {
	// Rule says what the caller must name.
	Rule AudienceRule `json:"rule"`
	// Says what is in aud.
	Says Fact `json:"says"`
	// Pattern, if set, is the regular expression that every one of
	// [Options.Audiences] must match as a whole.
	Pattern string `json:"pattern,omitempty"`
	// Example is a valid audience where Rule demands one.
	Example string `json:"example,omitempty"`
	// Shared are audiences that do not stand for one MCP server alone. They are
	// refused, in upper and lower case alike. Names of parameters in braces are
	// filled in. A star stands for any text; case then counts, unless the value
	// is a URL.
	Shared []SharedAudience `json:"shared,omitempty"`
}

// SharedAudience is an audience that many services have in common.
type SharedAudience struct {
	// Value is the audience. It is empty if Pattern is set.
	Value string `json:"value,omitempty"`
	// Pattern is a regular expression that such audiences match as a whole.
	Pattern string `json:"pattern,omitempty"`
	// Why says why it must not be accepted.
	Why string `json:"why"`
}

// AudienceRule says what of the audience the caller must name.
type AudienceRule string

// The rules.
const (
	// ResourceAudience: aud has the resource that the client asked for (RFC 8707).
	// Nothing needs to be named.
	ResourceAudience AudienceRule = "resource"
	// ConfiguredAudience: aud has what was configured at the provider, which
	// can be the resource identifier. Anything else must be named in
	// [Options.Audiences].
	ConfiguredAudience AudienceRule = "configured"
	// NamedAudience: aud has what the provider chooses, such as an application
	// id. It must be named in [Options.Audiences].
	NamedAudience AudienceRule = "named"
	// NoAudience: there may be no aud. List the clients in
	// [Options.AllowedClients], or, if the provider was made to write an
	// audience, name that in [Options.Audiences].
	NoAudience AudienceRule = "none"
	// ClientAudience: the tokens are opaque, and a verifier of this package
	// proves which client they were issued to.
	ClientAudience AudienceRule = "client"
)

// Support is what a provider offers to MCP clients.
type Support struct {
	// DCR is dynamic client registration (RFC 7591).
	DCR Feature `json:"dcr"`
	// CIMD are client ID metadata documents.
	CIMD Feature `json:"cimd"`
	// Resource is the parameter resource (RFC 8707).
	Resource Feature `json:"resource"`
	// Introspection of tokens (RFC 7662).
	Introspection Feature `json:"introspection"`
}

// Feature says whether a provider has a feature.
type Feature struct {
	Value FeatureValue `json:"value"`
	// Fact has the conditions, if any.
	Fact
}

// FeatureValue says how far a provider has a feature.
type FeatureValue string

// The values of a Feature.
const (
	FeatureYes        FeatureValue = "yes"
	FeatureNo         FeatureValue = "no"
	FeatureLimited    FeatureValue = "limited"    // on conditions, which the text has
	FeatureUnverified FeatureValue = "unverified" // no source says
)

// Fact is a statement with the sources that it rests on, as numbers of
// [Profile.Sources] from 1. Without sources it is unverified.
type Fact struct {
	Text    string `json:"text,omitempty"`
	Sources []int  `json:"sources,omitempty"`
}

// Verified reports whether there is a source.
func (f Fact) Verified() bool { return len(f.Sources) > 0 }

// Source is a document that facts come from.
type Source struct {
	URL string `json:"url"`
	// Date is the day on which it was written, if that is known, or else read,
	// such as 2026-11-25.
	Date string `json:"date"`
	// Says what it was read for.
	Says string `json:"says"`
}
