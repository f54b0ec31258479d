package main

import (
	"archive/tar"
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/validate"
)

var created = time.Date(2026, 12, 1, 10, 0, 0, 0, time.UTC)

// certificates writes a PEM file.
func certificates(t *testing.T) string {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	return write(t, "ca.crt", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

func write(t *testing.T, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// build makes images of programs that are none.
func build(t *testing.T, base []file) map[string]v1.Image {
	t.Helper()
	images := map[string]v1.Image{}
	for _, architecture := range architectures {
		b := &binary{architecture: architecture, data: []byte("program for " + architecture), version: "v1.2.3", revision: "abc"}
		image, err := newImage(b, base, created)
		if err != nil {
			t.Fatal(err)
		}
		images[architecture] = image
	}
	return images
}

func base(t *testing.T, certificates string) []file {
	t.Helper()
	files, err := baseFiles(certificates)
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// outputs writes what is built to a directory, and returns the sums of the files.
func outputs(t *testing.T, images map[string]v1.Image) (dir string, sums [2][sha256.Size]byte) {
	t.Helper()
	dir = t.TempDir()
	names := []string{filepath.Join(dir, "oci.tar"), filepath.Join(dir, "docker.tar")}
	err := errors.Join(writeLayout(names[0], t.TempDir(), newIndex(images), "mcpauth:test"), writeDocker(names[1], "mcpauth:test", images["amd64"]))
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		sums[i] = sha256.Sum256(data)
	}
	return dir, sums
}

// TestReproducible holds that the same input makes the same bytes, in any order.
func TestReproducible(t *testing.T) {
	t.Parallel()
	files := base(t, certificates(t))
	_, first := outputs(t, build(t, files))
	slices.Reverse(files)
	_, second := outputs(t, build(t, files))
	if first != second {
		t.Error("two builds differ")
	}
}

// TestImage holds what is in an image, and how it is run.
func TestImage(t *testing.T) {
	t.Parallel()
	image := build(t, base(t, certificates(t)))["arm64"]
	config, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	c := config.Config
	if config.Architecture != "arm64" || config.OS != "linux" || c.User != "65532:65532" || !slices.Equal(c.Entrypoint, []string{"/usr/local/bin/mcpauth"}) {
		t.Errorf("%s/%s as %s: %v", config.OS, config.Architecture, c.User, c.Entrypoint)
	}
	if !config.Created.Equal(created) || c.Labels["org.opencontainers.image.revision"] != "abc" {
		t.Errorf("created %v, labels %v", config.Created, c.Labels)
	}
	layers, err := image.Layers()
	if err != nil || len(layers) != 1 {
		t.Fatalf("%d layers, %v", len(layers), err)
	}
	r, err := layers[0].Uncompressed()
	if err != nil {
		t.Fatal(err)
	}
	found := entries(t, r)
	want := map[string]int64{
		"etc/": 0o755, "etc/group": 0o644, "etc/passwd": 0o644, "etc/ssl/": 0o755, "etc/ssl/certs/": 0o755, "etc/ssl/certs/ca-certificates.crt": 0o644,
		"usr/": 0o755, "usr/local/": 0o755, "usr/local/bin/": 0o755, "usr/local/bin/mcpauth": 0o755,
	}
	for name, header := range found {
		if want[name] != header.Mode || header.Uid != 0 || header.Gid != 0 || !header.ModTime.Equal(created) {
			t.Errorf("%s: %+v", name, header)
		}
	}
	if len(found) != len(want) {
		t.Errorf("%d entries, want %d", len(found), len(want))
	}
}

func entries(t *testing.T, r io.Reader) map[string]*tar.Header {
	t.Helper()
	found := map[string]*tar.Header{}
	for archive := tar.NewReader(r); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return found
		}
		if err != nil {
			t.Fatal(err)
		}
		found[header.Name] = header
	}
}

// TestWritten reads what was written as another program does.
func TestWritten(t *testing.T) {
	t.Parallel()
	images := build(t, base(t, ""))
	dir, _ := outputs(t, images)
	image, err := tarball.ImageFromPath(filepath.Join(dir, "docker.tar"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := validate.Image(image); err != nil {
		t.Error(err)
	}
	unpacked := filepath.Join(dir, "oci")
	unpack(t, filepath.Join(dir, "oci.tar"), unpacked)
	top, err := layout.ImageIndexFromPath(unpacked)
	if err != nil {
		t.Fatal(err)
	}
	if err := validate.Index(top); err != nil {
		t.Error(err)
	}
	manifest, err := top.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	want, err := newIndex(images).Digest()
	if err != nil || len(manifest.Manifests) != 1 || manifest.Manifests[0].Digest != want {
		t.Errorf("%+v, want the index %v, %v", manifest.Manifests, want, err)
	}
}

func unpack(t *testing.T, path, dir string) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for archive := tar.NewReader(bytes.NewReader(data)); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		var contents []byte
		if err == nil {
			contents, err = io.ReadAll(archive)
		}
		name := filepath.Join(dir, filepath.FromSlash(header.Name))
		if err := errors.Join(err, os.MkdirAll(filepath.Dir(name), 0o700), os.WriteFile(name, contents, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
}

// TestBaseFiles refuses a file of authorities that has none: with it, no server could
// be reached.
func TestBaseFiles(t *testing.T) {
	t.Parallel()
	if _, err := baseFiles(write(t, "empty.crt", []byte("none"))); err == nil {
		t.Error("a file without certificates was taken")
	}
	if _, err := baseFiles(filepath.Join(t.TempDir(), "missing")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
}

// TestTimestamp holds which time counts.
func TestTimestamp(t *testing.T) {
	t.Parallel()
	tests := []struct {
		epoch  string
		commit time.Time
		want   time.Time
		bad    bool
	}{
		{commit: created, want: created},
		{epoch: "60", commit: created, want: time.Unix(60, 0)},
		{epoch: "0", want: time.Unix(0, 0)},
		{bad: true},
		{epoch: "yesterday", bad: true},
		{epoch: "-1", bad: true},
	}
	for _, test := range tests {
		got, err := timestamp(test.epoch, test.commit)
		if !got.Equal(test.want) || (err != nil) != test.bad {
			t.Errorf("timestamp(%q, %v) = %v, %v", test.epoch, test.commit, got, err)
		}
	}
}
