package main

import (
	"context"
	"debug/buildinfo"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

var architectures = []string{"amd64", "arm64"}

// binary is the command, compiled for a platform.
type binary struct {
	architecture string
	data         []byte
	version      string // of its module
	revision     string // the commit, empty outside of a clone
	time         time.Time
}

// compile compiles the command in a way that depends on the source and the release of
// Go only: not on the directory, the environment or the C compiler.
func compile(ctx context.Context, source, scratch, architecture string) (*binary, error) {
	path := filepath.Join(scratch, "mcpauth-"+architecture)
	command := exec.CommandContext(ctx, "go", "build", "-buildvcs=true", "-ldflags=-s -w", "-o", path, "./cmd/mcpauth")
	command.Dir, command.Stderr = source, os.Stderr
	// An empty GOFLAGS would be that of go env -w.
	command.Env = append(os.Environ(),
		"CGO_ENABLED=0", "GOFLAGS=-trimpath", "GOOS=linux", "GOARCH="+architecture, "GOAMD64=v1", "GOARM64=v8.0")
	if err := command.Run(); err != nil {
		return nil, fmt.Errorf("go build for linux/%s: %w", architecture, err)
	}
	return readBinary(path, architecture)
}

// readBinary reads a compiled command, and what it knows of its build.
func readBinary(path, architecture string) (*binary, error) {
	info, err := buildinfo.ReadFile(path)
	if err != nil {
		return nil, err
	}
	b := &binary{architecture: architecture, version: info.Main.Version}
	for _, setting := range info.Settings {
		switch setting.Key {
		case "vcs.revision":
			b.revision = setting.Value
		case "vcs.time":
			if b.time, err = time.Parse(time.RFC3339, setting.Value); err != nil {
				return nil, err
			}
		}
	}
	b.data, err = os.ReadFile(path)
	return b, err
}
