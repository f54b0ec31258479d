package main

import (
	"context"
	"fmt"
	"runtime/debug"

	"github.com/urfave/cli/v3"
)

// unknownVersion stands for what the build does not tell.
const unknownVersion = "(devel)"

// versionInfo is what the binary knows of its own build.
type versionInfo struct {
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"` // of version control, if the build saw it
	Time     string `json:"time,omitempty"`     // of that revision, RFC 3339
	Modified bool   `json:"modified"`           // built with changes that are not committed
	Go       string `json:"go"`
}

func newVersionCommand(s streams) *cli.Command {
	return &cli.Command{
		Name:  "version",
		Usage: "print the version, the revision and the version of Go",
		Description: "Examples:\n" +
			"  mcpauth version\n" +
			"  mcpauth version --json",
		Flags: []cli.Flag{newJSONFlag("print one line of JSON")},
		Action: func(_ context.Context, cmd *cli.Command) error {
			info := readVersion(debug.ReadBuildInfo())
			if cmd.Bool("json") {
				return printJSON(s.stdout, info)
			}
			_, err := fmt.Fprintln(s.stdout, info)
			return err
		},
	}
}

// readVersion makes sense of what debug.ReadBuildInfo returns.
func readVersion(build *debug.BuildInfo, ok bool) versionInfo {
	info := versionInfo{Version: moduleVersion(build, ok)}
	if !ok {
		return info
	}
	info.Go = build.GoVersion
	for _, setting := range build.Settings {
		switch setting.Key {
		case "vcs.revision":
			info.Revision = setting.Value
		case "vcs.time":
			info.Time = setting.Value
		case "vcs.modified":
			info.Modified = setting.Value == "true"
		}
	}
	return info
}

func moduleVersion(build *debug.BuildInfo, ok bool) string {
	if !ok || build.Main.Version == "" {
		return unknownVersion
	}
	return build.Main.Version
}

// String is the line "mcpauth version" prints.
func (v versionInfo) String() string {
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
