// Command resilience measures what an authorization server in trouble costs valid
// requests, over real connections: one that fails one answer in twenty for two
// minutes, and one that callers with made-up tokens keep busy.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/mcp-auth/go/bench/internal/measure"
)

type options struct {
	duration time.Duration
	rate     int
	share    float64
	flood    time.Duration
	callers  int
	latency  time.Duration
	json     string
}

func main() {
	var o options
	flag.DurationVar(&o.duration, "duration", 2*time.Minute, "how long the authorization server is unreliable")
	flag.IntVar(&o.rate, "rate", 92, "valid requests per second of each kind")
	flag.Float64Var(&o.share, "share", 0.05, "the share of answers that fail")
	flag.DurationVar(&o.flood, "flood", 20*time.Second, "how long callers send made-up tokens")
	flag.IntVar(&o.callers, "callers", 1500, "callers with made-up tokens")
	flag.DurationVar(&o.latency, "latency", 20*time.Millisecond, "what introspection takes during the flood")
	flag.StringVar(&o.json, "json", "", "also write the results to this `file`")
	flag.Parse()
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "bench-resilience:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) error {
	report := measure.NewReport()
	for _, part := range []func(context.Context, options, *measure.Report) error{unreliable, flood} {
		if err := part(ctx, o, report); err != nil {
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
