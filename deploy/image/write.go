package main

import (
	"archive/tar"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// writeDocker writes the image of a platform for "docker load".
func writeDocker(path, tag string, image v1.Image) error {
	reference, err := name.NewTag(tag)
	if err != nil {
		return err
	}
	return tarball.WriteToFile(path, reference, image)
}

// writeLayout writes an image of several platforms as an OCI layout in a tar file.
func writeLayout(path, scratch string, index v1.ImageIndex, tag string) error {
	reference, err := name.NewTag(tag)
	if err != nil {
		return err
	}
	dir := filepath.Join(scratch, "layout")
	written, err := layout.Write(dir, empty.Index)
	if err != nil {
		return err
	}
	annotations := map[string]string{"org.opencontainers.image.ref.name": reference.TagStr()}
	if err := written.AppendIndex(index, layout.WithAnnotations(annotations)); err != nil {
		return err
	}
	return pack(path, dir)
}

// pack writes the files of a directory to a tar file, without times and owners.
func pack(path, dir string) error {
	out, err := os.Create(path)
	if err != nil {
		return err
	}
	w, tree := tar.NewWriter(out), os.DirFS(dir)
	err = fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		return packFile(w, tree, name)
	})
	return errors.Join(err, w.Close(), out.Close())
}

func packFile(w *tar.Writer, tree fs.FS, name string) error {
	in, err := tree.Open(name)
	if err != nil {
		return err
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return err
	}
	if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644, Size: info.Size()}); err != nil {
		return err
	}
	_, err = io.Copy(w, in)
	return err
}
