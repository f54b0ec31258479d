package catalogue

import (
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/mcp-auth/go/check/internal/finding"
	"github.com/mcp-auth/go/metadata"
)

func load(t *testing.T) *Catalogue {
	t.Helper()
	c, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestRulesAreComplete holds that each rule says what its reader needs, and
// that successes need no fix.
func TestRulesAreComplete(t *testing.T) {
	t.Parallel()
	seen := map[finding.Code]bool{}
	for _, r := range load(t).Rules {
		if seen[r.Code] {
			t.Errorf("%s has two rules", r.Code)
		}
		seen[r.Code] = true
		if r.Title == "" || r.Requirement == "" {
			t.Errorf("%s has no title or no requirement", r.Code)
		}
		explained := r.Meaning != "" && r.Fix != ""
		switch r.Severity {
		case metadata.Success:
			if r.Meaning != "" || r.Fix != "" || len(r.Clients)+len(r.LimitedClients) > 0 {
				t.Errorf("%s is a success, but has a meaning, a fix or a client that fails", r.Code)
			}
		case metadata.Error, metadata.Warning, finding.Info:
			if !explained || r.Advertised {
				t.Errorf("%s does not say what it means or how to fix it, or is advertised", r.Code)
			}
			if r.Severity == finding.Info && len(r.Clients) > 0 {
				t.Errorf("%s is a note, but %v fail because of it", r.Code, r.Clients)
			}
		default:
			t.Errorf("%s has the severity %q", r.Code, r.Severity)
		}
	}
}

// TestClientRulesHaveSources holds that every statement on a client has a source
// and a date, and is about a code of the catalogue.
func TestClientRulesHaveSources(t *testing.T) {
	t.Parallel()
	c := load(t)
	var names []string
	for _, client := range c.Clients {
		if client.Name == "" || slices.Contains(names, client.Name) {
			t.Errorf("client %q has no name of its own", client.Name)
		}
		names = append(names, client.Name)
		for _, r := range c.RulesOf(client) {
			if u, err := url.Parse(r.Source); err != nil || u.Scheme != "https" || u.Host == "" {
				t.Errorf("%s: the source %q is not an https URL", client.Name, r.Source)
			}
			if _, err := time.Parse(time.DateOnly, r.Date); err != nil {
				t.Errorf("%s: %v", client.Name, err)
			}
			if r.Why == "" || len(r.Codes) == 0 {
				t.Errorf("%s: a rule is empty", client.Name)
			}
			for _, code := range r.Codes {
				if c.Rule(code) == nil {
					t.Errorf("%s fails because of %s, which has no rule", client.Name, code)
				}
			}
		}
	}
}

// TestStepUp holds that it is known of each client with a behavior what that is,
// and that the clients that are stuck are limited by a server which expects a
// step-up.
func TestStepUp(t *testing.T) {
	t.Parallel()
	c := load(t)
	var stuck []string
	seen := map[Behavior]bool{}
	for _, client := range c.Clients {
		s := client.StepUp
		if s == nil {
			continue
		}
		if seen[s.Behavior] = true; s.Behavior == Stuck {
			stuck = append(stuck, client.Name)
		}
		_, err := time.Parse(time.DateOnly, s.Date)
		if u, urlErr := url.Parse(s.Source); err != nil || urlErr != nil || u.Scheme != "https" || s.What == "" {
			t.Errorf("%s: %+v", client.Name, s)
		}
	}
	if len(seen) != 3 || !seen[StepsUp] || !seen[AllScopes] || !seen[Stuck] {
		t.Errorf("the behaviors are %v", seen)
	}
	if rule := c.Rule(stepUpExpected); rule == nil || !slices.Equal(rule.LimitedClients, stuck) || len(rule.Clients) > 0 {
		t.Errorf("%s limits %+v, want %v", stepUpExpected, rule, stuck)
	}
}

func TestDecodeIsStrict(t *testing.T) {
	t.Parallel()
	for _, data := range []string{
		``, `[]`, `{"rules":[]} {}`, `{"rules":[],"rules":[]}`, `{"other":[]}`,
		`{"rules":[{"code":"a","code":"b"}]}`, `{"rules":[{"colour":"red"}]}`,
	} {
		var file rulesFile
		if err := decode([]byte(data), &file); err == nil {
			t.Errorf("%s is accepted", data)
		}
	}
}
