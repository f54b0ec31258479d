package terminal

import (
	"io"
	"os"
)

// Style colours words if they go to a terminal that can show it, and the user does
// not object with NO_COLOR (https://no-color.org).
type Style struct{ colours bool }

// NewStyle returns the style for a writer.
func NewStyle(w io.Writer) Style {
	file, ok := w.(*os.File)
	if !ok || os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb" || os.Getenv("TERM") == "" {
		return Style{}
	}
	info, err := file.Stat()
	return Style{err == nil && info.Mode()&os.ModeCharDevice != 0}
}

// Error returns a word as of an error.
func (s Style) Error(word string) string { return s.in("31", word) }

// Warning returns a word as of a warning.
func (s Style) Warning(word string) string { return s.in("33", word) }

// Good returns a word as of what is in order.
func (s Style) Good(word string) string { return s.in("32", word) }

func (s Style) in(colour, word string) string {
	if !s.colours {
		return word
	}
	return "\x1b[1;" + colour + "m" + word + "\x1b[0m"
}
