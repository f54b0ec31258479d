// Package untrusted makes text that another side wrote fit for errors and logs.
package untrusted

import (
	"net/url"
	"strings"
)

const (
	// MaxCode is how much of an error code is shown, in bytes.
	MaxCode = 100
	// MaxDescription is how much of a description is shown, in bytes.
	MaxDescription = 300

	// minSecret is the length from which text is searched for a secret: a
	// shorter one occurs by chance.
	minSecret = 8
)

// Printable reports whether s consists of printable ASCII characters.
func Printable(s string) bool {
	return !strings.ContainsFunc(s, unprintable)
}

func unprintable(r rune) bool { return r < ' ' || r > '~' }

// Text returns text as an error may show it: at most limit bytes, and printable.
// It returns an empty string if text repeats one of the secrets.
func Text(text string, limit int, secrets ...string) string {
	for _, secret := range secrets {
		if len(secret) >= minSecret && strings.Contains(text, secret) {
			return ""
		}
	}
	if len(text) > limit {
		text = text[:limit] + "..."
	}
	return strings.Map(func(r rune) rune {
		if unprintable(r) {
			return '?'
		}
		return r
	}, text)
}

// URL returns a URL as an error may show it: without userinfo, query and
// fragment. It returns an empty string if raw is not a URL.
func URL(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return ""
	}
	u.User, u.RawQuery, u.ForceQuery, u.Fragment = nil, "", false, ""
	return Text(u.String(), MaxDescription)
}
