package client

import (
	"errors"
	"net/url"
	"slices"
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
// sentence about it. privateUse allows private-use schemes (RFC 8252 §7.1).
func CheckRedirectURI(uri string, privateUse bool) error {
	u, err := url.Parse(uri)
	if err != nil || len(uri) > oauth.MaxValueBytes || !oauth.PrintableASCII(uri) || !u.IsAbs() {
		return errors.New("is not an absolute URL")
	}
	if u.User != nil || strings.Contains(uri, "#") {
		return errors.New("must not have user information or a fragment")
	}
	if oauth.IsSecureURL(u) || privateUse && IsPrivateUse(u) {
		return nil
	}
	return errors.New("must be https, or http on a loopback host, or have a private-use scheme where the server allows it")
}

// IsPrivateUse reports whether u has a scheme by which a native app takes its
// response (RFC 8252 §7.1), such as com.example.app:/callback or
// cursor://callback. Schemes that mean something else to a browser or to the
// operating system are not private: opening them can run or change something.
func IsPrivateUse(u *url.URL) bool {
	// "app:callback" is refused as well: without a slash, "javascript:", "data:" and
	// most handlers of operating systems take what follows as a command.
	return u.Opaque == "" && (u.Host != "" || strings.HasPrefix(u.Path, "/")) && !taken(u.Scheme)
}

// taken reports whether a scheme has a meaning outside of a single app.
func taken(scheme string) bool {
	for _, prefix := range []string{"ms-", "chrome", "moz-", "x-apple", "search-"} {
		if strings.HasPrefix(scheme, prefix) {
			return true
		}
	}
	return slices.Contains([]string{
		"http", "https", "ws", "wss", "ftp", "ftps", "sftp", "file", "data", "javascript", "vbscript", "blob", "filesystem",
		"about", "view-source", "resource", "jar", "edge", "opera", "brave", "webkit", "mailto", "tel", "sms", "facetime",
		"intent", "android-app", "market", "itms", "itms-apps", "itms-services", "shell", "hcp", "ldap", "ldaps", "smb", "nfs",
		"afp", "dav", "davs", "ssh", "telnet", "rlogin", "rdp", "vnc", "gopher", "git", "svn", "urn", "magnet", "search",
	}, scheme)
}
