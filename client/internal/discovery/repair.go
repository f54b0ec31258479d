package discovery

import (
	"encoding/json"

	"github.com/mcp-auth/go/client/internal/authserver"
	"github.com/mcp-auth/go/internal/fetch"
	"github.com/mcp-auth/go/metadata"
)

// repairer makes documents of one issuer fit for the rules.
type repairer struct {
	issuer   string
	settings authserver.Settings
	plain    fetch.PlainHosts // that endpoints may be on
	own      string           // the issuer of the last document, if it is another one
}

// repair makes a document fit for the rules of package metadata: by the
// configuration, and without the endpoints that the client never uses and that
// must not be used, such as an http one for user information.
func (r *repairer) repair(document []byte) ([]byte, error) {
	if r.settings.Repair != nil {
		repaired, err := r.settings.Repair(document)
		if err != nil {
			return nil, err
		}
		document = repaired
	}
	as, err := metadata.ParseAuthorizationServer(document)
	if err != nil {
		return document, nil // package metadata reports it
	}
	changed := dropUnusable(as, r.plain)
	r.own = ""
	if own := r.settings.OwnIssuer; own != "" && as.Issuer == own && own != r.issuer {
		r.own, as.Issuer, changed = own, r.issuer, true
	}
	if !changed {
		return document, nil
	}
	return json.Marshal(as)
}

// dropUnusable removes endpoints that are of no use to a client, if they must
// not be used. It reports whether there was one.
func dropUnusable(as *metadata.AuthorizationServer, plain fetch.PlainHosts) (dropped bool) {
	loopback := fetch.IsLoopbackURL(as.Issuer)
	for _, unused := range []*string{
		&as.JWKSURI, &as.IntrospectionEndpoint, &as.DeviceAuthorizationEndpoint, &as.UserinfoEndpoint, &as.EndSessionEndpoint,
		&as.RevocationEndpoint, &as.PushedAuthorizationRequestEndpoint,
	} {
		if *unused != "" && fetch.CheckURL(plain.Secured(*unused), loopback) != nil {
			*unused, dropped = "", true
		}
	}
	return dropped
}
