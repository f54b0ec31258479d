package jsonx_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mcp-auth/go/internal/jsonx"
)

const testDepth = 6

type member struct{ name, raw string }

func walk(data string, depth int) ([]member, error) {
	var got []member
	err := jsonx.Object([]byte(data), depth, func(name string, raw []byte) error {
		got = append(got, member{name, string(raw)})
		return nil
	})
	return got, err
}

func TestObjectAccepts(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		in   string
		want []member
	}{
		"empty":              {`{}`, nil},
		"white space":        {" \t\r\n{ \n } \t", nil},
		"order kept":         {`{"b":1,"a":2}`, []member{{"b", "1"}, {"a", "2"}}},
		"raw trimmed":        {"{ \"a\" :\t[1 , 2]\n, \"b\": {} }", []member{{"a", "[1 , 2]"}, {"b", "{}"}}},
		"literals":           {`{"t":true,"f":false,"n":null}`, []member{{"t", "true"}, {"f", "false"}, {"n", "null"}}},
		"numbers":            {`{"a":-0.5e+10,"b":0,"c":1E5,"d":-0}`, []member{{"a", "-0.5e+10"}, {"b", "0"}, {"c", "1E5"}, {"d", "-0"}}},
		"names differ":       {`{"aud":1,"Aud":2,"aud ":3}`, []member{{"aud", "1"}, {"Aud", "2"}, {"aud ", "3"}}},
		"escaped name":       {`{"\u0061\u00e9\n\/\"":1}`, []member{{"aé\n/\"", "1"}}},
		"surrogate pair":     {`{"\ud83d\ude00":"\uD83D\uDE00"}`, []member{{"😀", `"\uD83D\uDE00"`}}},
		"empty name":         {`{"":1}`, []member{{"", "1"}}},
		"same name in other": {`{"a":{"a":1},"b":[{"a":1},{"a":1}]}`, []member{{"a", `{"a":1}`}, {"b", `[{"a":1},{"a":1}]`}}},
		"replacement rune":   {"{\"a\":\"\uFFFD\"}", []member{{"a", "\"\uFFFD\""}}},
		"depth at bound":     {`{"a":[[[[[]]]]]}`, []member{{"a", "[[[[[]]]]]"}}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := walk(c.in, testDepth)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// Covers RS9.
func TestObjectRefuses(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		in     string
		reason jsonx.Reason
	}{
		"empty":                    {``, jsonx.Syntax},
		"white space only":         {" \n", jsonx.Syntax},
		"array":                    {`[]`, jsonx.Syntax},
		"null":                     {`null`, jsonx.Syntax},
		"string":                   {`"a"`, jsonx.Syntax},
		"open":                     {`{`, jsonx.Syntax},
		"open after member":        {`{"a":1`, jsonx.Syntax},
		"trailing comma":           {`{"a":1,}`, jsonx.Syntax},
		"leading comma":            {`{,"a":1}`, jsonx.Syntax},
		"no colon":                 {`{"a" 1}`, jsonx.Syntax},
		"no value":                 {`{"a":}`, jsonx.Syntax},
		"no comma":                 {`{"a":1 "b":2}`, jsonx.Syntax},
		"bare name":                {`{a:1}`, jsonx.Syntax},
		"single quotes":            {`{'a':1}`, jsonx.Syntax},
		"comment":                  {`{"a":1/**/}`, jsonx.Syntax},
		"two objects":              {`{}{}`, jsonx.Syntax},
		"text behind":              {`{} x`, jsonx.Syntax},
		"zero byte behind":         {"{}\x00", jsonx.Syntax},
		"zero byte inside":         {"{\x00}", jsonx.Syntax},
		"byte order mark":          {"\uFEFF{}", jsonx.Syntax},
		"vertical tab":             {"{\v}", jsonx.Syntax},
		"no-break space":           {"{\u00a0}", jsonx.Syntax},
		"open string":              {`{"a`, jsonx.Syntax},
		"control in string":        {"{\"a\":\"\n\"}", jsonx.Syntax},
		"zero byte in string":      {"{\"a\":\"\x00\"}", jsonx.Syntax},
		"unknown escape":           {`{"a":"\x61"}`, jsonx.Syntax},
		"escape at end":            {`{"a":"\`, jsonx.Syntax},
		"short unicode escape":     {`{"a":"\u12"}`, jsonx.Syntax},
		"signed unicode escape":    {`{"a":"\u+123"}`, jsonx.Syntax},
		"leading zero":             {`{"a":01}`, jsonx.Syntax},
		"plus sign":                {`{"a":+1}`, jsonx.Syntax},
		"bare minus":               {`{"a":-}`, jsonx.Syntax},
		"no integer part":          {`{"a":.5}`, jsonx.Syntax},
		"no fraction":              {`{"a":1.}`, jsonx.Syntax},
		"no exponent":              {`{"a":1e}`, jsonx.Syntax},
		"no exponent digits":       {`{"a":1e+}`, jsonx.Syntax},
		"hexadecimal":              {`{"a":0x10}`, jsonx.Syntax},
		"NaN":                      {`{"a":NaN}`, jsonx.Syntax},
		"Infinity":                 {`{"a":-Infinity}`, jsonx.Syntax},
		"literal in capitals":      {`{"a":True}`, jsonx.Syntax},
		"literal cut":              {`{"a":tru}`, jsonx.Syntax},
		"literal run on":           {`{"a":truex}`, jsonx.Syntax},
		"array comma":              {`{"a":[1,]}`, jsonx.Syntax},
		"array open":               {`{"a":[1}`, jsonx.Syntax},
		"wrong bracket":            {`{"a":[1}]`, jsonx.Syntax},
		"invalid UTF-8":            {"{\"a\":\"\xff\"}", jsonx.Encoding},
		"overlong UTF-8":           {"{\"a\":\"\xc0\xaf\"}", jsonx.Encoding},
		"surrogate in UTF-8":       {"{\"a\":\"\xed\xa0\x80\"}", jsonx.Encoding},
		"invalid UTF-8 in a name":  {"{\"\xff\":1}", jsonx.Encoding},
		"high surrogate alone":     {`{"a":"\ud83d"}`, jsonx.Encoding},
		"low surrogate alone":      {`{"a":"\ude00"}`, jsonx.Encoding},
		"high then high":           {`{"a":"\ud83d\ud83d"}`, jsonx.Encoding},
		"high then letter":         {`{"a":"\ud83dx\ude00"}`, jsonx.Encoding},
		"lone surrogate in a name": {`{"\ud83d":1}`, jsonx.Encoding},
		"lone surrogate deep":      {`{"a":[{"b":"\ud83d"}]}`, jsonx.Encoding},
		"duplicate":                {`{"aud":1,"aud":1}`, jsonx.Duplicate},
		"duplicate by escape":      {`{"aud":1,"\u0061ud":2}`, jsonx.Duplicate},
		"duplicate by escapes":     {`{"\u0061":1,"\u0061":2}`, jsonx.Duplicate},
		"duplicate slash":          {`{"/":1,"\/":2}`, jsonx.Duplicate},
		"duplicate not adjacent":   {`{"a":1,"b":{"a":1,"c":2},"a":3}`, jsonx.Duplicate},
		"duplicate one level down": {`{"cnf":{"jkt":1,"jkt":2}}`, jsonx.Duplicate},
		"duplicate in array":       {`{"a":[0,{"b":1,"b":2}]}`, jsonx.Duplicate},
		"duplicate empty name":     {`{"":1,"":2}`, jsonx.Duplicate},
		"too deep by arrays":       {`{"a":[[[[[[]]]]]]}`, jsonx.TooDeep},
		"too deep by objects":      {`{"a":{"a":{"a":{"a":{"a":{"a":{}}}}}}}`, jsonx.TooDeep},
		"too deep and endless":     {`{"a":` + strings.Repeat("[", 1<<20), jsonx.TooDeep},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := walk(c.in, testDepth)
			var fault *jsonx.Error
			if !errors.As(err, &fault) {
				t.Fatalf("got %v, want a *jsonx.Error", err)
			}
			if fault.Reason != c.reason {
				t.Errorf("reason %q (%v), want %q", fault.Reason, err, c.reason)
			}
			if fault.Offset < 0 || fault.Offset > len(c.in) {
				t.Errorf("offset %d outside the document of %d bytes", fault.Offset, len(c.in))
			}
		})
	}
}

// TestDuplicateAmongMany has the duplicate where the list of names is full and
// a map has taken over, at the outer and at inner levels.
func TestDuplicateAmongMany(t *testing.T) {
	t.Parallel()
	object := func(n int, extra string) string {
		var b strings.Builder
		b.WriteByte('{')
		for i := range n {
			fmt.Fprintf(&b, `"m%d":%d,`, i, i)
		}
		return b.String() + extra + "}"
	}
	for _, n := range []int{1, 15, 16, 31, 32, 33, 100, 5000} {
		distinct := object(n, `"last":0`)
		for name, doc := range map[string]string{
			"flat":          distinct,
			"inner":         object(n, `"o":`+distinct+`,"p":`+distinct),
			"inner is last": `{"a":[` + distinct + `,` + distinct + `],"m0":1}`,
		} {
			if _, err := walk(doc, testDepth); err != nil {
				t.Errorf("%d members, %s: %v", n, name, err)
			}
		}
		for _, again := range []int{0, n / 2, n - 1} {
			extra := fmt.Sprintf(`"m%d":0`, again)
			doubled := object(n, extra)
			for name, doc := range map[string]string{
				"flat":          doubled,
				"inner":         object(n, `"o":`+doubled),
				"after inner":   object(n, `"o":`+distinct+`,`+extra),
				"after escapes": object(n, fmt.Sprintf(`"\u006d%d":0`, again)),
			} {
				var fault *jsonx.Error
				if _, err := walk(doc, testDepth); !errors.As(err, &fault) || fault.Reason != jsonx.Duplicate {
					t.Errorf("%d members, m%d again, %s: got %v", n, again, name, err)
				}
			}
		}
	}
}

func TestVisitErrorEndsTheWalk(t *testing.T) {
	t.Parallel()
	stop := errors.New("stop")
	for name, run := range map[string]func(func() error) error{
		"Object": func(f func() error) error {
			return jsonx.Object([]byte(`{"a":1,"b":2}`), 1, func(string, []byte) error { return f() })
		},
		"Members": func(f func() error) error {
			return jsonx.Members([]byte(`{"a":1,"b":2}`), 1, func(string, []byte) error { return f() })
		},
		"Elements": func(f func() error) error {
			return jsonx.Elements([]byte(`[1,2]`), 1, func([]byte) error { return f() })
		},
	} {
		calls := 0
		err := run(func() error { calls++; return stop })
		if err != stop || calls != 1 {
			t.Errorf("%s: error %v after %d calls, want %v after 1", name, err, calls, stop)
		}
	}
}

// TestRawCannotReachItsNeighbour holds that appending to a raw value does not
// overwrite the document.
func TestRawCannotReachItsNeighbour(t *testing.T) {
	t.Parallel()
	data := []byte(`{"a":1,"b":2}`)
	err := jsonx.Object(data, 1, func(_ string, raw []byte) error {
		_ = append(raw, "XXXX"...)
		return nil
	})
	if err != nil || string(data) != `{"a":1,"b":2}` {
		t.Errorf("document became %s, error %v", data, err)
	}
}

func TestMembersComparesTheOutermostNamesOnly(t *testing.T) {
	t.Parallel()
	visit := func(string, []byte) error { return nil }
	if err := jsonx.Members([]byte(`{"a":{"b":1,"b":2},"c":[{"d":1,"d":2}]}`), 3, visit); err != nil {
		t.Errorf("inner duplicate: %v", err)
	}
	var fault *jsonx.Error
	err := jsonx.Members([]byte(`{"a":{"b":1,"b":2},"\u0061":1}`), 3, visit)
	if !errors.As(err, &fault) || fault.Reason != jsonx.Duplicate {
		t.Errorf("outer duplicate: got %v", err)
	}
}

func TestElements(t *testing.T) {
	t.Parallel()
	var got []string
	collect := func(raw []byte) error { got = append(got, string(raw)); return nil }
	if err := jsonx.Elements([]byte(" [ 1 , {\"a\":1,\"a\":2},\"x\", [] ] "), 2, collect); err != nil {
		t.Fatal(err)
	}
	if want := []string{"1", `{"a":1,"a":2}`, `"x"`, "[]"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	for _, in := range []string{``, `{}`, `[`, `[1`, `[1,]`, `[,1]`, `[1]]`, `[1 2]`, `[[[]]]`, "[\"\xff\"]"} {
		if err := jsonx.Elements([]byte(in), 2, func([]byte) error { return nil }); err == nil {
			t.Errorf("%q was accepted", in)
		}
	}
}

func TestString(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		`""`:                     "",
		`"a b"`:                  "a b",
		`"\"\\\/\b\f\n\r\t"`:     "\"\\/\b\f\n\r\t",
		`"\u0000\u00e9\u20AC"`:   "\x00é€",
		`"x\ud83d\ude00y\u0041"`: "x😀yA",
		`"é€😀"`:                  "é€😀",
	} {
		if got, ok := jsonx.String([]byte(in)); !ok || got != want {
			t.Errorf("%s: got %q %t, want %q", in, got, ok, want)
		}
	}
	for _, in := range []string{
		``, `"`, `a`, `"a`, `a"`, `"a"b`, `"a""b"`, ` "a"`, `"a" `, `null`, `1`, `["a"]`, `{"a":1}`,
		"\"\n\"", `"\u12"`, `"\ud83d"`, `"\"`, "\"\xff\"", "\"\xed\xa0\x80\"",
	} {
		if got, ok := jsonx.String([]byte(in)); ok {
			t.Errorf("%q was read as %q", in, got)
		}
	}
	if _, ok := jsonx.String(nil); ok {
		t.Error("nil was read as a string")
	}
}

func TestStrings(t *testing.T) {
	t.Parallel()
	for in, want := range map[string][]string{
		`[]`:                    {},
		`[ ]`:                   {},
		`["a"]`:                 {"a"},
		"[ \"a\" ,\n\"\" ]":     {"a", ""},
		`["\u0061","a","a"]`:    {"a", "a", "a"},
		`["1","2","3","4","5"]`: {"1", "2", "3", "4", "5"},
	} {
		got, ok := jsonx.Strings([]byte(in))
		if !ok || got == nil || !slices.Equal(got, want) {
			t.Errorf("%s: got %q %t, want %q", in, got, ok, want)
		}
		if again, ok := jsonx.StringOrStrings([]byte(in)); !ok || !slices.Equal(again, want) {
			t.Errorf("%s: StringOrStrings gives %q %t", in, again, ok)
		}
	}
	for _, in := range []string{
		``, `[`, `]`, `["a"`, `["a",]`, `["a" "b"]`, `["a",1]`, `["a",null]`, `[["a"]]`, `[{}]`, `{}`, `null`, `1`, `["a"]x`, `["\ud83d"]`,
	} {
		if got, ok := jsonx.Strings([]byte(in)); ok || got != nil {
			t.Errorf("%s was read as %q", in, got)
		}
		if got, ok := jsonx.StringOrStrings([]byte(in)); ok {
			t.Errorf("%s: StringOrStrings gives %q", in, got)
		}
	}
	if _, ok := jsonx.Strings([]byte(`"a"`)); ok {
		t.Error("a string was read as an array")
	}
	if got, ok := jsonx.StringOrStrings([]byte(`"a"`)); !ok || !slices.Equal(got, []string{"a"}) {
		t.Errorf("a string gives %q %t", got, ok)
	}
}

func TestBool(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]bool{"true": true, "false": false} {
		if got, ok := jsonx.Bool([]byte(in)); !ok || got != want {
			t.Errorf("%s: got %t %t", in, got, ok)
		}
	}
	for _, in := range []string{``, `True`, `"true"`, `1`, `0`, `null`, `true `, ` true`, `truefalse`} {
		if _, ok := jsonx.Bool([]byte(in)); ok {
			t.Errorf("%q was read as a boolean", in)
		}
	}
}

// Covers RS10.
func TestNumericDate(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]time.Time{
		`0`:                                      time.Unix(0, 0),
		`-0`:                                     time.Unix(0, 0),
		`0.0e9`:                                  time.Unix(0, 0),
		`1`:                                      time.Unix(1, 0),
		`-1`:                                     time.Unix(-1, 0),
		`1762003600`:                             time.Unix(1762003600, 0),
		`1762003600.0`:                           time.Unix(1762003600, 0),
		`1762003600.5`:                           time.Unix(1762003600, 5e8),
		`1762003600.123456789`:                   time.Unix(1762003600, 123456789),
		`1762003600.9999999999`:                  time.Unix(1762003600, 999999999),
		`-1.5`:                                   time.Unix(-2, 5e8),
		`-0.0000000001`:                          time.Unix(0, 0),
		`1.7620036e9`:                            time.Unix(1762003600, 0),
		`1.7620036E+9`:                           time.Unix(1762003600, 0),
		`1.7620036001e+9`:                        time.Unix(1762003600, 1e8),
		`17620036000e-1`:                         time.Unix(1762003600, 0),
		`0.00017620036e13`:                       time.Unix(1762003600, 0),
		`5e-1`:                                   time.Unix(0, 5e8),
		`5e-9`:                                   time.Unix(0, 5),
		`5e-10`:                                  time.Unix(0, 0),
		`5e-99999999999999999999`:                time.Unix(0, 0),
		`0e99999999999999999999`:                 time.Unix(0, 0),
		`1e00000000000000000000`:                 time.Unix(1, 0),
		`100000000000000e-5`:                     time.Unix(1e9, 0),
		`253402300799`:                           time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC),
		`253402300799.999999999`:                 time.Date(9999, 12, 31, 23, 59, 59, 999999999, time.UTC),
		`-62135596800`:                           time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC),
		"1" + strings.Repeat("0", 300) + "e-291": time.Unix(1e9, 0),
		"0." + strings.Repeat("0", 300) + "1e310": time.Unix(1e9, 0),
	} {
		got, ok := jsonx.NumericDate([]byte(in))
		if !ok || !got.Equal(want) {
			t.Errorf("%s: got %v %t, want %v", in, got, ok, want)
		}
		if got.Location() != time.UTC {
			t.Errorf("%s: not in UTC", in)
		}
	}
	for _, in := range []string{
		``, ` `, `-`, `+1`, `01`, `00`, `1.`, `.1`, `1e`, `1e+`, `1e1.5`, `0x1`, `1_000`, `1 `, ` 1`, `1,2`, `NaN`, `Infinity`,
		`null`, `true`, `"1762003600"`, `[1]`, `{}`, "1\x00", "１",
		`253402300800`, `999999999999`, `1000000000000`, `1e13`, `1e300`, `1e999999999999999999999`, `9223372036854775808`,
		`18446744073709551617`, `-62135596801`, `-62135596800.5`, `-62135596800.000000001`, `-1e300`, `-9223372036854775809`,
		strings.Repeat("1", 600), "1." + strings.Repeat("0", 600),
	} {
		if got, ok := jsonx.NumericDate([]byte(in)); ok {
			t.Errorf("%q was read as %v", in, got)
		}
	}
}

// TestErrorTextHoldsNoInput: error texts end up in logs, documents are tokens.
func TestErrorTextHoldsNoInput(t *testing.T) {
	t.Parallel()
	const secret = "sEcReT"
	for _, in := range []string{
		`{"` + secret + `":1,"` + secret + `":2}`, secret, `{"a":"` + secret, `{"a":` + secret + `}`, `{"a":"` + secret + `\ud83d"}`,
		`{"a":"` + secret + "\xff\"}", `{"a":[[[[[[["` + secret,
	} {
		_, err := walk(in, testDepth)
		if err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("%q gives %v", in, err)
		}
	}
}

func TestWalkAllocatesNothing(t *testing.T) {
	data := []byte(claims12)
	got := testing.AllocsPerRun(100, func() {
		if err := jsonx.Walk(data, 8, func(_, _ []byte) error { return nil }); err != nil {
			t.Fatal(err)
		}
	})
	if got > 0 {
		t.Errorf("%v allocations for a walk, want none", got)
	}
}

// TestPlain holds Plain to String: what it takes is the value as it stands.
func TestPlain(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		raw   string
		plain bool
	}{
		{`"read:notes"`, true}, {`""`, true}, {`"a b"`, true}, {`"a\b"`, false}, {`"\u0061"`, false}, {`"é"`, false}, {`"a"b"`, false},
		{"\"a\nb\"", false}, {`"`, false}, {``, false}, {`"a`, false}, {`a"`, false}, {`7`, false},
	} {
		content, plain := jsonx.Plain([]byte(tt.raw))
		if plain != tt.plain {
			t.Errorf("%s: plain is %v, want %v", tt.raw, plain, tt.plain)
		}
		if value, ok := jsonx.String([]byte(tt.raw)); plain && (!ok || value != string(content)) {
			t.Errorf("%s: %q, but String says %q, %v", tt.raw, content, value, ok)
		}
	}
}

// TestAgreesWithEncodingJSON reads a sample both ways, extractors included.
func TestAgreesWithEncodingJSON(t *testing.T) {
	t.Parallel()
	agree(t, []byte(claims12))
	var want struct {
		Scope string   `json:"scope"`
		Roles []string `json:"roles"`
	}
	if err := json.Unmarshal([]byte(claims12), &want); err != nil {
		t.Fatal(err)
	}
	got := want
	got.Scope, got.Roles = "", nil
	err := jsonx.Object([]byte(claims12), 8, func(name string, raw []byte) error {
		switch name {
		case "scope":
			got.Scope, _ = jsonx.String(raw)
		case "roles":
			got.Roles, _ = jsonx.Strings(raw)
		}
		return nil
	})
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
}

// TestEveryByteInStrings holds the reading of eight bytes at a time to
// encoding/json: every byte, at every place in strings of several lengths.
func TestEveryByteInStrings(t *testing.T) {
	t.Parallel()
	for size := range 20 {
		for at := range size {
			for c := range 0x80 {
				text := bytes.Repeat([]byte{'x'}, size)
				text[at] = byte(c)
				doc := `{"a":"` + string(text) + `"}`
				var got string
				err := jsonx.Object([]byte(doc), 2, func(_ string, raw []byte) error {
					got, _ = jsonx.String(raw)
					return nil
				})
				var want struct{ A string }
				wanted := json.Unmarshal([]byte(doc), &want)
				if (err == nil) != (wanted == nil) || wanted == nil && got != want.A {
					t.Fatalf("%q: %v, %q; encoding/json: %v, %q", doc, err, got, wanted, want.A)
				}
			}
		}
	}
}
