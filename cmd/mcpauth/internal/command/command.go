// Package command holds what the commands of mcpauth have in common: where they
// write, how they report errors, and which arguments they take.
package command

import (
	"encoding/json"
	"io"
	"strings"
	"text/template"

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

// PrintJSON writes a value as one line of JSON.
func PrintJSON(w io.Writer, value any) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(value)
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
