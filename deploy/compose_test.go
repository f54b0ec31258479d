package deploy_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// service is what this test reads of a service in a Compose file.
type service struct {
	Image       string            `yaml:"image"`
	Command     []string          `yaml:"command"`
	Environment map[string]string `yaml:"environment"`
	Ports       []string          `yaml:"ports"`
	NetworkMode string            `yaml:"network_mode"`
	ReadOnly    bool              `yaml:"read_only"`
	CapDrop     []string          `yaml:"cap_drop"`
}

func services(t *testing.T) map[string]service {
	t.Helper()
	data, err := os.ReadFile("compose/compose.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Services map[string]service `yaml:"services"`
	}
	decode(t, data, &file)
	return file.Services
}

// TestCompose holds that services can be reached on this machine only, and that the
// gateway can read its file.
func TestCompose(t *testing.T) {
	t.Parallel()
	usable(t, "compose/config/gateway.yaml")
	found := services(t)
	for name, s := range found {
		if name != "gateway" && s.NetworkMode != "service:gateway" {
			t.Errorf("%s is in the network %q", name, s.NetworkMode)
		}
		for _, port := range s.Ports {
			if !strings.HasPrefix(port, "127.0.0.1:") {
				t.Errorf("%s publishes %s to others", name, port)
			}
		}
		if !slices.Equal(s.CapDrop, []string{"ALL"}) {
			t.Errorf("%s keeps capabilities", name)
		}
	}
	if len(found) != 3 {
		t.Errorf("%d services", len(found))
	}
}

// TestComposeRuns starts the commands of the Compose file, without containers. test.sh
// gives it a network of its own, as Compose does. The check then asks all of them.
func TestComposeRuns(t *testing.T) {
	if os.Getenv("DEPLOY_NETWORK") != "own" {
		t.Fatal("this needs a network of its own: run deploy/test.sh")
	}
	mcpauth, found := tool(t, "DEPLOY_MCPAUTH"), services(t)
	config, err := filepath.Abs("compose/config")
	if err != nil {
		t.Fatal(err)
	}
	inHost := func(args []string) (changed []string) {
		for _, arg := range args {
			changed = append(changed, strings.Replace(arg, "/etc/mcpauth", config, 1))
		}
		return changed
	}
	start(t, found["auth"], mcpauth, inHost(found["auth"].Command)...)
	start(t, found["gateway"], mcpauth, inHost(found["gateway"].Command)...)
	// npx -y PACKAGE argument: the package is installed by test.sh, which takes its version from the file.
	start(t, found["everything"], filepath.Join(tool(t, "DEPLOY_NODE_MODULES"), ".bin/mcp-server-everything"), found["everything"].Command[3:]...)
	var text string
	for range 60 {
		var ok bool
		if text, ok = output(t, mcpauth, "gateway", "--check", filepath.Join(config, "gateway.yaml")); ok {
			break
		}
		wait(t, time.Second)
	}
	for _, line := range []string{"metadata and keys of all authorization servers are there", "everything: "} {
		if !strings.Contains(text, line) {
			t.Errorf("the check lacks %q:\n%s", line, text)
		}
	}
	if strings.Contains(text, "error ") {
		t.Errorf("the check found:\n%s", text)
	}
	answer, _ := output(t, "curl", "-sS", "-i", "-m", "10", "-d", "{}", "http://localhost:8080/mcp")
	if !strings.Contains(answer, " 401 ") || !strings.Contains(answer, `resource_metadata="http://localhost:8080/.well-known/oauth-protected-resource/mcp"`) {
		t.Errorf("the gateway answers a caller without a token:\n%s", answer)
	}
}

// start starts the command of a service, and ends it when the test ends.
func start(t *testing.T, s service, name string, args ...string) {
	t.Helper()
	command := exec.Command(name, args...)
	command.Env = os.Environ()
	for key, value := range s.Environment {
		command.Env = append(command.Env, key+"="+value)
	}
	run(t, command)
}

// run starts a program whose output belongs to the test, and has it end with it.
func run(t *testing.T, command *exec.Cmd) {
	t.Helper()
	command.Stdout, command.Stderr = t.Output(), t.Output()
	command.WaitDelay = 10 * time.Second
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := command.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
			t.Error(err)
		}
		_ = command.Wait() // of no matter: it was told to end
	})
}

// wait waits between attempts at other processes.
func wait(t *testing.T, d time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	<-ctx.Done()
	if t.Context().Err() != nil {
		t.Fatal("the test was ended")
	}
}
