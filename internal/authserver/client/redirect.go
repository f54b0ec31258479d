package client

import (
	"errors"
	"net/url"
	"strings"

	"github.com/mcp-auth/go/internal/authserver/oauth"
)

// redirectMatches compares byte for byte, except for the ports of http URLs on
// loopback (RFC 8252 §7.3).
func redirectMatches(registered, asked string) bool {
	if registered == asked {
		return true
	}
	registeredHost, registeredRest, ok := cutLoopback(registered)
	if !ok {
		return false
	}
	askedHost, askedRest, ok := cutLoopback(asked)
	return ok && registeredHost == askedHost && registeredRest == askedRest
}

// cutLoopback takes the port out of an http URL on loopback.
func cutLoopback(uri string) (host, rest string, ok bool) {
	authority, ok := strings.CutPrefix(uri, "http://")
	if !ok {
		return "", "", false
	}
	if i := strings.IndexAny(authority, "/?#"); i >= 0 {
		authority, rest = authority[:i], authority[i:]
	}
	for _, host := range []string{"127.0.0.1", "[::1]", "localhost"} {
		port, found := strings.CutPrefix(authority, host)
		if found && (port == "" || port[0] == ':' && isPort(port[1:])) {
			return host, rest, true
		}
	}
	return "", "", false
}

func isPort(s string) bool {
	return s != "" && len(s) <= 5 && strings.Trim(s, "0123456789") == ""
}

// CheckRedirectURI returns why uri cannot be a redirect URI, as the end of a
// sentence about it.
func CheckRedirectURI(uri string) error {
	u, err := url.Parse(uri)
	if err != nil || u.Host == "" || len(uri) > oauth.MaxValueBytes || !oauth.PrintableASCII(uri) {
		return errors.New("is not an absolute URL")
	}
	if !oauth.IsSecureURL(u) {
		return errors.New("must be https, or http on a loopback host")
	}
	if u.User != nil || strings.Contains(uri, "#") {
		return errors.New("must not have user information or a fragment")
	}
	return nil
}
