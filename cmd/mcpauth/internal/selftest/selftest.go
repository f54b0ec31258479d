// Package selftest runs the flow of an MCP client, from the first 401 to a tool
// call, against a demo.
package selftest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/mcp-auth/go/cmd/mcpauth/internal/command"
	"github.com/mcp-auth/go/cmd/mcpauth/internal/demo"
)

// timeout bounds the self-test as a whole.
const timeout = 30 * time.Second

// Report is what --selftest --json prints.
type Report struct {
	Steps  []Step         `json:"steps"`
	Whoami *demo.Identity `json:"whoami,omitempty"`
	OK     bool           `json:"ok"`
}

type Step struct {
	Name         string `json:"name"`
	OK           bool   `json:"ok"`
	Detail       string `json:"detail"`
	Milliseconds int64  `json:"ms"`
}

// step is one thing to check. It returns what it found, fit to be shown.
type step struct {
	name string
	run  func(context.Context) (detail string, err error)
}

// Run starts a demo, walks through it as a client does and reports.
// Steps build on one another: the first that fails is the last.
func Run(ctx context.Context, options demo.Options, s command.Streams, asJSON bool) error {
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, fmt.Errorf("not done within %s", timeout))
	defer cancel()
	progress := s.Out
	if asJSON {
		progress = io.Discard
	}
	report, err := selftest(ctx, options, func(done Step) { printStep(progress, done) })
	report.OK = err == nil
	if asJSON {
		return errors.Join(err, command.PrintJSON(s.Out, report))
	}
	if err != nil {
		return err
	}
	return printSummary(s.Out, report)
}

// selftest runs all steps against a demo of its own.
func selftest(ctx context.Context, options demo.Options, report func(Step)) (done Report, err error) {
	done.Steps = []Step{}
	var d *demo.Demo
	err = done.run(ctx, report, []step{{"start", func(ctx context.Context) (string, error) {
		d, err = demo.Start(ctx, options)
		if err != nil {
			return "", err
		}
		return "MCP server " + d.Facts.MCPURL + ", authorization server " + d.Facts.AuthorizationServer, nil
	}}})
	if err != nil {
		return done, err
	}
	f := newFlow(d)
	err = done.run(ctx, report, f.steps())
	done.Whoami = f.whoami
	f.close()
	return done, errors.Join(err, d.Close(ctx))
}

// run runs steps until one fails.
func (r *Report) run(ctx context.Context, report func(Step), steps []step) error {
	for _, s := range steps {
		started := time.Now()
		detail, err := s.run(ctx)
		if err == nil {
			err = ctx.Err()
		}
		if err != nil && ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		done := Step{Name: s.name, OK: err == nil, Detail: detail, Milliseconds: time.Since(started).Milliseconds()}
		if err != nil {
			done.Detail = err.Error()
		}
		r.Steps = append(r.Steps, done)
		report(done)
		if err != nil {
			return fmt.Errorf("the self-test failed at step %q: %w", s.name, err)
		}
	}
	return nil
}

func printStep(w io.Writer, s Step) {
	mark := "✓"
	if !s.OK {
		mark = "✗"
	}
	fmt.Fprintf(w, "%s %-20s %5d ms  %s\n", mark, s.Name, s.Milliseconds, s.Detail)
}

func printSummary(w io.Writer, r Report) error {
	who, err := json.MarshalIndent(r.Whoami, "", "  ")
	if err != nil {
		return err
	}
	total := int64(0)
	for _, s := range r.Steps {
		total += s.Milliseconds
	}
	_, err = fmt.Fprintf(w, "\nwhoami: %s\n\nAll %d steps passed, in %d ms.\n", who, len(r.Steps), total)
	return err
}
