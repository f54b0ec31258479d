package check

import (
	"context"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/mcp-auth/go/internal/fetch"
	"github.com/mcp-auth/go/internal/jose"
	"github.com/mcp-auth/go/metadata"
)

// Setup is what [Configuration] needs to know of a resource server. It has no
// place for secrets. Package mcpauth makes it from its Config: use
// mcpauth.Auth.Diagnose instead of writing one.
type Setup struct {
	// Name is the name of the configuration in the report.
	Name      string
	Resources []ResourceSetup
	// Leeway is the clock difference tolerated.
	Leeway time.Duration
	// ShowsErrorDetails says that callers are told why they are refused.
	ShowsErrorDetails bool
	// Faults are mistakes for which mcpauth.New refuses the configuration,
	// Warnings those that it accepts.
	Faults, Warnings []Problem
}

// Problem is a mistake in a configuration.
type Problem struct {
	// Field is its place, Value the value there unless that is secret.
	Field, Value string
	// Text says what is wrong.
	Text string
}

// ResourceSetup is a protected resource.
type ResourceSetup struct {
	Identifier      string
	ScopesSupported []string
	// DPoPRequired says that it accepts only tokens bound to a key.
	DPoPRequired bool
	// DPoPAlgorithms is the allow-list for proofs, empty for all.
	DPoPAlgorithms []string
	Servers        []ServerSetup
}

// ServerSetup is an authorization server that a resource trusts, and how.
type ServerSetup struct {
	ServerSource
	// Audiences are accepted beside the resource identifier.
	Audiences []string
	// Algorithms and TokenTypes are allow-lists, empty for the defaults.
	Algorithms, TokenTypes []string
	// CustomVerifier says that the configuration has a verifier of its own.
	CustomVerifier bool
	// Introspection, if set, is how the server is asked about tokens.
	Introspection *IntrospectionSetup
}

// IntrospectionSetup says how an authorization server is asked about tokens.
type IntrospectionSetup struct {
	// Endpoint is the introspection endpoint. Empty means the one in the
	// metadata.
	Endpoint string
	// AuthMethod is how the resource server authenticates.
	AuthMethod string
}

// Configuration checks a configuration, by itself and against what its
// authorization servers say. Each of these is a part of the report. What the
// configuration gives by hand is not fetched. The error is that of ctx; the
// report then has what was found until ctx ended.
func Configuration(ctx context.Context, setup Setup, opts Options) (*Report, error) {
	// Whoever configured a server on loopback means it.
	c := &setupCheck{checker: newChecker(KindConfiguration, setup.Name, true, opts), servers: map[serverKey]*issuerCheck{}}
	defer c.close()
	c.problems(&setup)
	c.settings(&setup)
	for i := range setup.Resources {
		c.resource(ctx, &setup.Resources[i], fmt.Sprintf("Resources[%d]", i))
	}
	c.sharedAudiences(setup.Resources)
	return c.report, ctx.Err()
}

// setupCheck is the check of one configuration.
type setupCheck struct {
	*checker
	servers map[serverKey]*issuerCheck // that were checked
}

// serverKey tells apart what must be checked apart.
type serverKey struct {
	issuer, url string
	kind        metadata.ServerType
	document    *metadata.AuthorizationServer
	keys        string
	keyless     bool
	repaired    string // the place, where a function changes the document
}

func (c *setupCheck) problems(setup *Setup) {
	for _, p := range setup.Faults {
		c.add(ConfigRefused, p.evidence(), "%s: %s.", p.Field, p.Text)
	}
	for _, p := range setup.Warnings {
		c.add(ConfigDoubtful, p.evidence(), "%s: %s.", p.Field, p.Text)
	}
	if len(setup.Faults) == 0 {
		c.add(ConfigAccepted, "", "The configuration is accepted.")
	}
}

func (p *Problem) evidence() string {
	if p.Value == "" {
		return ""
	}
	return fmt.Sprintf("%.200q", p.Value)
}

// wideLeeway is more than clocks differ that are synchronized.
const wideLeeway = 30 * time.Second

func (c *setupCheck) settings(setup *Setup) {
	if setup.Leeway > wideLeeway {
		c.add(ConfigLeewayWide, setup.Leeway.String(), "Leeway is more than %s.", wideLeeway)
	}
	if !setup.ShowsErrorDetails {
		return
	}
	severity := Info
	for _, r := range setup.Resources {
		if !fetch.IsLoopbackURL(r.Identifier) {
			severity = metadata.Warning
		}
	}
	c.addAs(severity, ConfigErrorDetails, "", "DangerouslyShowErrorDetails is on.")
}

func (c *setupCheck) resource(ctx context.Context, r *ResourceSetup, field string) {
	c.identifier(r, field+".Identifier")
	if len(r.ScopesSupported) == 0 {
		c.add(ConfigScopesMissing, "", "%s advertises no scopes.", field)
	}
	for i := range r.Servers {
		if ctx.Err() != nil {
			return
		}
		c.server(ctx, r, &r.Servers[i], fmt.Sprintf("%s.AuthorizationServers[%d]", field, i))
	}
}

// identifier finds what New accepts and clients stumble over.
func (c *setupCheck) identifier(r *ResourceSetup, field string) {
	id := r.Identifier
	u, err := url.Parse(id)
	if err != nil || u.Host == "" {
		return // New refuses it
	}
	if fetch.IsLoopbackURL(id) {
		c.add(ConfigIdentifierLoopback, id, "%s is on this machine.", field)
	}
	if u.Host != strings.ToLower(u.Host) || !strings.HasPrefix(id, strings.ToLower(u.Scheme)) ||
		u.Scheme == "https" && u.Port() == "443" || u.Scheme == "http" && u.Port() == "80" {
		c.add(ConfigIdentifierRewritten, id, "%s is not written as clients write URLs.", field)
	}
	if u.RawQuery != "" {
		c.add(ConfigIdentifierQuery, id, "%s has a query.", field)
	}
	switch {
	case u.Path == "" && u.RawQuery == "" && !r.acceptsEverywhere(id+"/"):
		c.add(ConfigIdentifierRoot, id, "%s has no path, and its form with a slash at the end is not accepted as an audience.", field)
	case u.Path != "" && strings.HasSuffix(u.Path, "/"):
		c.add(ConfigIdentifierSlash, id, "%s ends in a slash.", field)
	}
}

// acceptsEverywhere reports whether an audience is accepted of each server.
func (r *ResourceSetup) acceptsEverywhere(audience string) bool {
	for _, s := range r.Servers {
		if !slices.Contains(s.Audiences, audience) {
			return false
		}
	}
	return true
}

func (c *setupCheck) server(ctx context.Context, r *ResourceSetup, s *ServerSetup, field string) {
	c.audiences(s, field+".Audiences")
	if !s.CustomVerifier && s.Introspection == nil && len(s.TokenTypes) == 0 {
		c.add(ConfigTokenTypesOpen, "", "%s.TokenTypes is not set.", field)
	}
	checked := c.subject(ctx, &s.ServerSource, field)
	c.keys(s, checked, field)
	if checked.document == nil {
		return
	}
	c.introspection(s.Introspection, checked.document, field+".Introspection")
	c.scopes(r, checked.document, field)
	c.dpop(r, checked.document, field)
}

// subject checks an authorization server unless that was done.
func (c *setupCheck) subject(ctx context.Context, s *ServerSource, field string) *issuerCheck {
	key := serverKey{s.Issuer, s.URL, s.Type, s.Metadata, string(s.JWKS), s.Keyless, ""}
	if s.Repair != nil {
		key.repaired = field
	}
	if c.servers[key] == nil {
		c.servers[key] = c.checkIssuerAs(ctx, s)
	}
	return c.servers[key]
}

// clientID matches what providers give clients as identifiers: a UUID, or a
// random word.
var clientID = regexp.MustCompile(`^([0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[0-9A-Za-z]{16,64}|[0-9A-Za-z-]+\.apps\.googleusercontent\.com)$`)

func looksLikeClientID(audience string) bool {
	return clientID.MatchString(audience) && strings.ContainsAny(audience, "0123456789")
}

// commonAudiences are in tokens that are meant for others.
func commonAudiences(issuer string) []string {
	base := strings.TrimSuffix(issuer, "/")
	return []string{
		"account",       // Keycloak, in every token
		"api://default", // Okta's default authorization server
		"https://graph.microsoft.com", "00000003-0000-0000-c000-000000000000",
		issuer, base, base + "/userinfo", base + "/api/v2/", // Auth0's own APIs among them
	}
}

func (c *setupCheck) audiences(s *ServerSetup, field string) {
	for _, audience := range s.Audiences {
		switch {
		case slices.Contains(commonAudiences(s.Issuer), audience):
			c.add(ConfigAudienceShared, fmt.Sprintf("%.200q", audience), "%s has an audience that tokens for other services have, too.", field)
		case looksLikeClientID(audience) && len(s.TokenTypes) == 0 && !s.Keyless: // who proves tokens tells ID tokens apart
			c.add(ConfigAudienceClientID, fmt.Sprintf("%.200q", audience), "%s has what looks like a client id.", field)
		}
	}
}

// sharedAudiences finds audiences that several resources accept of one issuer.
func (c *setupCheck) sharedAudiences(resources []ResourceSetup) {
	type use struct{ issuer, audience string }
	first := map[use]int{}
	for i := range resources {
		for _, s := range resources[i].Servers {
			for _, audience := range slices.Compact(slices.Sorted(slices.Values(s.Audiences))) {
				other, taken := first[use{s.Issuer, audience}]
				if taken && other != i {
					c.add(ConfigAudienceShared, fmt.Sprintf("%.200q", audience), "Resources[%d] and Resources[%d] accept the same audience.", other, i)
					continue
				}
				first[use{s.Issuer, audience}] = i
			}
		}
	}
}

// keys holds the configuration against the published keys.
func (c *setupCheck) keys(s *ServerSetup, checked *issuerCheck, field string) {
	if s.CustomVerifier || s.Keyless {
		return
	}
	if s.JWKS == nil && s.Introspection == nil && checked.document != nil && checked.document.JWKSURI == "" {
		c.add(ConfigKeysMissing, "", "%s has no keys, no introspection and no verifier.", field)
		return
	}
	if checked.keys == nil || checked.keys.Len() == 0 || len(s.Algorithms) == 0 {
		return // told already, or nothing to hold against them
	}
	for _, name := range s.Algorithms {
		if alg, known := jose.ParseAlgorithm(name); known && hasKeyFor(checked.keys, alg) {
			c.add(ConfigAlgorithmsFit, "", "%s.Algorithms fits the published keys.", field)
			return
		}
	}
	c.add(ConfigAlgorithmsWithoutKey, strings.Join(s.Algorithms, ", "), "No published key is for any of %s.Algorithms.", field)
}

func (c *setupCheck) introspection(in *IntrospectionSetup, document *metadata.AuthorizationServer, field string) {
	if in == nil {
		return
	}
	methods := document.IntrospectionEndpointAuthMethodsSupported
	switch {
	case in.Endpoint == "" && document.IntrospectionEndpoint == "":
		c.add(ConfigIntrospectionMissing, "", "%s is set, and there is no introspection endpoint.", field)
	case in.Endpoint != "" && in.Endpoint != document.IntrospectionEndpoint:
		// An endpoint of its own: the metadata tell nothing of it.
	case methods != nil && !slices.Contains(methods, in.AuthMethod):
		c.add(ConfigIntrospectionMethod, strings.Join(methods, ", "), "%s authenticates by %s, which the server does not list.", field, in.AuthMethod)
	}
}

// oidcScopes are OpenID Connect's own.
func oidcScopes() []string {
	return []string{"openid", "profile", "email", "address", "phone", "offline_access"}
}

func (c *setupCheck) scopes(r *ResourceSetup, document *metadata.AuthorizationServer, field string) {
	listed := document.ScopesSupported
	if listed == nil {
		return
	}
	var missing []string
	for _, scope := range r.ScopesSupported {
		if !slices.Contains(listed, scope) {
			missing = append(missing, scope)
		}
	}
	if len(missing) == 0 {
		return
	}
	severity := metadata.Warning
	if !slices.ContainsFunc(listed, func(scope string) bool { return !slices.Contains(oidcScopes(), scope) }) {
		severity = Info // a server that lists no API's scopes
	}
	c.addAs(severity, ConfigScopeUnknown, strings.Join(missing, ", "), "The server of %s does not list all scopes that the resource advertises.", field)
}

func (c *setupCheck) dpop(r *ResourceSetup, document *metadata.AuthorizationServer, field string) {
	if !r.DPoPRequired {
		return
	}
	listed, _ := usable(document.DPoPSigningAlgValuesSupported)
	allowed, _ := usable(r.DPoPAlgorithms)
	fits := slices.ContainsFunc(listed, func(alg jose.Algorithm) bool { return len(allowed) == 0 || slices.Contains(allowed, alg) })
	if !fits {
		c.add(ConfigDPoPNotSupported, strings.Join(document.DPoPSigningAlgValuesSupported, ", "), "DPoP is required, and the server of %s lists no algorithm that is accepted.", field)
	}
}
