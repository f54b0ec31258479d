package dpop

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"github.com/mcp-auth/go/internal/jose"
)

// FuzzCheck reads any proof. Covers RS18: none that the client did not sign is
// accepted, and the error holds nothing of it.
func FuzzCheck(f *testing.F) {
	c, stranger := newClient(f), newClient(f)
	good := c.proof(f, nil)
	for _, seed := range []string{
		"", ".", "..", "a.b.c", good, good + "A", good[1:], strings.ToUpper(good), stranger.proof(f, nil),
		c.proof(f, map[string]any{"jti": nil}), c.proof(f, map[string]any{"iat": 1e300}), c.sign(f, nil, nil),
	} {
		f.Add(seed)
	}
	want := c.expected(f)
	f.Fuzz(func(t *testing.T, text string) {
		proof, err := Check(text, want)
		if err == nil && (text != good || proof.ID == "") {
			t.Fatalf("accepted %q", text)
		}
		if err != nil && reasonOf(err) == "" {
			t.Fatalf("%T", err)
		}
	})
}

// FuzzClaims signs any claims. Covers RS18: what is accepted agrees with the
// request as encoding/json reads it.
func FuzzClaims(f *testing.F) {
	c := newClient(f)
	want := c.expected(f)
	key, err := jose.ParseKey(marshal(f, c.jwk))
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{
		`{}`, `[]`, `{"jti":"a","jti":"b"}`, `{"jti":"a","htm":"POST","htu":"https://api.example.com/mcp","iat":1795521600,"ath":"x"}`,
		`{"jti":"a","htm":"POST","htu":"https://api.example.com/mcp","iat":1.7955216e9,"ath":"` + hash(token) + `"}`,
		`{"JTI":"a","htm":"GET","htu":"HTTPS://api.example.com:443/x/../mcp?x","iat":1795521600,"ath":"` + hash(token) + `"}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, payload string) {
		var read claims
		if read.read([]byte(payload)) != nil {
			return
		}
		var plain map[string]any
		if err := json.Unmarshal([]byte(payload), &plain); err != nil {
			t.Fatalf("accepted what is no JSON object: %q", payload)
		}
		if plain["jti"] != read.id || read.id == "" || plain["iat"] == nil {
			t.Fatalf("%q read as %+v", payload, read)
		}
		if want.compare(key, &read) == nil && (plain["htm"] != want.Method || plain["ath"] != hash(token)) {
			t.Fatalf("accepted %q", payload)
		}
	})
}

// FuzzSameURL holds that what is the same is so for net/url as well. Covers RS18.
func FuzzSameURL(f *testing.F) {
	const base = "https://api.example.com/a/mcp"
	for _, seed := range []string{base, "HTTPS://API.example.com:443/a/./mcp#x", "https://api.example.com/%61/mcp", "//", "https://[::1]%25/", "https://api.example.com/a%2Fmcp"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		if !SameURL(raw, base) {
			return
		}
		raw, _, _ = strings.Cut(raw, "#")
		raw, _, _ = strings.Cut(raw, "?")
		u, err := url.Parse(raw)
		if err != nil || !strings.EqualFold(u.Hostname(), "api.example.com") || !strings.EqualFold(u.Scheme, "https") {
			t.Fatalf("%q", raw)
		}
		if clean := u.JoinPath(); strings.Trim(clean.Path, "/") != "a/mcp" && !strings.Contains(raw, ".") {
			t.Fatalf("%q has the path %q", raw, clean.Path)
		}
		if !SameURL(base, raw) {
			t.Fatalf("%q: not symmetric", raw)
		}
	})
}
