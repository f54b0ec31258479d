package keyset

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/mcp-auth/go/check/internal/probe"
)

// TestAbsentMembers holds that a member that is null or empty, as some serializers
// write it for what is absent, is not reported as published.
func TestAbsentMembers(t *testing.T) {
	t.Parallel()
	const point = `"x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"`
	for name, members := range map[string]string{
		"private":   `"kid":"a","d":null`,
		"empty":     `"kid":"a","d":""`,
		"symmetric": `"kid":"a","k":null`,
		"RSA":       `"kid":"a","p":null,"q":null,"dp":null,"dq":null,"qi":null,"oth":null`,
		"use":       `"kid":"a","use":null,"key_ops":null`,
		"names":     `"kid":null,"alg":null,"use":""`,
	} {
		keys := parse([]byte(`{"keys":[{"kty":"EC","crv":"P-256",` + point + `,` + members + `}]}`))
		if len(keys) != 1 || len(keys[0].secrets) > 0 || keys[0].hasUse || keys[0].hasAlg || keys[0].operations != nil {
			t.Errorf("%s: %+v", name, keys)
		}
		for _, f := range keys[0].judge() {
			if f.Code == "private_key_published" || f.Code == "symmetric_key_published" {
				t.Errorf("%s: %s", name, f.Message)
			}
		}
	}
	keys := parse([]byte(`{"keys":[{"kty":"EC","crv":"P-256",` + point + `,"d":"AQ","p":null}]}`))
	if found := keys[0].judge(); len(found) != 1 || found[0].Code != "private_key_published" || found[0].Evidence != "members d" {
		t.Errorf("a private key: %+v", found)
	}
}

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
