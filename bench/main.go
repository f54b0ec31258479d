// Command bench measures what verifying an access token costs, here and in the
// libraries one would use instead, and says whether the project's goals are met.
// Timing never makes it fail; something that does not work does.
package main

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/mcp-auth/go/bench/internal/contender"
	"github.com/mcp-auth/go/bench/internal/fixture"
	"github.com/mcp-auth/go/bench/internal/measure"
)

type options struct {
	rounds int
	slice  time.Duration
	tokens int
	known  int
	json   string
}

func main() {
	var o options
	flag.IntVar(&o.rounds, "rounds", 15, "how often each contender's turn comes")
	flag.DurationVar(&o.slice, "slice", 100*time.Millisecond, "how long a turn takes")
	flag.IntVar(&o.tokens, "tokens", 1_000_000, "distinct tokens for the memory goal (P6), 0: leave it out")
	flag.IntVar(&o.known, "known", 0, "other tokens that are sent before whole middleware is measured")
	flag.StringVar(&o.json, "json", "", "also write the results to this `file`")
	flag.Parse()
	if err := run(context.Background(), o); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	server, err := fixture.Start()
	if err != nil {
		return err
	}
	defer server.Close()
	report := measure.NewReport()
	for _, part := range []func(context.Context, *fixture.Server, options, *measure.Report) error{
		compare, refusals, policies, floods, memory,
	} {
		if err := part(ctx, server, o, report); err != nil {
			return err
		}
	}
	report.Finish()
	if err := report.Print(os.Stdout); err != nil {
		return err
	}
	if o.json == "" {
		return nil
	}
	return report.WriteJSON(o.json)
}

// compare measures verification (P1) and whole middleware (P2).
func compare(ctx context.Context, s *fixture.Server, o options, report *measure.Report) error {
	verifiers, err := contender.Verifiers(ctx, s)
	if err != nil {
		return err
	}
	middlewares, err := contender.Middlewares(ctx, s)
	if err != nil {
		return err
	}
	if err := contender.Check(s, verifiers, middlewares); err != nil {
		return fmt.Errorf("the comparison is not fair: %w", err)
	}
	for _, alg := range fixture.Algorithms() {
		if err := compareVerifiers(s, o, report, alg, verifiers); err != nil {
			return err
		}
	}
	for _, m := range middlewares {
		if m.Name != contender.OursWarm {
			continue
		}
		if err := send(s, m, o.known); err != nil {
			return err
		}
	}
	for _, alg := range fixture.Algorithms() {
		if err := compareMiddlewares(s, o, report, alg, middlewares); err != nil {
			return err
		}
	}
	return nil
}

func compareVerifiers(s *fixture.Server, o options, report *measure.Report, alg string, verifiers []contender.Verifier) error {
	token, err := s.Token(alg, nil)
	if err != nil {
		return err
	}
	raw, err := contender.Raw(s, alg, token)
	if err != nil {
		return err
	}
	cases := []measure.Case{{Name: "raw crypto", Run: raw}}
	for _, v := range verifiers {
		verify := v.Bind(token)
		cases = append(cases, measure.Case{Name: v.Name, Run: func() error {
			_, err := verify()
			return err
		}})
	}
	results, err := measure.Interleave(cases, o.rounds, o.slice)
	if err != nil {
		return err
	}
	report.Tables = append(report.Tables, measure.Table{Title: "Verify " + alg, Results: results})
	limit := 1.15
	if alg == "RS256" {
		limit = 1.25
	}
	cold := results[1]
	report.AtMost("P1", alg, cold.Ratio, limit, "")
	report.AtMost("P1", alg+" allocations", cold.Allocations, 25, "")
	return nil
}

func compareMiddlewares(s *fixture.Server, o options, report *measure.Report, alg string, middlewares []contender.Middleware) error {
	token, err := s.Token(alg, nil)
	if err != nil {
		return err
	}
	var cases []measure.Case
	for _, m := range middlewares {
		serve := m.Serve(token)
		cases = append(cases, measure.Case{Name: m.Name, Run: func() error { return expect(serve(), http.StatusNoContent) }})
	}
	results, err := measure.Interleave(cases, o.rounds, o.slice)
	if err != nil {
		return err
	}
	report.Tables = append(report.Tables, measure.Table{Title: "Whole middleware " + alg, Results: results})
	var warm, sdk *measure.Result
	for i := range results {
		switch results[i].Name {
		case contender.OursWarm:
			warm = &results[i]
		case contender.GoSDK:
			sdk = &results[i]
		}
	}
	report.AtMost("P2", alg+" warm request", warm.Nanoseconds, 1000, " ns")
	report.AtMost("P2", alg+" warm allocations", warm.Allocations, 3, "")
	report.AtLeast("P2", alg+" warm, times faster than "+contender.GoSDK, sdk.Over(warm), 60, "")
	return nil
}

// send sends so many distinct tokens, which the server then remembers.
func send(s *fixture.Server, m contender.Middleware, tokens int) error {
	key, err := s.Key("EdDSA")
	if err != nil {
		return err
	}
	return parallel(0, tokens, func(n int) error {
		claims := s.Claims()
		claims["jti"] = strconv.Itoa(n)
		token, err := fixture.Sign(key, claims)
		if err != nil {
			return err
		}
		return expect(m.Serve(token)(), http.StatusNoContent)
	})
}

func expect(status, wanted int) error {
	if status != wanted {
		return fmt.Errorf("status %d instead of %d", status, wanted)
	}
	return nil
}
