// Package stepup decides how to answer a refusal of an MCP server: what its
// challenges ask for, which scopes to request, and whether to refresh the token
// or to obtain another one.
package stepup

import (
	"net/http"
	"slices"
	"strings"

	"github.com/mcp-auth/go/internal/challenge"
)

// The schemes of challenges that a token answers.
const (
	Bearer = "Bearer"
	DPoP   = "DPoP"
)

// Demand is what a refusal asks for. The zero value is a server that refused
// nothing.
type Demand struct {
	// Status is the HTTP status of the refusal.
	Status int
	// MetadataURL is the URL of the resource metadata, empty if no challenge has
	// one.
	MetadataURL string
	// Named reports whether a challenge names metadata, even in a form that
	// cannot be read.
	Named bool
	// Unreadable says what is wrong with a challenge, empty if all can be read.
	Unreadable string
	// Scopes are the scopes that the operation needs.
	Scopes []string
	// Code is the error code.
	Code string
	// DPoP reports whether the server accepts bound tokens.
	DPoP bool
	// Nonce reports whether the server only wants another DPoP nonce.
	Nonce bool
}

// Read reads the WWW-Authenticate headers of a refusal. A malformed challenge
// counts as not sent.
func Read(status int, header http.Header) Demand {
	sent := header.Values("WWW-Authenticate")
	d := Demand{Status: status, Named: slices.ContainsFunc(sent, namesMetadata)}
	all, err := challenge.Parse(sent)
	if err != nil {
		d.Unreadable = err.Error()
	}
	for _, one := range all {
		isDPoP := one.Is(DPoP)
		if !isDPoP && !one.Is(Bearer) {
			continue
		}
		d.DPoP = d.DPoP || isDPoP
		if d.MetadataURL == "" {
			d.MetadataURL = one.Params["resource_metadata"]
		}
		if len(d.Scopes) == 0 {
			d.Scopes = strings.Fields(one.Params["scope"])
		}
		if d.Code == "" {
			d.Code = one.Params["error"]
		}
		if isDPoP && one.Params["error"] == "use_dpop_nonce" && header.Get("DPoP-Nonce") != "" {
			d.Nonce = true
		}
	}
	d.Scopes = slices.DeleteFunc(d.Scopes, func(s string) bool { return !challenge.ValidScope(s) })
	return d
}

func namesMetadata(header string) bool {
	return strings.Contains(strings.ToLower(header), "resource_metadata")
}

// Includes reports whether who grants what d asks for grants what other asks
// for, too. A login is one whatever its scopes, a step-up is not.
func (d *Demand) Includes(other Demand) bool {
	if d.Status == http.StatusForbidden || other.Status == http.StatusForbidden {
		return d.Status == other.Status && covers(d.Scopes, other.Scopes)
	}
	return true
}

// wantsScopes reports whether a 403 is about scopes. Some servers name the
// scopes and leave out the error code.
func (d *Demand) wantsScopes() bool {
	return d.Code == "insufficient_scope" || d.Code == "" && len(d.Scopes) > 0
}
