package gatewayfile

import (
	"net/http"

	"github.com/mcp-auth/go/gateway"
	"github.com/mcp-auth/go/gateway/identity"
)

const maxKeyFile = 64 << 10 // bytes

// identityKeys reads the keys for assertions, if the file names any.
func (r *reader) identityKeys() {
	read := r.document.Keys.Identity
	if read == nil {
		return
	}
	if read.File == "" {
		r.faults.Add(Missing, "Keys.Identity.File", "")
		return
	}
	data := r.file("Keys.Identity.File", read.File, maxKeyFile)
	if data == nil {
		return
	}
	keys, err := identity.ParseKeys(data)
	if err != nil {
		r.faults.AddErr(InvalidKeys, "Keys.Identity.File", read.File, err)
	}
	r.settings.IdentityKeys = keys
}

// identity reads what an upstream is told of callers.
func (r *reader) identity(read *Resource, field string) func(*identity.Keys) (gateway.Credential, error) {
	if read.Identity == nil {
		return nil
	}
	field += ".Identity"
	if read.Upstream.Stdio != nil {
		r.faults.Add(NoHeaders, field, "")
		return nil
	}
	headers := read.Identity.Headers
	if c := read.Upstream.Credential; c != nil && c.Header != nil {
		name := http.CanonicalHeaderKey(c.Header.Name)
		for part, other := range map[string]string{
			"Subject": headers.Subject, "Issuer": headers.Issuer, "ClientID": headers.ClientID, "Scope": headers.Scope,
		} {
			if other != "" && http.CanonicalHeaderKey(other) == name {
				r.faults.Add(SharedHeader, field+".Headers."+part, other)
			}
		}
	}
	config := identity.Config{Resource: read.Identifier, Audience: read.Upstream.URL, Headers: identity.Headers(headers)}
	asserts := read.Identity.Assertion
	r.settings.Asserts = r.settings.Asserts || asserts
	if asserts {
		config.Keys = &identity.Keys{} // to be checked
	}
	_, err := identity.New(config)
	r.faults.Nest(field, err)
	return func(keys *identity.Keys) (gateway.Credential, error) {
		config := config
		if asserts {
			config.Keys = keys
		}
		return identity.New(config)
	}
}
