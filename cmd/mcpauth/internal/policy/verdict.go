package policy

import (
	"fmt"
	"io"
	"net/http"

	"github.com/mcp-auth/go/cmd/mcpauth/internal/trial"
)

// printVerdict prints what is decided for a caller.
func printVerdict(w io.Writer, v *trial.Verdict, caller string) error {
	text := "malformed\n"
	if !v.Malformed {
		text = fmt.Sprintf("%s\ncaller:  %s\nrule:    %s: %s\n", word(v), caller, v.Rule.Operations, v.Rule.Needs)
		for _, warning := range v.Warnings {
			text += fmt.Sprintf("warning: %s\n", warning)
		}
	}
	if v.Reason != "" {
		text += fmt.Sprintf("reason:  %s: %s\n", v.Reason, v.Cause)
	}
	if v.UnknownCheck {
		text += "hint:    a check is a function of your server; --check NAME assumes that it agrees\n"
	}
	if v.Answer != nil {
		text += fmt.Sprintf("answer:  %d %s\n", v.Answer.Status, http.StatusText(v.Answer.Status))
		for _, value := range v.Answer.Headers["WWW-Authenticate"] {
			text += fmt.Sprintf("         WWW-Authenticate: %s\n", value)
		}
		text += fmt.Sprintf("         %s\n", v.Answer.Body)
	}
	_, err := io.WriteString(w, text)
	return err
}

func word(v *trial.Verdict) string {
	if v.Allowed {
		return "allowed"
	}
	return "denied"
}
