// Package headers is what a gateway does with the headers of requests and
// responses: what it refuses, and what it takes out on the way up and on the way
// down. Names are in canonical form, as net/http has them.
package headers

import (
	"net/http"
	"strings"
)

// Fault says why the headers of a request are refused.
type Fault struct {
	Status int
	// Text is for the client.
	Text string
}

// The answers to requests that are refused.
const (
	textConnection = "The header Connection names a header that is not one of a connection."
	textTwice      = "A header that must be unique is given twice."
	textEncoding   = "The body of a request must not be encoded."
	textUpgrade    = "The protocol of the connection cannot be changed."
)

// Check reports why a request is refused for its headers, or nil. A request to
// change the protocol to h2c, which a server need not follow, is not refused.
func Check(h http.Header) *Fault {
	for name, values := range h {
		switch rule := requestRules[name]; {
		case rule == none:
		case rule&connection != 0 && !namesConnection(values):
			return &Fault{http.StatusBadRequest, textConnection}
		case rule&upgrade != 0 && !allH2C(values):
			return &Fault{http.StatusBadRequest, textUpgrade}
		case rule&single != 0 && len(values) > 1:
			return &Fault{http.StatusBadRequest, textTwice}
		case rule&encoding != 0:
			return &Fault{http.StatusUnsupportedMediaType, textEncoding}
		}
	}
	return nil
}

// StripRequest takes the headers out that are not for an upstream.
func StripRequest(h http.Header) {
	for name := range h {
		if requestRules[name]&drop != 0 || strings.IndexByte(name, '_') >= 0 || hasPrefix(requestPrefixes, name) {
			delete(h, name)
		}
	}
}

// PassesDown reports whether a header or a trailer of an upstream's response is for
// the client.
func PassesDown(name string) bool {
	return !responseDrops[name] && !hasPrefix(responsePrefixes, name)
}

func hasPrefix(prefixes []string, name string) bool {
	for _, prefix := range prefixes {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

// namesConnection reports whether a Connection header names only what belongs to
// the connection. A proxy takes out what it names (RFC 9110 §7.6.1).
func namesConnection(values []string) bool {
	return each(values, func(token string) bool {
		switch token {
		case "", "close", "keep-alive", "upgrade", "te", "http2-settings":
			return true
		}
		return false
	})
}

func allH2C(values []string) bool {
	return each(values, func(token string) bool { return token == "h2c" })
}

// each reports whether all elements of lists fulfil a condition, in lower case.
func each(lists []string, ok func(string) bool) bool {
	for _, list := range lists {
		for element := range strings.SplitSeq(list, ",") {
			if !ok(strings.ToLower(strings.TrimSpace(element))) {
				return false
			}
		}
	}
	return true
}

// MayBeAdded reports whether a gateway may add a header of that name to a request on
// its own account: it is not one of the message, of the connection or of MCP.
func MayBeAdded(name string) bool {
	isName := name != "" && strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") == ""
	return isName && !notAdded[name] && !hasPrefix(notAddedPrefixes, name)
}

// IsCredential reports whether a header is one of credentials (GW6).
func IsCredential(name string) bool {
	return name == "Authorization" || name == "Cookie" || name == "Dpop" || name == "Client-Cert" || strings.HasPrefix(name, "Proxy-")
}
