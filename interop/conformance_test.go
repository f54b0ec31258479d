package interop_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mcp-auth/go/interop/internal/parts"
	"github.com/mcp-auth/go/interop/internal/proc"
	"github.com/mcp-auth/go/mcpauthtest"
)

// conformanceChecks is how many checks the suite makes of an authorization
// server.
const conformanceChecks = 3

// The suite's checks of authorization servers, at the command mcpauth dev. It
// waits for somebody who opens the authorization URL that it prints.
//
// Covers AS1, AS2, AS6.
func TestConformanceOfTheDevelopmentServer(t *testing.T) {
	t.Parallel()
	for name, resource := range map[string]string{"no resource": "", "a resource": "https://notes.example/mcp"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			port := proc.FreePort(t)
			server := parts.StartDevServer(t, "--scope", "read:notes", "--user", "carol:secret",
				"--client", fmt.Sprintf("conformance=http://127.0.0.1:%d/callback", port))
			settings := map[string]any{"url": server.Issuer, "clientId": "conformance", "port": port}
			if resource != "" {
				settings["resource"] = resource
			}
			runAuthorizationSuite(t, settings)
		})
	}
}

func runAuthorizationSuite(t *testing.T, settings map[string]any) {
	t.Helper()
	dir := t.TempDir()
	data, err := json.Marshal(settings)
	if err != nil {
		t.Fatal(err)
	}
	file, results := filepath.Join(dir, "settings.json"), filepath.Join(dir, "results")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	// Its default for --port wins over the port of the file.
	suite := parts.StartConformance(t, "authorization", "--file", file,
		"--port", fmt.Sprint(settings["port"]), "--output-dir", results)
	browse(t, authorizationURL(t, suite, fmt.Sprint(settings["url"])))
	select {
	case <-suite.Done():
	case <-time.After(scriptTimeout):
		t.Fatal("the suite does not end")
	}
	checks := parts.ConformanceChecks(t, results)
	if len(checks) != conformanceChecks {
		t.Errorf("%d checks, want %d", len(checks), conformanceChecks)
	}
	for _, check := range checks {
		if check.Status != "SUCCESS" {
			t.Errorf("%s: %s %s", check.ID, check.Status, check.ErrorMessage)
		}
	}
	if log := suite.Log(); !strings.Contains(log, "Total: 3 passed, 0 failed") || strings.Contains(log, "WARNING") {
		t.Errorf("the suite says:\n%s", log)
	}
}

// authorizationURL waits until the suite has printed the URL to open and listens
// for the answer.
func authorizationURL(t *testing.T, suite *proc.Process, issuer string) (found string) {
	t.Helper()
	ctx, cancel := proc.Context(t)
	defer cancel()
	listening := false
	_, err := suite.Line(ctx, func(line string) bool {
		if strings.HasPrefix(line, issuer+"/authorize?") {
			found = line
		}
		listening = listening || strings.HasPrefix(line, "Callback server started")
		return found != "" && listening
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// browse logs a user in and goes back to the client, as a browser does.
func browse(t *testing.T, authorizationURL string) {
	t.Helper()
	agent := &mcpauthtest.UserAgent{Username: "carol", Password: "secret"}
	callback, err := agent.Login(t.Context(), authorizationURL)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.Get(callback.String())
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Errorf("the client answers the browser with %d", response.StatusCode)
	}
}
