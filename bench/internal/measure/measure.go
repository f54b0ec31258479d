// Package measure times alternatives in turns, A B C A B C …, so that what
// else the machine does disturbs all of them alike, and takes medians. What
// runs in one thread is timed by the processor time that it takes: on an idle
// machine that is what passes on the wall, on a busy one it still is what the
// code costs.
package measure

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"testing"
	"time"
)

// Case is one alternative. Run must not fail.
type Case struct {
	Name string
	Run  func() error
}

// Result is what was measured of one alternative, per run.
type Result struct {
	Name        string  `json:"name"`
	Nanoseconds float64 `json:"ns"`      // median over the rounds
	Low         float64 `json:"ns_low"`  // 10th percentile
	High        float64 `json:"ns_high"` // 90th percentile
	Allocations float64 `json:"allocs"`  // as testing.AllocsPerRun counts
	Bytes       float64 `json:"bytes"`   // allocated
	Ratio       float64 `json:"ratio"`   // to the first case: median of the ratios in each round
	rounds      []float64
}

// Interleave runs all cases in turns, each for about slice in every round, on
// one processor: with more, the garbage collector marks on those that are idle,
// which a server under load has none of, and that time would be counted.
func Interleave(cases []Case, rounds int, slice time.Duration) ([]Result, error) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	results := make([]Result, len(cases))
	runs := make([]int, len(cases))
	for i, c := range cases {
		if err := c.Run(); err != nil {
			return nil, fmt.Errorf("%s: %w", c.Name, err)
		}
		results[i].Name = c.Name
		results[i].Allocations = testing.AllocsPerRun(200, func() { _ = c.Run() })
		runs[i] = calibrate(c, slice)
		results[i].Bytes = bytesPerRun(c)
	}
	for range rounds {
		for i, c := range cases {
			ns, err := timed(c, runs[i])
			if err != nil {
				return nil, fmt.Errorf("%s: %w", c.Name, err)
			}
			results[i].rounds = append(results[i].rounds, ns)
		}
	}
	for i := range results {
		results[i].summarize(results[0].rounds)
	}
	return results, nil
}

func calibrate(c Case, slice time.Duration) int {
	for n := 1; ; n *= 2 {
		start := processorTime()
		for range n {
			_ = c.Run()
		}
		if took := processorTime() - start; took > slice/4 {
			return max(1, int(float64(n)*float64(slice)/float64(took)))
		}
	}
}

func bytesPerRun(c Case) float64 {
	const n = 200
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range n {
		_ = c.Run()
	}
	runtime.ReadMemStats(&after)
	return float64(after.TotalAlloc-before.TotalAlloc) / n
}

// timed starts with a clean heap, so that each pays for its own garbage only.
func timed(c Case, n int) (float64, error) {
	runtime.GC()
	start := processorTime()
	for range n {
		if err := c.Run(); err != nil {
			return 0, err
		}
	}
	return float64(processorTime()-start) / float64(n), nil
}

func (r *Result) summarize(base []float64) {
	ratios := make([]float64, len(r.rounds))
	for i := range ratios {
		ratios[i] = r.rounds[i] / base[i]
	}
	r.Nanoseconds = Quantile(r.rounds, 0.5)
	r.Low, r.High = Quantile(r.rounds, 0.1), Quantile(r.rounds, 0.9)
	r.Ratio = Quantile(ratios, 0.5)
}

// Over returns how many times slower than other r is: the median of the ratios
// in each round.
func (r *Result) Over(other *Result) float64 {
	ratios := make([]float64, len(r.rounds))
	for i := range ratios {
		ratios[i] = r.rounds[i] / other.rounds[i]
	}
	return Quantile(ratios, 0.5)
}

// Quantile returns the q-th quantile, q from 0 to 1.
func Quantile(values []float64, q float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	at := q * float64(len(sorted)-1)
	low := int(at)
	high := min(low+1, len(sorted)-1)
	return sorted[low] + (at-float64(low))*(sorted[high]-sorted[low])
}

// Speed is how many multiplications and additions, each waiting for the one
// before, a processor does per microsecond that it gives to this process. It
// tells how much the machine's other work slows each of the figures beside it:
// shared cores and caches cost processor time too.
func Speed() float64 {
	const n = 1 << 20
	var speeds []float64
	value := uint64(len(os.Args)) // nothing a compiler can know
	for range 21 {
		start := processorTime()
		for range 4 {
			for range n {
				value = value*6364136223846793005 + 1442695040888963407
			}
		}
		speeds = append(speeds, 4*n/(float64(processorTime()-start)/1000))
	}
	runtime.KeepAlive(value)
	return Quantile(speeds, 0.5)
}
