package configuration

import (
	"fmt"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/check/internal/finding"
)

// refused returns the mistakes for which mcpauth.New refuses a configuration.
func refused(err error) (found finding.List) {
	for _, mistake := range mistakes(err) {
		found.Add("config_refused", evidence(mistake), "%s: %s.", mistake.Field, text(mistake))
	}
	if len(found) == 0 {
		found.Add("config_refused", "", "Config: %s.", err)
	}
	return found
}

// doubtful returns the mistakes that mcpauth.New accepts.
func doubtful(warnings []*mcpauth.ConfigError) (found finding.List) {
	for _, w := range warnings {
		found.Add("config_doubtful", evidence(w), "%s: %s.", w.Field, text(w))
	}
	return found
}

// mistakes returns the joined errors of mcpauth.New.
func mistakes(err error) []*mcpauth.ConfigError {
	switch e := err.(type) {
	case *mcpauth.ConfigError:
		return []*mcpauth.ConfigError{e}
	case interface{ Unwrap() []error }:
		var list []*mcpauth.ConfigError
		for _, each := range e.Unwrap() {
			list = append(list, mistakes(each)...)
		}
		return list
	}
	return nil
}

// text returns what is wrong, and why.
func text(e *mcpauth.ConfigError) string {
	text := e.Fault.Error()
	for _, cause := range e.Unwrap()[1:] {
		text += ": " + cause.Error()
	}
	return text
}

func evidence(e *mcpauth.ConfigError) string {
	if e.Value == "" {
		return ""
	}
	return fmt.Sprintf("%.200q", e.Value)
}
