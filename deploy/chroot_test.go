package deploy_test

import (
	"archive/tar"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// readOnly mounts the directory $1 on itself, read-only, and runs the rest there as the
// user of the image, without a way to more rights.
const readOnly = `set -e
mount --bind "$1" "$1"
mount -o remount,bind,ro "$1"
root=$1
shift
exec setpriv --no-new-privs --bounding-set=-all chroot --userspec=65532:65532 "$root" "$@"`

const contained = `listen: "127.0.0.1:18080"
admin: "127.0.0.1:19901"
resources:
  - identifier: http://localhost:18080/mcp
    authorization_servers: [{issuer: "http://127.0.0.1:19400"}]
    upstream: {url: "http://127.0.0.1:13000/mcp"}
`

// TestImageRuns starts the image as its configuration says, with nothing around it: in a
// directory that has what is in the image and the gateway's file, and is read-only.
func TestImageRuns(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Fatal("this needs root, for mount and chroot")
	}
	image, err := tarball.ImageFromPath(filepath.Join(tool(t, "DEPLOY_IMAGES"), "mcpauth-docker-"+runtime.GOARCH+".tar"), nil)
	if err != nil {
		t.Fatal(err)
	}
	config, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	layers, err := image.Layers()
	if err != nil || len(layers) != 1 {
		t.Fatal(layers, err)
	}
	layer, err := layers[0].Uncompressed()
	if err != nil {
		t.Fatal(err)
	}
	root := t.TempDir()
	unpack(t, layer, root)
	file := filepath.Join(root, "etc/mcpauth/gateway.yaml")
	err = errors.Join(os.Chmod(root, 0o755), os.Mkdir(filepath.Dir(file), 0o755), os.WriteFile(file, []byte(contained), 0o644))
	if err != nil {
		t.Fatal(err)
	}
	args := append([]string{"--mount", "sh", "-c", readOnly, "sh", root}, config.Config.Entrypoint...)
	command := exec.Command("unshare", append(args, config.Config.Cmd...)...)
	run(t, command)
	alive(t, "http://127.0.0.1:19901/livez")
	holds(t, command.Process.Pid)
}

// unpack unpacks a layer, with its modes, as root's.
func unpack(t *testing.T, layer io.Reader, root string) {
	t.Helper()
	for archive := tar.NewReader(layer); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		path, mode := filepath.Join(root, filepath.FromSlash(header.Name)), header.FileInfo().Mode().Perm()
		if header.Typeflag == tar.TypeDir {
			err = os.Mkdir(path, mode)
		} else {
			var data []byte
			data, err = io.ReadAll(archive)
			err = errors.Join(err, os.WriteFile(path, data, mode))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// alive waits until the gateway answers.
func alive(t *testing.T, url string) {
	t.Helper()
	var last error
	for range 30 {
		response, err := http.Get(url)
		if err == nil {
			response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return
			}
		}
		last = err
		wait(t, time.Second)
	}
	t.Fatalf("the gateway does not answer: %v", last)
}

// holds holds that the process has neither the user nor a right of root, and cannot
// write where it is.
func holds(t *testing.T, pid int) {
	t.Helper()
	proc := filepath.Join("/proc", strconv.Itoa(pid))
	status, err := os.ReadFile(filepath.Join(proc, "status"))
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"Uid:\t65532\t65532\t65532\t65532\n", "Gid:\t65532\t65532\t65532\t65532\n", "CapEff:\t0000000000000000\n", "NoNewPrivs:\t1\n"} {
		if !strings.Contains(string(status), line) {
			t.Errorf("its status lacks %q:\n%s", line, status)
		}
	}
	mounts, err := os.ReadFile(filepath.Join(proc, "mounts"))
	if err != nil {
		t.Fatal(err)
	}
	if fields := strings.Fields(string(mounts)); len(fields) < 4 || fields[1] != "/" || !strings.HasPrefix(fields[3], "ro") {
		t.Errorf("its root is not read-only:\n%s", mounts)
	}
}
