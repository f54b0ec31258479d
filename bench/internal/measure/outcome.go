package measure

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// Outcome is what became of requests beside an authorization server in trouble.
type Outcome struct {
	Name     string `json:"name"`
	Requests int    `json:"requests"`
	Refused  int    `json:"refused"`        // with 503
	Failed   int    `json:"answers_failed"` // of the authorization server
}

// Share returns how many requests were refused, in per cent.
func (o Outcome) Share() float64 {
	if o.Requests == 0 {
		return 0
	}
	return 100 * float64(o.Refused) / float64(o.Requests)
}

func printOutcomes(w io.Writer, outcomes []Outcome) error {
	fmt.Fprintln(w)
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "\trequests\trefused\t%\tanswers failed\t")
	for _, o := range outcomes {
		fmt.Fprintf(table, "%s\t%d\t%d\t%.3f\t%d\t\n", o.Name, o.Requests, o.Refused, o.Share(), o.Failed)
	}
	return table.Flush()
}
