package policyfile

import (
	"errors"
	"fmt"

	"github.com/mcp-auth/go/internal/yamlfile"
	"go.yaml.in/yaml/v3"
)

// document reads the one document of a file.
func document(data []byte) (*yaml.Node, *Error) {
	file, err := yamlfile.Parse("", data)
	if fault, ok := errors.AsType[*yamlfile.Error](err); ok {
		return nil, &Error{Line: fault.Line, Column: fault.Column, Text: fault.Text}
	}
	root, ok := file.Root()
	if !ok {
		return nil, &Error{Line: 1, Column: 1, Text: "the file is empty"}
	}
	return root.Node, nil
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

// describe names what a value is, for errors.
func describe(n *yaml.Node) string { return yamlfile.Value{Node: n}.Describe() }

func isText(n *yaml.Node) bool { return isScalar(n, "!!str") }

func isScalar(n *yaml.Node, tag string) bool { return n.Kind == yaml.ScalarNode && n.ShortTag() == tag }
