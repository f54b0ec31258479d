package wire

import (
	"slices"

	"github.com/mcp-auth/go/internal/jsonx"
)

// Edit is a value that takes the place of another one.
type Edit struct {
	At   jsonx.Span
	With []byte
}

// WithID returns the message with another id, and with what else there is to replace.
// All other bytes stay as they are.
func (m *Message) WithID(id []byte, more ...Edit) []byte {
	return m.With(append(more, Edit{m.id, id})...)
}

// With returns the message with values replaced. All other bytes stay as they are.
func (m *Message) With(edits ...Edit) []byte {
	slices.SortFunc(edits, func(a, b Edit) int { return a.At.From - b.At.From })
	size, from := len(m.Text), 0
	for _, e := range edits {
		size += len(e.With)
	}
	text := make([]byte, 0, size+len("\n"))
	for _, e := range edits {
		text = append(append(text, m.Text[from:e.At.From]...), e.With...)
		from = e.At.To
	}
	return append(text, m.Text[from:]...)
}
