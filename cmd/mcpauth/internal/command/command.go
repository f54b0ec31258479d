// Package command holds what the commands of mcpauth have in common: where they
// write, how they report errors, and which arguments they take.
package command

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/template"
	"unicode/utf16"

	"github.com/mcp-auth/go/cmd/mcpauth/internal/terminal"
	"github.com/urfave/cli/v3"
)

// Streams are where a command reads and writes. Results go to Out, everything
// else to Err.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
}

// JSONFlag is the flag of a command that can answer for scripts.
func JSONFlag(usage string) cli.Flag { return &cli.BoolFlag{Name: "json", Usage: usage} }

// PrintJSON writes a value as one line of JSON, in which no character is raw that
// steers, reorders or hides text on a terminal.
func PrintJSON(w io.Writer, value any) error {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return err
	}
	_, err := io.WriteString(w, escapeHidden(b.String()))
	return err
}

// escapeHidden escapes hidden characters, which JSON has in strings only, except
// for the line break at its end.
func escapeHidden(text string) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case r == '\n' || !terminal.Hidden(r):
			b.WriteRune(r)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

// Announce writes what is running and what to do with it: by a template of text
// or, for scripts, the facts as JSON.
func Announce(w io.Writer, text string, facts any, asJSON bool) error {
	if asJSON {
		return PrintJSON(w, facts)
	}
	t, err := template.New("").Funcs(template.FuncMap{"join": strings.Join}).Parse(text)
	if err != nil {
		return err
	}
	return t.Execute(w, facts)
}
