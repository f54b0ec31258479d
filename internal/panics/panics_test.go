package panics

import (
	"errors"
	"net/http"
	"runtime"
	"strings"
	"testing"
)

func TestCall(t *testing.T) {
	t.Parallel()
	var none map[string]int
	failure := errors.New("no")
	for name, test := range map[string]struct {
		f    func() (int, error)
		want int
		text string
	}{
		"result":        {func() (int, error) { return 1, nil }, 1, ""},
		"error":         {func() (int, error) { return 2, failure }, 2, "no"},
		"text":          {func() (int, error) { panic("s3cret") }, 0, "the store panicked with a value of type string"},
		"error value":   {func() (int, error) { panic(failure) }, 0, "the store panicked with a value of type *errors.errorString"},
		"abort":         {func() (int, error) { panic(http.ErrAbortHandler) }, 0, "the store panicked with a value of type *errors.errorString"},
		"nil map":       {func() (int, error) { none["a"] = 1; return 1, nil }, 0, "the store panicked: assignment to entry in nil map"},
		"nothing":       {func() (int, error) { panic(nil) }, 0, "the store panicked: " + new(runtime.PanicNilError).Error()},
		"out of bounds": {func() (int, error) { return []int{}[len(none)], nil }, 0, "the store panicked: runtime error: index out of range [0] with length 0"},
	} {
		got, err := Call("the store", test.f)
		if text := text(err); got != test.want || text != test.text {
			t.Errorf("%s: %d, %q; want %d, %q", name, got, text, test.want, test.text)
		}
		var p *Error
		if errors.As(err, &p) && !strings.Contains(string(p.Stack), "TestCall") {
			t.Errorf("%s: the stack does not show where: %s", name, p.Stack)
		}
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
