package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// maxYAMLFile bounds a configuration file, in bytes.
const maxYAMLFile = 1 << 20

// yamlFile is a configuration file. Its faults are told with their line, and
// never with values, which may be secrets.
type yamlFile struct {
	name string
	root yaml.Node // zero for an empty file
	// fields are those of the mappings in the file, by their Go type.
	fields map[string][]string
}

// readYAMLFile reads a file, of which JSON is a kind, into a struct. Members that
// it has no field for are faults. An empty file leaves the struct as it is.
func readYAMLFile(name string, into any) (*yamlFile, error) {
	text, err := readAtMost(name, maxYAMLFile)
	if err != nil {
		return nil, err
	}
	f := &yamlFile{name: name, fields: map[string][]string{}}
	knownFields(reflect.TypeOf(into), f.fields)
	if err := yaml.Unmarshal(text, &f.root); err != nil {
		return nil, f.faults(err)
	}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	switch err := decoder.Decode(into); {
	case errors.Is(err, io.EOF):
		return f, nil
	case err != nil:
		return nil, f.faults(err)
	}
	if err := decoder.Decode(&yaml.Node{}); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: more than one document", name)
	}
	return f, nil
}

// The texts of package yaml.
var (
	yamlLine    = regexp.MustCompile(`(?s)^(?:yaml: )?line (\d+): (.*)$`)
	yamlUnknown = regexp.MustCompile(`^field (\S+) not found in type (\S+)$`)
	yamlType    = regexp.MustCompile("(?s)^cannot unmarshal !!(\\w+)(?: `.*`)? into (\\S+)$")
)

// faults words what package yaml found.
func (f *yamlFile) faults(err error) error {
	texts := []string{err.Error()}
	if several, ok := errors.AsType[*yaml.TypeError](err); ok {
		texts = several.Errors
	}
	var list []error
	for _, text := range texts {
		line := ""
		if parts := yamlLine.FindStringSubmatch(text); parts != nil {
			line, text = ":"+parts[1], parts[2]
		}
		list = append(list, fmt.Errorf("%s%s: %s", f.name, line, f.fault(strings.TrimPrefix(text, "yaml: "))))
	}
	return errors.Join(list...)
}

// fault names no Go types and no values.
func (f *yamlFile) fault(text string) string {
	if parts := yamlUnknown.FindStringSubmatch(text); parts != nil {
		return fmt.Sprintf("unknown field %q; known are %s", parts[1], strings.Join(f.fields[parts[2]], ", "))
	}
	if parts := yamlType.FindStringSubmatch(text); parts != nil {
		return fmt.Sprintf("%s where %s belongs", yamlKind(parts[1]), goKind(parts[2]))
	}
	return text
}

// knownFields finds the names of the fields of t, and of the types in it.
func knownFields(t reflect.Type, known map[string][]string) {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		knownFields(t.Elem(), known)
	case reflect.Struct:
		if known[t.String()] != nil {
			return
		}
		for field := range t.Fields() {
			if name, _, _ := strings.Cut(field.Tag.Get("yaml"), ","); name != "" {
				known[t.String()] = append(known[t.String()], name)
				knownFields(field.Type, known)
			}
		}
	}
}

func yamlKind(tag string) string {
	switch tag {
	case "map":
		return "a mapping"
	case "seq":
		return "a list"
	case "str":
		return "text"
	case "int", "float":
		return "a number"
	case "bool":
		return "true or false"
	}
	return "another value"
}

func goKind(kind string) string {
	switch {
	case strings.HasPrefix(kind, "[]"):
		return "a list"
	case strings.HasPrefix(kind, "map["), strings.HasPrefix(kind, "main."), strings.HasPrefix(kind, "*main."):
		return "a mapping"
	case kind == "time.Duration":
		return `a time such as "1h30m"`
	case kind == "bool":
		return "true or false"
	case kind == "string":
		return "text"
	}
	return "another value"
}

// line returns where the value at a path such as "clients[0].redirect_uris[1]"
// begins, 0 if there is none.
func (f *yamlFile) line(path string) int {
	if len(f.root.Content) == 0 {
		return 0
	}
	node := f.root.Content[0]
	for step := range strings.FieldsFuncSeq(path, func(r rune) bool { return r == '.' || r == '[' || r == ']' }) {
		if node = child(node, step); node == nil {
			return 0
		}
	}
	return node.Line
}

func child(node *yaml.Node, step string) *yaml.Node {
	switch node.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(node.Content); i += 2 {
			if node.Content[i].Value == step {
				return node.Content[i+1]
			}
		}
	case yaml.SequenceNode:
		if i, err := strconv.Atoi(step); err == nil && 0 <= i && i < len(node.Content) {
			return node.Content[i]
		}
	case yaml.AliasNode:
		return child(node.Alias, step)
	}
	return nil
}
