package check

import (
	"net/url"
	"slices"
	"strings"

	"github.com/mcp-auth/go/internal/challenge"
	"github.com/mcp-auth/go/internal/fetch"
	"github.com/mcp-auth/go/metadata"
)

// challenge judges the WWW-Authenticate header of the 401.
func (s *serverCheck) challenge() {
	if s.state != protected {
		return
	}
	values := s.refusal.header.Values("Www-Authenticate")
	bearer := s.refusal.bearer()
	shown := strings.Join(values, "; ")
	switch {
	case len(values) == 0:
		s.add(ChallengeMissing, "", "The 401 has no WWW-Authenticate header.")
		return
	case withoutScheme(values):
		s.add(ChallengeWithoutScheme, shown, "A WWW-Authenticate header begins with a parameter, where a scheme is due.")
	case s.refusal.fault != nil:
		s.add(ChallengeMalformed, shown, "The WWW-Authenticate header cannot be read: %s.", faultText(s.refusal.fault))
	case bearer == nil:
		s.add(ChallengeNotBearer, shown, "No challenge has the scheme Bearer.")
	}
	if bearer == nil {
		return
	}
	if s.refusal.fault == nil {
		s.add(ChallengeReadable, "", "The 401 has a challenge of the scheme Bearer.")
	}
	s.challengeParams(bearer, shown)
}

func (s *serverCheck) challengeParams(bearer *challenge.Challenge, shown string) {
	if code := bearer.Params["error"]; code != "" {
		s.add(ChallengeErrorWithoutToken, shown, "The challenge has the error %q, though no token was sent.", code)
	}
	scopes := strings.Fields(bearer.Params["scope"])
	if slices.Contains(scopes, "offline_access") {
		s.add(ChallengeOfflineAccess, shown, "The challenge asks for the scope offline_access.")
	}
	s.challengeLink(bearer.Params["resource_metadata"])
}

// challengeLink judges the form of resource_metadata. Whether it is there at
// all is judged once it is known whether the metadata can be found without it.
func (s *serverCheck) challengeLink(link string) {
	if link == "" {
		return
	}
	u, err := url.Parse(link)
	switch {
	case err != nil || !u.IsAbs() || u.Host == "":
		s.add(ResourceMetadataRelative, link, "resource_metadata is not an absolute URL.")
	case fetch.CheckURL(link, s.loopback) != nil:
		s.add(ResourceMetadataInsecure, link, "resource_metadata is not an https URL that can be fetched.")
	case !sameOrigin(link, s.url):
		s.add(ResourceMetadataElsewhere, link, "resource_metadata is of another origin than the server.")
	}
}

// link is the URL of resource_metadata that clients can follow, or "".
func (s *serverCheck) link() string {
	if s.refusal == nil || s.refusal.bearer() == nil {
		return ""
	}
	link := s.refusal.bearer().Params["resource_metadata"]
	if fetch.CheckURL(link, s.loopback) != nil {
		return ""
	}
	return link
}

// challengeWithoutLink judges a challenge without resource_metadata.
func (s *serverCheck) challengeWithoutLink(found bool) {
	bearer := s.refusal.bearer()
	if s.state != protected || bearer == nil || bearer.Params["resource_metadata"] != "" {
		return
	}
	severity := metadata.Warning
	if !found {
		severity = metadata.Error
	}
	s.addAs(severity, ResourceMetadataNotLinked, "", "The challenge has no resource_metadata.")
}

// challengeScopes judges which scopes clients learn to ask for (RS4).
func (s *serverCheck) challengeScopes() {
	bearer := s.refusal.bearer()
	if s.state != protected || bearer == nil || bearer.Params["scope"] != "" {
		return
	}
	if s.document == nil || len(s.document.ScopesSupported) == 0 {
		s.add(ScopesNotNamed, "", "Neither the challenge nor the metadata names a scope.")
		return
	}
	s.add(ChallengeScopeMissing, "", "The challenge names no scope, while the metadata names %s.", plural(len(s.document.ScopesSupported), "scope"))
}

// sameOrigin compares scheme, host and port.
func sameOrigin(a, b string) bool {
	ua, errA := url.Parse(a)
	ub, errB := url.Parse(b)
	if errA != nil || errB != nil {
		return false
	}
	return strings.EqualFold(ua.Scheme, ub.Scheme) && strings.EqualFold(ua.Hostname(), ub.Hostname()) && portOf(ua) == portOf(ub)
}

func portOf(u *url.URL) string {
	switch {
	case u.Port() != "":
		return u.Port()
	case strings.EqualFold(u.Scheme, "https"):
		return "443"
	}
	return "80"
}
