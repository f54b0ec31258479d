// Image builds the container image of the command mcpauth for linux/amd64 and
// linux/arm64. It needs Go, and neither a registry nor a container engine:
//
//	go -C deploy run ./image -o ../dist
//
// It writes the whole image as an OCI layout in a tar file, and one tar file for
// "docker load" for each platform, and prints the digests. The same commit built with
// the same release of Go and the same certificates gives the same digests.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// options are what the flags say.
type options struct {
	source       string // the top directory of the repository
	out          string // the directory to write to
	certificates string // the file of authorities, empty for none
	tag          string // the name that "docker load" gives the image
	epoch        string // SOURCE_DATE_EPOCH
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	o := options{epoch: os.Getenv("SOURCE_DATE_EPOCH")}
	flag.StringVar(&o.source, "source", "..", "the top `directory` of the repository")
	flag.StringVar(&o.out, "o", "../dist", "the `directory` to write to")
	flag.StringVar(&o.certificates, "certificates", "/etc/ssl/certs/ca-certificates.crt",
		"the PEM `file` of certificate authorities that goes into the image; empty for none: mount one then")
	flag.StringVar(&o.tag, "tag", "mcpauth:dev", "the `name` of the image for docker load")
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintln(os.Stderr, "image: there are no arguments, only flags")
		os.Exit(2)
	}
	if err := run(ctx, o, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "image:", err)
		os.Exit(1)
	}
}

// run compiles, builds and writes.
func run(ctx context.Context, o options, out io.Writer) error {
	base, err := baseFiles(o.certificates)
	if err != nil {
		return err
	}
	scratch, err := os.MkdirTemp("", "mcpauth-image-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	if err := os.MkdirAll(o.out, 0o755); err != nil {
		return err
	}
	images := map[string]v1.Image{}
	for _, architecture := range architectures {
		b, err := compile(ctx, o.source, scratch, architecture)
		if err != nil {
			return err
		}
		created, err := timestamp(o.epoch, b.time)
		if err != nil {
			return err
		}
		if images[architecture], err = newImage(b, base, created); err != nil {
			return err
		}
		if err := writeDocker(filepath.Join(o.out, "mcpauth-docker-"+architecture+".tar"), o.tag, images[architecture]); err != nil {
			return err
		}
	}
	index := newIndex(images)
	if err := writeLayout(filepath.Join(o.out, "mcpauth-oci.tar"), scratch, index, o.tag); err != nil {
		return err
	}
	return report(out, index, images)
}

// timestamp returns the time for all that has one: that of the environment, or else
// that of the commit.
func timestamp(epoch string, commit time.Time) (time.Time, error) {
	if epoch == "" {
		if commit.IsZero() {
			return time.Time{}, errors.New("go build found no commit, as in a worktree or outside of a clone: set SOURCE_DATE_EPOCH")
		}
		return commit.UTC(), nil
	}
	seconds, err := strconv.ParseInt(epoch, 10, 64)
	if err != nil || seconds < 0 {
		return time.Time{}, fmt.Errorf("SOURCE_DATE_EPOCH is %q, not a number of seconds", epoch)
	}
	return time.Unix(seconds, 0).UTC(), nil
}

// report prints the digests.
func report(out io.Writer, index v1.ImageIndex, images map[string]v1.Image) error {
	digest, err := index.Digest()
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintln(out, "index", digest); err != nil {
		return err
	}
	for _, architecture := range architectures {
		if digest, err = images[architecture].Digest(); err != nil {
			return err
		}
		if _, err := fmt.Fprintln(out, "linux/"+architecture, digest); err != nil {
			return err
		}
	}
	return nil
}
