package gatewayfile

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/mcp-auth/go/gateway/stdio"
)

// Stdio is a command that is an MCP server on its standard input and output. Zero
// values stand for the defaults of package stdio.
type Stdio struct {
	Command []string `yaml:"command"`
	// Dir is the working directory. Left out, it is that of the gateway.
	Dir          string              `yaml:"dir"`
	Env          map[string]Variable `yaml:"env"`
	MaxProcesses int                 `yaml:"max_processes"`
	MaxPerUser   int                 `yaml:"max_per_user"`
	IdleTimeout  time.Duration       `yaml:"idle_timeout"`
	StartTimeout time.Duration       `yaml:"start_timeout"`
	StopGrace    time.Duration       `yaml:"stop_grace"`
}

// Variable is the value of an environment variable: exactly one of its fields.
type Variable struct {
	Value string `yaml:"value"`
	// File is read each time that the command is started.
	File string `yaml:"file"`
}

// stdio reads how an MCP server is started. No process is started for that.
func (r *reader) stdio(name string, read *Stdio, field string) UpstreamSettings {
	config := stdio.Config{
		Command: read.Command, Dir: r.path(read.Dir), Env: map[string]stdio.Variable{},
		MaxProcesses: read.MaxProcesses, MaxPerUser: read.MaxPerUser,
		IdleTimeout: read.IdleTimeout, StartTimeout: read.StartTimeout, StopGrace: read.StopGrace,
	}
	for variable, from := range read.Env {
		config.Env[variable] = stdio.Variable{Value: from.Value, File: r.path(from.File)}
	}
	if _, err := stdio.New(config); err != nil {
		r.faults.Nest(field, err)
	}
	return UpstreamSettings{
		Name: name, Key: fmt.Sprintf("stdio %+v", *read), Stdio: true,
		Open: func(logger *slog.Logger) (Handler, error) {
			config.Logger = logger.With("resource", name)
			server, err := stdio.New(config)
			return stdioServer{server}, err
		},
	}
}

// stdioServer is an MCP server on stdio as a [Handler].
type stdioServer struct{ *stdio.Handler }

// Close ends all processes. They have a grace of their own, after which they are
// killed.
func (s stdioServer) Close() { _ = s.Handler.Close(context.Background()) }
