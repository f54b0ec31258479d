package configfile

import (
	"errors"
	"fmt"
	"slices"

	"github.com/mcp-auth/go/configerr"
	"github.com/mcp-auth/go/internal/yamlfile"
)

// The faults that files have, in addition to the faults in package configerr.
const (
	// Malformed is the fault of a file that is not YAML, or that has unknown
	// fields, duplicate keys or values of a wrong type. The Err of the error says
	// which.
	Malformed configerr.Fault = "the file does not have the expected form"
	// InvalidPolicy is the fault of a policy file that cannot be read. The Err of
	// the error is the mistake in it.
	InvalidPolicy configerr.Fault = "the policy file is not valid"
	// UnknownProvider is the fault of a provider without a profile.
	UnknownProvider configerr.Fault = "no profile has this name"

	UnsetVariable   configerr.Fault = "the environment variable is not set"
	InvalidDPoP     configerr.Fault = "the value must be required or optional"
	InvalidNetwork  configerr.Fault = "the value must be a network such as 10.0.0.0/8"
	ParametersAlone configerr.Fault = "parameters are for a provider, and none is named"
	SetByProfile    configerr.Fault = "issuer, type, metadata_url, algorithms, token_types and scope_claim are what a provider's profile sets: give either"
)

// Error is a mistake in a file. It wraps a [*configerr.Error], whose Field is
// the name in the file, such as resources[0].dpop.
type Error struct {
	// File is the name of the file.
	File string
	// Line is the line of the mistake, counted from 1, or 0 if it is not known.
	Line int
	// Err is the mistake.
	Err *configerr.Error
}

// Error names the file, the line, the field and the mistake.
func (e *Error) Error() string {
	text := e.File
	if e.Line > 0 {
		text += fmt.Sprintf(":%d", e.Line)
	}
	if e.Err.Field != "" {
		text += ": " + e.Err.Field
	}
	if e.Err.Value != "" {
		text += fmt.Sprintf(" %.200q", e.Err.Value)
	}
	if e.Err.Fault == Malformed && e.Err.Err != nil {
		return text + ": " + e.Err.Err.Error()
	}
	return text + ": " + e.Err.Text()
}

// Unwrap returns the mistake.
func (e *Error) Unwrap() error { return e.Err }

// malformed returns the mistakes that the reader of YAML found as errors of
// this package. An error of the file system stays as it is.
func malformed(err error) error {
	var list []error
	for _, err := range unjoin(err) {
		if fault, ok := err.(*yamlfile.Error); ok {
			err = &Error{fault.File, fault.Line, &configerr.Error{Field: fault.Field, Fault: Malformed, Err: errors.New(fault.Text)}}
		}
		list = append(list, err)
	}
	return errors.Join(list...)
}

// located joins mistakes with their places, in the order of the file. Their
// fields are names in the file.
func located(file *yamlfile.File, mistakes []*configerr.Error) error {
	list := make([]*Error, len(mistakes))
	for i, mistake := range mistakes {
		list[i] = &Error{file.Name(), file.Line(mistake.Field), mistake}
	}
	slices.SortStableFunc(list, func(a, b *Error) int { return a.Line - b.Line })
	errs := make([]error, len(list))
	for i, e := range list {
		errs[i] = e
	}
	return errors.Join(errs...)
}
