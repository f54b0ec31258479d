// Package yamlfile reads configuration files in YAML, of which JSON is a kind.
//
// It is strict: unknown fields, duplicate keys, values of a wrong type, aliases,
// merge keys and a second document are mistakes. All mistakes of a file are
// reported together, each as an [*Error] with its line. None of them repeats a
// value, which may be a secret.
package yamlfile

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"go.yaml.in/yaml/v3"
)

const (
	maxSize   = 1 << 20 // bytes of a file
	maxErrors = 100     // mistakes that are reported
)

// File is a file that was read.
type File struct {
	name string
	root *yaml.Node // nil for an empty file
}

// Read reads a file of at most 1 MiB, and what it holds into a struct, as
// [File.Decode] does.
func Read(name string, into any) (*File, error) {
	text, err := readAll(name)
	if err != nil {
		return nil, err
	}
	f, err := Parse(name, text)
	if err != nil {
		return nil, err
	}
	return f, f.Decode(into)
}

func readAll(name string) ([]byte, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(file, maxSize+1))
	return text, errors.Join(err, file.Close())
}

// Name returns the name of the file.
func (f *File) Name() string { return f.name }

// Root returns the value that the file consists of. ok is false for an empty file.
func (f *File) Root() (root Value, ok bool) { return Value{Node: f.root}, f.root != nil }

// Error is one mistake in a file.
type Error struct {
	// File is the name of the file. It can be empty.
	File string
	// Line and Column are where the mistake is, counted from 1, or 0 if that is
	// not known. If the text is not YAML, Line is roughly where the parser
	// stopped, and Column is 0.
	Line, Column int
	// Field is the path of the field, such as resources[0].dpop.
	Field string
	// Text says what is wrong.
	Text string
	// Err is the cause, or nil.
	Err error
}

// Error names the file, the line, the field and the mistake.
func (e *Error) Error() string {
	text := e.File
	if e.Line > 0 {
		text += fmt.Sprintf(":%d", e.Line)
	}
	for _, part := range []string{e.Field, e.Text} {
		if part != "" && text != "" {
			text += ": "
		}
		text += part
	}
	return text
}

// Unwrap returns the cause, or nil.
func (e *Error) Unwrap() error { return e.Err }

// Mistakes collects the mistakes in a file. The zero value is empty.
type Mistakes struct{ list []*Error }

// At adds a mistake at a value of the file.
func (m *Mistakes) At(v Value, format string, args ...any) {
	m.Add(&Error{Line: v.Node.Line, Column: v.Node.Column, Field: v.Field, Text: fmt.Sprintf(format, args...)})
}

// Add adds a mistake. Of very many it keeps the first.
func (m *Mistakes) Add(e *Error) {
	switch {
	case len(m.list) < maxErrors:
		m.list = append(m.list, e)
	case len(m.list) == maxErrors:
		m.list = append(m.list, &Error{Line: e.Line, Column: e.Column, Text: "there are more mistakes"})
	}
}

// Err returns the mistakes in the order of the file, joined, or nil.
func (m *Mistakes) Err(file string) error {
	slices.SortStableFunc(m.list, func(a, b *Error) int {
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return a.Column - b.Column
	})
	errs := make([]error, len(m.list))
	for i, e := range m.list {
		e.File, errs[i] = file, e
	}
	return errors.Join(errs...)
}
