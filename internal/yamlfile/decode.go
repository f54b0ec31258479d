package yamlfile

import (
	"fmt"
	"reflect"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// Decode sets the fields of a struct to what the file says. The tag `yaml:"name"`
// names a field; the fields of an embedded struct are taken for fields of the
// struct. Fields are strings, booleans, integers, a [time.Duration], structs,
// pointers to structs, and lists and mappings of these. A value that is left out
// or null leaves a field as it is.
func (f *File) Decode(into any) error {
	root, ok := f.Root()
	if !ok {
		return nil
	}
	var m Mistakes
	decodeStruct(root, reflect.ValueOf(into).Elem(), &m)
	return m.Err(f.name)
}

func decode(v Value, into reflect.Value, m *Mistakes) {
	if v.IsNothing() {
		return
	}
	switch into.Kind() {
	case reflect.Struct:
		decodeStruct(v, into, m)
	case reflect.Pointer:
		into.Set(reflect.New(into.Type().Elem()))
		decode(v, into.Elem(), m)
	case reflect.Slice:
		decodeList(v, into, m)
	case reflect.Map:
		decodeMap(v, into, m)
	default:
		decodeScalar(v, into, m)
	}
}

func decodeStruct(v Value, into reflect.Value, m *Mistakes) {
	fields := fieldsOf(into.Type())
	for _, entry := range v.Entries(m) {
		at := indexOf(fields, entry.Key)
		if at < 0 {
			m.At(entry.Value, "the field is not known; known are %s", names(fields))
			continue
		}
		decode(entry.Value, into.FieldByIndex(fields[at].Index), m)
	}
}

func decodeList(v Value, into reflect.Value, m *Mistakes) {
	items := v.Items(m)
	list := reflect.MakeSlice(into.Type(), len(items), len(items))
	for i, item := range items {
		decode(item, list.Index(i), m)
	}
	into.Set(list)
}

func decodeMap(v Value, into reflect.Value, m *Mistakes) {
	mapping := reflect.MakeMap(into.Type())
	for _, entry := range v.Entries(m) {
		element := reflect.New(into.Type().Elem()).Elem()
		decode(entry.Value, element, m)
		mapping.SetMapIndex(reflect.ValueOf(entry.Key).Convert(into.Type().Key()), element)
	}
	into.Set(mapping)
}

// decodeScalar takes numbers and dates for text as they are written, so that an
// identifier of digits needs no quotes.
func decodeScalar(v Value, into reflect.Value, m *Mistakes) {
	if v.Node.Kind != yaml.ScalarNode {
		m.At(v, "must be %s, not %s", kindOf(into.Type()), v.Describe())
		return
	}
	switch {
	case into.Type() == reflect.TypeFor[time.Duration]():
		duration, err := time.ParseDuration(v.Node.Value)
		if err != nil {
			m.At(v, "must be %s, not %s", kindOf(into.Type()), v.Describe())
		}
		into.SetInt(int64(duration))
	case into.Kind() == reflect.String:
		into.SetString(v.Node.Value)
	case into.Kind() == reflect.Bool && !v.is("!!bool"), into.CanInt() && !v.is("!!int"):
		m.At(v, "must be %s, not %s", kindOf(into.Type()), v.Describe())
	default:
		if err := v.Node.Decode(into.Addr().Interface()); err != nil {
			m.At(v, "must be %s that is not as large", kindOf(into.Type()))
		}
	}
}

// kindOf names what a field holds.
func kindOf(t reflect.Type) string {
	switch {
	case t == reflect.TypeFor[time.Duration]():
		return `a time such as "1h30m"`
	case t.Kind() == reflect.String:
		return "text"
	case t.Kind() == reflect.Bool:
		return "true or false"
	default:
		return "a number"
	}
}

// fieldsOf lists the fields of a struct that have a name in files, those of
// embedded structs as well.
func fieldsOf(t reflect.Type) (fields []reflect.StructField) {
	for _, field := range reflect.VisibleFields(t) {
		if nameOf(field) != "" {
			fields = append(fields, field)
		}
	}
	return fields
}

// nameOf returns the name of a field in files. It is empty for one that is not in them.
func nameOf(field reflect.StructField) string {
	name, _, _ := strings.Cut(field.Tag.Get("yaml"), ",")
	return name
}

func indexOf(fields []reflect.StructField, name string) int {
	for i, field := range fields {
		if nameOf(field) == name {
			return i
		}
	}
	return -1
}

// names lists the names of fields, such as "a, b and c".
func names(fields []reflect.StructField) string {
	list := make([]string, len(fields))
	for i, field := range fields {
		list[i] = nameOf(field)
	}
	if len(list) < 2 {
		return strings.Join(list, "")
	}
	return fmt.Sprintf("%s and %s", strings.Join(list[:len(list)-1], ", "), list[len(list)-1])
}
