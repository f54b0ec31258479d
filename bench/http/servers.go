package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/mcp-auth/go/bench/internal/contender"
	"github.com/mcp-auth/go/bench/internal/fixture"
	"github.com/mcp-auth/go/bench/internal/measure"
)

const (
	unprotected = "unprotected handler"
	javaScript  = "mcp-auth js on express"
)

// kinds are the servers this program can be.
func kinds() iter.Seq[string] {
	return slices.Values([]string{unprotected, contender.OursWarm, contender.OursCold, contender.GoSDK})
}

type server struct {
	name, url string
	process   *exec.Cmd
	script    string // of wrk; empty: GET
}

// startServers starts all servers. stop ends those that run, also after an error.
func startServers(ctx context.Context, o options, s *fixture.Server) (servers []*server, stop func(), err error) {
	stop = func() { stopServers(servers) }
	self, err := os.Executable()
	if err != nil {
		return nil, stop, err
	}
	commands := map[string][]string{javaScript: {"node", o.server}}
	names := append(slices.Collect(kinds()), javaScript)
	for _, kind := range names {
		command := commands[kind]
		if command == nil {
			command = []string{self, "serve", kind}
		}
		srv, err := start(ctx, s, kind, command, "")
		if err != nil {
			return servers, stop, fmt.Errorf("%s: %w", kind, err)
		}
		servers = append(servers, srv)
	}
	return servers, stop, nil
}

func stopServers(servers []*server) {
	for _, srv := range servers {
		_ = srv.process.Process.Signal(syscall.SIGTERM)
		_ = srv.process.Wait() // by the signal
	}
}

// start starts a server; those that are proxies have an upstream.
func start(ctx context.Context, s *fixture.Server, name string, command []string, upstream string) (*server, error) {
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Env = append(os.Environ(), "NODE_ENV=production",
		envIssuer+"="+s.Issuer, envResource+"="+fixture.Resource, envScope+"="+fixture.Required, envUpstream+"="+upstream)
	cmd.Stderr = os.Stderr
	output, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	lines := bufio.NewScanner(output)
	for lines.Scan() {
		if url, ok := strings.CutPrefix(lines.Text(), "listening "); ok {
			return &server{name: name, url: url + "/notes", process: cmd}, nil
		}
	}
	_ = cmd.Process.Kill()
	return nil, errors.Join(errors.New("the server did not start"), cmd.Wait())
}

// check makes sure that the server does what it is compared for.
func (srv *server) check(ctx context.Context, s *fixture.Server, token string) error {
	expired, err := s.Token("ES256", func(c map[string]any) { c["exp"] = time.Now().Add(-time.Hour).Unix() })
	if err != nil {
		return err
	}
	elsewhere, err := s.Token("ES256", func(c map[string]any) { c["aud"] = "https://other.example.com/notes" })
	if err != nil {
		return err
	}
	for _, request := range []struct {
		name, token string
		wanted      int
	}{
		{"good token", token, 200},
		{"forged token", contender.Forge(token), 401},
		{"expired token", expired, 401},
		{"token for another resource", elsewhere, 401},
	} {
		if srv.name == unprotected {
			request.wanted = 200
		}
		got, err := get(ctx, srv.url, request.token)
		if err != nil {
			return fmt.Errorf("%s: %w", srv.name, err)
		}
		if got != request.wanted {
			return fmt.Errorf("%s answers a %s with %d instead of %d", srv.name, request.name, got, request.wanted)
		}
	}
	return nil
}

func get(ctx context.Context, url, token string) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, err
	}
	r.Header.Set("Authorization", "Bearer "+token)
	return send(r)
}

// send returns the status of the response, which it reads.
func send(r *http.Request) (int, error) {
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<20))
	return resp.StatusCode, err
}

var (
	perSecond  = regexp.MustCompile(`Requests/sec:\s+([0-9.]+)`)
	percentile = regexp.MustCompile(`(?m)^\s+(50|99)%\s+([0-9.]+)(us|ms|s)\s*$`)
	faulty     = regexp.MustCompile(`Non-2xx or 3xx responses: \d+|Socket errors: .*`)
)

// load runs wrk once.
func (srv *server) load(ctx context.Context, o options, token string, into *measure.Load) error {
	args := []string{"-t", "2", "-c", strconv.Itoa(o.connections),
		"-d", fmt.Sprintf("%ds", max(1, int(o.duration.Seconds()))), "--latency", "--timeout", "30s",
		"-H", "Authorization: Bearer " + token}
	if srv.script != "" {
		args = append(args, "-s", srv.script)
	}
	output, err := exec.CommandContext(ctx, "wrk", append(args, srv.url)...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("wrk: %w: %s", err, output)
	}
	if fault := faulty.Find(output); fault != nil {
		return fmt.Errorf("wrk: %s", fault)
	}
	rate := perSecond.FindSubmatch(output)
	if rate == nil {
		return errors.New("wrk printed no rate")
	}
	requests, err := strconv.ParseFloat(string(rate[1]), 64)
	if err != nil {
		return err
	}
	var latency [2]float64
	for i, found := range percentile.FindAllSubmatch(output, 2) {
		value, err := strconv.ParseFloat(string(found[2]), 64)
		if err != nil {
			return err
		}
		latency[i] = value * map[string]float64{"us": 1e-3, "ms": 1, "s": 1e3}[string(found[3])]
	}
	into.Add(requests, latency[0], latency[1])
	return nil
}
