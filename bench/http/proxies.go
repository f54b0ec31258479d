package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/mcp-auth/go/policy"

	"github.com/mcp-auth/go/bench/internal/contender"
	"github.com/mcp-auth/go/bench/internal/fixture"
	"github.com/mcp-auth/go/bench/internal/measure"
)

const (
	upstreamKind = "MCP server"
	proxyKind    = "bare reverse proxy"
	gatewayKind  = "mcpauth gateway, with a policy"
)

// allowedCall and forbiddenCall are what clients send, in the manner of 2025-11-25:
// the body alone says what is called.
const (
	allowedCall   = `{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"get-notes","arguments":{"limit":10,"tag":"work"}}}`
	forbiddenCall = `{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"admin-reset","arguments":{}}}`
)

func notesPolicy() *policy.Policy {
	return &policy.Policy{Tools: map[string]policy.Requirement{
		"get-notes": policy.Scopes(fixture.Required), "add-note": policy.Scopes("write:notes"), "admin-*": policy.Scopes("admin"),
	}}
}

// answerCall is the MCP server behind the proxies.
func answerCall(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body) // the client's loss
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write([]byte(`{"jsonrpc":"2.0","id":7,"result":{"content":[{"type":"text","text":"buy milk"}]}}`))
}

// loadProxies measures the gateway beside a bare reverse proxy to the same server.
func loadProxies(ctx context.Context, o options, s *fixture.Server) (measure.LoadTable, error) {
	table := measure.LoadTable{Title: fmt.Sprintf("proxies of MCP, %d connections", o.connections)}
	dir, err := os.MkdirTemp("", "bench-http")
	if err != nil {
		return table, err
	}
	defer os.RemoveAll(dir)
	script := filepath.Join(dir, "call.lua")
	if err := os.WriteFile(script, []byte(wrkScript()), 0o600); err != nil {
		return table, err
	}
	token, err := s.Token("ES256", nil)
	if err != nil {
		return table, err
	}
	servers, stop, err := startProxies(ctx, s, script)
	defer stop()
	if err != nil {
		return table, err
	}
	if err := checkProxies(ctx, servers, token); err != nil {
		return table, err
	}
	err = inTurns(ctx, o, token, servers, &table)
	return table, err
}

// host is that of the resource identifier, which the gateway insists on.
func host() string {
	u, _ := url.Parse(fixture.Resource) // a constant
	return u.Host
}

// wrkScript has wrk send calls.
func wrkScript() string {
	return fmt.Sprintf("wrk.method = \"POST\"\nwrk.body = %q\n"+
		"wrk.headers[\"Content-Type\"] = \"application/json\"\nwrk.headers[\"Mcp-Protocol-Version\"] = \"2025-11-25\"\n"+
		"wrk.headers[\"Host\"] = %q\n", allowedCall, host())
}

// startProxies starts the MCP server and the proxies, and returns the proxies. stop
// ends them all, also after an error.
func startProxies(ctx context.Context, s *fixture.Server, script string) (servers []*server, stop func(), err error) {
	var started []*server
	stop = func() { stopServers(started) }
	self, err := os.Executable()
	if err != nil {
		return nil, stop, err
	}
	upstream := ""
	for _, kind := range []string{upstreamKind, proxyKind, gatewayKind} {
		srv, err := start(ctx, s, kind, []string{self, "serve", kind}, upstream)
		if err != nil {
			return nil, stop, fmt.Errorf("%s: %w", kind, err)
		}
		srv.script = script
		started = append(started, srv)
		if kind == upstreamKind {
			upstream = srv.url
			continue
		}
		servers = append(servers, srv)
	}
	return servers, stop, nil
}

// checkProxies makes sure that the gateway decides, and that the other does not.
func checkProxies(ctx context.Context, servers []*server, token string) error {
	for _, srv := range servers {
		for _, request := range []struct {
			name, token, body string
			wanted            int
		}{
			{"allowed call", token, allowedCall, http.StatusOK},
			{"forbidden call", token, forbiddenCall, http.StatusForbidden},
			{"forged token", contender.Forge(token), allowedCall, http.StatusUnauthorized},
		} {
			if srv.name == proxyKind {
				request.wanted = http.StatusOK
			}
			got, err := post(ctx, srv.url, request.token, request.body)
			if err != nil {
				return fmt.Errorf("%s: %w", srv.name, err)
			}
			if got != request.wanted {
				return fmt.Errorf("%s answers a %s with %d instead of %d", srv.name, request.name, got, request.wanted)
			}
		}
	}
	return nil
}

func post(ctx context.Context, to, token, body string) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, to, strings.NewReader(body))
	if err != nil {
		return 0, err
	}
	r.Host = host()
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "application/json")
	return send(r)
}
