//go:build unix

package gateway

import (
	"crypto/tls"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/mcp-auth/go/internal/authtest"
	"github.com/mcp-auth/go/mcpauthtest"
)

// A certificate that was renewed is used at once, and HTTP/2 is offered.
//
// Covers GW10.
func TestCertificateRenewal(t *testing.T) {
	t.Parallel()
	as := mcpauthtest.Start(t, mcpauthtest.Config{})
	cert, key := authtest.KeyPair(t, "first")
	r := start(t, as, config(as.Issuer(), named(t, "one"), "tls: {cert: tls.crt, key: tls.key}"), "tls.crt", cert, "tls.key", key)
	served := func() (name, protocol string) {
		conn, err := tls.Dial("tcp", r.facts.Listen, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2", "http/1.1"}})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		state := conn.ConnectionState()
		return state.PeerCertificates[0].Subject.CommonName, state.NegotiatedProtocol
	}
	if name, protocol := served(); name != "first" || protocol != "h2" {
		t.Errorf("%s, %s", name, protocol)
	}
	cert, key = authtest.KeyPair(t, "second")
	r.write("tls.crt", cert) // without its key for a while
	r.write("tls.key", key)
	r.eventually("the new certificate", func() bool { name, _ := served(); return name == "second" })
}

// SIGHUP reads the file again, and opens the audit log that was moved away.
func TestHangup(t *testing.T) {
	as := mcpauthtest.Start(t, mcpauthtest.Config{})
	r := start(t, as, config(as.Issuer(), named(t, "one"), "audit: {file: audit.jsonl}"))
	path := filepath.Join(r.dir, "audit.jsonl")
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	r.eventually("reading again", func() bool { return strings.Contains(r.log.String(), "the file was read again") })
	r.call()
	if data, err := os.ReadFile(path); err != nil || !strings.Contains(string(data), `"outcome":"allowed"`) {
		t.Errorf("%q, %v", data, err)
	}
}

// A directory that Kubernetes mounts changes by one link.
func TestReloadOfALinkedDirectory(t *testing.T) {
	t.Parallel()
	as := mcpauthtest.Start(t, mcpauthtest.Config{})
	r := start(t, as, config(as.Issuer(), named(t, "one")))
	point := func(version, text string) {
		t.Helper()
		if err := os.Mkdir(filepath.Join(r.dir, version), 0o700); err != nil {
			t.Fatal(err)
		}
		r.write(filepath.Join(version, "gateway.yaml"), text)
		next := filepath.Join(r.dir, "..next")
		if err := os.Symlink(version, next); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(next, filepath.Join(r.dir, "..data")); err != nil {
			t.Fatal(err)
		}
	}
	point("..1", config(as.Issuer(), named(t, "two")))
	link := filepath.Join(r.dir, "link")
	if err := os.Symlink(filepath.Join("..data", "gateway.yaml"), link); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(link, filepath.Join(r.dir, "gateway.yaml")); err != nil {
		t.Fatal(err)
	}
	r.eventually("the second upstream", func() bool { _, body := r.call(); return body == "two" })
	point("..2", config(as.Issuer(), named(t, "three")))
	r.eventually("the third upstream", func() bool { _, body := r.call(); return body == "three" })
}
