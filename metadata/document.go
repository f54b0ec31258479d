package metadata

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/mcp-auth/go/internal/jsonx"
)

const (
	maxDocument = 1 << 20 // bytes
	maxDepth    = 32
)

// DocumentError says why a document cannot be used.
type DocumentError struct {
	// Member is the member at fault; empty means the document as a whole.
	Member string
	// Err is the fault.
	Err error
}

// Error names the member and the fault.
func (e *DocumentError) Error() string {
	if e.Member == "" {
		return "metadata: " + e.Err.Error()
	}
	return fmt.Sprintf("metadata: member %s: %v", e.Member, e.Err)
}

// Unwrap returns the fault.
func (e *DocumentError) Unwrap() error { return e.Err }

var (
	errTooLarge = errors.New("the document is larger than 1 MiB")
	errRequired = errors.New("must be a string that is not empty")
)

// member is a field of a document's struct under its JSON name. The struct's
// tags are the one list of names; its order is that of the members.
type member struct {
	name      string
	omitEmpty bool
	field     reflect.Value // a string, []string or bool
}

// membersOf lists the members of a struct, given as a pointer to it.
func membersOf(doc any) []member {
	v := reflect.ValueOf(doc).Elem()
	t := v.Type()
	list := make([]member, 0, t.NumField())
	for i := range t.NumField() {
		name, options, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		if name == "-" {
			continue
		}
		list = append(list, member{name: name, omitEmpty: options == "omitempty", field: v.Field(i)})
	}
	return list
}

// value reads a JSON value as one of the field's type.
func (m *member) value(raw []byte) (value any, ok bool) {
	switch m.field.Interface().(type) {
	case string:
		value, ok = jsonx.String(raw)
	case []string:
		value, ok = jsonx.Strings(raw)
	case bool:
		value, ok = jsonx.Bool(raw)
	}
	return value, ok
}

// set takes over a JSON value if it is of the field's type.
func (m *member) set(raw []byte) bool {
	value, ok := m.value(raw)
	if ok {
		m.field.Set(reflect.ValueOf(value))
	}
	return ok
}

// empty reports whether the member is left out when written: RFC 8414 §3.2 and
// RFC 9728 §3.2 want lists without elements left out.
func (m *member) empty() bool {
	return m.omitEmpty && (m.field.IsZero() || m.field.Kind() == reflect.Slice && m.field.Len() == 0)
}

// decode reads a document into the struct that doc points to. What the struct
// has no field for, and what is not of its field's type, is returned. Only the
// required member, which is the document's identity, must be sound.
func decode(data []byte, doc any, required string) (map[string]json.RawMessage, error) {
	if len(data) > maxDocument {
		return nil, &DocumentError{Err: errTooLarge}
	}
	known := make(map[string]*member)
	for _, m := range membersOf(doc) {
		known[m.name] = &m
	}
	extra := make(map[string]json.RawMessage)
	err := jsonx.Object(data, maxDepth, func(name string, raw []byte) error {
		if m := known[name]; m == nil || !m.set(raw) {
			extra[name] = bytes.Clone(raw)
		}
		return nil
	})
	if err != nil {
		return nil, &DocumentError{Err: fmt.Errorf("not an acceptable JSON object: %w", err)}
	}
	if known[required].field.IsZero() {
		return nil, &DocumentError{Member: required, Err: errRequired}
	}
	if len(extra) == 0 {
		return nil, nil
	}
	return extra, nil
}

// encode writes the struct that doc points to in the order of its fields, then
// extra in the order of its names. A field that is set wins over extra.
func encode(doc any, extra map[string]json.RawMessage) ([]byte, error) {
	out := &bytes.Buffer{}
	written := make(map[string]bool)
	for _, m := range membersOf(doc) {
		if m.empty() {
			continue
		}
		if err := writeMember(out, m.name, m.field.Interface()); err != nil {
			return nil, err
		}
		written[m.name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(extra)) {
		if written[name] {
			continue
		}
		if err := writeMember(out, name, extra[name]); err != nil {
			return nil, err
		}
	}
	out.WriteByte('}')
	return out.Bytes(), nil
}

func writeMember(out *bytes.Buffer, name string, value any) error {
	key, err := json.Marshal(name)
	if err != nil {
		return &DocumentError{Member: name, Err: err}
	}
	data, err := json.Marshal(value)
	if err != nil {
		return &DocumentError{Member: name, Err: err}
	}
	separator := byte(',')
	if out.Len() == 0 {
		separator = '{'
	}
	out.WriteByte(separator)
	out.Write(key)
	out.WriteByte(':')
	out.Write(data)
	return nil
}

// isNull reports whether a value is JSON's null, which some serializers write for
// a member that is absent.
func isNull(raw []byte) bool { return string(raw) == "null" }

// wrongTypes names the members in extra whose value is not of the type that
// their field has: slips of the server. What a program put there is not.
func wrongTypes(doc any, extra map[string]json.RawMessage) []string {
	var names []string
	for _, m := range membersOf(doc) {
		raw, odd := extra[m.name]
		if !odd || !m.field.IsZero() || isNull(raw) {
			continue
		}
		if _, ok := m.value(raw); !ok {
			names = append(names, m.name)
		}
	}
	return names
}
