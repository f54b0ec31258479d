package interop_test

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"

	"github.com/mcp-auth/go/interop/internal/parts"
)

// pagesReport is what js/pages.mjs prints.
type pagesReport struct {
	Consent       [][]string
	Logins        []pagesLogin
	Error, Status []string
}

type pagesLogin struct {
	Scripts, Wide   bool
	Wrong           wrongPassword
	Granted, Denied map[string]string
	Scope           string
}

// wrongPassword is what is on the page after one was typed.
type wrongPassword struct{ Alert, Username, Password string }

// pagesClient is a client whose user is at the pages.
type pagesClient struct {
	Name        string `json:"name"`
	RedirectURI string `json:"redirectUri"`
	ClientID    string `json:"clientId,omitempty"`

	lines []string // that the consent page has for this client
}

const farCallback = "https://notes.example/callback"

// Chromium walks the pages of mcpauth dev, without scripts and with them: what a
// user sees, a wrong password, consent and refusal.
//
// Covers AS1, AS2, AS6, AS8.
func TestPages(t *testing.T) {
	t.Parallel()
	resource := parts.NewResource(t)
	server := parts.StartDevServer(t, "--config", devConfig(t, resource))
	clients := pagesClients(t)
	in, err := json.Marshal(map[string]any{
		"chromium": parts.Chromium(t), "screenshots": parts.Screenshots(t), "issuer": server.Issuer, "resource": resource,
		"clients": clients, "scope": "read delete", "username": devUser, "password": devPassword,
	})
	if err != nil {
		t.Fatal(err)
	}
	var report pagesReport
	out := parts.Script(t, scriptTimeout, in, "pages.mjs")
	if err := json.Unmarshal(out, &report); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if len(report.Consent) != len(clients) || len(report.Logins) != 2 {
		t.Fatalf("%d consent pages and %d logins", len(report.Consent), len(report.Logins))
	}
	for i, client := range clients {
		checkLines(t, report.Consent[i], client.lines...)
		checkLines(t, report.Consent[i], resource, "Read your notes read", "Delete your notes delete", "Issuer: "+server.Issuer,
			"Authorization server for development and tests only. Do not enter a password that you use elsewhere.")
	}
	for i, got := range report.Logins {
		if withScripts := i == 1; got.Scripts != withScripts {
			t.Errorf("scripts run: %t, want %t", got.Scripts, withScripts)
		}
		got.check(t, server.Issuer)
	}
	checkLines(t, report.Error, "This cannot be authorized", "Authorization server for development and tests only.")
	checkLines(t, report.Status, "Development authorization server",
		"For development and tests only: anyone who reaches this server can register applications and see this page.")
}

func pagesClients(t *testing.T) []pagesClient {
	document := parts.ServePlainClientDocument(t, "Notes from elsewhere", farCallback)
	return []pagesClient{
		{Name: `Notes & <b>"Friends"</b>`, RedirectURI: tsCallback, lines: []string{
			`Notes & <b>"Friends"</b>`, "The application chose its name itself.",
			"Your answer goes to 127.0.0.1:33418. This is an application on this computer. Any program here could claim this address: " +
				"continue only if you have just started it yourself.",
		}},
		{Name: "Notes on the web", RedirectURI: farCallback, lines: []string{
			"Notes on the web", "The application chose its name itself.",
			"Your answer goes to notes.example. No one here has checked who runs notes.example. Continue only if you know it and have just come from there.",
		}},
		{Name: "Notes from elsewhere", RedirectURI: farCallback, ClientID: document.URL, lines: []string{
			"Notes from elsewhere",
			"Your answer goes to notes.example. This is not the host that identifies the application. " +
				"Continue only if you trust both.",
		}},
	}
}

func (got pagesLogin) check(t *testing.T, issuer string) {
	t.Helper()
	if got.Wide {
		t.Error("a narrow screen has to scroll sideways")
	}
	if want := (wrongPassword{"The username or the password is wrong.", devUser, ""}); got.Wrong != want {
		t.Errorf("after a wrong password the page has %+v, want %+v", got.Wrong, want)
	}
	granted := map[string]string{"code": "redeemed", "iss": issuer, "state": "the state"}
	if !maps.Equal(got.Granted, granted) || got.Scope != "read delete" {
		t.Errorf("the user agrees, and the client gets %q and the scope %q", got.Granted, got.Scope)
	}
	delete(got.Denied, "error_description")
	denied := map[string]string{"error": "access_denied", "iss": issuer, "state": "the state"}
	if !maps.Equal(got.Denied, denied) {
		t.Errorf("the user refuses, and the client gets %q", got.Denied)
	}
}

// checkLines checks that each of these lines is on a page.
func checkLines(t *testing.T, page []string, want ...string) {
	t.Helper()
	for _, line := range want {
		if !slices.Contains(page, line) {
			t.Errorf("the page lacks %q:\n%q", line, page)
		}
	}
}
