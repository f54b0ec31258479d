package mcpauth

import (
	"net/url"

	"github.com/mcp-auth/go/internal/fetch"
	"github.com/mcp-auth/go/internal/origin"
)

// CORS says which browser origins may call protected handlers, and read their
// answers. A request with another Origin is answered with 403 (MCP transport):
// a page of another site must not reach a server through a browser.
//
// The default depends on the resource. On a public host it admits every origin:
// no cookies are accepted, so a page without an access token only gets the
// challenge. On loopback it admits pages on loopback only, on any port. The
// methods are those of MCP: GET, POST and DELETE. The metadata can be read from
// any origin.
//
// Unless all origins are admitted, a resource on loopback also refuses requests
// that came in on loopback for another Host: another site has bound its name to
// this machine.
type CORS struct {
	// Origins are the admitted origins, such as "https://app.example.com" or
	// "http://localhost:*". Empty means the default, described at [CORS]; "*"
	// means all.
	Origins []string
	// Disabled leaves the CORS headers to your own middleware. A preflight
	// request then passes to the wrapped handler without a token. The Origin is
	// checked all the same.
	Disabled bool
}

// policy returns the checks for a resource.
func (c CORS) policy(identifier string) (*origin.Policy, error) {
	u, err := url.Parse(identifier)
	p, err := origin.New(origin.Config{
		Origins: c.Origins, External: c.Disabled,
		Loopback: err == nil && fetch.IsLoopbackHost(u.Hostname()),
	})
	if err != nil {
		return nil, &ConfigError{Field: "CORS.Origins", Fault: InvalidCORS, detail: err}
	}
	return p, nil
}
