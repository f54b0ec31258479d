package refusal_test

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/mcp-auth/go/internal/refusal"
	"github.com/mcp-auth/go/reason"
)

// TestCauseIsTheErrorItStandsFor holds a cause, whose text is made late, to what
// fmt.Errorf makes at once.
func TestCauseIsTheErrorItStandsFor(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		format string
		args   []any
	}{
		{"the token has no exp", nil},
		{"the issuer %.5q is not %d", []any{"https://auth.example.com", 7}},
		{"%w", []any{io.EOF}},
		{"first %w, then %w", []any{io.ErrUnexpectedEOF, fmt.Errorf("deeper: %w", io.EOF)}},
	} {
		want := fmt.Errorf(tt.format, tt.args...)
		got := refusal.InvalidToken(reason.MalformedToken, tt.format, tt.args...).Cause
		if got.Error() != want.Error() {
			t.Errorf("%q says %q, want %q", tt.format, got, want)
		}
		for _, target := range []error{io.EOF, io.ErrUnexpectedEOF, io.ErrClosedPipe} {
			if errors.Is(got, target) != errors.Is(want, target) {
				t.Errorf("%q: errors.Is(%v) is not %v", tt.format, target, errors.Is(want, target))
			}
		}
	}
}
