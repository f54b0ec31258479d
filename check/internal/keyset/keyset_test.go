package keyset

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/mcp-auth/go/check/internal/probe"
)

// FuzzJudge holds that no JWK Set gets a control character or a private member
// into the record of a check.
func FuzzJudge(f *testing.F) {
	const secret = "c2VjcmV0c2VjcmV0c2VjcmV0"
	f.Add([]byte(`{"keys":[{"kty":"oct","k":"c2VjcmV0c2VjcmV0c2VjcmV0"},{"kty":"RSA","n":"AQ","e":"AQAB","kid":"\u0007"},1,{}]}`))
	f.Add([]byte(`{"keys":[{"kty":"EC","crv":"P-256","x":"AA","y":"AA","d":"c2VjcmV0c2VjcmV0c2VjcmV0","kid":""},{"use":"enc","key_ops":[]}]}`))
	f.Add([]byte(`<html>`))
	f.Fuzz(func(t *testing.T, body []byte) {
		p := probe.New(probe.AuthorizationServer, "test", probe.Config{})
		defer p.Close()
		set, found := Judge(body, nil)
		p.Add(found...)
		for _, f := range p.Record().Findings {
			for _, text := range []string{f.Message, f.Evidence} {
				if !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl) {
					t.Errorf("not printable: %q", text)
				}
				if set != nil && strings.Contains(text, secret) {
					t.Errorf("a private member is shown: %q", text)
				}
			}
		}
	})
}
