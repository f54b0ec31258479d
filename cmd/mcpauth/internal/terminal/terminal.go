// Package terminal writes for people: texts from elsewhere, and log records.
package terminal

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
)

// NewLogger returns a logger that writes each record on a line for people to
// read, such as "warning: the message, key value". It leaves out times.
func NewLogger(w io.Writer) *slog.Logger {
	return slog.New(&handler{out: &output{w: w, style: NewStyle(w)}})
}

// output is shared by a logger and the loggers that are made of it.
type output struct {
	style Style
	mu    sync.Mutex
	w     io.Writer
}

type handler struct {
	out   *output
	attrs []slog.Attr
}

// Enabled leaves out what is for debugging.
func (h *handler) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelInfo }

// WithAttrs returns a handler that writes attributes with every record.
func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &handler{h.out, append(h.attrs[:len(h.attrs):len(h.attrs)], attrs...)}
}

// WithGroup returns the handler: names on a line need no groups.
func (h *handler) WithGroup(string) slog.Handler { return h }

// Handle writes a record.
func (h *handler) Handle(_ context.Context, record slog.Record) error {
	line := record.Message
	write := func(a slog.Attr) bool {
		line += fmt.Sprintf(", %s %s", a.Key, a.Value)
		return true
	}
	for _, a := range h.attrs {
		write(a)
	}
	record.Attrs(write)
	line = Line(strings.ReplaceAll(line, "\n", "; "))
	switch {
	case record.Level >= slog.LevelError:
		line = h.out.style.Error("error:") + " " + line
	case record.Level >= slog.LevelWarn:
		line = h.out.style.Warning("warning:") + " " + line
	}
	h.out.mu.Lock()
	defer h.out.mu.Unlock()
	_, err := fmt.Fprintln(h.out.w, line)
	return err
}
