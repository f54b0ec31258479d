package main

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/bench/internal/measure"
)

// flood has callers send made-up opaque tokens without end, all from one address,
// while 50 others send valid ones (P9): tokens that were in use before, and tokens
// that are new here, from an address of their own and from that of the flood. No
// answer is remembered.
func flood(ctx context.Context, o options, report *measure.Report) error {
	s, err := startServer(0, o.latency)
	if err != nil {
		return err
	}
	defer s.close()
	auth, err := mcpauth.New(config(s, introspection(0)))
	if err != nil {
		return err
	}
	defer auth.Close()
	known, err := opaqueTokens(s, 50)
	if err != nil {
		return err
	}
	for _, token := range known {
		if got := status(auth, token, "192.0.2.1:1"); got != 200 {
			return fmt.Errorf("a valid token: status %d", got)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, o.flood)
	defer cancel()
	made := sendMadeUp(ctx, auth, o.callers)
	fresh := func(from string) func() (string, string, error) {
		return func() (string, string, error) {
			token, err := mint(s, true)
			return token, from, err
		}
	}
	var next atomic.Int64
	senders := []sender{
		{"token used before", true, 50, func() (string, string, error) { return known[int(next.Add(1))%len(known)], "198.51.100.9:1", nil }},
		{"new token, from another address", true, 5, fresh("192.0.2.1:1")},
		{"new token, from the address of the flood", false, 5, fresh("198.51.100.9:1")},
	}
	outcomes := make([]measure.Outcome, len(senders))
	errs := make([]error, len(senders))
	var all sync.WaitGroup
	for i, sends := range senders {
		all.Go(func() { outcomes[i], errs[i] = sends.run(ctx, auth) })
	}
	all.Wait()
	outcome := made()
	for i, err := range errs {
		if err != nil {
			return err
		}
		outcomes[i].Name = fmt.Sprintf("%d callers with made-up tokens: %s", o.callers, outcomes[i].Name)
		if senders[i].apart {
			report.AtMost("P9", senders[i].name+", valid requests refused", outcomes[i].Share(), 0, " %")
		}
	}
	report.Outcomes = append(report.Outcomes, append(outcomes, outcome)...)
	return nil
}

func opaqueTokens(s *server, n int) (tokens []string, err error) {
	for range n {
		token, err := mint(s, true)
		if err != nil {
			return nil, err
		}
		tokens = append(tokens, token)
	}
	return tokens, nil
}

// sendMadeUp sends made-up tokens until ctx ends, and returns what counts them.
func sendMadeUp(ctx context.Context, auth *mcpauth.Auth, callers int) (wait func() measure.Outcome) {
	var all sync.WaitGroup
	var sent, busy atomic.Int64
	for caller := range callers {
		all.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				sent.Add(1)
				if status(auth, fmt.Sprintf("made-up-%d-%d", caller, n), "198.51.100.9:1") == 503 {
					busy.Add(1)
				}
			}
		})
	}
	return func() measure.Outcome {
		all.Wait()
		return measure.Outcome{Name: "the made-up ones (503, the others 401)", Requests: int(sent.Load()), Refused: int(busy.Load())}
	}
}

// sender sends valid tokens, of several callers at the same time.
type sender struct {
	name    string
	apart   bool // from the flood: none of its tokens may be refused
	callers int
	token   func() (token, from string, err error)
}

func (s *sender) run(ctx context.Context, auth *mcpauth.Auth) (measure.Outcome, error) {
	var all sync.WaitGroup
	var sent, refused, wrong, broken atomic.Int64
	for range s.callers {
		all.Go(func() {
			for ctx.Err() == nil {
				token, from, err := s.token()
				if err != nil {
					broken.Add(1)
					return
				}
				sent.Add(1)
				switch status(auth, token, from) {
				case 200:
				case 503:
					refused.Add(1)
				default:
					wrong.Add(1)
				}
				time.Sleep(100 * time.Millisecond)
			}
		})
	}
	all.Wait()
	if wrong.Load()+broken.Load() > 0 {
		return measure.Outcome{}, fmt.Errorf("%s: %d called invalid, %d not made", s.name, wrong.Load(), broken.Load())
	}
	return measure.Outcome{Name: s.name, Requests: int(sent.Load()), Refused: int(refused.Load())}, nil
}
