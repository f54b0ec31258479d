package fetch

import (
	"context"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"
)

// secret stands for whatever must not show in an error.
const secret = "s3cr3t"

// names is what the test's name server knows. A name that is asked again gets
// the next of its answers; the last one stays.
type names map[string][]string

// resolver asks a name server that lives in this process.
func (n names) resolver() *net.Resolver {
	server := &nameServer{answers: n}
	return &net.Resolver{
		PreferGo: true,
		Dial: func(context.Context, string, string) (net.Conn, error) {
			client, conn := net.Pipe()
			go server.serve(conn)
			return client, nil
		},
	}
}

type nameServer struct {
	mu      sync.Mutex
	answers names
}

// serve answers queries framed as over TCP (RFC 1035 §4.2.2) until the client
// hangs up.
func (s *nameServer) serve(conn net.Conn) {
	defer conn.Close()
	for {
		var size [2]byte
		if _, err := io.ReadFull(conn, size[:]); err != nil {
			return
		}
		query := make([]byte, binary.BigEndian.Uint16(size[:]))
		if _, err := io.ReadFull(conn, query); err != nil {
			return
		}
		answer := s.answer(query)
		conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(answer))), answer...))
	}
}

func (s *nameServer) answer(query []byte) []byte {
	name, end := "", 12
	for query[end] != 0 {
		n := int(query[end])
		name += string(query[end+1:end+1+n]) + "."
		end += 1 + n
	}
	end += 5
	kind := binary.BigEndian.Uint16(query[end-4:])
	addrs := s.lookup(strings.ToLower(strings.TrimSuffix(name, ".")), kind)
	answer := append([]byte(nil), query[:2]...)
	answer = append(answer, 0x81, 0x80, 0, 1, 0, byte(len(addrs)), 0, 0, 0, 0)
	answer = append(answer, query[12:end]...)
	for _, addr := range addrs {
		answer = append(answer, 0xc0, 12, 0, byte(kind), 0, 1, 0, 0, 0, 0, 0, byte(len(addr)))
		answer = append(answer, addr...)
	}
	return answer
}

// lookup returns the addresses of one answer, "a,b" being two of them.
func (s *nameServer) lookup(name string, kind uint16) (addrs [][]byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	answers := s.answers[name]
	if len(answers) == 0 {
		return nil
	}
	for text := range strings.SplitSeq(answers[0], ",") {
		addr := netip.MustParseAddr(text)
		if addr.Is4() && kind == 1 || addr.Is6() && kind == 28 {
			addrs = append(addrs, addr.AsSlice())
		}
	}
	// A and AAAA are asked for at the same time: the first kind alone moves on.
	if len(answers) > 1 && kind == 1 {
		s.answers[name] = answers[1:]
	}
	return addrs
}

// newClient returns a client closed with the test. known may be nil.
func newClient(t testing.TB, p Policy, known names) *Client {
	t.Helper()
	c := New(p)
	if known != nil {
		c.resolver = known.resolver()
	}
	t.Cleanup(c.Close)
	return c
}

// counted is a test server that counts what reached it.
type counted struct {
	*httptest.Server
	mu       sync.Mutex
	requests []*http.Request
}

func (s *counted) seen() []*http.Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests
}

func newServer(t testing.TB, tls bool, h http.HandlerFunc) *counted {
	t.Helper()
	s := &counted{}
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.requests = append(s.requests, r.Clone(context.Background()))
		s.mu.Unlock()
		h(w, r)
	}))
	s.Config.ErrorLog = nopLogger()
	if tls {
		s.StartTLS()
	} else {
		s.Start()
	}
	t.Cleanup(s.Close)
	return s
}

// roots trusts s.
func (s *counted) roots() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(s.Certificate())
	return pool
}

// at is the server's URL under another host name.
func (s *counted) at(host, path string) string {
	u, _ := url.Parse(s.URL)
	return u.Scheme + "://" + net.JoinHostPort(host, u.Port()) + path
}

func networks(prefixes ...string) (out []netip.Prefix) {
	for _, p := range prefixes {
		out = append(out, netip.MustParsePrefix(p))
	}
	return out
}

// wantKind fails unless err is an [*Error] of this kind that gives no secret
// away.
func wantKind(t testing.TB, err error, kind Kind) *Error {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) {
		t.Fatalf("error is %T (%v), want *Error of kind %s", err, err, kind)
	}
	if e.Kind != kind {
		t.Errorf("kind is %s (%v), want %s", e.Kind, err, kind)
	}
	if text := err.Error(); strings.Contains(text, secret) || strings.ContainsAny(text, "\r\n") {
		t.Errorf("error text gives a secret away or has several lines: %q", text)
	}
	if strings.Contains(e.URL, secret) {
		t.Errorf("error URL gives a secret away: %q", e.URL)
	}
	return e
}

func nopLogger() *log.Logger { return log.New(io.Discard, "", 0) }
