// Package finding holds what a check decides, as data: a code, a sentence and
// the evidence. Package catalogue explains the codes.
package finding

import (
	"fmt"
	"strings"

	"github.com/mcp-auth/go/metadata"
)

// Code names a kind of finding. Each has a row in the catalogue.
type Code string

// Info is the severity of what is neither good nor bad, or cannot be seen from
// outside. It complements the severities of package metadata.
const Info metadata.Severity = "info"

// Finding is one thing found. Message and Evidence may hold words of the
// checked server, and must be redacted before they are shown.
type Finding struct {
	Code Code
	// Severity is empty for the catalogue's.
	Severity metadata.Severity
	// Message is a sentence on what was found.
	Message string
	// Evidence is what was seen, such as a header's value.
	Evidence string
}

// New returns a finding with the severity that the catalogue has for the code.
func New(code Code, evidence, format string, args ...any) Finding {
	return Finding{Code: code, Evidence: evidence, Message: fmt.Sprintf(format, args...)}
}

// As returns the finding with a severity of its own.
func (f Finding) As(s metadata.Severity) Finding {
	f.Severity = s
	return f
}

// List collects findings. The zero value is empty.
type List []Finding

// Add adds a finding with the severity that the catalogue has for the code.
func (l *List) Add(code Code, evidence, format string, args ...any) {
	*l = append(*l, New(code, evidence, format, args...))
}

// AddAs adds a finding with a severity of its own.
func (l *List) AddAs(s metadata.Severity, code Code, evidence, format string, args ...any) {
	*l = append(*l, New(code, evidence, format, args...).As(s))
}

// Validation returns the findings of package metadata, with their severities.
func Validation(found []metadata.Finding) List {
	var list List
	for _, f := range found {
		list.AddAs(f.Severity, Code(f.Code), "", "%s", f.Message)
	}
	return list
}

// Count returns a number with its noun, such as "2 keys".
func Count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// Join lists codes, or names of algorithms.
func Join[T ~string](list []T) string {
	texts := make([]string, len(list))
	for i, element := range list {
		texts[i] = string(element)
	}
	return strings.Join(texts, ", ")
}

// Reason returns the text of an error without the name of the package that
// reports it, for the end of a sentence.
func Reason(err error) string {
	text := err.Error()
	for _, prefix := range []string{"metadata: ", "jose: "} {
		text = strings.TrimPrefix(text, prefix)
	}
	return strings.TrimSuffix(text, ".")
}

// Capital returns text with its first letter in upper case.
func Capital(text string) string { return strings.ToUpper(text[:1]) + text[1:] }
