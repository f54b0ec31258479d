package tree

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"path"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

const (
	goSDK = "github.com/modelcontextprotocol/go-sdk"
	mcpGo = "github.com/mark3labs/mcp-go"
)

// TestStatedVersions holds what the documents say of the versions of Go and of the
// MCP SDKs to what the modules require. The adapters require the oldest SDKs that
// work, so that a program which adopts one keeps its version; the tests of the
// workspace use the newest, which the examples require.
func TestStatedVersions(t *testing.T) {
	t.Parallel()
	oldest := map[string]string{goSDK: required(t, "gosdk", goSDK), mcpGo: required(t, "mcpgo", mcpGo)}
	quickstart, readme := readFile(t, "docs/quickstart.md"), readFile(t, "README.md")
	for sdk, version := range oldest {
		row := fmt.Sprintf("| [%s](https://%s) | %s | %s |", path.Base(sdk), sdk, version, required(t, "examples", sdk))
		if !strings.Contains(quickstart, row) {
			t.Errorf("docs/quickstart.md has no row %s", row)
		}
		if words := path.Base(sdk) + " " + version; !strings.Contains(plainText(readme), words) {
			t.Errorf("README.md does not name %s", words)
		}
	}
	release := regexp.MustCompile(`(?m)^go (1\.(\d+)\.0)$`).FindStringSubmatch(readFile(t, "go.mod"))
	if release == nil {
		t.Fatal("go.mod names no first release of Go, such as 1.26.0")
	}
	if !strings.Contains(plainText(readme), "one of the last two releases of Go, 1."+release[2]+" or later") {
		t.Errorf("README.md does not name Go 1.%s", release[2])
	}
	newest := regexp.MustCompile(`(?m)^newest_go=1\.(\d+)\.\d+$`).FindStringSubmatch(readFile(t, ".ci/run"))
	if minor, _ := strconv.Atoi(release[2]); newest == nil || newest[1] != strconv.Itoa(minor) && newest[1] != strconv.Itoa(minor+1) {
		t.Errorf(".ci/run does not test the last two releases: %q after 1.%d", newest, minor)
	}
	for _, file := range files(t) {
		// bench measures other libraries, which may want more.
		if path.Base(file) == "go.mod" && file != "bench/go.mod" && !strings.Contains(readFile(t, file), "\n"+release[0]+"\n") {
			t.Errorf("%s does not say %s", file, release[0])
		}
	}
}

// required returns the version of a module that the module in a directory requires.
func required(t *testing.T, dir, module string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "mod", "edit", "-json", path.Join(dir, "go.mod")).Output()
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Require []struct{ Path, Version string }
	}
	if err := json.Unmarshal(out, &file); err != nil {
		t.Fatal(err)
	}
	for _, r := range file.Require {
		if r.Path == module {
			return r.Version
		}
	}
	t.Fatalf("%s/go.mod does not require %s", dir, module)
	return ""
}
