package authtest

import (
	"bytes"
	"log/slog"
	"sync"
)

// Log is a log that may be written to while it is read.
type Log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements [io.Writer].
func (b *Log) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

// String is what was written so far.
func (b *Log) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// Logger writes text into the log.
func (b *Log) Logger() *slog.Logger { return slog.New(slog.NewTextHandler(b, nil)) }
