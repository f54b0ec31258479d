// Package configerr holds the one error type of all configurations: every New
// function of this module returns its mistakes as joined [*Error] values.
//
// Most programs only print such an error. A program that reports mistakes to
// its own users finds them with [All], or one of a kind with errors.Is:
//
//	if errors.Is(err, configerr.DuplicateIssuer) {
//
// An error names the field as a Go programmer writes it, such as
// Resources[0].Identifier.
package configerr

import (
	"errors"
	"fmt"

	"github.com/mcp-auth/go/internal/fetch"
)

// Fault is a kind of mistake. Each is an error of its own, for errors.Is.
type Fault string

// Error describes the fault.
func (f Fault) Error() string { return string(f) }

// Error is one mistake in a configuration. It wraps its [Fault].
type Error struct {
	// Field is the place of the mistake, such as
	// "Resources[0].AuthorizationServers[1].Issuer".
	Field string
	// Value is the offending value, if it is not secret.
	Value string
	// Fault is the kind of mistake.
	Fault Fault
	// Err says more about it. It is nil if the fault says it all.
	Err error
}

// Error names the field, the value and the fault.
func (e *Error) Error() string {
	if e.Value == "" {
		return e.Field + ": " + e.Text()
	}
	return fmt.Sprintf("%s %.200q: %s", e.Field, e.Value, e.Text())
}

// Text says what is wrong, without the field and the value.
func (e *Error) Text() string {
	if e.Err == nil {
		return e.Fault.Error()
	}
	return e.Fault.Error() + ": " + e.Err.Error()
}

// Unwrap returns the fault and, if there is one, the underlying error.
func (e *Error) Unwrap() []error {
	if e.Err == nil {
		return []error{e.Fault}
	}
	return []error{e.Fault, e.Err}
}

// All returns every [*Error] in err, in order. It follows the wrapping of
// errors.Join and fmt.Errorf.
func All(err error) []*Error {
	var found []*Error
	switch e := err.(type) {
	case nil:
	case *Error:
		found = append(found, e)
	case interface{ Unwrap() []error }:
		for _, each := range e.Unwrap() {
			found = append(found, All(each)...)
		}
	default:
		found = All(errors.Unwrap(err))
	}
	return found
}

// List collects mistakes, and apart from them warnings: what is allowed but
// probably a mistake. The zero value is empty.
type List struct{ errs, warnings []*Error }

// Add adds a mistake. A password in a URL is left out of the value.
func (l *List) Add(fault Fault, field, value string) { l.AddErr(fault, field, value, nil) }

// AddErr adds a mistake with an error that says more about it.
func (l *List) AddErr(fault Fault, field, value string, err error) {
	l.errs = append(l.errs, newError(fault, field, value, err))
}

// Warn adds a warning. The error says more about it, such as what was probably
// meant, and may be nil.
func (l *List) Warn(fault Fault, field, value string, err error) {
	l.warnings = append(l.warnings, newError(fault, field, value, err))
}

func newError(fault Fault, field, value string, err error) *Error {
	return &Error{Field: field, Value: fetch.HideUserinfo(value), Fault: fault, Err: err}
}

// Nest adds every [*Error] in err with its field [Below] place. Other errors in err
// are left out.
func (l *List) Nest(place string, err error) {
	for _, e := range All(err) {
		nested := *e
		nested.Field = Below(place, e.Field)
		l.errs = append(l.errs, &nested)
	}
}

// NestWarnings adds each of the warnings with its field [Below] place.
func (l *List) NestWarnings(place string, warnings []*Error) {
	for _, w := range warnings {
		nested := *w
		nested.Field = Below(place, w.Field)
		l.warnings = append(l.warnings, &nested)
	}
}

// Below returns the name of a field that is below a place: Tools["a"] below
// Resources[0].Policy is Resources[0].Policy.Tools["a"].
func Below(place, field string) string {
	if place == "" || field == "" || field[0] == '[' {
		return place + field
	}
	return place + "." + field
}

// Len returns how many mistakes there are.
func (l *List) Len() int { return len(l.errs) }

// Warnings returns the warnings, which Len and Err leave out.
func (l *List) Warnings() []*Error { return l.warnings }

// Err returns all mistakes joined, or nil if there are none.
func (l *List) Err() error {
	errs := make([]error, len(l.errs))
	for i, e := range l.errs {
		errs[i] = e
	}
	return errors.Join(errs...)
}
