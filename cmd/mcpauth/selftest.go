package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// selftestTimeout bounds the self-test as a whole.
const selftestTimeout = 30 * time.Second

// selftestReport is what --selftest --json prints.
type selftestReport struct {
	Steps  []selftestStep `json:"steps"`
	Whoami *identity      `json:"whoami,omitempty"`
	OK     bool           `json:"ok"`
}

type selftestStep struct {
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

// runSelftest starts a demo, walks through it as a client does and reports.
// Steps build on one another: the first that fails is the last.
func runSelftest(ctx context.Context, options demoOptions, s streams, asJSON bool) error {
	ctx, cancel := context.WithTimeoutCause(ctx, selftestTimeout, fmt.Errorf("not done within %s", selftestTimeout))
	defer cancel()
	progress := s.stdout
	if asJSON {
		progress = io.Discard
	}
	report, err := selftest(ctx, options, func(done selftestStep) { printStep(progress, done) })
	report.OK = err == nil
	if asJSON {
		return errors.Join(err, printJSON(s.stdout, report))
	}
	if err != nil {
		return err
	}
	return printSummary(s.stdout, report)
}

// selftest runs all steps against a demo of its own.
func selftest(ctx context.Context, options demoOptions, report func(selftestStep)) (done selftestReport, err error) {
	done.Steps = []selftestStep{}
	var d *demo
	err = done.run(ctx, report, []step{{"start", func(ctx context.Context) (string, error) {
		d, err = startDemo(ctx, options)
		if err != nil {
			return "", err
		}
		return "MCP server " + d.facts.MCPURL + ", authorization server " + d.facts.AuthorizationServer, nil
	}}})
	if err != nil {
		return done, err
	}
	f := newFlow(d)
	err = done.run(ctx, report, f.steps())
	done.Whoami = f.whoami
	f.close()
	return done, errors.Join(err, d.close(ctx))
}

// run runs steps until one fails.
func (r *selftestReport) run(ctx context.Context, report func(selftestStep), steps []step) error {
	for _, s := range steps {
		started := time.Now()
		detail, err := s.run(ctx)
		if err == nil {
			err = ctx.Err()
		}
		if err != nil && ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		done := selftestStep{Name: s.name, OK: err == nil, Detail: detail, Milliseconds: time.Since(started).Milliseconds()}
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

func printStep(w io.Writer, s selftestStep) {
	mark := "✓"
	if !s.OK {
		mark = "✗"
	}
	fmt.Fprintf(w, "%s %-20s %5d ms  %s\n", mark, s.Name, s.Milliseconds, s.Detail)
}

func printSummary(w io.Writer, r selftestReport) error {
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
