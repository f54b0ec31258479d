package yamlfile

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// Parse reads the one document of a text of at most 1 MiB. The name of the file
// is for errors. A text without a document is an empty file.
func Parse(name string, text []byte) (*File, error) {
	root, mistake := document(text)
	if mistake != nil {
		mistake.File = name
		return nil, mistake
	}
	return &File{name: name, root: root}, nil
}

// document returns the value that a text consists of, nil if it is empty.
func document(text []byte) (*yaml.Node, *Error) {
	if len(text) > maxSize {
		return nil, &Error{Text: "the file is over 1 MiB"}
	}
	if !utf8.Valid(text) {
		return nil, invalidText(text)
	}
	d := yaml.NewDecoder(bytes.NewReader(text))
	var first, second yaml.Node
	err := d.Decode(&first)
	if errors.Is(err, io.EOF) {
		return nil, nil
	}
	if err != nil {
		return nil, syntaxError(err)
	}
	switch err := d.Decode(&second); {
	case err == nil:
		return nil, &Error{Line: second.Line, Column: second.Column, Text: "a second document begins: the file must have one"}
	case !errors.Is(err, io.EOF):
		return nil, syntaxError(err)
	}
	if len(first.Content) != 1 || (Value{Node: first.Content[0]}).IsNothing() {
		return nil, nil
	}
	return first.Content[0], nil
}

// invalidText is the mistake of a text that is not UTF-8.
func invalidText(text []byte) *Error {
	line, column := 1, 1
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		if r == utf8.RuneError && size == 1 {
			break
		}
		column++
		if r == '\n' {
			line, column = line+1, 1
		}
		text = text[size:]
	}
	return &Error{Line: line, Column: column, Text: "the file is not text in UTF-8"}
}

var (
	// yamlError is how package yaml words its errors. It leaves out the first line.
	yamlError = regexp.MustCompile(`(?s)^yaml: (?:line (\d+): )?(.*)$`)
	// fromZero are the errors for which it counts lines from 0.
	fromZero = regexp.MustCompile(`^(did not find expected (',' or|'-'|<|key|node)|found (duplicate|incompatible|undefined) )`)
)

// syntaxError is the mistake of a text that is not YAML.
func syntaxError(err error) *Error {
	parts := yamlError.FindStringSubmatch(err.Error())
	if parts == nil {
		return &Error{Line: 1, Text: "not YAML: " + err.Error()}
	}
	line, _ := strconv.Atoi(parts[1])
	if line > 0 && fromZero.MatchString(parts[2]) {
		line++
	}
	text := "not YAML: " + parts[2]
	if strings.Contains(parts[2], "cannot start any token") {
		text += "; indentation takes spaces, not tabs, and a text that begins with @, ` or % takes quotes"
	}
	return &Error{Line: max(1, line), Text: text}
}
