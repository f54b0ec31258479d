package account

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"
)

// The user whose browser is elsewhere pastes where it was sent to.
//
// Covers CL5, CL10.
func TestAskForCallback(t *testing.T) {
	t.Parallel()
	for input, want := range map[string]string{
		"http://127.0.0.1/callback?code=a\n":     "http://127.0.0.1/callback?code=a",
		"  http://127.0.0.1/callback?code=a\r\n": "http://127.0.0.1/callback?code=a",
		"http://127.0.0.1/callback?code=a":       "http://127.0.0.1/callback?code=a",
	} {
		var out strings.Builder
		got, err := askForCallback(strings.NewReader(input), &out)(t.Context(), "https://as.example.com/authorize?x=1")
		if err != nil || got != want {
			t.Errorf("%q gave %q, %v", input, got, err)
		}
		if !strings.Contains(out.String(), "https://as.example.com/authorize?x=1") {
			t.Errorf("the user was shown %q", out.String())
		}
	}
	if _, err := askForCallback(strings.NewReader(""), io.Discard)(t.Context(), ""); err == nil {
		t.Error("no error for no input")
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	reader, writer := io.Pipe()
	defer writer.Close()
	if _, err := askForCallback(reader, io.Discard)(ctx, ""); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v, want a timeout", err)
	}
}
