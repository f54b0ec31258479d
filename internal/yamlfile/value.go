package yamlfile

import (
	"fmt"

	"go.yaml.in/yaml/v3"
)

// Value is a value in a file.
type Value struct {
	Node *yaml.Node
	// Field is its path, such as resources[0].dpop, empty for the whole file.
	Field string
}

// Entry is a member of a mapping.
type Entry struct {
	Key   string
	Value Value
}

// Entries lists the members of a mapping. It notes duplicate keys and keys that
// are not text, and leaves them out, and anything else than a mapping.
func (v Value) Entries(m *Mistakes) []Entry {
	if v.Node.Kind != yaml.MappingNode {
		m.At(v, "must be a mapping, not %s", v.Describe())
		return nil
	}
	var entries []Entry
	seen := map[string]*yaml.Node{}
	for i := 0; i+1 < len(v.Node.Content); i += 2 {
		key := Value{v.Node.Content[i], v.Field}
		if !key.IsText() {
			m.At(key, "a key must be text, not %s", key.Describe())
			continue
		}
		name := key.Node.Value
		member := Value{v.Node.Content[i+1], v.member(name)}
		if first := seen[name]; first != nil {
			m.At(Value{key.Node, member.Field}, "the key is already on line %d", first.Line)
			continue
		}
		seen[name] = key.Node
		entries = append(entries, Entry{name, member})
	}
	return entries
}

func (v Value) member(name string) string {
	if v.Field == "" {
		return name
	}
	return v.Field + "." + name
}

// Items lists the elements of a list. It notes anything else.
func (v Value) Items(m *Mistakes) []Value {
	if v.Node.Kind != yaml.SequenceNode {
		m.At(v, "must be a list, not %s", v.Describe())
		return nil
	}
	items := make([]Value, len(v.Node.Content))
	for i, node := range v.Node.Content {
		items[i] = Value{node, fmt.Sprintf("%s[%d]", v.Field, i)}
	}
	return items
}

// IsText reports whether the value is text.
func (v Value) IsText() bool { return v.is("!!str") }

// IsNothing reports whether the value is left out, or null.
func (v Value) IsNothing() bool { return v.is("!!null") }

func (v Value) is(tag string) bool {
	return v.Node.Kind == yaml.ScalarNode && v.Node.ShortTag() == tag
}

// Describe names the kind of the value, for errors.
func (v Value) Describe() string {
	switch v.Node.Kind {
	case yaml.AliasNode:
		return "an alias"
	case yaml.SequenceNode:
		return "a list"
	case yaml.MappingNode:
		return "a mapping"
	}
	switch tag := v.Node.ShortTag(); tag {
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
	default:
		return "a value of the type " + tag
	}
}
