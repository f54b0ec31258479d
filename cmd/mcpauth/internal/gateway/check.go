package gateway

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/mcp-auth/go/client/clientcredentials"
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

// faultToken is the fault of client credentials that bring no token.
const faultToken configerr.Fault = "there is no token for the MCP server"

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
	if settings.Asserts && settings.IdentityKeys == nil {
		r.line("warning", ownKeyWarning)
	}
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

// upstream asks an MCP server who it is, with the gateway's credential if it has one.
func (r *results) upstream(ctx context.Context, i int) {
	s, credential := r.settings.Upstreams[i], r.settings.Gateway.Resources[i].Credential
	switch {
	case s.Token != nil && s.Token.OfCaller:
		r.line("skipped", s.Name+": tokens are exchanged for callers only, and there is none")
	case s.Token != nil:
		opened, err := s.Token.Open(slog.New(slog.DiscardHandler))
		if err == nil {
			defer opened.Close()
			err = opened.Apply(ctx, nil, http.Header{})
		}
		if err != nil {
			r.mistake(i, "Credential.ClientCredentials", "", faultToken, causeOf(err))
			return
		}
		r.line("ok", s.Name+": there is a token for the MCP server")
		credential = opened
	}
	if s.URL == "" && !s.Stdio {
		return
	}
	found, err := probe(ctx, s, credential, r.log)
	switch {
	case err == nil:
		r.line("ok", s.Name+": "+found)
	case errors.Is(err, errRefusesProbe) && (s.Token != nil && s.Token.OfCaller || s.Identity != nil):
		r.line("skipped", s.Name+": the MCP server wants to know the caller, and there is none: "+err.Error())
	case s.Stdio:
		r.mistake(i, "Stdio.Command", "", faultUpstream, err)
	default:
		r.mistake(i, "URL", s.URL, faultUpstream, err)
	}
}

// mistake reports what is wrong with a field of an upstream.
func (r *results) mistake(i int, field, value string, fault configerr.Fault, err error) {
	mistake := &configerr.Error{Field: fmt.Sprintf("Resources[%d].Upstream.%s", i, field), Value: value, Fault: fault, Err: err}
	r.fail(r.settings.Locate(mistake).Error())
}

// causeOf returns what an authorization server said, which callers do not see.
func causeOf(err error) error {
	if e, ok := errors.AsType[*clientcredentials.Error](err); ok {
		return e.Cause()
	}
	return err
}
