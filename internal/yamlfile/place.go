package yamlfile

import (
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Line returns the line of the value at a path such as resources[0].dpop or, if
// it is missing, of what it belongs to. It is 0 for an element that the file
// does not have, and for a path that leads nowhere.
func (f *File) Line(path string) int {
	if path == "" {
		return 0
	}
	line := f.line(path)
	for line == 0 && path != "" && !strings.HasSuffix(path, "]") {
		path = path[:max(0, strings.LastIndexByte(path, '.'))]
		if path != "" {
			line = f.line(path)
		}
	}
	return line
}

// At returns a mistake with its place. One at a field that the file does not
// have stays without a place.
func (f *File) At(e *Error) *Error {
	located := *e
	if line := f.Line(e.Field); line > 0 {
		located.File, located.Line = f.name, line
	}
	return &located
}

func (f *File) line(path string) int {
	node := f.root
	for step := range strings.FieldsFuncSeq(path, func(r rune) bool { return r == '.' || r == '[' || r == ']' }) {
		if node = child(node, step); node == nil {
			return 0
		}
	}
	if node == nil {
		return 0
	}
	return node.Line
}

// child returns a member of a mapping or an element of a list, or nil.
func child(node *yaml.Node, step string) *yaml.Node {
	switch {
	case node == nil:
		return nil
	case node.Kind == yaml.MappingNode:
		for i := 0; i+1 < len(node.Content); i += 2 {
			if node.Content[i].Value == step {
				return node.Content[i+1]
			}
		}
	case node.Kind == yaml.SequenceNode:
		if i, err := strconv.Atoi(step); err == nil && 0 <= i && i < len(node.Content) {
			return node.Content[i]
		}
	}
	return nil
}
