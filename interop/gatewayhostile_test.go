package interop_test

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mcp-auth/go/interop/internal/hostile"
	"github.com/mcp-auth/go/interop/internal/parts"
	"github.com/mcp-auth/go/interop/internal/proc"
	"github.com/mcp-auth/go/mcpauthtest"
)

// What the environment may set: the seed of the requests, how many each server
// gets, and how long they are sent at most, such as 10m.
const (
	hostileSeed     = "INTEROP_HOSTILE_SEED"
	hostileRequests = "INTEROP_HOSTILE_REQUESTS"
	hostileTime     = "INTEROP_HOSTILE_TIME"
)

const (
	defaultHostileRequests = 4000
	defaultHostileTime     = time.Minute
	hostileWorkers         = 8
	hostileBatch           = 500 // requests between two looks at what has run
	hostilePatience        = 10 * time.Second
)

var hostileTools = hostile.Tools{Allowed: "allowed", Forbidden: "forbidden"}

// Whatever a request looks like, a tool that the policy forbids does not run,
// while everything else is allowed. The same requests do run it at the server
// itself.
//
// Covers RS15, GW3, GW5, GW7, GW8, GW9.
func TestGatewayHostileRequests(t *testing.T) {
	t.Parallel()
	seed := fromEnvironment(t, hostileSeed, rand.Uint64(), func(s string) (uint64, error) { return strconv.ParseUint(s, 10, 64) })
	requests := fromEnvironment(t, hostileRequests, defaultHostileRequests, strconv.Atoi)
	most := fromEnvironment(t, hostileTime, defaultHostileTime, time.ParseDuration)
	t.Logf("%s=%d", hostileSeed, seed)
	issuer, err := mcpauthtest.NewServer(mcpauthtest.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(issuer.Close)
	for _, sdk := range plainSDKs() {
		t.Run(string(sdk), func(t *testing.T) {
			t.Parallel()
			server := parts.StartPlainServer(t, sdk, true, hostileTools.Allowed, hostileTools.Forbidden)
			bare := sender{url: server.URL, seed: seed}
			bare.send(t, 0, hostileBatch)
			before := server.Runs(t)
			if before[hostileTools.Forbidden] == 0 {
				t.Fatalf("the bare server ran %v: these requests show nothing", before)
			}
			resource := parts.NewResource(t)
			token, err := issuer.Token(mcpauthtest.TokenClaims{Audience: []string{resource}, ExpiresAt: time.Now().Add(24 * time.Hour)})
			if err != nil {
				t.Fatal(err)
			}
			parts.StartGateway(t, parts.Gateway{
				Resource: resource, Issuer: issuer.Issuer(), Upstream: server.URL,
				Policy: "default: authenticated\ntools: {" + hostileTools.Forbidden + ": deny}\nmethods: {\"*\": authenticated}\n",
			})
			s := sender{url: resource, token: token, seed: seed}
			s.attack(t, server, before, requests, most)
		})
	}
}

// attack sends requests until there were enough or the time is over.
func (s *sender) attack(t *testing.T, server parts.PlainServer, before map[string]int, requests int, most time.Duration) {
	t.Helper()
	begin := time.Now()
	sent := 0
	for ; sent < requests && time.Since(begin) < most; sent += hostileBatch {
		s.send(t, sent, sent+hostileBatch)
		if runs := server.Runs(t); runs[hostileTools.Forbidden] != before[hostileTools.Forbidden] {
			s.blame(t, server, sent, sent+hostileBatch)
			return
		}
	}
	runs := server.Runs(t)[hostileTools.Allowed] - before[hostileTools.Allowed]
	t.Logf("%d requests in %v: %d answered with 200, %d without an answer; %q ran %d times, %q never; the bare server ran %v in %d",
		sent, time.Since(begin).Round(time.Second), s.ok.Load(), s.unanswered.Load(), hostileTools.Allowed, runs, hostileTools.Forbidden, before, hostileBatch)
	if runs < sent/100 {
		t.Errorf("%q ran only %d times: the gateway refuses nearly everything", hostileTools.Allowed, runs)
	}
}

// blame sends requests again, one after another, to find the one that ran the
// forbidden tool.
func (s *sender) blame(t *testing.T, server parts.PlainServer, first, last int) {
	t.Helper()
	for index := first; index < last; index++ {
		before := server.Runs(t)
		s.one(t, index)
		if server.Runs(t)[hostileTools.Forbidden] != before[hostileTools.Forbidden] {
			r := hostileTools.New(s.seed, uint64(index))
			t.Fatalf("request %d of seed %d ran the forbidden tool: %q\n%v\n%q", index, s.seed, r.Tricks, r.Header, r.Body)
		}
	}
	t.Fatalf("one of the requests %d to %d of seed %d ran the forbidden tool, but not when sent alone", first, last, s.seed)
}

// sender sends the requests of a seed to a URL.
type sender struct {
	url, token     string
	seed           uint64
	ok, unanswered atomic.Int64
}

// send sends the requests from first to last, several at a time, and waits for
// their answers.
func (s *sender) send(t *testing.T, first, last int) {
	t.Helper()
	var work sync.WaitGroup
	next := atomic.Int64{}
	next.Store(int64(first))
	for range hostileWorkers {
		work.Go(func() {
			for index := int(next.Add(1) - 1); index < last; index = int(next.Add(1) - 1) {
				s.one(t, index)
			}
		})
	}
	work.Wait()
}

// one sends one request. That there is no answer is no fault: servers may close
// the connection.
func (s *sender) one(t *testing.T, index int) {
	r := hostileTools.New(s.seed, uint64(index))
	ctx, cancel := proc.Context(t)
	defer cancel()
	ctx, cancelRequest := context.WithTimeout(ctx, hostilePatience)
	defer cancelRequest()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url, bytes.NewReader(r.Body))
	if err != nil {
		t.Error(err)
		return
	}
	req.URL.RawQuery = r.Query
	req.Header = r.Header
	if s.token != "" {
		req.Header.Set("Authorization", "Bearer "+s.token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.unanswered.Add(1)
		return
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		s.unanswered.Add(1)
	}
	if resp.StatusCode == http.StatusOK {
		s.ok.Add(1)
	}
}

// fromEnvironment reads a setting from the environment.
func fromEnvironment[T any](t *testing.T, name string, standard T, parse func(string) (T, error)) T {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return standard
	}
	value, err := parse(text)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return value
}
