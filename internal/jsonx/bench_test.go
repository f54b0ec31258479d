package jsonx_test

import (
	"encoding/json"
	"testing"

	"github.com/mcp-auth/go/internal/jsonx"
)

// claims12 is what an access token of twelve claims carries (RFC 9068).
const claims12 = `{"iss":"https://auth.example.com/oidc","sub":"u_5f3a9c1e7b","aud":"https://api.example.com/notes",` +
	`"client_id":"c_0123456789abcdef","scope":"read:notes write:notes","iat":1762000000,"nbf":1762000000,"exp":1762003600,` +
	`"jti":"6b1e0c52-7b8e-4a58-9d0f-3f1c2a7d9e10","azp":"c_0123456789abcdef","roles":["reader","writer"],"cnf":{"jkt":"0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}}`

func BenchmarkWalk12Claims(b *testing.B) {
	data := []byte(claims12)
	b.ReportAllocs()
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		err := jsonx.Walk(data, 8, func(_, _ []byte) error { return nil })
		if err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEncodingJSON12Claims(b *testing.B) {
	data := []byte(claims12)
	b.ReportAllocs()
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		var m map[string]json.RawMessage
		if err := json.Unmarshal(data, &m); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkString(b *testing.B) {
	raw := []byte(`"https://auth.example.com/oidc"`)
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := jsonx.String(raw); !ok {
			b.Fatal("refused")
		}
	}
}

func BenchmarkNumericDate(b *testing.B) {
	raw := []byte(`1762003600`)
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := jsonx.NumericDate(raw); !ok {
			b.Fatal("refused")
		}
	}
}
