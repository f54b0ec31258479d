package check

import (
	"flag"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestClientRulesHaveSources holds that nothing is said of a client without a
// word on who says so and when, and that what it fails for can be found.
func TestClientRulesHaveSources(t *testing.T) {
	t.Parallel()
	rows := map[Code]bool{}
	for _, r := range catalogue() {
		rows[r.code] = true
	}
	for _, r := range clientRules() {
		if !slices.Contains(knownClients(), r.client) {
			t.Errorf("%s is no known client", r.client)
		}
		if u, err := url.Parse(r.source); err != nil || u.Scheme != "https" || u.Host == "" {
			t.Errorf("%s: the source %q is no https URL", r.client, r.source)
		}
		if _, err := time.Parse(time.DateOnly, r.date); err != nil {
			t.Errorf("%s: %v", r.client, err)
		}
		if r.why == "" || len(r.codes) == 0 {
			t.Errorf("%s: a rule says nothing", r.client)
		}
		for _, code := range r.codes {
			if !rows[code] {
				t.Errorf("%s fails for %s, which nothing finds", r.client, code)
			}
		}
	}
}

const (
	clientsDocument = "../docs/clients.md"
	clientsBegin    = "<!-- generated from the rules: go test ./check -run TestClientsDocument -update -->\n"
	clientsEnd      = "<!-- end of what is generated -->\n"
)

// TestClientsDocument holds docs/clients.md to the rules.
func TestClientsDocument(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile(clientsDocument)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(data), clientsBegin)
	_, after, closed := strings.Cut(rest, clientsEnd)
	if !found || !closed {
		t.Fatal("docs/clients.md has no place for the table")
	}
	want := before + clientsBegin + clientsTable() + clientsEnd + after
	if flag.Lookup("update").Value.String() == "true" {
		if err := os.WriteFile(clientsDocument, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if string(data) != want {
		t.Error("docs/clients.md is not current: go test ./check -run TestClientsDocument -update")
	}
}

func clientsTable() string {
	var b strings.Builder
	for _, name := range knownClients() {
		fmt.Fprintf(&b, "\n## %s\n\n| finding | what happens | source |\n|---|---|---|\n", name)
		for _, r := range clientRules() {
			if r.client != name {
				continue
			}
			var codes []string
			for _, code := range r.codes {
				codes = append(codes, "`"+string(code)+"`")
			}
			fmt.Fprintf(&b, "| %s | %s | [%s](%s) |\n", strings.Join(codes, ", "), cell(r.why), r.date, r.source)
		}
	}
	b.WriteByte('\n')
	return b.String()
}
