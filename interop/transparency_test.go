package interop_test

import (
	"maps"
	"net"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/mcp-auth/go/interop/internal/parts"
	"github.com/mcp-auth/go/interop/internal/settings"
	"github.com/mcp-auth/go/mcpauthtest"
)

// The net/http door and the gateway change nothing of MCP: the conformance suite
// finds the same in a server with one of them in front and without, but for the
// status with which the gateway refuses another host.
//
// Covers RS15, RS16, GW3, GW8, GW15, GW21.
func TestTransparency(t *testing.T) {
	t.Parallel()
	for _, revision := range []struct {
		name      string
		stateless bool
		scenarios int
	}{
		{"2025-11-25", false, 33},
		{"2026-07-28", true, 50},
	} {
		t.Run(revision.name, func(t *testing.T) {
			t.Parallel()
			servers := map[string]func(*testing.T) string{
				"bare":                  func(t *testing.T) string { return parts.StartEverything(t, revision.stateless) },
				"public door":           func(t *testing.T) string { return behindDoor(t, revision.stateless, false) },
				"authenticated door":    func(t *testing.T) string { return behindDoor(t, revision.stateless, true) },
				"public gateway":        func(t *testing.T) string { return behindGateway(t, revision.stateless, false) },
				"authenticated gateway": func(t *testing.T) string { return behindGateway(t, revision.stateless, true) },
			}
			found := conformanceOf(t, revision.name, servers)
			if t.Failed() {
				return // there is nothing to compare
			}
			bare := found["bare"]
			if len(bare) != revision.scenarios {
				t.Errorf("%d scenarios were run, want %d", len(bare), revision.scenarios)
			}
			for _, name := range slices.Sorted(maps.Keys(found)) {
				if name == "bare" {
					continue
				}
				if strings.HasSuffix(name, "gateway") {
					otherHostStatus(t, found[name])
				}
				compare(t, name, found[name], bare)
			}
		})
	}
}

// otherHostStatus writes the bare server's status into the one check where that of
// the gateway is its own: it refuses a host that is not its own with 421 (GW3), which
// the suite accepts as it does 403.
func otherHostStatus(t *testing.T, found map[string][]string) {
	t.Helper()
	const check = "SUCCESS localhost-host-rebinding-rejected (DNSRebindingRejected) "
	lines := found["server-dns-rebinding-protection"]
	at := slices.Index(lines, check+"[421]")
	if at < 0 {
		t.Errorf("the gateway does not refuse another host with 421: %q", lines)
		return
	}
	lines[at] = check + "[403]"
	slices.Sort(lines)
}

// conformanceOf runs the suite against servers, all at a time, and returns what
// it found in each.
func conformanceOf(t *testing.T, revision string, servers map[string]func(*testing.T) string) map[string]map[string][]string {
	t.Helper()
	var mu sync.Mutex
	found := map[string]map[string][]string{}
	t.Run("runs", func(t *testing.T) {
		for name, start := range servers {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				got := parts.Conformance(t, revision, start(t))
				mu.Lock()
				defer mu.Unlock()
				found[name] = got
			})
		}
	})
	return found
}

// behindGateway starts the suite's server behind the command mcpauth gateway and
// returns the gateway's URL. Where a token is demanded, it is added on the way.
func behindGateway(t *testing.T, stateless, authenticated bool) string {
	t.Helper()
	issuer := mcpauthtest.Start(t, mcpauthtest.Config{})
	g := parts.Gateway{
		Resource: parts.NewResource(t), Issuer: issuer.Issuer(), Upstream: parts.StartEverything(t, stateless),
		Policy: "default: public\nmethods: {\"*\": public}\n",
	}
	if authenticated {
		g.Policy = strings.ReplaceAll(g.Policy, "public", "authenticated")
		g.Listen = parts.NewAddress(t)
		addToken(t, g.Resource, g.Listen, issuer.MustToken(t, mcpauthtest.TokenClaims{Audience: []string{g.Resource}}))
	}
	parts.StartGateway(t, g)
	return g.Resource
}

// addToken listens at a URL and passes requests to an address, Host and all, with
// a token.
func addToken(t *testing.T, at, address, token string) {
	t.Helper()
	u, err := url.Parse(at)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", u.Host)
	if err != nil {
		t.Fatal(err)
	}
	front := httptest.NewUnstartedServer(&httputil.ReverseProxy{
		FlushInterval: -1, // events go out as they come
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme, r.Out.URL.Host, r.Out.Host = "http", address, r.In.Host
			r.Out.Header.Set("Authorization", "Bearer "+token)
		},
	})
	_ = front.Listener.Close()
	front.Listener = listener
	front.Start()
	t.Cleanup(front.Close)
}

// behindDoor starts the suite's server behind the door and returns the door's
// URL. The suite cannot send a token: where one is demanded, it is added on
// the way to the door.
func behindDoor(t *testing.T, stateless, authenticated bool) string {
	t.Helper()
	issuer, err := mcpauthtest.NewServer(mcpauthtest.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(issuer.Close)
	s := settings.ReverseProxy{
		Resource: parts.NewResource(t),
		Upstream: parts.StartEverything(t, stateless),
		Issuer:   issuer.Issuer(),
	}
	if authenticated {
		s.Token, err = issuer.Token(mcpauthtest.TokenClaims{Audience: []string{s.Resource}})
		if err != nil {
			t.Fatal(err)
		}
	}
	parts.StartReverseProxy(t, s)
	return s.Resource
}

func compare(t *testing.T, front string, got, want map[string][]string) {
	t.Helper()
	scenarios := maps.Clone(want)
	maps.Copy(scenarios, got)
	checks := 0
	for _, name := range slices.Sorted(maps.Keys(scenarios)) {
		checks += len(want[name])
		for _, line := range missing(got[name], want[name]) {
			t.Errorf("%s, %s: found in the bare server only: %s", front, name, line)
		}
		for _, line := range missing(want[name], got[name]) {
			t.Errorf("%s, %s: not found in the bare server: %s", front, name, line)
		}
	}
	t.Logf("%s: %d scenarios, %d checks", front, len(scenarios), checks)
}

// missing returns the lines of the second list that the first has not, or not
// as often. Both are sorted.
func missing(from, lines []string) (absent []string) {
	i := 0
	for _, line := range lines {
		for i < len(from) && from[i] < line {
			i++
		}
		if i < len(from) && from[i] == line {
			i++
			continue
		}
		absent = append(absent, line)
	}
	return absent
}
