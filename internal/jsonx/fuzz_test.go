package jsonx_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/mcp-auth/go/internal/jsonx"
)

const fuzzDepth = 5

// FuzzObject compares Object with encoding/json in both directions: what it
// accepts has the same members there, and what it refuses has the fault that
// the reason names.
func FuzzObject(f *testing.F) {
	for _, seed := range []string{
		claims12, `{}`, ` { "a" : [ 1 , {"b":null} ] } `, `{"a":1,"\u0061":2}`, `{"a":{"b":1,"b":2}}`, `{"\ud83d\ude00":"\ud83d"}`,
		`{"a":-0.5e+10}`, `{"a":[[[[[]]]]]}`, "{\"a\":\"\xff\"}", `{"a":1}x`, `{"a":01}`, `{"a":"\/\b"}`, `[]`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(agree)
}

func agree(t *testing.T, data []byte) {
	names := map[string][]byte{}
	err := jsonx.Object(data, fuzzDepth, func(name string, raw []byte) error {
		if _, twice := names[name]; twice {
			t.Fatalf("member %q was visited twice", name)
		}
		names[name] = raw
		return nil
	})
	var fault *jsonx.Error
	if err == nil {
		accepted(t, data, names)
		return
	}
	if !errors.As(err, &fault) {
		t.Fatalf("error of type %T", err)
	}
	switch fault.Reason {
	case jsonx.Syntax:
		if json.Valid(data) && bytes.HasPrefix(bytes.TrimLeft(data, " \t\r\n"), []byte("{")) {
			t.Errorf("refused as syntax, but it is a JSON object: %v", err)
		}
	case jsonx.Encoding:
		if utf8.Valid(data) && !bytes.Contains(bytes.ToLower(data), []byte(`\ud`)) {
			t.Errorf("refused for its encoding, which is sound: %v", err)
		}
	case jsonx.Duplicate:
		if dup, _ := measure(data); !dup {
			t.Errorf("refused for a duplicate, there is none: %v", err)
		}
	case jsonx.TooDeep:
		if _, depth := measure(data); depth <= fuzzDepth {
			t.Errorf("refused as too deep at depth %d", depth)
		}
	default:
		t.Errorf("unknown reason %q", fault.Reason)
	}
}

func accepted(t *testing.T, data []byte, names map[string][]byte) {
	if !utf8.Valid(data) {
		t.Error("accepted invalid UTF-8")
	}
	var want map[string]json.RawMessage
	if err := json.Unmarshal(data, &want); err != nil || want == nil {
		t.Fatalf("accepted what encoding/json refuses: %v", err)
	}
	if dup, depth := measure(data); dup || depth > fuzzDepth {
		t.Fatalf("accepted; duplicate names: %t, depth %d", dup, depth)
	}
	if len(names) != len(want) {
		t.Fatalf("%d members, want %d", len(names), len(want))
	}
	for name, raw := range names {
		other, ok := want[name]
		if !ok || !bytes.Equal(raw, other) {
			t.Fatalf("member %q is %s, want %s (present %t)", name, raw, other, ok)
		}
		extract(t, raw)
	}
}

// extract compares the reading of one value.
func extract(t *testing.T, raw []byte) {
	var s *string
	isString := json.Unmarshal(raw, &s) == nil && s != nil
	if got, ok := jsonx.String(raw); ok != isString || (ok && got != *s) {
		t.Errorf("String(%s) = %q, %t", raw, got, ok)
	}
	var b *bool
	isBool := json.Unmarshal(raw, &b) == nil && b != nil
	if got, ok := jsonx.Bool(raw); ok != isBool || (ok && got != *b) {
		t.Errorf("Bool(%s) = %t, %t", raw, got, ok)
	}
	var list []*string
	isList := json.Unmarshal(raw, &list) == nil && list != nil && !slices.Contains(list, nil)
	got, ok := jsonx.Strings(raw)
	if ok != isList || len(got) != len(list) && ok {
		t.Fatalf("Strings(%s) = %q, %t", raw, got, ok)
	}
	for i := range got {
		if got[i] != *list[i] {
			t.Errorf("Strings(%s)[%d] = %q", raw, i, got[i])
		}
	}
}

// measure reads with encoding/json's tokenizer, as far as that goes.
func measure(data []byte) (duplicate bool, depth int) {
	type frame struct {
		names map[string]bool
		value bool
	}
	var stack []*frame
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	for {
		tok, err := d.Token()
		if err != nil {
			if errors.Is(err, io.EOF) || duplicate {
				return duplicate, depth
			}
			return duplicate, max(depth, unclosed(data))
		}
		if len(stack) > 0 {
			top := stack[len(stack)-1]
			if name, ok := tok.(string); ok && top.names != nil && !top.value {
				duplicate = duplicate || top.names[name]
				top.names[name], top.value = true, true
				continue
			}
			top.value = false
		}
		switch tok {
		case json.Delim('{'):
			stack = append(stack, &frame{names: map[string]bool{}})
		case json.Delim('['):
			stack = append(stack, &frame{})
		case json.Delim('}'), json.Delim(']'):
			stack = stack[:len(stack)-1]
		}
		depth = max(depth, len(stack))
	}
}

// unclosed is an upper bound on the depth of a text that is not JSON.
func unclosed(data []byte) int {
	return bytes.Count(data, []byte("[")) + bytes.Count(data, []byte("{"))
}

// FuzzNumericDate compares NumericDate with exact arithmetic.
func FuzzNumericDate(f *testing.F) {
	for _, seed := range []string{
		"0", "-0", "1762003600", "1762003600.5", "1.7620036e9", "-1.5", "253402300799.9", "253402300800", "-62135596800", "1e400", "1e-400",
		"01", "1.", "0.000001e15", "12345678901234567890e-10", "5e-10", "1e99999999999",
	} {
		f.Add([]byte(seed))
	}
	lowest := new(big.Rat).SetInt64(time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC).Unix())
	beyond := new(big.Rat).SetInt64(time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC).Unix())
	f.Fuzz(func(t *testing.T, raw []byte) {
		got, ok := jsonx.NumericDate(raw)
		var n *json.Number
		isNumber := json.Unmarshal(raw, &n) == nil && n != nil && !strings.ContainsAny(string(raw), " \t\r\n\"")
		if !isNumber {
			if ok {
				t.Fatalf("%q is no number, read as %v", raw, got)
			}
			return
		}
		if ok && (got.Year() < 1 || got.Year() > 9999) {
			t.Fatalf("%q gives the year %d", raw, got.Year())
		}
		if len(raw) > 100 || largeExponent(string(raw)) {
			return
		}
		exact, _ := new(big.Rat).SetString(string(raw))
		nanos := new(big.Int).Quo(new(big.Int).Mul(exact.Num(), big.NewInt(1e9)), exact.Denom())
		cut := new(big.Rat).SetFrac(nanos, big.NewInt(1e9))
		inRange := cut.Cmp(lowest) >= 0 && cut.Cmp(beyond) < 0
		if ok != inRange {
			t.Fatalf("%q: accepted %t, want %t", raw, ok, inRange)
		}
		if !ok {
			return
		}
		have := new(big.Int).Mul(big.NewInt(got.Unix()), big.NewInt(1e9))
		have.Add(have, big.NewInt(int64(got.Nanosecond())))
		if have.Cmp(nanos) != 0 {
			t.Errorf("%q gives %v ns, want %v", raw, have, nanos)
		}
	})
}

// largeExponent tells numbers that exact arithmetic would choke on.
func largeExponent(text string) bool {
	_, exponent, found := strings.Cut(strings.ToLower(text), "e")
	return found && len(strings.TrimLeft(strings.TrimLeft(exponent, "+-"), "0")) > 3
}
