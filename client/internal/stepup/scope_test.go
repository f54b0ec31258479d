package stepup

import (
	"strings"
	"testing"
)

// Covers CL8, CL9, CL13.
func TestScopeSelection(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		request Scopes
		want    string
	}{
		"the challenge":                   {Scopes{Challenged: []string{"a"}, Supported: []string{"b", "c"}}, "a"},
		"else the supported":              {Scopes{Supported: []string{"b", "c"}}, "b c"},
		"else none":                       {Scopes{}, ""},
		"the challenge has others":        {Scopes{Before: []string{"a"}, Challenged: []string{"z"}, Supported: []string{"b"}, Known: []string{"c"}}, "a z"},
		"union on step-up":                {Scopes{Before: []string{"a", "b"}, Challenged: []string{"b", "c"}}, "a b c"},
		"the caller's too":                {Scopes{Challenged: []string{"a"}, Extra: []string{"x", "a"}}, "a x"},
		"nothing twice":                   {Scopes{Challenged: []string{"a", "a"}}, "a"},
		"no scope tokens":                 {Scopes{Challenged: []string{"a b", "", "c\"", "d"}}, "d"},
		"offline_access":                  {Scopes{Challenged: []string{"a"}, Known: []string{"offline_access"}, Refreshing: true}, "a offline_access"},
		"offline_access not listed":       {Scopes{Challenged: []string{"a"}, Known: []string{"a"}, Refreshing: true}, "a"},
		"offline_access not wanted":       {Scopes{Challenged: []string{"a"}, Known: []string{"offline_access"}}, "a"},
		"not on the resource's word":      {Scopes{Challenged: []string{"a", "offline_access"}, Refreshing: true}, "a"},
		"not on the caller's word":        {Scopes{Challenged: []string{"a"}, Extra: []string{"offline_access"}, Refreshing: true}, "a"},
		"not alone":                       {Scopes{Known: []string{"offline_access"}, Refreshing: true}, ""},
		"kept where it was, if listed":    {Scopes{Before: []string{"a", "offline_access"}, Challenged: []string{"b"}, Known: []string{"offline_access"}, Refreshing: true}, "a b offline_access"},
		"dropped when no longer listed":   {Scopes{Before: []string{"a", "offline_access"}, Challenged: []string{"b"}, Refreshing: true}, "a b"},
		"no more than a request can hold": {Scopes{Challenged: strings.Fields(strings.Repeat("s ", 10) + many(500))}, "s " + strings.TrimSpace(strings.Join(strings.Fields(many(500))[:maxScopes-1], " "))},
	} {
		if got := strings.Join(test.request.Choose(), " "); got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}

func many(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString("scope" + strings.Repeat("x", i%7) + string(rune('a'+i%26)) + strings.Repeat("y", i/26) + " ")
	}
	return b.String()
}
