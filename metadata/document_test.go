package metadata_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/mcp-auth/go/metadata"
)

const issuer = "https://auth.example.com/oidc"

func TestParseAuthorizationServer(t *testing.T) {
	t.Parallel()
	as, err := metadata.ParseAuthorizationServer([]byte(`{
		"issuer": "https://auth.example.com/oidc",
		"jwks_uri": "https://auth.example.com/oidc/jwks?a=1\u0026b=2",
		"code_challenge_methods_supported": ["S256", "plain"],
		"grant_types_supported": [],
		"authorization_response_iss_parameter_supported": true,
		"client_id_metadata_document_supported": false,
		"mtls_endpoint_aliases": {"token_endpoint": "https://mtls.example.com/token"},
		"Issuer": "https://evil.example",
		"big": 12345678901234567890.0
	}`))
	if err != nil {
		t.Fatal(err)
	}
	want := &metadata.AuthorizationServer{
		Issuer:                        issuer,
		JWKSURI:                       "https://auth.example.com/oidc/jwks?a=1&b=2",
		CodeChallengeMethodsSupported: []string{"S256", "plain"},
		GrantTypesSupported:           []string{},
		AuthorizationResponseIssParameterSupported: true,
		Extra: map[string]json.RawMessage{
			"mtls_endpoint_aliases": json.RawMessage(`{"token_endpoint": "https://mtls.example.com/token"}`),
			"Issuer":                json.RawMessage(`"https://evil.example"`),
			"big":                   json.RawMessage(`12345678901234567890.0`),
		},
	}
	if !reflect.DeepEqual(as, want) {
		t.Errorf("got  %+v\nwant %+v", as, want)
	}
	wantJSON := `{"issuer":"https://auth.example.com/oidc","jwks_uri":"https://auth.example.com/oidc/jwks?a=1\u0026b=2",` +
		`"code_challenge_methods_supported":["S256","plain"],"authorization_response_iss_parameter_supported":true,` +
		`"Issuer":"https://evil.example","big":12345678901234567890.0,` +
		`"mtls_endpoint_aliases":{"token_endpoint":"https://mtls.example.com/token"}}`
	for range 20 { // maps are walked in random order
		if got, err := json.Marshal(as); err != nil || string(got) != wantJSON {
			t.Fatalf("got  %s, %v\nwant %s", got, err, wantJSON)
		}
	}
	if got, err := json.Marshal(*as); err != nil || string(got) != wantJSON {
		t.Errorf("as a value: %s, %v", got, err)
	}
}

// Covers RS1.
func TestParseProtectedResource(t *testing.T) {
	t.Parallel()
	const document = `{"resource":"https://api.example.com/notes","authorization_servers":["https://auth.example.com/oidc"],` +
		`"scopes_supported":["read:notes"],"bearer_methods_supported":["header"],"resource_name":"Notes",` +
		`"dpop_bound_access_tokens_required":true,"resource_name#de":"Notizen","x_vendor":{"a":[1,null]}}`
	pr, err := metadata.ParseProtectedResource([]byte(document))
	if err != nil {
		t.Fatal(err)
	}
	want := &metadata.ProtectedResource{
		Resource:                      "https://api.example.com/notes",
		AuthorizationServers:          []string{"https://auth.example.com/oidc"},
		ScopesSupported:               []string{"read:notes"},
		BearerMethodsSupported:        []string{"header"},
		ResourceName:                  "Notes",
		DPoPBoundAccessTokensRequired: true,
		Extra: map[string]json.RawMessage{
			"resource_name#de": json.RawMessage(`"Notizen"`),
			"x_vendor":         json.RawMessage(`{"a":[1,null]}`),
		},
	}
	if !reflect.DeepEqual(pr, want) {
		t.Errorf("got  %+v\nwant %+v", pr, want)
	}
	if got, err := json.Marshal(pr); err != nil || string(got) != document {
		t.Errorf("got  %s, %v\nwant %s", got, err, document)
	}
}

// TestParseKeepsItsOwnCopy changes the input afterwards.
func TestParseKeepsItsOwnCopy(t *testing.T) {
	t.Parallel()
	data := []byte(`{"issuer":"https://auth.example.com","x":"kept"}`)
	as, err := metadata.ParseAuthorizationServer(data)
	if err != nil {
		t.Fatal(err)
	}
	clear(data)
	if as.Issuer != "https://auth.example.com" || string(as.Extra["x"]) != `"kept"` {
		t.Errorf("changed to %q, %q", as.Issuer, as.Extra["x"])
	}
}

func TestMalformedDocuments(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		document string // ID stands for issuer or resource
		member   bool   // the identity is at fault
	}{
		"nothing":               {``, false},
		"text":                  {`<!doctype html>`, false},
		"null":                  {`null`, false},
		"array":                 {`[{"ID":"https://a.example"}]`, false},
		"string":                {`"ID"`, false},
		"two documents":         {`{"ID":"https://a.example"}{"ID":"https://a.example"}`, false},
		"identity twice":        {`{"ID":"https://a.example","ID":"https://b.example"}`, false},
		"identity twice, alike": {`{"ID":"https://a.example","ID":"https://a.example"}`, false},
		"member twice":          {`{"ID":"https://a.example","jwks_uri":"https://a.example","jwks_uri":"https://b.example"}`, false},
		"member twice, escaped": {`{"ID":"https://a.example","jwks_uri":"https://a.example","jwks\u005furi":"https://b.example"}`, false},
		"member twice, inside":  {`{"ID":"https://a.example","x":{"a":1,"a":2}}`, false},
		"cut off":               {`{"ID":"https://a.example"`, false},
		"comma":                 {`{"ID":"https://a.example",}`, false},
		"deep":                  {`{"ID":"https://a.example","x":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}`, false},
		"not UTF-8":             {"{\"ID\":\"https://a.example\",\"x\":\"\xff\"}", false},
		"lone surrogate":        {`{"ID":"https://a.example","x":"\ud800"}`, false},
		"huge":                  {`{"ID":"https://a.example","x":"` + strings.Repeat("x", 1<<20) + `"}`, false},
		"no identity":           {`{"x":1}`, true},
		"identity in capitals":  {`{"IDD":"https://a.example"}`, true},
		"identity empty":        {`{"ID":""}`, true},
		"identity null":         {`{"ID":null}`, true},
		"identity a number":     {`{"ID":1}`, true},
		"identity a list":       {`{"ID":["https://a.example"]}`, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, id := range []string{"issuer", "resource"} {
				data := []byte(strings.ReplaceAll(tc.document, "ID", id))
				var got any
				var err error
				if id == "issuer" {
					got, err = metadata.ParseAuthorizationServer(data)
				} else {
					got, err = metadata.ParseProtectedResource(data)
				}
				var fault *metadata.DocumentError
				if !errors.As(err, &fault) || !reflect.ValueOf(got).IsNil() {
					t.Fatalf("%s: got %v, %v", id, got, err)
				}
				if tc.member != (fault.Member == id) {
					t.Errorf("%s: the fault is of the member %q: %v", id, fault.Member, err)
				}
				if strings.Contains(err.Error(), "a.example") {
					t.Errorf("the error repeats the document: %v", err)
				}
			}
		})
	}
}

// TestWrongTypes keeps what cannot be used from doing harm.
func TestWrongTypes(t *testing.T) {
	t.Parallel()
	const document = `{"issuer":"https://auth.example.com/oidc","token_endpoint":"https://auth.example.com/token",` +
		`"claims_supported":"sub","code_challenge_methods_supported":["S256",1],"jwks_uri":{"keys":[]},` +
		`"registration_endpoint":null,"require_pushed_authorization_requests":"true"}`
	as, err := metadata.ParseAuthorizationServer([]byte(document))
	if err != nil {
		t.Fatal(err)
	}
	if as.TokenEndpoint == "" || as.JWKSURI != "" || as.CodeChallengeMethodsSupported != nil || as.RequirePushedAuthorizationRequests {
		t.Errorf("got %+v", as)
	}
	want := map[string]bool{"claims_supported": true, "code_challenge_methods_supported": true, "jwks_uri": true,
		"require_pushed_authorization_requests": true}
	told := map[string]bool{}
	for _, f := range as.Validate().With(metadata.Warning) {
		if f.Code == metadata.MemberOfWrongType {
			name, _, _ := strings.Cut(f.Message, " ")
			told[name] = true
		}
	}
	if !reflect.DeepEqual(told, want) {
		t.Errorf("told of %v, want %v", told, want)
	}
	out, err := json.Marshal(as)
	if err != nil || !sameJSON(t, out, []byte(document)) {
		t.Errorf("written as %s, %v", out, err)
	}
	as.JWKSURI = "https://auth.example.com/jwks"
	out, err = json.Marshal(as)
	if err != nil || strings.Count(string(out), "jwks_uri") != 1 || !strings.Contains(string(out), as.JWKSURI) {
		t.Errorf("a field that is set must win: %s, %v", out, err)
	}
}

func sameJSON(t *testing.T, a, b []byte) bool {
	t.Helper()
	var x, y any
	if err := errors.Join(json.Unmarshal(a, &x), json.Unmarshal(b, &y)); err != nil {
		t.Fatal(err)
	}
	return reflect.DeepEqual(x, y)
}

// TestMarshalFaults has Extra hold what is no JSON.
func TestMarshalFaults(t *testing.T) {
	t.Parallel()
	as := metadata.AuthorizationServer{Issuer: issuer, Extra: map[string]json.RawMessage{"x": json.RawMessage(`{`)}}
	_, err := json.Marshal(as)
	var fault *metadata.DocumentError
	if !errors.As(err, &fault) || fault.Member != "x" {
		t.Errorf("got %v", err)
	}
	got, err := json.Marshal(metadata.ProtectedResource{Extra: map[string]json.RawMessage{"a\"b": nil, "resource": json.RawMessage(`1`)}})
	if err != nil || string(got) != `{"resource":"","a\"b":null}` {
		t.Errorf("got %s, %v", got, err)
	}
}

// TestUnmarshal holds json.Unmarshal to the same strictness.
func TestUnmarshal(t *testing.T) {
	t.Parallel()
	as := metadata.AuthorizationServer{TokenEndpoint: "https://old.example", Extra: map[string]json.RawMessage{"old": nil}}
	if err := json.Unmarshal([]byte(` {"issuer":"https://a.example"} `), &as); err != nil {
		t.Fatal(err)
	}
	if as.Issuer != "https://a.example" || as.TokenEndpoint != "" || as.Extra != nil {
		t.Errorf("got %+v", as)
	}
	pr := metadata.ProtectedResource{Resource: "https://old.example"}
	var fault *metadata.DocumentError
	if err := json.Unmarshal([]byte(`{"resource":"a","resource":"b"}`), &pr); !errors.As(err, &fault) || pr.Resource != "https://old.example" {
		t.Errorf("got %+v, %v", pr, err)
	}
	if err := json.Unmarshal([]byte(`{"issuer":"a","issuer":"b"}`), &as); !errors.As(err, &fault) {
		t.Errorf("got %v", err)
	}
	if err := json.Unmarshal([]byte(`{"resource":"https://new.example"}`), &pr); err != nil || pr.Resource != "https://new.example" {
		t.Errorf("got %+v, %v", pr, err)
	}
}

// TestMembers fills every field, and writes and reads it back.
func TestMembers(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		ours  any
		parse func([]byte) (any, error)
	}{
		{&metadata.AuthorizationServer{}, func(b []byte) (any, error) { return metadata.ParseAuthorizationServer(b) }},
		{&metadata.ProtectedResource{}, func(b []byte) (any, error) { return metadata.ParseProtectedResource(b) }},
	} {
		names := fill(t, tc.ours)
		data, err := json.Marshal(tc.ours)
		if err != nil {
			t.Fatal(err)
		}
		var members map[string]json.RawMessage
		if err := json.Unmarshal(data, &members); err != nil || len(members) != len(names) {
			t.Fatalf("%d members for %d fields, %v", len(members), len(names), err)
		}
		back, err := tc.parse(data)
		if err != nil || !reflect.DeepEqual(back, tc.ours) {
			t.Errorf("read back as %+v, %v", back, err)
		}
	}
}

// fill sets every field of doc and returns the names of the members.
func fill(t *testing.T, doc any) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	v := reflect.ValueOf(doc).Elem()
	for i := range v.NumField() {
		name, options, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
		if name == "-" {
			continue
		}
		if name == "" || names[name] || (options != "omitempty") != (name == "issuer" || name == "resource") {
			t.Errorf("field %s has the tag %q, %q", v.Type().Field(i).Name, name, options)
		}
		names[name] = true
		switch f := v.Field(i); f.Interface().(type) {
		case string:
			f.SetString("https://example.com/" + name)
		case []string:
			f.Set(reflect.ValueOf([]string{name, "x"}))
		case bool:
			f.SetBool(true)
		default:
			t.Errorf("field %s has a type that is not handled", v.Type().Field(i).Name)
		}
	}
	return names
}

func TestIsProtectedResourceMember(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"resource": true, "authorization_servers": true, "signed_metadata": true, "dpop_bound_access_tokens_required": true,
		"resource_name": true, "resource_name#de": false, "x": false, "": false, "Resource": false, "-": false, "extra": false,
	} {
		if got := metadata.IsProtectedResourceMember(name); got != want {
			t.Errorf("%q: %t", name, got)
		}
	}
}
