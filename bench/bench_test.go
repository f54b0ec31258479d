package main

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/mcp-auth/go/bench/internal/contender"
	"github.com/mcp-auth/go/bench/internal/fixture"
)

// TestRun runs everything once, briefly: whoever is compared must work and
// refuse what it should.
func TestRun(t *testing.T) {
	file := filepath.Join(t.TempDir(), "results.json")
	if err := run(t.Context(), options{rounds: 1, slice: time.Millisecond, tokens: 1000, json: file}); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(file); err != nil || info.Size() == 0 {
		t.Errorf("results: %v, %v", info, err)
	}
}

// The benchmarks below are for profiles (-cpuprofile, -memprofile); the command
// compares.

func benchmarkServe(b *testing.B, cacheSize, status int, token func(*fixture.Server) string) {
	s, err := fixture.Start()
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	m, err := contender.OurMiddleware(b.Context(), s, "mcpauth", cacheSize)
	if err != nil {
		b.Fatal(err)
	}
	serve := m.Serve(token(s))
	b.ReportAllocs()
	for b.Loop() {
		if got := serve(); got != status {
			b.Fatalf("status %d", got)
		}
	}
}

func good(b *testing.B, alg string) func(*fixture.Server) string {
	return func(s *fixture.Server) string {
		token, err := s.Token(alg, nil)
		if err != nil {
			b.Fatal(err)
		}
		return token
	}
}

func BenchmarkCold(b *testing.B) {
	for _, alg := range fixture.Algorithms() {
		b.Run(alg, func(b *testing.B) { benchmarkServe(b, -1, http.StatusNoContent, good(b, alg)) })
	}
}

func BenchmarkWarm(b *testing.B) {
	for _, alg := range fixture.Algorithms() {
		b.Run(alg, func(b *testing.B) { benchmarkServe(b, 0, http.StatusNoContent, good(b, alg)) })
	}
}

func BenchmarkRefuse(b *testing.B) {
	s, err := fixture.Start()
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	tokens, err := hopelessTokens(s)
	if err != nil {
		b.Fatal(err)
	}
	for _, h := range tokens {
		b.Run(h.name, func(b *testing.B) {
			benchmarkServe(b, 0, http.StatusUnauthorized, func(*fixture.Server) string { return h.token })
		})
	}
}
