package identifier

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"github.com/mcp-auth/go/internal/fetch"
)

var (
	errEmpty       = errors.New("it is empty; is a variable not set?")
	errSpace       = errors.New("it has a space or a line break at one of its ends; was it read from a file?")
	errPlaceholder = errors.New("it holds a placeholder that must be replaced")
)

// hint returns what was probably meant by a URL that is not valid, or nil.
func hint(text string) error {
	switch {
	case text == "":
		return errEmpty
	case strings.TrimSpace(text) != text:
		return errSpace
	case Placeholder(text) != "":
		return fmt.Errorf("%w: %s", errPlaceholder, Placeholder(text))
	}
	if meant := withScheme(text); meant != "" {
		return fmt.Errorf("it has no scheme; %s is meant", meant)
	}
	return nil
}

// withScheme returns the URL that a host without a scheme stands for, or "".
func withScheme(text string) string {
	rest := strings.TrimPrefix(text, "//")
	if strings.Contains(rest, "://") || strings.HasPrefix(rest, "/") {
		return ""
	}
	scheme := "https://"
	if host, _, _ := strings.Cut(rest, "/"); fetch.IsLoopbackAuthority(host) {
		scheme = "http://"
	}
	u, err := url.Parse(scheme + rest)
	if err != nil || fetch.CheckURL(scheme+rest, true) != nil || !strings.ContainsAny(u.Host, ".:") && scheme == "https://" {
		return ""
	}
	return scheme + rest
}

// variable matches a part of a template that was not filled in: {tenant}, <tenant>,
// ${TENANT}, $TENANT, %TENANT%.
var variable = regexp.MustCompile(`\$?\{+[^{}/]*\}+|<[^<>/]*>|\$[A-Z_]{2,}|%[0-9A-Fa-f]?[G-Zg-z_][A-Za-z_]*%`)

// word matches a word of a sample that was not replaced, such as TENANT, YOUR_DOMAIN,
// your-tenant, CHANGEME or xxxx.
var word = regexp.MustCompile(`^(?:` +
	`(?:[A-Z]+[-_])*(?:TENANT|REALM|DOMAIN|SUBDOMAIN|ISSUER|HOST|HOSTNAME|REGION|PROJECT|POOL|ORG|ORGANIZATION|ACCOUNT|ENVIRONMENT|CLIENT|AUDIENCE|PLACEHOLDER|CHANGEME|TODO|FIXME)(?:[-_]?(?:ID|NAME|REF))?` +
	`|(?i:your)[-_].+|(?i:your(?:tenant|domain|realm|org|company|app|server|host|issuer|project))` +
	`|(?i:change[-_]?me|replace[-_]?me|placeholder)|[xX]{3,}` +
	`)$`)

// Placeholder returns the part of a text that was left in it from a template or a
// sample, or "".
func Placeholder(text string) string {
	if found := variable.FindString(text); found != "" {
		return found
	}
	for _, part := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(":/.?=&@#", r) }) {
		if word.MatchString(part) {
			return part
		}
	}
	return ""
}
