package challenge_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/mcp-auth/go/internal/challenge"
)

// Covers RS3, RS5.
func TestFormat(t *testing.T) {
	t.Parallel()
	const rm = "https://api.example.com/.well-known/oauth-protected-resource/mcp?a=1,2"
	for _, tc := range []struct {
		name   string
		scheme string
		params []challenge.Param
		want   string
	}{
		{"scheme alone", "Bearer", nil, `Bearer`},
		{"one", "Bearer", []challenge.Param{{"resource_metadata", rm}}, `Bearer resource_metadata="` + rm + `"`},
		{"several", "Bearer", []challenge.Param{{"error", "invalid_token"}, {"scope", "a b"}, {"resource_metadata", rm}},
			`Bearer error="invalid_token", scope="a b", resource_metadata="` + rm + `"`},
		{"quote and backslash", "Bearer", []challenge.Param{{"realm", `a "b" \c\`}}, `Bearer realm="a \"b\" \\c\\"`},
		{"injection", "Bearer", []challenge.Param{{"realm", "x\", error=\"none\r\nSet-Cookie: a=b"}},
			`Bearer realm="x\", error=\"none??Set-Cookie: a=b"`},
		{"controls", "Bearer", []challenge.Param{{"realm", "\x00\t\x1f\x7f"}}, `Bearer realm="????"`},
		{"not ASCII", "Bearer", []challenge.Param{{"realm", "é–\u2028\xff"}}, `Bearer realm="????"`},
		{"empty value", "Bearer", []challenge.Param{{"scope", ""}, {"error", "e"}}, `Bearer error="e"`},
		{"bad names", "Bearer", []challenge.Param{{"", "a"}, {"a b", "c"}, {"a=", "c"}, {"ä", "c"}, {"a\r", "c"}, {"ok", "c"}}, `Bearer ok="c"`},
		{"name twice", "Bearer", []challenge.Param{{"scope", "a"}, {"Scope", "b"}}, `Bearer scope="a"`},
		{"name again after an empty value", "Bearer", []challenge.Param{{"scope", ""}, {"scope", "b"}}, `Bearer scope="b"`},
		{"no scheme", "", []challenge.Param{{"a", "b"}}, ``},
		{"scheme is no token", "Bearer x", []challenge.Param{{"a", "b"}}, ``},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if got := challenge.Format(tc.scheme, tc.params...); got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
		})
	}
}

type params = map[string]string

// Covers CL1.
func TestParse(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name    string
		headers []string
		want    []challenge.Challenge
	}{
		{"none", nil, nil},
		{"empty header", []string{"", " \t", ",, ,"}, nil},
		{"scheme alone", []string{"Bearer"}, []challenge.Challenge{{Scheme: "Bearer", Params: params{}}}},
		{"scheme and space", []string{"Bearer  "}, []challenge.Challenge{{Scheme: "Bearer", Params: params{}}}},
		{"tokens", []string{"Bearer a=b,c=d"}, []challenge.Challenge{{Scheme: "Bearer", Params: params{"a": "b", "c": "d"}}}},
		{"names in any case", []string{`bearer ERROR="x"`}, []challenge.Challenge{{Scheme: "bearer", Params: params{"error": "x"}}}},
		{"bad white space", []string{"Bearer a = b ,\t c\t=\t\"d\" , "}, []challenge.Challenge{{Scheme: "Bearer", Params: params{"a": "b", "c": "d"}}}},
		{"commas, quotes and equals in a value", []string{`Bearer a="x, Basic y=\"z\\\" =", b=c`},
			[]challenge.Challenge{{Scheme: "Bearer", Params: params{"a": `x, Basic y="z\" =`, "b": "c"}}}},
		{"needless escape", []string{`Bearer a="\b\c"`}, []challenge.Challenge{{Scheme: "Bearer", Params: params{"a": "bc"}}}},
		{"empty value", []string{`Bearer a=""`}, []challenge.Challenge{{Scheme: "Bearer", Params: params{"a": ""}}}},
		{"obs-text", []string{"Bearer a=\"\xe9\""}, []challenge.Challenge{{Scheme: "Bearer", Params: params{"a": "\xe9"}}}},
		{"several in one header", []string{`Newauth realm="apps", type=1, title="Login to \"apps\"", Basic realm="simple"`},
			[]challenge.Challenge{
				{Scheme: "Newauth", Params: params{"realm": "apps", "type": "1", "title": `Login to "apps"`}},
				{Scheme: "Basic", Params: params{"realm": "simple"}},
			}},
		{"several headers", []string{`DPoP algs="ES256 PS256"`, `Bearer a=b`},
			[]challenge.Challenge{{Scheme: "DPoP", Params: params{"algs": "ES256 PS256"}}, {Scheme: "Bearer", Params: params{"a": "b"}}}},
		{"token68", []string{"Negotiate oRQw+/~._-E==, Bearer a=b"},
			[]challenge.Challenge{{Scheme: "Negotiate", Token68: "oRQw+/~._-E==", Params: params{}}, {Scheme: "Bearer", Params: params{"a": "b"}}}},
		{"token68 like a name", []string{"Negotiate abc=, Basic realm=x"},
			[]challenge.Challenge{{Scheme: "Negotiate", Token68: "abc=", Params: params{}}, {Scheme: "Basic", Params: params{"realm": "x"}}}},
		{"no value makes a token68", []string{"Bearer a="}, []challenge.Challenge{{Scheme: "Bearer", Token68: "a=", Params: params{}}}},
		{"schemes alone", []string{"Negotiate, NTLM , Bearer a=b, Mutual"},
			[]challenge.Challenge{{Scheme: "Negotiate", Params: params{}}, {Scheme: "NTLM", Params: params{}},
				{Scheme: "Bearer", Params: params{"a": "b"}}, {Scheme: "Mutual", Params: params{}}}},
		{"empty elements", []string{",Bearer ,a=b,, ,c=d,,Basic realm=x,"},
			[]challenge.Challenge{{Scheme: "Bearer", Params: params{"a": "b", "c": "d"}}, {Scheme: "Basic", Params: params{"realm": "x"}}}},
		{"a path is no token68 when more follows", []string{`Bearer a="/x", b=c`}, []challenge.Challenge{{Scheme: "Bearer", Params: params{"a": "/x", "b": "c"}}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got, err := challenge.Parse(tc.headers)
			if err != nil || !reflect.DeepEqual(got, tc.want) {
				t.Errorf("got %#v, %v\nwant %#v", got, err, tc.want)
			}
		})
	}
}

// Covers CL1.
func TestParseFaults(t *testing.T) {
	t.Parallel()
	sound := challenge.Challenge{Scheme: "Bearer", Params: params{"a": "b"}}
	many := strings.Repeat("a ,", 17)
	var manyParams strings.Builder
	for i := range 33 {
		manyParams.WriteString(strings.Repeat("a", i+1) + "=1,")
	}
	for _, tc := range []struct {
		name, header string
		reason       challenge.Reason
		offset       int
	}{
		{"unterminated", `Bearer a="b`, challenge.Syntax, 11},
		{"unterminated by an escape", `Bearer a="b\"`, challenge.Syntax, 13},
		{"escape at the end", `Bearer a="b\`, challenge.Syntax, 12},
		{"no value but a parameter before", `Bearer b=c, a=`, challenge.Syntax, 14},
		{"value is no token", `Bearer a=/x`, challenge.Syntax, 9},
		{"text behind a value", `Bearer a="b" c=d`, challenge.Syntax, 13},
		{"no comma between challenges", `Bearer Basic a=b`, challenge.Syntax, 7},
		{"header without a scheme", `resource_metadata="https://x.example"`, challenge.Syntax, 17},
		{"scheme quoted", `"Bearer" a=b`, challenge.Syntax, 0},
		{"parameter twice", `Bearer a=b, A=c`, challenge.Duplicate, 14},
		{"line break", "Bearer a=\"b\r\n c\"", challenge.Syntax, 11},
		{"line break escaped", "Bearer a=\"b\\\nc\"", challenge.Syntax, 12},
		{"zero byte", "Bearer a=\"\x00\"", challenge.Syntax, 10},
		{"delete", "Bearer a=\"\x7f\"", challenge.Syntax, 10},
		{"tab behind the scheme", "Bearer\ta=b", challenge.Syntax, 7},
		{"semicolons", "Bearer a=b; c=d", challenge.Syntax, 10},
		{"outside ASCII", "Bearer é=b", challenge.Syntax, 7},
		{"many challenges", many, challenge.TooMuch, 45},
		{"many parameters", "Bearer " + manyParams.String(), challenge.TooMuch, 0},
		{"long", "Bearer a=" + strings.Repeat("x", 16<<10), challenge.TooMuch, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got, err := challenge.Parse([]string{"Bearer a=b", tc.header})
			if !reflect.DeepEqual(got, []challenge.Challenge{sound}) {
				t.Errorf("the sound header gave %#v", got)
			}
			var fault *challenge.Error
			if !errors.As(err, &fault) || fault.Reason != tc.reason || fault.Header != 1 {
				t.Fatalf("got %#v, want %s in header 1", err, tc.reason)
			}
			if tc.offset != 0 && fault.Offset != tc.offset {
				t.Errorf("offset %d, want %d", fault.Offset, tc.offset)
			}
		})
	}
}

func TestParseReadsOnAfterFault(t *testing.T) {
	t.Parallel()
	got, err := challenge.Parse([]string{`resource_metadata="x"`, `Bearer a=b`, `"`})
	var fault *challenge.Error
	if !errors.As(err, &fault) || fault.Header != 0 {
		t.Errorf("first fault: %v", err)
	}
	if len(got) != 1 || !got[0].Is("BEARER") || got[0].Is("Basic") {
		t.Errorf("got %#v", got)
	}
	if n := strings.Count(err.Error(), "WWW-Authenticate"); n != 2 {
		t.Errorf("%d faults told, want 2: %v", n, err)
	}
	if strings.Contains(err.Error(), "resource_metadata") {
		t.Errorf("the error repeats the header: %v", err)
	}
}

// TestFormatOverHTTP sends a hostile value through net/http.
func TestFormatOverHTTP(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("WWW-Authenticate", challenge.Format("Bearer", challenge.Param{Name: "realm", Value: "a\r\nX-Injected: 1\x00\"é"}))
		w.WriteHeader(http.StatusUnauthorized)
	}))
	defer srv.Close()
	resp, err := srv.Client().Get(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.Header.Get("X-Injected") != "" {
		t.Error("a value became a header")
	}
	got, err := challenge.Parse(resp.Header.Values("WWW-Authenticate"))
	if err != nil || len(got) != 1 || got[0].Params["realm"] != `a??X-Injected: 1?"?` {
		t.Errorf("got %#v, %v", got, err)
	}
}

func TestValidScope(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]bool{
		"read:notes": true, "a": true, "!#[]~": true, "https://api.example.com/x": true,
		"": false, "a b": false, `a"`: false, `a\`: false, "a\t": false, "a\n": false, "é": false, "\x7f": false, "\x00": false,
	} {
		if got := challenge.ValidScope(s); got != want {
			t.Errorf("ValidScope(%q) = %t", s, got)
		}
	}
}

// Covers RS6.
func TestValidToken68(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]bool{
		"abc": true, "a.b-c_d~e+f/g": true, "a=": true, "a==": true, "0": true,
		"": false, "=": false, "a=b": false, "a b": false, "a,": false, `a"`: false, "a\n": false, "é": false, "a:b": false, " a": false,
	} {
		if got := challenge.ValidToken68(s); got != want {
			t.Errorf("ValidToken68(%q) = %t", s, got)
		}
	}
	const chars = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/"
	for c := range 256 {
		s := string([]byte{byte(c)})
		if got := challenge.ValidToken68(s); got != strings.Contains(chars, s) {
			t.Errorf("ValidToken68(%q) = %t", s, got)
		}
	}
}
