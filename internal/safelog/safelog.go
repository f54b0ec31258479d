// Package safelog writes to a log that a user has plugged in, and that may panic.
package safelog

import (
	"context"
	"errors"
	"log/slog"

	"github.com/mcp-auth/go/internal/panics"
)

// Enabled reports whether the log takes records of a level. One that panics does
// not.
func Enabled(ctx context.Context, log *slog.Logger, level slog.Level) bool {
	yes, _ := panics.Call("the Logger", func() (bool, error) { return log.Enabled(ctx, level), nil })
	return yes
}

// Write writes to the log. There is no place to report a log that panics, which
// must not keep an answer from its caller.
func Write(ctx context.Context, log *slog.Logger, level slog.Level, what string, attrs ...slog.Attr) {
	_, _ = panics.Call("the Logger", func() (struct{}, error) {
		log.LogAttrs(ctx, level, what, attrs...)
		return struct{}{}, nil
	})
}

// Cause shows an error, and where if it was a panic.
func Cause(err error) []slog.Attr {
	attrs := []slog.Attr{slog.Any("cause", err)}
	var panicked *panics.Error
	if errors.As(err, &panicked) {
		attrs = append(attrs, slog.String("stack", string(panicked.Stack)))
	}
	return attrs
}
