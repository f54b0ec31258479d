package measure

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// LoadTable compares servers under load.
type LoadTable struct {
	Title string  `json:"title"`
	Loads []*Load `json:"loads"`
}

// Load is what one server did: medians over the rounds.
type Load struct {
	Name      string    `json:"name"`
	PerSecond float64   `json:"requests_per_second"`
	Median    float64   `json:"latency_ms_50"`
	Slow      float64   `json:"latency_ms_99"`
	Rounds    []float64 `json:"rounds"` // requests per second
	medians   []float64
	slow      []float64
}

// Add adds a round: requests per second, the median and the 99th percentile of
// the latency in milliseconds.
func (l *Load) Add(perSecond, median, slow float64) {
	l.Rounds = append(l.Rounds, perSecond)
	l.medians = append(l.medians, median)
	l.slow = append(l.slow, slow)
}

// Summarize takes the medians.
func (l *Load) Summarize() {
	l.PerSecond, l.Median, l.Slow = Quantile(l.Rounds, 0.5), Quantile(l.medians, 0.5), Quantile(l.slow, 0.5)
}

// Over returns how many times the requests of other a server answered: the
// median of the ratios in each round, 0 if one of them is not there.
func (t LoadTable) Over(name, other string) float64 {
	a, b := t.find(name), t.find(other)
	if a == nil || b == nil {
		return 0
	}
	var ratios []float64
	for i := range a.Rounds {
		ratios = append(ratios, a.Rounds[i]/b.Rounds[i])
	}
	return Quantile(ratios, 0.5)
}

func (t LoadTable) find(name string) *Load {
	for _, l := range t.Loads {
		if l.Name == name {
			return l
		}
	}
	return nil
}

func (t LoadTable) print(w io.Writer) error {
	fmt.Fprintf(w, "\n%s\n", t.Title)
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "\treq/s\t× first\t50% ms\t99% ms\t")
	for _, l := range t.Loads {
		fmt.Fprintf(table, "%s\t%.0f\t%.2f\t%.2f\t%.2f\t\n", l.Name, l.PerSecond, t.Over(l.Name, t.Loads[0].Name), l.Median, l.Slow)
	}
	return table.Flush()
}
