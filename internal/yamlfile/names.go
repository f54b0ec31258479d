package yamlfile

import (
	"reflect"
	"regexp"
	"strings"
)

// Names translates the fields of a Go configuration, such as
// Clients[0].RedirectURIs[1], into the names that a file has for them. The
// struct that the file is read into has the same fields, with the names in tags.
type Names struct {
	file  reflect.Type
	words map[string]string
}

// NamesOf returns the names of the struct that a pointer points to. Texts keep
// the words that are excepted.
func NamesOf(file any, except ...string) *Names {
	n := &Names{file: reflect.TypeOf(file).Elem(), words: map[string]string{}}
	collect(n.file, n.words)
	for _, word := range except {
		delete(n.words, word)
	}
	return n
}

func collect(t reflect.Type, words map[string]string) {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice:
		collect(t.Elem(), words)
	case reflect.Struct:
		for _, field := range fieldsOf(t) {
			words[field.Name] = nameOf(field)
			collect(field.Type, words)
		}
	}
}

// Path returns the file's name for a field. A field that the file does not have
// stays as it is.
func (n *Names) Path(field string) string {
	var path []string
	at := n.file
	for part := range strings.SplitSeq(field, ".") {
		name, index, indexed := strings.Cut(part, "[")
		found, ok := at.FieldByName(name)
		if !ok {
			return field
		}
		named := nameOf(found)
		at = found.Type
		if indexed {
			named += "[" + index
			at = at.Elem()
		}
		path = append(path, named)
		if at.Kind() == reflect.Pointer {
			at = at.Elem()
		}
		if at.Kind() != reflect.Struct {
			break
		}
	}
	return strings.Join(path, ".")
}

var capitalized = regexp.MustCompile(`\b[A-Z]\w*\b`)

// Text returns a sentence with the file's names for the fields that it mentions.
func (n *Names) Text(sentence string) string {
	return capitalized.ReplaceAllStringFunc(sentence, func(word string) string {
		if name := n.words[word]; name != "" {
			return name
		}
		return word
	})
}
