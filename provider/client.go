package provider

import (
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
)

// ClientProfile is what an MCP client must know of one authorization server that
// does not conform to what MCP demands. Some are of providers with a [Profile],
// others of MCP servers with an authorization server of their own.
type ClientProfile struct {
	// Name is that of the profile, such as "entra-v2" or "atlassian".
	Name string `json:"name"`
	// Title is its name for people.
	Title string `json:"title"`
	// Rules are what the client must do, one entry for each kind of issuer.
	Rules []ClientRule `json:"client"`
	// Sources are where the facts come from.
	Sources []Source `json:"sources"`
}

// ClientRule is what a client must do at the authorization servers of some
// issuers. Package client has a setting for each.
type ClientRule struct {
	// Issuers are the issuers as MCP servers name them. A star stands for one or
	// more characters of a label or a segment, two stars at the end for any path.
	Issuers []string `json:"issuers"`
	// OwnIssuer is the issuer in the server's own metadata, if it is another one.
	OwnIssuer *ClientSetting `json:"ownIssuer,omitempty"`
	// PKCENotAdvertised says that the server checks PKCE though its metadata does
	// not mention it. To believe that is up to the user.
	PKCENotAdvertised *Fact `json:"pkceNotAdvertised,omitempty"`
	// OmitResource says that the server refuses the parameter resource.
	OmitResource *Fact `json:"omitResource,omitempty"`
	// RegisterScopes says that a client must register with the scopes it will
	// request.
	RegisterScopes *Fact `json:"registerScopes,omitempty"`
	// AuthorizationParameters and TokenParameters are to be added to requests.
	AuthorizationParameters []ClientSetting `json:"authorizationParameters,omitempty"`
	TokenParameters         []ClientSetting `json:"tokenParameters,omitempty"`
	// Scopes are to be requested in addition.
	Scopes []ClientSetting `json:"scopes,omitempty"`
	// Notes are what a user should know.
	Notes []Fact `json:"notes,omitempty"`
}

// ClientSetting is a value that a client needs, and why.
type ClientSetting struct {
	// Name is the name of a parameter, empty if there is none.
	Name string `json:"name,omitempty"`
	// Value is the value. In parameters, "{resource}" stands for the URL of the
	// MCP server.
	Value string `json:"value"`
	Fact
}

// ForClient returns what is known of the authorization server that an MCP server
// names as its issuer: the profile, and the rule of it that applies. Both are nil
// if nothing is known.
func ForClient(issuer string) (*ClientProfile, *ClientRule, error) {
	profiles, err := ClientProfiles()
	if err != nil {
		return nil, nil, err
	}
	for _, profile := range profiles {
		i := slices.IndexFunc(profile.Rules, func(r ClientRule) bool { return r.isFor(issuer) })
		if i >= 0 {
			return profile, &profile.Rules[i], nil
		}
	}
	return nil, nil, nil
}

// ClientProfiles returns everything that is known for clients, sorted by name.
func ClientProfiles() ([]*ClientProfile, error) {
	all, err := All()
	if err != nil {
		return nil, err
	}
	var found []*ClientProfile
	for _, p := range all {
		if len(p.Client) > 0 {
			found = append(found, &ClientProfile{Name: p.Name, Title: p.Title, Rules: p.Client, Sources: p.Sources})
		}
	}
	names, _ := fs.Glob(files, "clients/*.json") // the pattern is valid
	for _, name := range names {
		data, err := files.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("provider: %w", err)
		}
		p, err := decode[ClientProfile](data)
		if err != nil {
			return nil, fmt.Errorf("provider: %s: %w", name, err)
		}
		found = append(found, p)
	}
	slices.SortFunc(found, func(a, b *ClientProfile) int { return strings.Compare(a.Name, b.Name) })
	return found, nil
}

// isFor reports whether a rule is for an issuer.
func (r *ClientRule) isFor(issuer string) bool {
	return slices.ContainsFunc(r.Issuers, func(pattern string) bool { return matchesIssuer(pattern, issuer) })
}

// matchesIssuer reports whether an issuer is one of a pattern. A star never stands
// for a dot or a slash, so no other host is taken for the provider's.
func matchesIssuer(pattern, issuer string) bool {
	pattern, anyPath := strings.CutSuffix(pattern, "**")
	quoted := strings.ReplaceAll(regexp.QuoteMeta(pattern), `\*`, `[A-Za-z0-9_-]+`)
	if anyPath {
		quoted += `[A-Za-z0-9._~/-]*`
	}
	return matches(quoted, issuer)
}

// Deviations returns in sentences what a client does at these servers that the
// specification does not say, except for [ClientRule.PKCENotAdvertised].
func (r *ClientRule) Deviations() []Fact {
	var found []Fact
	add := func(what string, why Fact) {
		found = append(found, Fact{Text: what + ": " + why.Text, Sources: why.Sources})
	}
	if r.OwnIssuer != nil {
		add("the issuer in its own metadata is `"+r.OwnIssuer.Value+"`", r.OwnIssuer.Fact)
	}
	if r.OmitResource != nil {
		add("the parameter `resource` is left out", *r.OmitResource)
	}
	if r.RegisterScopes != nil {
		add("the client registers with its scopes", *r.RegisterScopes)
	}
	for _, parameter := range r.AuthorizationParameters {
		add("authorization requests have `"+parameter.Name+"="+parameter.Value+"`", parameter.Fact)
	}
	for _, parameter := range r.TokenParameters {
		add("token requests have `"+parameter.Name+"="+parameter.Value+"`", parameter.Fact)
	}
	for _, scope := range r.Scopes {
		add("the scope `"+scope.Value+"` is requested", scope.Fact)
	}
	return found
}
