package mcpserver

import (
	"errors"
	"net/url"
	"slices"
	"strings"

	"github.com/mcp-auth/go/check/internal/answer"
	"github.com/mcp-auth/go/check/internal/finding"
	"github.com/mcp-auth/go/check/internal/probe"
	"github.com/mcp-auth/go/internal/challenge"
	"github.com/mcp-auth/go/metadata"
)

// judgeChallenge judges the WWW-Authenticate header of a 401 of the target of p.
func judgeChallenge(refusal *answer.Answer, server string, p *probe.Probe) (found finding.List) {
	values, shown, bearer := refusal.Header.Values("Www-Authenticate"), refusal.Challenge(), refusal.Bearer()
	switch {
	case len(values) == 0:
		found.Add("challenge_missing", "", "The 401 has no WWW-Authenticate header.")
		return found
	case withoutScheme(values):
		found.Add("challenge_without_scheme", shown, "A WWW-Authenticate header begins with a parameter instead of a scheme.")
	case refusal.Fault != nil:
		found.Add("challenge_malformed", shown, "The WWW-Authenticate header cannot be parsed: %s.", faultText(refusal.Fault))
	case bearer == nil:
		found.Add("challenge_not_bearer", shown, "No challenge has the scheme Bearer.")
	}
	if bearer == nil {
		return found
	}
	if refusal.Fault == nil {
		found.Add("challenge_readable", "", "The 401 has a challenge of the scheme Bearer.")
	}
	found = append(found, judgeParameters(bearer, shown)...)
	return append(found, judgeLink(bearer.Params["resource_metadata"], server, p)...)
}

// withoutScheme reports whether one of the headers begins with a parameter.
func withoutScheme(headers []string) bool {
	return slices.ContainsFunc(headers, func(h string) bool {
		name, _, ok := strings.Cut(h, "=")
		return ok && name != "" && !strings.ContainsAny(strings.TrimSpace(name), " \t,")
	})
}

// faultText returns what is wrong with a WWW-Authenticate header.
func faultText(err error) string {
	var fault *challenge.Error
	if errors.As(err, &fault) {
		return fault.Error()
	}
	return ""
}

func judgeParameters(bearer *challenge.Challenge, shown string) (found finding.List) {
	if code := bearer.Params["error"]; code != "" {
		found.Add("challenge_error_without_token", shown, "The challenge has the error %q, though the request had no token.", code)
	}
	if slices.Contains(strings.Fields(bearer.Params["scope"]), "offline_access") {
		found.Add("challenge_offline_access", shown, "The challenge asks for the scope offline_access.")
	}
	return found
}

// judgeLink judges the form of resource_metadata. A missing one is judged later
// by judgeMissingLink.
func judgeLink(link, server string, p *probe.Probe) (found finding.List) {
	if link == "" {
		return nil
	}
	u, err := url.Parse(link)
	switch {
	case err != nil || !u.IsAbs() || u.Host == "":
		found.Add("resource_metadata_relative", link, "resource_metadata is not an absolute URL.")
	case !p.MayName(link):
		found.Add("resource_metadata_insecure", link, "resource_metadata is not an https URL that clients can fetch.")
	case !sameOrigin(link, server):
		found.Add("resource_metadata_elsewhere", link, "resource_metadata has another origin than the server.")
	}
	return found
}

// usableLink returns the URL in resource_metadata that clients can follow, or "".
func usableLink(refusal *answer.Answer, p *probe.Probe) string {
	bearer := refusal.Bearer()
	if bearer == nil {
		return ""
	}
	link := bearer.Params["resource_metadata"]
	if !p.MayName(link) {
		return ""
	}
	return link
}

// judgeMissingLink judges a challenge without resource_metadata, which is worse
// if there is no metadata at the well-known URLs either.
func judgeMissingLink(refusal *answer.Answer, documentFound bool) (found finding.List) {
	bearer := refusal.Bearer()
	if bearer == nil || bearer.Params["resource_metadata"] != "" {
		return nil
	}
	severity := metadata.Warning
	if !documentFound {
		severity = metadata.Error
	}
	found.AddAs(severity, "resource_metadata_not_linked", "", "The challenge has no resource_metadata.")
	return found
}

// judgeScopes judges which scopes clients learn to ask for (RS4). supported are
// the scopes in the metadata.
func judgeScopes(refusal *answer.Answer, supported []string) (found finding.List) {
	bearer := refusal.Bearer()
	switch {
	case bearer == nil:
	case bearer.Params["scope"] != "":
		return judgeStepUp(strings.Fields(bearer.Params["scope"]), supported)
	case len(supported) == 0:
		found.Add("scopes_not_named", "", "Neither the challenge nor the metadata names a scope.")
	default:
		found.Add("challenge_scope_missing", "", "The challenge names no scope, while the metadata names %s.", finding.Count(len(supported), "scope"))
	}
	return found
}

// judgeStepUp reports that the challenge names fewer scopes than the metadata:
// clients need a second login, with more scopes, for what requires the others.
func judgeStepUp(challenged, supported []string) (found finding.List) {
	later := slices.DeleteFunc(slices.Clone(supported), func(scope string) bool {
		return scope == "offline_access" || slices.Contains(challenged, scope)
	})
	if len(later) > 0 {
		found.Add("step_up_expected", strings.Join(later, " "), "The challenge names %s; the metadata names %d more.", finding.Count(len(challenged), "scope"), len(later))
	}
	return found
}
