package deploy_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"
)

// tool returns a program or directory that test.sh has made and names in a variable.
func tool(t *testing.T, variable string) string {
	t.Helper()
	path := os.Getenv(variable)
	if path == "" {
		t.Fatalf("%s is not set: run deploy/test.sh", variable)
	}
	return path
}

// output runs a command and returns what it prints, and whether it exited with 0.
func output(t *testing.T, name string, args ...string) (text string, ok bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, name, args...)
	command.Env = append(os.Environ(), "HELM_CACHE_HOME="+t.TempDir(), "HELM_CONFIG_HOME="+t.TempDir(), "HELM_DATA_HOME="+t.TempDir())
	out, err := command.CombinedOutput()
	if _, exited := err.(*exec.ExitError); err != nil && (!exited || ctx.Err() != nil) {
		t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
	return string(out), err == nil
}

// usable holds that a file is one for the gateway, and that those it names are there.
// The servers in it are out of reach, which is no mistake of the file.
func usable(t *testing.T, file string) {
	t.Helper()
	text, _ := output(t, tool(t, "DEPLOY_MCPAUTH"), "gateway", "--check", file)
	if !strings.Contains(text, filepath.Base(file)+": the file can be used\n") {
		t.Errorf("mcpauth gateway --check %s:\n%s", file, text)
	}
}

// node is a mapping of a YAML document.
type node = map[string]any

// documents reads the documents of a YAML file.
func documents(t *testing.T, text string) (found []node) {
	t.Helper()
	for _, part := range strings.Split("\n"+text, "\n---\n") {
		var n node
		if err := yaml.Unmarshal([]byte(part), &n); err != nil {
			t.Fatalf("%v in\n%s", err, part)
		}
		if n != nil {
			found = append(found, n)
		}
	}
	return found
}

// in returns what is at a path of names, nil if nothing is.
func in(value any, path ...any) any {
	for _, step := range path {
		switch step := step.(type) {
		case string:
			n, _ := value.(node)
			value = n[step]
		case int:
			list, _ := value.([]any)
			if step >= len(list) {
				return nil
			}
			value = list[step]
		}
	}
	return value
}

// decode reads YAML.
func decode(t *testing.T, data []byte, to any) {
	t.Helper()
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	if err := decoder.Decode(to); err != nil {
		t.Fatal(err)
	}
}
