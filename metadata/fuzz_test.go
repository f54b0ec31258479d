package metadata_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/mcp-auth/go/metadata"
)

func documents(f *testing.F, id string) {
	for _, seed := range []string{
		`{"ID":"https://a.example"}`,
		`{"ID":"https://a.example/","scopes_supported":["a","b"],"jwks_uri":"https://a.example/jwks?a&b"}`,
		`{"ID":"https://a.example","scopes_supported":"a b","jwks_uri":null,"resource_name#de":"\u00fc","x":{"y":[1.0,1e3]}}`,
		`{"ID":"https://a.example","ID":"https://b.example"}`,
		`{"ID":1}`, `[]`, `<html>`, ` {"ID":"<&>"} `,
	} {
		f.Add([]byte(strings.ReplaceAll(seed, "ID", id)))
	}
}

// FuzzParseAuthorizationServer writes what was read, and reads it again.
func FuzzParseAuthorizationServer(f *testing.F) {
	documents(f, "issuer")
	f.Fuzz(func(t *testing.T, data []byte) {
		as, err := metadata.ParseAuthorizationServer(data)
		if err != nil {
			wantDocumentError(t, err)
			return
		}
		as.Validate()
		again := survives(t, data, as)
		back, err := metadata.ParseAuthorizationServer(again)
		if err != nil || back.Issuer != as.Issuer || back.JWKSURI != as.JWKSURI {
			t.Fatalf("%s is read as %+v, %v", again, back, err)
		}
		if third, err := json.Marshal(back); err != nil || !bytes.Equal(third, again) {
			t.Fatalf("written as\n%s, then\n%s, %v", again, third, err)
		}
	})
}

// FuzzParseProtectedResource writes what was read, and reads it again.
func FuzzParseProtectedResource(f *testing.F) {
	documents(f, "resource")
	f.Fuzz(func(t *testing.T, data []byte) {
		pr, err := metadata.ParseProtectedResource(data)
		if err != nil {
			wantDocumentError(t, err)
			return
		}
		pr.Validate()
		again := survives(t, data, pr)
		back, err := metadata.ParseProtectedResource(again)
		if err != nil || back.Resource != pr.Resource {
			t.Fatalf("%s is read as %+v, %v", again, back, err)
		}
		if third, err := json.Marshal(back); err != nil || !bytes.Equal(third, again) {
			t.Fatalf("written as\n%s, then\n%s, %v", again, third, err)
		}
	})
}

func wantDocumentError(t *testing.T, err error) {
	t.Helper()
	var e *metadata.DocumentError
	if !errors.As(err, &e) {
		t.Fatalf("got %T", err)
	}
}

// survives writes doc, read from data, and checks that every member of data is
// there unchanged, those aside whose absence means the same.
func survives(t *testing.T, data []byte, doc any) []byte {
	t.Helper()
	again, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	var before, after map[string]any
	if err := errors.Join(unmarshal(data, &before), unmarshal(again, &after)); err != nil {
		t.Fatal(err)
	}
	for name, value := range before {
		got, ok := after[name]
		if !ok && (value == "" || value == false || isEmptyList(value)) {
			continue
		}
		x, _ := json.Marshal(value)
		y, _ := json.Marshal(got)
		if !ok || !bytes.Equal(x, y) {
			t.Fatalf("member %q was %s and is %s", name, x, y)
		}
	}
	if len(after) > len(before) {
		t.Fatalf("members were added: %s", again)
	}
	return again
}

func isEmptyList(v any) bool {
	list, ok := v.([]any)
	return ok && len(list) == 0
}

func unmarshal(data []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	return d.Decode(v)
}

// FuzzURLs has every URL stay on the identifier's host and keep its parts.
func FuzzURLs(f *testing.F) {
	for _, seed := range []string{
		"https://example.com", "https://example.com/", "https://example.com/a/b/", "https://[::1]:8443/a%2Fb?x=/y?z", "http://localhost:1?/",
		"https://a@b.example", "https://a.example/../b", `https://a.example\@b.example`, "https://a.example/?", "https://a.example/#",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, id string) {
		var urls []string
		for _, kind := range []metadata.ServerType{metadata.AnyType, metadata.OIDC, metadata.OAuth} {
			candidates, err := metadata.CandidateURLs(id, kind)
			if (err == nil) != (metadata.CheckIssuer(id) == nil) {
				t.Fatalf("CandidateURLs gives %v, CheckIssuer %v", err, metadata.CheckIssuer(id))
			}
			urls = append(urls, candidates...)
		}
		resource, err := metadata.ResourceMetadataURL(id)
		root, rootErr := metadata.RootResourceMetadataURL(id)
		if (err == nil) != (rootErr == nil) || err != nil && len(urls) > 0 {
			t.Fatalf("%v, %v, %q", err, rootErr, urls)
		}
		if err != nil {
			return
		}
		from, err := url.Parse(id)
		if err != nil {
			t.Fatal(err)
		}
		for _, raw := range append(urls, resource, root) {
			u, err := url.Parse(raw)
			if err != nil || u.Host != from.Host || u.Scheme != from.Scheme || u.User != nil || u.Fragment != "" {
				t.Fatalf("%q gives %q, %v", id, raw, err)
			}
			if path := strings.TrimSuffix(from.EscapedPath(), "/"); raw != root && !strings.Contains(u.EscapedPath(), path) {
				t.Fatalf("%q gives %q", id, raw)
			}
		}
		if u, _ := url.Parse(resource); u.RawQuery != from.RawQuery || u.ForceQuery != from.ForceQuery {
			t.Fatalf("%q gives %q", id, resource)
		}
	})
}
