package provider

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/metadata"
)

const (
	// maxParameter bounds the value of a parameter, in bytes.
	maxParameter = 512
	// maxShown bounds what an error shows of a value.
	maxShown = 200
)

// Params are the values of a profile's parameters, by name.
type Params map[string]string

// Options are what a profile cannot know about your setup.
type Options struct {
	// Audiences are what the provider puts into aud in place of the resource
	// identifier, see [mcpauth.AuthorizationServer.Audiences]. [Profile.Audience]
	// says whether there must be any.
	Audiences []string
	// AllowedClients are the clients whose tokens are accepted without an
	// audience, where the provider issues none ([NoAudience]); see
	// [mcpauth.AuthorizationServer.AllowedClients].
	AllowedClients []string
	// Introspection, if set, asks the provider about opaque tokens, if it
	// issues such ([Either]), or about all tokens, if that is necessary
	// ([Introspected]).
	Introspection *mcpauth.Introspection
}

// AuthorizationServer makes the configuration of one authorization server. All
// mistakes are reported together, each as a [*configerr.Error].
func (p *Profile) AuthorizationServer(params Params, options Options) (mcpauth.AuthorizationServer, error) {
	var f faults
	f.profile = p.Name
	issuer := p.issuer(&f, params)
	p.checkOptions(&f, params, options)
	if err := f.err(); err != nil {
		return mcpauth.AuthorizationServer{}, err
	}
	return mcpauth.AuthorizationServer{
		Issuer:         issuer,
		Type:           p.Type,
		MetadataURL:    p.expand(p.MetadataURL, params),
		Audiences:      slices.Clone(options.Audiences),
		AllowedClients: slices.Clone(options.AllowedClients),
		Algorithms:     slices.Clone(p.Token.Algorithms),
		TokenTypes:     slices.Clone(p.Token.Types),
		ScopeClaim:     p.Token.ScopeClaim,
		Introspection:  options.Introspection,
	}, nil
}

// AuthorizationServers makes one configuration for each tenant, with the same
// options: a provider with many tenants has an issuer for each, and you must
// name each that you trust. You cannot trust all of them at once. All mistakes
// are reported together, each as a [*configerr.Error].
//
// Of several servers only one can have an [Options.Introspection], see
// [configerr.AmbiguousVerifier].
func (p *Profile) AuthorizationServers(tenants []Params, options Options) ([]mcpauth.AuthorizationServer, error) {
	var servers []mcpauth.AuthorizationServer
	var errs []error
	for i, params := range tenants {
		server, err := p.AuthorizationServer(params, options)
		if err != nil {
			errs = append(errs, fmt.Errorf("tenant %d: %w", i, err))
			continue
		}
		servers = append(servers, server)
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return servers, nil
}

// issuer fills the template in, once all values are known to be harmless.
func (p *Profile) issuer(f *faults, params Params) string {
	before := f.list.Len()
	for _, parameter := range p.Parameters {
		field := fmt.Sprintf("Params[%q]", parameter.Name)
		switch value, given := params[parameter.Name]; {
		case !given || value == "":
			f.add(MissingParameter, field, "", parameter.hint())
		case !parameter.accepts(value):
			f.add(InvalidParameter, field, value, parameter.hint())
		}
	}
	for _, name := range slices.Sorted(maps.Keys(params)) {
		if !slices.ContainsFunc(p.Parameters, func(known Parameter) bool { return known.Name == name }) {
			f.add(UnknownParameter, fmt.Sprintf("Params[%.80q]", name), "", p.parameterNames())
		}
	}
	if f.list.Len() > before {
		return ""
	}
	issuer := p.expand(p.Issuer, params)
	if err := metadata.CheckIssuer(issuer); err != nil {
		f.add(InvalidIssuer, "Params", issuer, "")
	}
	return issuer
}

// expand fills the values of the parameters in, in one pass: a value is never
// taken for a template.
func (p *Profile) expand(template string, params Params) string {
	pairs := make([]string, 0, 2*len(p.Parameters))
	for _, parameter := range p.Parameters {
		pairs = append(pairs, "{"+parameter.Name+"}", params[parameter.Name])
	}
	return strings.NewReplacer(pairs...).Replace(template)
}

func (p *Profile) parameterNames() string {
	if len(p.Parameters) == 0 {
		return "it has none"
	}
	names := make([]string, 0, len(p.Parameters))
	for _, parameter := range p.Parameters {
		names = append(names, parameter.Name)
	}
	return "it has " + strings.Join(names, ", ")
}

func (p Parameter) hint() string { return "such as " + p.Example + ": " + p.Says }

// accepts reports whether the value may stand in an issuer.
func (p Parameter) accepts(value string) bool {
	if len(value) > maxParameter {
		return false
	}
	switch p.Kind {
	case HostParameter:
		return matches(hostPattern, value)
	case BaseParameter:
		return matches(basePattern, value) && metadata.CheckIssuer(value) == nil
	case IssuerParameter:
		return matches(basePattern+`/?`, value) && metadata.CheckIssuer(value) == nil
	case PatternParameter:
		return matches(p.Pattern, value)
	}
	return false
}

const (
	label       = `[a-z0-9](?:[a-z0-9-]*[a-z0-9])?`
	hostPattern = label + `(?:\.` + label + `)+`
	// Segments of a path begin with a letter or digit: there are no dot segments.
	basePattern = `https?://` + label + `(?:\.` + label + `)*(?::[0-9]{1,5})?(?:/[A-Za-z0-9][A-Za-z0-9._~-]*)*`
)

// matches reports whether the whole value matches. A pattern that is not valid
// matches nothing.
func matches(pattern, value string) bool {
	compiled, err := regexp.Compile(`\A(?:` + pattern + `)\z`)
	return err == nil && compiled.MatchString(value)
}

func (p *Profile) checkOptions(f *faults, params Params, options Options) {
	for i, audience := range options.Audiences {
		p.checkAudience(f, params, audience, fmt.Sprintf("Options.Audiences[%d]", i))
	}
	for i, client := range options.AllowedClients {
		if !printable(client) {
			f.add(InvalidClient, fmt.Sprintf("Options.AllowedClients[%d]", i), client, "")
		}
	}
	if len(options.AllowedClients) > 0 && p.Audience.Rule != NoAudience {
		f.add(ClientsOfNoUse, "Options.AllowedClients", "", p.Audience.Says.Text)
	}
	p.checkIntrospection(f, options.Introspection)
	switch p.Audience.Rule {
	case NamedAudience:
		if len(options.Audiences) == 0 {
			f.add(AudienceRequired, "Options.Audiences", "", p.audienceHint())
		}
	case NoAudience:
		if len(options.Audiences)+len(options.AllowedClients) == 0 {
			f.add(ClientsRequired, "Options.AllowedClients", "", p.Audience.Says.Text)
		}
	case ClientAudience:
		f.add(VerifierRequired, "Profile", "", "")
	}
}

func (p *Profile) checkIntrospection(f *faults, config *mcpauth.Introspection) {
	const field = "Options.Introspection"
	asksAll := config != nil && config.Tokens == mcpauth.AllTokens
	switch {
	case p.Token.Kind == Introspected && !asksAll:
		f.add(IntrospectionRequired, field, "", p.Token.IDToken.Text)
	case config != nil && p.Token.Kind != Introspected && p.Token.Kind != Either:
		f.add(IntrospectionFails, field, "", "")
	case asksAll && p.Audience.Rule == NoAudience:
		f.add(ClientsOfNoUse, field, "", "with AllTokens, the list is Introspection.AllowedClients")
	}
}

func (p *Profile) audienceHint() string {
	return "such as " + p.Audience.Example + ": " + p.Audience.Says.Text
}

func (p *Profile) checkAudience(f *faults, params Params, audience, field string) {
	switch {
	case !printable(audience):
		f.add(InvalidAudience, field, audience, "")
	case p.Audience.Pattern != "" && !matches(p.Audience.Pattern, audience):
		f.add(InvalidAudience, field, audience, p.audienceHint())
	}
	for _, shared := range p.Audience.Shared {
		found := covers(p.expand(shared.Value, params), audience)
		if shared.Pattern != "" {
			found = matches(shared.Pattern, audience)
		}
		if found {
			f.add(AudienceShared, field, audience, shared.Why)
		}
	}
}

// covers reports whether the audience is the value that was filled in, where a
// star stands for any text. Case does not count, as it does not in host names:
// nobody needs a shared audience in another case. It does where letters alone
// are left of the star, as in "client_*", which would cover too much.
func covers(value, audience string) bool {
	prefix, suffix, hasStar := strings.Cut(value, "*")
	if !hasStar {
		return strings.EqualFold(value, audience)
	}
	if len(audience) < len(prefix)+len(suffix) {
		return false
	}
	begin, end := audience[:len(prefix)], audience[len(audience)-len(suffix):]
	if !strings.Contains(prefix, "://") {
		return begin == prefix && end == suffix
	}
	return strings.EqualFold(begin, prefix) && strings.EqualFold(end, suffix)
}

// printable reports text of printable ASCII without spaces, which identifiers
// of clients and audiences are.
func printable(text string) bool {
	if text == "" || len(text) > maxParameter {
		return false
	}
	for i := range len(text) {
		if text[i] <= ' ' || text[i] > '~' {
			return false
		}
	}
	return true
}
