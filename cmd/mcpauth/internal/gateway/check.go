package gateway

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/mcp-auth/go/cmd/mcpauth/internal/command"
	"github.com/mcp-auth/go/cmd/mcpauth/internal/gatewayfile"
	"github.com/mcp-auth/go/cmd/mcpauth/internal/terminal"
	"github.com/mcp-auth/go/configerr"
	"github.com/mcp-auth/go/gateway"
)

// maxCheck bounds a check as a whole.
const maxCheck = 2 * time.Minute

// faultUpstream is the fault of an upstream that does not answer as an MCP server
// does.
const faultUpstream configerr.Fault = "the MCP server cannot be used"

// check makes a gateway of a file, without listening, and asks those that it needs.
func check(ctx context.Context, settings *gatewayfile.Settings, s command.Streams) error {
	p := emptyProgram(settings, slog.New(slog.DiscardHandler))
	g, err := p.generation(settings, nil)
	if err != nil {
		return command.FileError(err)
	}
	defer g.done()
	ctx, cancel := context.WithTimeout(ctx, maxCheck)
	defer cancel()
	r := &results{out: s.Out, log: terminal.NewLogger(s.Err), settings: settings}
	r.warnings(g.gateway)
	r.servers(ctx, g.gateway)
	for i := range settings.Upstreams {
		r.upstream(ctx, i)
	}
	if r.failed {
		return command.ErrReported
	}
	return r.err
}

// results writes what a check finds.
type results struct {
	out      io.Writer
	log      *slog.Logger // of commands that are started
	settings *gatewayfile.Settings
	failed   bool
	err      error // of writing
}

func (r *results) line(kind, text string) {
	_, err := fmt.Fprintf(r.out, "%-8s %s\n", kind, terminal.Line(command.Text(errors.New(text))))
	r.err = errors.Join(r.err, err)
}

func (r *results) fail(text string) {
	r.failed = true
	r.line("error", text)
}

func (r *results) warnings(g *gateway.Gateway) {
	for _, w := range g.Auth().Warnings() {
		r.line("warning", r.settings.Locate(w).Error())
	}
	r.line("ok", r.settings.Name()+": the file can be used")
}

// servers asks the authorization servers for metadata and keys.
func (r *results) servers(ctx context.Context, g *gateway.Gateway) {
	err := g.Auth().Ready(ctx)
	if err == nil {
		r.line("ok", "metadata and keys of all authorization servers are there")
		return
	}
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		r.fail(err.Error())
		return
	}
	for _, each := range joined.Unwrap() {
		r.fail(each.Error())
	}
}

// upstream asks an MCP server who it is.
func (r *results) upstream(ctx context.Context, i int) {
	s := r.settings.Upstreams[i]
	if s.URL == "" && !s.Stdio {
		return
	}
	found, err := probe(ctx, s, r.settings.Gateway.Resources[i].Credential, r.log)
	if err == nil {
		r.line("ok", s.Name+": "+found)
		return
	}
	field := "URL"
	if s.Stdio {
		field = "Stdio.Command"
	}
	mistake := &configerr.Error{Field: fmt.Sprintf("Resources[%d].Upstream.%s", i, field), Value: s.URL, Fault: faultUpstream, Err: err}
	r.fail(r.settings.Locate(mistake).Error())
}
