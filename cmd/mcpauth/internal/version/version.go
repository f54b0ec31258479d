// Package version is the command "mcpauth version".
package version

import (
	"context"
	"fmt"
	"runtime/debug"

	"github.com/mcp-auth/go/cmd/mcpauth/internal/command"
	"github.com/urfave/cli/v3"
)

// unknown stands for a version that the build does not know.
const unknown = "(devel)"

// info is what the binary knows of its own build.
type info struct {
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"` // of version control, if the build saw it
	Time     string `json:"time,omitempty"`     // of that revision, RFC 3339
	Modified bool   `json:"modified"`           // built with changes that are not committed
	Go       string `json:"go"`
}

// NewCommand returns the command.
func NewCommand(s command.Streams) *cli.Command {
	return &cli.Command{
		Name:  "version",
		Usage: "print the version, the revision and the version of Go",
		Description: "Examples:\n" +
			"  mcpauth version\n" +
			"  mcpauth version --json",
		Flags: []cli.Flag{command.JSONFlag("print one line of JSON")},
		Action: func(_ context.Context, cmd *cli.Command) error {
			found := read(debug.ReadBuildInfo())
			if cmd.Bool("json") {
				return command.PrintJSON(s.Out, found)
			}
			_, err := fmt.Fprintln(s.Out, found)
			return err
		},
	}
}

// read makes sense of what [debug.ReadBuildInfo] returns.
func read(build *debug.BuildInfo, ok bool) info {
	found := info{Version: ofModule(build, ok)}
	if !ok {
		return found
	}
	found.Go = build.GoVersion
	for _, setting := range build.Settings {
		switch setting.Key {
		case "vcs.revision":
			found.Revision = setting.Value
		case "vcs.time":
			found.Time = setting.Value
		case "vcs.modified":
			found.Modified = setting.Value == "true"
		}
	}
	return found
}

// Short returns the version of the module that the program was built from.
func Short() string { return ofModule(debug.ReadBuildInfo()) }

func ofModule(build *debug.BuildInfo, ok bool) string {
	if !ok || build.Main.Version == "" {
		return unknown
	}
	return build.Main.Version
}

// String is the line "mcpauth version" prints.
func (v info) String() string {
	line := "mcpauth " + v.Version
	if v.Revision != "" {
		line += " revision " + v.Revision
	}
	if v.Modified {
		line += " (modified)"
	}
	if v.Go != "" {
		line += " " + v.Go
	}
	return line
}
