package jsonx_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/mcp-auth/go/internal/jsonx"
)

var errStop = errors.New("stop")

func TestMembersAt(t *testing.T) {
	t.Parallel()
	const doc = " {\"a\" : 1 ,\n\"\\u0062\":[1, {\"a\":2,\"a\":3}],\"é\":\"ü\" , \"a2\":{} } "
	var names []string
	err := jsonx.MembersAt([]byte(doc), testDepth, func(name string, value jsonx.Span) error {
		names = append(names, name+string(value.Of([]byte(doc))))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(names, " "); got != `a1 b[1, {"a":2,"a":3}] é"ü" a2{}` {
		t.Errorf("visited %q", got)
	}
}

func TestElementsAt(t *testing.T) {
	t.Parallel()
	const doc = "\t[ \"é\" ,[1 ,2],{} , null,-1.5e3,\"é\"\n]"
	var seen []string
	err := jsonx.ElementsAt([]byte(doc), testDepth, func(element jsonx.Span) error {
		seen = append(seen, string(element.Of([]byte(doc))))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(seen, " "); got != `"é" [1 ,2] {} null -1.5e3 "é"` {
		t.Errorf("visited %q", got)
	}
}

func TestPositionsRefuse(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		members, elements string
		reason            jsonx.Reason
	}{
		"syntax":    {`{"a":1`, `[1`, jsonx.Syntax},
		"kind":      {`[]`, `{}`, jsonx.Syntax},
		"behind":    {`{}x`, `[]x`, jsonx.Syntax},
		"encoding":  {"{\"a\":\"\xff\"}", "[\"\xff\"]", jsonx.Encoding},
		"too deep":  {`{"a":[[[[[[]]]]]]}`, `[[[[[[[]]]]]]]`, jsonx.TooDeep},
		"duplicate": {`{"a":1,"\u0061":1}`, "", jsonx.Duplicate},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			refused(t, c.reason, jsonx.MembersAt([]byte(c.members), testDepth, func(string, jsonx.Span) error { return nil }))
			if c.elements == "" {
				return
			}
			refused(t, c.reason, jsonx.ElementsAt([]byte(c.elements), testDepth, func(jsonx.Span) error { return nil }))
		})
	}
}

func refused(t *testing.T, want jsonx.Reason, err error) {
	t.Helper()
	var fault *jsonx.Error
	if !errors.As(err, &fault) || fault.Reason != want {
		t.Errorf("got %v, want the reason %q", err, want)
	}
}

func TestPositionsEndAtAnError(t *testing.T) {
	t.Parallel()
	if err := jsonx.MembersAt([]byte(`{"a":1,"b":`), testDepth, func(string, jsonx.Span) error { return errStop }); !errors.Is(err, errStop) {
		t.Errorf("MembersAt: %v", err)
	}
	if err := jsonx.ElementsAt([]byte(`[1,`), testDepth, func(jsonx.Span) error { return errStop }); !errors.Is(err, errStop) {
		t.Errorf("ElementsAt: %v", err)
	}
}
