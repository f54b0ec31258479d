package interop_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/mcp-auth/go/interop/internal/parts"
	"github.com/mcp-auth/go/interop/internal/settings"
	"github.com/mcp-auth/go/mcpauthtest"
)

// The net/http door changes nothing of MCP: the conformance suite finds the
// same in a server with the door in front and without it.
//
// Covers RS15, RS16.
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
			var bare, public, authenticated map[string][]string
			t.Run("runs", func(t *testing.T) {
				t.Run("bare", func(t *testing.T) {
					t.Parallel()
					bare = parts.Conformance(t, revision.name, parts.StartEverything(t, revision.stateless))
				})
				t.Run("public", func(t *testing.T) {
					t.Parallel()
					public = parts.Conformance(t, revision.name, behindDoor(t, revision.stateless, false))
				})
				t.Run("authenticated", func(t *testing.T) {
					t.Parallel()
					authenticated = parts.Conformance(t, revision.name, behindDoor(t, revision.stateless, true))
				})
			})
			if t.Failed() {
				return // there is nothing to compare
			}
			if len(bare) != revision.scenarios {
				t.Errorf("%d scenarios were run, want %d", len(bare), revision.scenarios)
			}
			compare(t, "public", public, bare)
			compare(t, "authenticated", authenticated, bare)
		})
	}
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

func compare(t *testing.T, door string, got, want map[string][]string) {
	t.Helper()
	scenarios := maps.Clone(want)
	maps.Copy(scenarios, got)
	checks := 0
	for _, name := range slices.Sorted(maps.Keys(scenarios)) {
		checks += len(want[name])
		for _, line := range missing(got[name], want[name]) {
			t.Errorf("%s door, %s: found without the door only: %s", door, name, line)
		}
		for _, line := range missing(want[name], got[name]) {
			t.Errorf("%s door, %s: found behind the door only: %s", door, name, line)
		}
	}
	t.Logf("%s door: %d scenarios, %d checks", door, len(scenarios), checks)
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
