package configuration

import (
	"fmt"

	"github.com/mcp-auth/go/check/internal/finding"
	"github.com/mcp-auth/go/configerr"
)

// refused returns the mistakes for which mcpauth.New refuses a configuration.
func refused(err error) (found finding.List) {
	for _, mistake := range configerr.All(err) {
		found.Add("config_refused", evidence(mistake), "%s: %s.", mistake.Field, mistake.Text())
	}
	if len(found) == 0 {
		found.Add("config_refused", "", "Config: %s.", err)
	}
	return found
}

// doubtful returns the mistakes that mcpauth.New accepts.
func doubtful(warnings []*configerr.Error) (found finding.List) {
	for _, w := range warnings {
		found.Add("config_doubtful", evidence(w), "%s: %s.", w.Field, w.Text())
	}
	return found
}

func evidence(e *configerr.Error) string {
	if e.Value == "" {
		return ""
	}
	return fmt.Sprintf("%.200q", e.Value)
}
