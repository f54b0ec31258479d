package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/bench/internal/measure"
	"github.com/mcp-auth/go/mcpauthtest"
)

// kind is one way to use an unreliable authorization server.
type kind struct {
	name          string
	introspection *mcpauth.Introspection
	rotate        bool
	most          float64 // refused, in per cent
}

func introspection(ttl time.Duration) *mcpauth.Introspection {
	return &mcpauth.Introspection{ClientID: clientID, ClientSecret: clientSecret, CacheTTL: ttl}
}

// unreliable sends valid requests beside authorization servers that fail a share of
// their answers (P8), all kinds at the same time, and starts anew again and again.
func unreliable(ctx context.Context, o options, report *measure.Report) error {
	kinds := []kind{
		{"known keys, and tokens of unknown ones that have them fetched", nil, false, 0},
		{"keys that rotate every 10 s", nil, true, 0.1},
		{"introspection", introspection(0), false, 0.1},
		{"introspection, remembered for 10 s", introspection(10 * time.Second), false, 0.1},
	}
	outcomes := make([]measure.Outcome, len(kinds)+1)
	errs := make([]error, len(kinds)+1)
	var all sync.WaitGroup
	for i, k := range kinds {
		all.Go(func() { outcomes[i], errs[i] = k.run(ctx, o) })
	}
	all.Go(func() { outcomes[len(kinds)], errs[len(kinds)] = coldStarts(ctx, o) })
	all.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	report.Outcomes = append(report.Outcomes, outcomes...)
	for i, k := range kinds {
		report.AtMost("P8", k.name+", valid requests refused", outcomes[i].Share(), k.most, " %")
	}
	report.AtMost("P8", "first requests of 300 starts refused", float64(outcomes[len(kinds)].Refused), 1, "")
	return nil
}

func config(s *server, in *mcpauth.Introspection) mcpauth.Config {
	return mcpauth.Config{Resources: []mcpauth.Resource{{
		Identifier:           resourceID,
		AuthorizationServers: []mcpauth.AuthorizationServer{{Issuer: s.Issuer(), Introspection: in}},
	}}}
}

// run sends valid requests at a steady rate.
func (k *kind) run(ctx context.Context, o options) (measure.Outcome, error) {
	s, err := startServer(o.share, 0)
	if err != nil {
		return measure.Outcome{}, err
	}
	defer s.close()
	auth, err := mcpauth.New(config(s, k.introspection))
	if err != nil {
		return measure.Outcome{}, err
	}
	defer auth.Close()
	s.off.Store(true) // it has been up before
	if err := auth.Ready(ctx); err != nil {
		return measure.Outcome{}, err
	}
	s.off.Store(false)
	outcome, err := k.send(ctx, o, s, auth)
	outcome.Failed = int(s.failed.Load())
	return outcome, err
}

func (k *kind) send(ctx context.Context, o options, s *server, auth *mcpauth.Auth) (measure.Outcome, error) {
	tokens, err := k.tokens(s)
	if err != nil {
		return measure.Outcome{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, o.duration)
	defer cancel()
	rotation, request := time.NewTicker(10*time.Second), time.NewTicker(time.Second/time.Duration(o.rate))
	defer rotation.Stop()
	defer request.Stop()
	stranger, err := s.Token(mcpauthtest.TokenClaims{Audience: []string{resourceID}}, mcpauthtest.UnknownKey())
	if err != nil {
		return measure.Outcome{}, err
	}
	var refused, wrong atomic.Int64
	var all sync.WaitGroup
	for n := 0; ; {
		select {
		case <-ctx.Done():
			all.Wait()
			if wrong.Load() > 0 {
				return measure.Outcome{}, fmt.Errorf("%s: %d valid tokens called invalid", k.name, wrong.Load())
			}
			return measure.Outcome{Name: k.name, Requests: n, Refused: int(refused.Load())}, nil
		case <-rotation.C:
			all.Wait() // or a token might be refused that is valid no more
			if tokens, err = k.tokens(s); err != nil {
				return measure.Outcome{}, err
			}
		case <-request.C:
			token := tokens[n%len(tokens)]
			if n++; n%o.rate == 0 && !k.rotate { // or rotated keys would have to wait for the cool-down
				all.Go(func() { status(auth, stranger, "198.51.100.9:1") })
			}
			all.Go(func() { count(auth, token, &refused, &wrong) })
		}
	}
}

// tokens are some new ones, of a new key if keys rotate.
func (k *kind) tokens(s *server) (tokens []string, err error) {
	if k.rotate {
		if err := s.RotateKeys(mcpauthtest.DropOldKeys()); err != nil {
			return nil, err
		}
	}
	for range 10 {
		token, err := mint(s, k.introspection != nil)
		if err != nil {
			return nil, err
		}
		tokens = append(tokens, token)
	}
	return tokens, nil
}

func mint(s *server, opaque bool) (string, error) {
	var options []mcpauthtest.TokenOption
	if opaque {
		options = append(options, mcpauthtest.Opaque())
	}
	return s.Token(mcpauthtest.TokenClaims{Audience: []string{resourceID}}, options...)
}

// count authorizes a valid token, and counts a refusal: as one that cannot be
// decided now, or as a wrong one.
func count(auth *mcpauth.Auth, token string, refused, wrong *atomic.Int64) {
	switch status(auth, token, "192.0.2.1:1") {
	case http.StatusOK:
	case http.StatusServiceUnavailable:
		refused.Add(1)
	default:
		wrong.Add(1)
	}
}

func status(auth *mcpauth.Auth, token, from string) int {
	_, err := auth.Authorize(context.Background(), mcpauth.Request{
		Method: http.MethodPost, URL: "/notes", RemoteAddr: from, Header: http.Header{"Authorization": {"Bearer " + token}},
	})
	var refused *mcpauth.Challenge
	if errors.As(err, &refused) {
		return refused.Status
	}
	return http.StatusOK
}

// coldStarts starts 300 times, each with one valid request.
func coldStarts(ctx context.Context, o options) (measure.Outcome, error) {
	const starts = 300
	s, err := startServer(o.share, 0)
	if err != nil {
		return measure.Outcome{}, err
	}
	defer s.close()
	token, err := mint(s, false)
	if err != nil {
		return measure.Outcome{}, err
	}
	var refused, wrong atomic.Int64
	for range starts {
		auth, err := mcpauth.New(config(s, nil))
		if err != nil {
			return measure.Outcome{}, err
		}
		count(auth, token, &refused, &wrong)
		if err := auth.Close(); err != nil {
			return measure.Outcome{}, err
		}
		select {
		case <-time.After(o.duration / starts):
		case <-ctx.Done():
			return measure.Outcome{}, ctx.Err()
		}
	}
	if wrong.Load() > 0 {
		return measure.Outcome{}, errors.New("a valid token was called invalid at the start")
	}
	return measure.Outcome{Name: "first request after a start", Requests: starts, Refused: int(refused.Load()), Failed: int(s.failed.Load())}, nil
}
