// Command http measures protected handlers under load: an unprotected one,
// mcpauth's, the official Go SDK's and mcp-auth for JavaScript, each as a
// server of its own, in turns, with the same token. Then it measures the gateway
// beside a bare reverse proxy, both in front of one MCP server. Start it with the
// script run beside it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/mcp-auth/go/bench/internal/contender"
	"github.com/mcp-auth/go/bench/internal/fixture"
	"github.com/mcp-auth/go/bench/internal/measure"
)

type options struct {
	rounds      int
	duration    time.Duration
	connections int
	algorithms  string
	server      string
	json        string
	proxies     bool
}

func main() {
	var o options
	flag.IntVar(&o.rounds, "rounds", 5, "how often each server's turn comes")
	flag.DurationVar(&o.duration, "duration", 4*time.Second, "how long a turn takes")
	flag.IntVar(&o.connections, "connections", 64, "concurrent connections")
	flag.StringVar(&o.algorithms, "algorithms", "ES256,RS256", "of the tokens")
	flag.StringVar(&o.server, "server", "server.mjs", "the `file` of the JavaScript server")
	flag.BoolVar(&o.proxies, "proxies", false, "measure the proxies only, without the JavaScript server")
	flag.StringVar(&o.json, "json", "", "also write the results to this `file`")
	flag.Parse()
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	var err error
	if flag.NArg() == 2 && flag.Arg(0) == "serve" { // this program starts itself so
		err = serve(ctx, flag.Arg(1))
	} else {
		err = run(ctx, o)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench-http:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) error {
	authorization, err := fixture.Start()
	if err != nil {
		return err
	}
	defer authorization.Close()
	report := measure.NewReport()
	if !o.proxies {
		if err := loadHandlers(ctx, o, authorization, report); err != nil {
			return err
		}
	}
	proxies, err := loadProxies(ctx, o, authorization)
	if err != nil {
		return err
	}
	report.Loads = append(report.Loads, proxies)
	report.AtLeast("P10", "gateway with a policy, part of the bare reverse proxy", proxies.Over(gatewayKind, proxyKind), 0.95, "")
	report.Finish()
	if err := report.Print(os.Stdout); err != nil {
		return err
	}
	if o.json == "" {
		return nil
	}
	return report.WriteJSON(o.json)
}

// loadHandlers measures the protected handlers, with tokens of each algorithm.
func loadHandlers(ctx context.Context, o options, authorization *fixture.Server, report *measure.Report) error {
	servers, stop, err := startServers(ctx, o, authorization)
	defer stop()
	if err != nil {
		return err
	}
	for alg := range strings.SplitSeq(o.algorithms, ",") {
		table, err := load(ctx, o, authorization, servers, alg)
		if err != nil {
			return err
		}
		report.Loads = append(report.Loads, table)
		report.AtLeast("P5", alg+" warm, part of the unprotected handler", table.Over(contender.OursWarm, unprotected), 0.92, "")
		report.AtLeast("P5", alg+" warm, times mcp-auth js", table.Over(contender.OursWarm, javaScript), 10, "")
	}
	return nil
}

// load runs all servers in turns.
func load(ctx context.Context, o options, s *fixture.Server, servers []*server, alg string) (measure.LoadTable, error) {
	table := measure.LoadTable{Title: fmt.Sprintf("%s, %d connections", alg, o.connections)}
	token, err := s.Token(alg, nil)
	if err != nil {
		return table, err
	}
	for _, srv := range servers {
		if err := srv.check(ctx, s, token); err != nil {
			return table, err
		}
	}
	err = inTurns(ctx, o, token, servers, &table)
	return table, err
}

// inTurns loads servers, one at a time, in as many rounds as asked for.
func inTurns(ctx context.Context, o options, token string, servers []*server, table *measure.LoadTable) error {
	for _, srv := range servers {
		table.Loads = append(table.Loads, &measure.Load{Name: srv.name})
	}
	for range o.rounds {
		for i, srv := range servers {
			if err := srv.load(ctx, o, token, table.Loads[i]); err != nil {
				return fmt.Errorf("%s: %w", srv.name, err)
			}
		}
	}
	for _, l := range table.Loads {
		l.Summarize()
	}
	return nil
}

// The environment tells a server what the program that starts it knows.
const (
	envIssuer   = "ISSUER"
	envResource = "RESOURCE"
	envScope    = "SCOPE"
	envUpstream = "UPSTREAM" // of proxies
)

// serve is one server, until ctx ends.
func serve(ctx context.Context, kind string) error {
	s := &fixture.Server{Issuer: os.Getenv(envIssuer)}
	protected, err := protect(ctx, kind, s, http.HandlerFunc(answer))
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("GET /notes", protected)
	mux.Handle("POST /notes", protected)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	srv := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	context.AfterFunc(ctx, func() { _ = srv.Close() })
	fmt.Printf("listening http://%s\n", listener.Addr())
	if err := srv.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func answer(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_, _ = w.Write([]byte(`{"ok":true}`)) // the client's loss
}

func protect(ctx context.Context, kind string, s *fixture.Server, next http.Handler) (http.Handler, error) {
	var m contender.Middleware
	var err error
	switch kind {
	case unprotected:
		return next, nil
	case upstreamKind:
		return http.HandlerFunc(answerCall), nil
	case proxyKind:
		return contender.Proxy(os.Getenv(envUpstream))
	case gatewayKind:
		return contender.Gateway(ctx, s, notesPolicy(), os.Getenv(envUpstream))
	case contender.OursWarm:
		m, err = contender.OurMiddleware(ctx, s, kind, 0)
	case contender.OursCold:
		m, err = contender.OurMiddleware(ctx, s, kind, -1)
	case contender.GoSDK:
		m, err = contender.GoSDKMiddleware(ctx, s)
	default:
		return nil, fmt.Errorf("unknown kind %q, known are %q", kind, slices.Collect(kinds()))
	}
	if err != nil {
		return nil, err
	}
	return m.Wrap(next), nil
}
