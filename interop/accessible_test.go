package interop_test

import (
	"context"
	"encoding/json"
	"net/url"
	"testing"

	"github.com/mcp-auth/go/client"
	"github.com/mcp-auth/go/interop/internal/parts"
)

// accessiblePage is a page for js/accessible.mjs to look at.
type accessiblePage struct {
	Name   string            `json:"name"`
	URL    string            `json:"url"`
	Fields map[string]string `json:"fields,omitempty"`
}

// lookedAt is what js/accessible.mjs found of a page.
type lookedAt struct {
	Name, Scheme, Title string
	Wide                bool
	Violations          []string
}

// The pages that users see keep the rules of axe-core, light and dark, and fit on a
// screen of 360 pixels: login and consent, after the login, the status page with a
// grant, errors, addresses without a page, and the page of the demo.
//
// Covers AS8.
func TestAccessible(t *testing.T) {
	t.Parallel()
	resource := parts.NewResource(t)
	server := parts.StartDevServer(t, "--config", devConfig(t, resource))
	parts.StartWhoami(t, parts.Whoami{Resource: resource, Issuer: server.Issuer, Scopes: []string{"read"}})
	demo := parts.StartDemo(t)

	opened := make(chan string, 1)
	c, err := client.New(client.Config{
		ServerURL: resource, Scopes: []string{"delete"},
		Grant: client.AuthorizationCode{OpenURL: func(_ context.Context, authorizationURL string) error {
			opened <- authorizationURL
			return nil
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	loggedIn := make(chan error, 1)
	go func() { loggedIn <- c.Login(t.Context()) }()
	var login string
	select {
	case login = <-opened:
	case err := <-loggedIn:
		t.Fatal(err)
	}
	checkAccessible(t, []accessiblePage{
		{Name: "login and consent", URL: login},
		{Name: "after the login", URL: login, Fields: map[string]string{"Username": devUser, "Password": devPassword}},
		{Name: "status with a grant", URL: server.Issuer + "/"},
		{Name: "unknown client", URL: unknownClient(t, login)},
		{Name: "no such page", URL: server.Issuer + "/nothing/here"},
		{Name: "demo", URL: demo},
		{Name: "no such page of the demo", URL: demo + "nothing"},
	})
	if err := <-loggedIn; err != nil {
		t.Error(err)
	}
}

func unknownClient(t *testing.T, authorizationURL string) string {
	t.Helper()
	u, err := url.Parse(authorizationURL)
	if err != nil {
		t.Fatal(err)
	}
	query := u.Query()
	query.Set("client_id", "nobody")
	u.RawQuery = query.Encode()
	return u.String()
}

func checkAccessible(t *testing.T, pages []accessiblePage) {
	t.Helper()
	in, err := json.Marshal(map[string]any{"chromium": parts.Chromium(t), "screenshots": parts.Screenshots(t), "pages": pages})
	if err != nil {
		t.Fatal(err)
	}
	var looked []lookedAt
	out := parts.Script(t, scriptTimeout, in, "accessible.mjs")
	if err := json.Unmarshal(out, &looked); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if len(looked) != 2*len(pages) {
		t.Fatalf("%d looks at %d pages", len(looked), len(pages))
	}
	titles := map[string]bool{}
	for _, page := range looked {
		titles[page.Title] = true
		if page.Wide || len(page.Violations) > 0 || page.Title == "" {
			t.Errorf("%s, %s (%q): wide %t, %q", page.Name, page.Scheme, page.Title, page.Wide, page.Violations)
		}
	}
	if len(titles) < 5 {
		t.Errorf("the pages are %v: not each is the one that is meant", titles)
	}
}
