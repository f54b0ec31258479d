package main

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"sync"

	"github.com/mcp-auth/go/bench/internal/contender"
	"github.com/mcp-auth/go/bench/internal/fixture"
	"github.com/mcp-auth/go/bench/internal/measure"
)

// memory sends distinct valid tokens and watches the heap (P6). It is flat if
// the second half of the run needs no more than the first.
func memory(ctx context.Context, s *fixture.Server, o options, report *measure.Report) error {
	if o.tokens <= 0 {
		return nil
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	auth, err := contender.Ours(ctx, s, 0)
	if err != nil {
		return err
	}
	key, err := s.Key("EdDSA")
	if err != nil {
		return err
	}
	const checkpoints = 50
	var heaps []float64
	empty := liveHeap()
	sent := 0
	for i := range checkpoints {
		upTo := o.tokens * (i + 1) / checkpoints
		if i+1 < checkpoints {
			upTo += i * 97 % 4999 // out of step with the cache's generations
		}
		err := parallel(sent, upTo, func(n int) error {
			claims := s.Claims()
			claims["jti"] = strconv.Itoa(n)
			token, err := fixture.Sign(key, claims)
			if err != nil {
				return err
			}
			_, err = auth.Authorize(ctx, request(token))
			return err
		})
		if err != nil {
			return err
		}
		sent = max(sent, upTo)
		heaps = append(heaps, (liveHeap()-empty)/(1<<20))
	}
	first, second := slices.Max(heaps[:checkpoints/2]), slices.Max(heaps[checkpoints/2:])
	tokens := strconv.Itoa(sent) + " distinct tokens"
	report.AtMost("P6", tokens+", memory of the second half to the first", second/first, 1.1, "")
	report.AtMost("P6", tokens+", most memory", max(first, second), 40, " MiB")
	runtime.KeepAlive(auth)
	return nil
}

func liveHeap() float64 {
	runtime.GC()
	runtime.GC() // what finalizers let go
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}

// parallel calls f for every n of a range on all processors.
func parallel(from, to int, f func(n int) error) error {
	workers := runtime.GOMAXPROCS(0)
	errs := make([]error, workers)
	var all sync.WaitGroup
	for w := range workers {
		all.Go(func() {
			for n := from + w; n < to && errs[w] == nil; n += workers {
				errs[w] = f(n)
			}
		})
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			return fmt.Errorf("a good token is refused: %w", err)
		}
	}
	return nil
}
