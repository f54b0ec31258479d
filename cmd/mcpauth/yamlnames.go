package main

import (
	"fmt"
	"reflect"
	"regexp"
	"strings"
)

// yamlNames are the names in a file of what a Go configuration calls otherwise.
// The struct of the file has the fields of the configuration, with their names.
type yamlNames struct {
	file  reflect.Type
	words map[string]string
}

// newYAMLNames learns the names of T, the struct of a file.
func newYAMLNames[T any]() *yamlNames {
	n := &yamlNames{file: reflect.TypeFor[T](), words: map[string]string{}}
	collectNames(n.file, n.words)
	return n
}

func collectNames(t reflect.Type, words map[string]string) {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice:
		collectNames(t.Elem(), words)
	case reflect.Struct:
		for field := range t.Fields() {
			if name := field.Tag.Get("yaml"); name != "" {
				words[field.Name] = name
				collectNames(field.Type, words)
			}
		}
	}
}

// path turns a field, such as "Clients[0].RedirectURIs[1]", into the file's name
// for it. A field that the file does not have stays.
func (n *yamlNames) path(field string) string {
	var path []string
	at := n.file
	for part := range strings.SplitSeq(field, ".") {
		name, index, indexed := strings.Cut(part, "[")
		found, ok := at.FieldByName(name)
		if !ok {
			return field
		}
		named := found.Tag.Get("yaml")
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

// text has the fields that a sentence names as the file has them.
func (n *yamlNames) text(sentence string) string {
	return capitalized.ReplaceAllStringFunc(sentence, func(word string) string {
		if name := n.words[word]; name != "" {
			return name
		}
		return word
	})
}

// nearestLine returns where the value at a path is or, if it is missing, where
// it belongs. It is 0 for an element that the file does not have.
func (f *yamlFile) nearestLine(path string) int {
	line := f.line(path)
	for line == 0 && path != "" && !strings.HasSuffix(path, "]") {
		path = path[:max(0, strings.LastIndexByte(path, '.'))]
		if path != "" {
			line = f.line(path)
		}
	}
	return line
}

// place returns "FILE:LINE: " of the value at a path, or nothing for one that is
// not in the file.
func (f *yamlFile) place(path string) string {
	line := f.nearestLine(path)
	if line == 0 {
		return ""
	}
	return fmt.Sprintf("%s:%d: ", f.name, line)
}
