package main

import (
	"archive/tar"
	"bytes"
	"crypto/x509"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

const (
	userID     = "65532" // the number that other images without root have, too
	binaryPath = "usr/local/bin/mcpauth"
	caPath     = "etc/ssl/certs/ca-certificates.crt" // one of those that crypto/x509 looks for
)

// file is a regular file of the image. All of them belong to root, so the program
// cannot change them.
type file struct {
	path string
	mode int64
	data []byte
}

// baseFiles returns what is in the image besides the command.
func baseFiles(certificates string) ([]file, error) {
	files := []file{
		{"etc/passwd", 0o644, []byte("root:x:0:0:root:/:/sbin/nologin\nmcpauth:x:" + userID + ":" + userID + ":mcpauth:/:/sbin/nologin\n")},
		{"etc/group", 0o644, []byte("root:x:0:\nmcpauth:x:" + userID + ":\n")},
	}
	if certificates == "" {
		return files, nil
	}
	pem, err := os.ReadFile(certificates)
	if err != nil {
		return nil, err
	}
	if !x509.NewCertPool().AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s has no certificate in PEM", certificates)
	}
	return append(files, file{caPath, 0o644, pem}), nil
}

// newLayer makes a layer of files and the directories that they are in.
func newLayer(files []file, modified time.Time) (v1.Layer, error) {
	data, err := archive(files, modified)
	if err != nil {
		return nil, err
	}
	open := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }
	return tarball.LayerFromOpener(open, tarball.WithMediaType(types.OCILayer))
}

// archive writes files, sorted, and their directories, as a tar file.
func archive(files []file, modified time.Time) ([]byte, error) {
	files = slices.Clone(files)
	slices.SortFunc(files, func(a, b file) int { return strings.Compare(a.path, b.path) })
	var data bytes.Buffer
	w := tar.NewWriter(&data)
	for _, dir := range directories(files) {
		if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: dir + "/", Mode: 0o755, ModTime: modified}); err != nil {
			return nil, err
		}
	}
	for _, f := range files {
		header := &tar.Header{Typeflag: tar.TypeReg, Name: f.path, Mode: f.mode, Size: int64(len(f.data)), ModTime: modified}
		if err := w.WriteHeader(header); err != nil {
			return nil, err
		}
		if _, err := w.Write(f.data); err != nil {
			return nil, err
		}
	}
	err := w.Close()
	return data.Bytes(), err
}

// directories returns those that files are in, each after its parent.
func directories(files []file) (found []string) {
	for _, f := range files {
		for dir := path.Dir(f.path); dir != "."; dir = path.Dir(dir) {
			found = append(found, dir)
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}
