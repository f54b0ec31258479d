package configuration

import (
	"fmt"
	"strings"

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
		switch w.Fault {
		case configerr.RewrittenIdentifier:
			found.Add("config_identifier_rewritten", w.Value, "%s is not written as clients write URLs.", w.Field)
		case configerr.SharedAudience:
			list, _, _ := strings.Cut(w.Field, ".Audiences")
			found.Add("config_audience_shared", evidence(w), "%s.Audiences has an audience that tokens for other services also have.", list)
		default:
			found.Add("config_doubtful", evidence(w), "%s: %s.", w.Field, w.Text())
		}
	}
	return found
}

func evidence(e *configerr.Error) string {
	if e.Value == "" {
		return ""
	}
	return fmt.Sprintf("%.200q", e.Value)
}
