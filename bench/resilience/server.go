package main

import (
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"time"

	"github.com/mcp-auth/go/mcpauthtest"
)

const (
	resourceID   = "https://api.example.com/notes"
	clientID     = "notes-server"
	clientSecret = "secret-of-the-notes-server"
)

// server is an authorization server that fails a share of its answers at random.
type server struct {
	*mcpauthtest.Server
	web     *httptest.Server
	share   float64
	latency time.Duration
	off     atomic.Bool // it fails nothing
	failed  atomic.Int64
}

func startServer(share float64, latency time.Duration) (*server, error) {
	s := &server{share: share, latency: latency}
	s.web = httptest.NewUnstartedServer(s)
	issuer := "http://" + s.web.Listener.Addr().String()
	var err error
	s.Server, err = mcpauthtest.New(mcpauthtest.Config{
		Issuer: issuer, Resources: []string{resourceID}, Clients: []mcpauthtest.Client{{ID: clientID, Secret: clientSecret}},
	})
	if err != nil {
		return nil, err
	}
	s.web.Start()
	return s, nil
}

func (s *server) close() {
	s.web.Close()
	s.Server.Close()
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.latency > 0 {
		time.Sleep(s.latency)
	}
	if s.off.Load() || rand.Float64() >= s.share {
		s.Handler().ServeHTTP(w, r)
		return
	}
	s.failed.Add(1)
	switch rand.IntN(4) {
	case 0:
		http.Error(w, "out of order", http.StatusInternalServerError)
	case 1:
		http.Error(w, "<html><h1>502 Bad Gateway</h1></html>", http.StatusBadGateway)
	case 2:
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte("<!doctype html><title>Back soon</title>"))
	default:
		reset(w)
	}
}

// reset breaks the connection off with a TCP reset.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}
