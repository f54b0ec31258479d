package crosscheck

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/oauthex"

	"github.com/mcp-auth/go/metadata"
)

// TestMetadataMembers holds that the documents have every member that go-sdk's have.
func TestMetadataMembers(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		ours   reflect.Type
		theirs any
	}{
		{reflect.TypeFor[metadata.AuthorizationServer](), &oauthex.AuthServerMeta{}},
		{reflect.TypeFor[metadata.ProtectedResource](), &oauthex.ProtectedResourceMetadata{}},
	} {
		ours := members(tc.ours)
		for name := range members(reflect.TypeOf(tc.theirs).Elem()) {
			if !ours[name] {
				t.Errorf("%v has no member %q", tc.ours, name)
			}
		}
	}
}

// members returns the JSON names of a struct's fields.
func members(document reflect.Type) map[string]bool {
	names := map[string]bool{}
	for field := range document.NumField() {
		name, _, _ := strings.Cut(document.Field(field).Tag.Get("json"), ",")
		names[name] = true
	}
	return names
}

// TestGoSDKReadsMetadata holds that go-sdk reads documents with all members set.
func TestGoSDKReadsMetadata(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ ours, theirs any }{
		{&metadata.AuthorizationServer{}, &oauthex.AuthServerMeta{}},
		{&metadata.ProtectedResource{}, &oauthex.ProtectedResourceMetadata{}},
	} {
		fill(reflect.ValueOf(tc.ours).Elem())
		data, err := json.Marshal(tc.ours)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(data, tc.theirs); err != nil {
			t.Errorf("go-sdk cannot read it: %v", err)
		}
	}
}

// fill sets every field that a document has as a member.
func fill(document reflect.Value) {
	for i := range document.NumField() {
		switch field := document.Field(i); field.Interface().(type) {
		case string:
			field.SetString("https://example.com/x")
		case []string:
			field.Set(reflect.ValueOf([]string{"x", "y"}))
		case bool:
			field.SetBool(true)
		}
	}
}
