// Package txtar reads and writes text archives: a comment, and then files, each
// under a line "-- name --". The format is that of golang.org/x/tools/txtar,
// which is not used so that no importer of the library inherits that module.
package txtar

import (
	"bytes"
	"os"
	"strings"
)

// Archive is a text archive.
type Archive struct {
	Comment []byte
	Files   []File
}

// File is a file of an archive. Its data ends with a line break unless empty.
type File struct {
	Name string
	Data []byte
}

// ParseFile reads the archive in a file.
func ParseFile(path string) (*Archive, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return Parse(data), nil
}

// Parse reads an archive. Every text is one.
func Parse(data []byte) *Archive {
	archive := &Archive{}
	for line := range bytes.Lines(data) {
		line = withBreak(line)
		name, isMarker := marker(line)
		switch last := len(archive.Files) - 1; {
		case isMarker:
			archive.Files = append(archive.Files, File{Name: name})
		case last < 0:
			archive.Comment = append(archive.Comment, line...)
		default:
			archive.Files[last].Data = append(archive.Files[last].Data, line...)
		}
	}
	return archive
}

// marker returns the name in a line that begins a file.
func marker(line []byte) (name string, ok bool) {
	text, ok := strings.CutPrefix(strings.TrimRight(string(line), "\r\n"), "-- ")
	if !ok {
		return "", false
	}
	name, ok = strings.CutSuffix(text, " --")
	name = strings.TrimSpace(name)
	return name, ok && name != ""
}

// withBreak returns text with a line break at its end unless it is empty.
func withBreak(text []byte) []byte {
	if len(text) == 0 || bytes.HasSuffix(text, []byte("\n")) {
		return text
	}
	return append(bytes.Clone(text), '\n')
}

// Format writes an archive such that Parse reads it again.
func Format(archive *Archive) []byte {
	out := bytes.Clone(withBreak(archive.Comment))
	for _, file := range archive.Files {
		out = append(out, "-- "+file.Name+" --\n"...)
		out = append(out, withBreak(file.Data)...)
	}
	return out
}
