package deploy_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const unit = "systemd/mcpauth-gateway.service"

// TestUnit has systemd verify the unit, with the command where it was built.
func TestUnit(t *testing.T) {
	t.Parallel()
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Fatal("systemd-analyze is needed: install the package systemd")
	}
	text, err := os.ReadFile(unit)
	if err != nil {
		t.Fatal(err)
	}
	built, err := filepath.Abs(tool(t, "DEPLOY_MCPAUTH"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), "ExecStart=/usr/local/bin/mcpauth gateway /") {
		t.Error("the unit does not start the gateway")
	}
	path := filepath.Join(t.TempDir(), filepath.Base(unit))
	if err := os.WriteFile(path, []byte(strings.ReplaceAll(string(text), "/usr/local/bin/mcpauth ", built+" ")), 0o644); err != nil {
		t.Fatal(err)
	}
	if text, ok := output(t, analyze, "verify", "--recursive-errors=no", "--man=no", path); !ok || text != "" {
		t.Errorf("systemd-analyze verify:\n%s", text)
	}
	// Of 100, where less is better. A service that reaches the internet cannot have 0.
	if text, ok := output(t, analyze, "security", "--offline=true", "--threshold=15", "--no-pager", path); !ok {
		t.Errorf("systemd-analyze security:\n%s", text)
	}
}
