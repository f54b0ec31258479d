package terminal

import (
	"bytes"
	"io"
	"regexp"
	"strings"
)

const (
	helpWidth  = 100 // of a line, in characters
	helpColumn = 30  // where the descriptions of options begin
)

// HelpWriter lays out the options of a help text in lines that fit a terminal. It
// passes on everything else.
type HelpWriter struct {
	w       io.Writer
	rest    []byte // a line that is not complete
	options bool   // within the options
}

// NewHelpWriter returns a writer to w.
func NewHelpWriter(w io.Writer) *HelpWriter { return &HelpWriter{w: w} }

// option matches the line of an option: its names, its names again if it can be
// repeated, and what it is for.
var option = regexp.MustCompile(`^( +-\S.*?)(?: \[ -.* \])? {2,}(\S.*)$`)

// Write writes the lines that are complete.
func (h *HelpWriter) Write(p []byte) (int, error) {
	h.rest = append(h.rest, p...)
	for {
		i := bytes.IndexByte(h.rest, '\n')
		if i < 0 {
			return len(p), nil
		}
		line := string(h.rest[:i])
		h.rest = h.rest[i+1:]
		h.options = h.options || strings.HasSuffix(line, "OPTIONS:")
		if h.options {
			line = wrapped(line)
		}
		if _, err := io.WriteString(h.w, line+"\n"); err != nil {
			return 0, err
		}
	}
}

// Flush writes what follows the last line break.
func (h *HelpWriter) Flush() error {
	_, err := h.w.Write(h.rest)
	h.rest = nil
	return err
}

func wrapped(line string) string {
	parts := option.FindStringSubmatch(line)
	if parts == nil {
		return line
	}
	indent := strings.Repeat(" ", helpColumn)
	out, at := parts[1]+"\n"+indent, helpColumn
	if len(parts[1])+2 <= helpColumn {
		out = parts[1] + indent[len(parts[1]):]
	}
	for i, word := range strings.Fields(parts[2]) {
		switch {
		case i == 0:
		case at+1+len(word) > helpWidth:
			out, at = out+"\n"+indent, helpColumn
		default:
			out, at = out+" ", at+1
		}
		out, at = out+word, at+len(word)
	}
	return out
}
