package verdict

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
)

// logRecord is a slog handler that keeps what was logged.
type logRecord struct {
	mu    sync.Mutex
	last  string
	lines strings.Builder
}

func (l *logRecord) Enabled(context.Context, slog.Level) bool { return true }
func (l *logRecord) WithAttrs([]slog.Attr) slog.Handler       { return l }
func (l *logRecord) WithGroup(string) slog.Handler            { return l }

func (l *logRecord) Handle(_ context.Context, r slog.Record) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == "reason" {
			l.last = a.Value.String()
		}
		fmt.Fprintf(&l.lines, "%s=%v ", a.Key, a.Value)
		return true
	})
	return nil
}

// reason is the reason of the last refusal that was logged.
func (l *logRecord) reason() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last
}

// forget makes reason wait for the next refusal.
func (l *logRecord) forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last = ""
}

func (l *logRecord) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lines.String()
}
