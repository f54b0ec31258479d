package policyfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// document reads the one document of a file.
func document(data []byte) (*yaml.Node, *Error) {
	if len(data) > maxSize {
		return nil, &Error{Text: "the file is over 1 MiB"}
	}
	if !utf8.Valid(data) {
		return nil, invalidText(data)
	}
	d := yaml.NewDecoder(bytes.NewReader(data))
	var first, second yaml.Node
	err := d.Decode(&first)
	if errors.Is(err, io.EOF) || err == nil && len(first.Content) != 1 {
		return nil, &Error{Line: 1, Column: 1, Text: "the file is empty"}
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
	return first.Content[0], nil
}

func invalidText(data []byte) *Error {
	line, column := 1, 1
	for len(data) > 0 {
		r, size := utf8.DecodeRune(data)
		if r == utf8.RuneError && size == 1 {
			break
		}
		column++
		if r == '\n' {
			line, column = line+1, 1
		}
		data = data[size:]
	}
	return &Error{Line: line, Column: column, Text: "the file is not text in UTF-8"}
}

var (
	// yamlError is how package yaml words its errors. It leaves out the first line.
	yamlError = regexp.MustCompile(`(?s)^yaml: (?:line (\d+): )?(.*)$`)
	// fromZero are the errors for which it counts lines from 0.
	fromZero = regexp.MustCompile(`^(did not find expected (',' or|'-'|<|key|node)|found (duplicate|incompatible|undefined) )`)
)

func syntaxError(err error) *Error {
	parts := yamlError.FindStringSubmatch(err.Error())
	if parts == nil {
		return &Error{Line: 1, Text: "not YAML: " + err.Error()}
	}
	line, _ := strconv.Atoi(parts[1])
	if line > 0 && fromZero.MatchString(parts[2]) {
		line++
	}
	return &Error{Line: max(1, line), Text: "not YAML: " + parts[2]}
}

// place is a value of the file.
type place struct {
	node   *yaml.Node
	field  string // its name in the file
	config string // its name in a configerr.Error
}

func (p place) at(node *yaml.Node, field, config string) place {
	return place{node, p.field + field, p.config + config}
}

// item is an element of a list.
func (p place) item(i int) place {
	index := fmt.Sprintf("[%d]", i)
	return p.at(p.node.Content[i], index, index)
}

// entry is a member of a mapping.
type entry struct {
	key   string
	place // of the value
}

// describe names what stands in the file, for errors.
func describe(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.AliasNode:
		return "an alias"
	case n.Kind == yaml.SequenceNode:
		return "a list"
	case n.Kind == yaml.MappingNode:
		return "a mapping"
	}
	switch n.ShortTag() {
	case "!!str":
		return "text"
	case "!!null":
		return "nothing"
	case "!!bool":
		return "true or false"
	case "!!int", "!!float":
		return "a number"
	case "!!timestamp":
		return "a date"
	case "!!merge":
		return "a merge key"
	}
	return "a value of the type " + n.ShortTag()
}

func isText(n *yaml.Node) bool { return isScalar(n, "!!str") }

func isScalar(n *yaml.Node, tag string) bool { return n.Kind == yaml.ScalarNode && n.ShortTag() == tag }
