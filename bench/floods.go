package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-jose/go-jose/v4"
	mcpauth "github.com/mcp-auth/go"

	"github.com/mcp-auth/go/bench/internal/contender"
	"github.com/mcp-auth/go/bench/internal/fixture"
	"github.com/mcp-auth/go/bench/internal/measure"
)

const floodSize = 1000

// floods throws tokens with unknown keys and forged signatures at the engine and
// rotates keys (P4). Endpoints that fail for hours are left to the tests of the
// root package, where the clock is virtual.
func floods(ctx context.Context, s *fixture.Server, _ options, report *measure.Report) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for _, part := range []func(context.Context, *fixture.Server, *measure.Report) error{
		unknownKeys, rotation, rotationUnderFlood, validDuringFlood,
	} {
		if err := part(ctx, s, report); err != nil {
			return err
		}
	}
	return nil
}

func request(token string) mcpauth.Request {
	return mcpauth.Request{Method: http.MethodPost, URL: "/notes", Header: http.Header{"Authorization": {"Bearer " + token}}}
}

// strangers are well-formed tokens whose kid nobody has published.
func strangers(s *fixture.Server, n int) ([]mcpauth.Request, error) {
	key, err := s.Key("EdDSA")
	if err != nil {
		return nil, err
	}
	requests := make([]mcpauth.Request, n)
	for i := range requests {
		unknown := jose.JSONWebKey{Key: key.Key, KeyID: fmt.Sprintf("unknown-%d", i), Algorithm: key.Algorithm}
		token, err := fixture.Sign(unknown, s.Claims())
		if err != nil {
			return nil, err
		}
		requests[i] = request(token)
	}
	return requests, nil
}

// together sends all requests at the same time and returns an error if one of
// them is allowed.
func together(ctx context.Context, auth *mcpauth.Auth, requests []mcpauth.Request) error {
	var all sync.WaitGroup
	var allowed atomic.Int64
	start := make(chan struct{})
	for _, r := range requests {
		all.Go(func() {
			<-start
			if _, err := auth.Authorize(ctx, r); err == nil {
				allowed.Add(1)
			}
		})
	}
	close(start)
	all.Wait()
	if n := allowed.Load(); n > 0 {
		return fmt.Errorf("%d requests of a flood are allowed", n)
	}
	return nil
}

func unknownKeys(ctx context.Context, s *fixture.Server, report *measure.Report) error {
	auth, err := contender.Ours(ctx, s, 0)
	if err != nil {
		return err
	}
	requests, err := strangers(s, floodSize)
	if err != nil {
		return err
	}
	forged, err := s.Token("ES256", nil)
	if err != nil {
		return err
	}
	forgeries := make([]mcpauth.Request, floodSize)
	for i := range forgeries {
		forgeries[i] = request(contender.Forge(forged))
	}
	for _, part := range []struct {
		what     string
		requests []mcpauth.Request
		wanted   float64
	}{
		{"fetches by 1,000 concurrent unknown kids", requests, 1},
		{"fetches by the next 1,000", requests, 0},
		{"fetches by 1,000 forged signatures under a known kid", forgeries, 0},
	} {
		before := s.Fetches()
		if err := together(ctx, auth, part.requests); err != nil {
			return err
		}
		report.Exactly("P4", part.what, float64(s.Fetches()-before), part.wanted, "")
	}
	return nil
}

func rotation(ctx context.Context, s *fixture.Server, report *measure.Report) error {
	auth, err := contender.Ours(ctx, s, 0)
	if err != nil {
		return err
	}
	took, requests, err := rotate(ctx, s, auth)
	if err != nil {
		return err
	}
	report.Exactly("P4", "requests until a rotated key verifies", float64(requests), 1, "")
	report.AtMost("P4", "time until then", float64(took)/float64(time.Millisecond), 1000, " ms")
	return nil
}

// rotate replaces the keys and sends a token of the new one until it is allowed.
func rotate(ctx context.Context, s *fixture.Server, auth *mcpauth.Auth) (took time.Duration, requests int, err error) {
	if err := s.Rotate(); err != nil {
		return 0, 0, err
	}
	token, err := s.Token("ES256", nil)
	if err != nil {
		return 0, 0, err
	}
	start := time.Now()
	for {
		requests++
		_, err := auth.Authorize(ctx, request(token))
		took = time.Since(start)
		if err == nil {
			return took, requests, nil
		}
		if took > time.Minute {
			return took, requests, fmt.Errorf("a rotated key does not verify: %w", errors.Unwrap(err))
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func rotationUnderFlood(ctx context.Context, s *fixture.Server, report *measure.Report) error {
	auth, err := contender.Ours(ctx, s, 0)
	if err != nil {
		return err
	}
	stop, err := flood(ctx, s, auth)
	if err != nil {
		return err
	}
	time.Sleep(200 * time.Millisecond) // the flood has used up the forced fetch
	took, _, err := rotate(ctx, s, auth)
	if flooded := stop(); err != nil || flooded != nil {
		return errors.Join(err, flooded)
	}
	report.AtMost("P4", "time until a rotated key verifies under a flood", took.Seconds(), 10, " s")
	return nil
}

// flood sends unknown kids from 64 clients until stopped, with a pause between
// requests so that it does not just measure a lack of processors.
func flood(ctx context.Context, s *fixture.Server, auth *mcpauth.Auth) (stop func() error, err error) {
	requests, err := strangers(s, floodSize)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	var clients sync.WaitGroup
	var allowed atomic.Int64
	for client := range 64 {
		clients.Go(func() {
			for i := client; ctx.Err() == nil; i++ {
				if _, err := auth.Authorize(ctx, requests[i%len(requests)]); err == nil {
					allowed.Add(1)
				}
				time.Sleep(time.Millisecond)
			}
		})
	}
	return func() error {
		cancel()
		clients.Wait()
		if n := allowed.Load(); n > 0 {
			return fmt.Errorf("%d requests of a flood are allowed", n)
		}
		return nil
	}, nil
}

// validDuringFlood sends valid requests while others make the engine fetch keys
// from an endpoint that takes a second to answer.
func validDuringFlood(ctx context.Context, s *fixture.Server, report *measure.Report) error {
	auth, err := contender.Ours(ctx, s, -1)
	if err != nil {
		return err
	}
	token, err := s.Token("ES256", nil)
	if err != nil {
		return err
	}
	s.SetDelay(time.Second)
	defer s.SetDelay(0)
	stop, err := flood(ctx, s, auth)
	if err != nil {
		return err
	}
	var times []float64
	var failed error
	for end := time.Now().Add(3 * time.Second); time.Now().Before(end) && failed == nil; {
		start := time.Now()
		_, failed = auth.Authorize(ctx, request(token))
		times = append(times, float64(time.Since(start))/float64(time.Millisecond))
		time.Sleep(time.Millisecond)
	}
	if flooded := stop(); failed != nil || flooded != nil {
		return errors.Join(failed, flooded)
	}
	report.AtMost("P4", "99th percentile of valid requests under a flood, keys taking 1 s", measure.Quantile(times, 0.99), 20, " ms")
	return nil
}
