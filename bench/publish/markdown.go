package main

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/mcp-auth/go/bench/internal/measure"
)

// What stands between these lines is replaced.
const (
	begin = "<!-- results: written by make bench-page -->\n"
	end   = "<!-- end of the results -->\n"
)

func replaceResults(page, text string) error {
	data, err := os.ReadFile(page)
	if err != nil {
		return err
	}
	before, rest, ok1 := strings.Cut(string(data), begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok1 || !ok2 {
		return fmt.Errorf("%s has no place for results: the lines %q and %q", page, begin, end)
	}
	return os.WriteFile(page, []byte(before+begin+"\n"+text+end+after), 0o644)
}

func markdown(b *strings.Builder, r *measure.Report) {
	m := r.Machine
	fmt.Fprintf(b, "%s, %d cores, %s, %s, %s. Load average at the start: %s; ",
		m.CPU, m.Cores, m.OS, m.Go, r.Date.Format("2 January 2006"), m.Load)
	fmt.Fprintf(b, "dependent multiply-adds per microsecond of CPU time: %.0f before, %.0f after.\n\n", m.SpeedBefore, m.SpeedAfter)
	for _, t := range r.Tables {
		first := t.Results[0].Name
		fmt.Fprintf(b, "### %s\n\n| | µs of CPU | 10–90 %% | × %s | allocations | bytes |\n|---|--:|--:|--:|--:|--:|\n", t.Title, first)
		for _, x := range t.Results {
			fmt.Fprintf(b, "| %s | %.2f | %.2f–%.2f | %.2f | %.0f | %.0f |\n", x.Name,
				x.Nanoseconds/1000, x.Low/1000, x.High/1000, x.Ratio, x.Allocations, x.Bytes)
		}
		b.WriteByte('\n')
	}
	for _, t := range r.Loads {
		fmt.Fprintf(b, "### HTTP, %s\n\n| | requests/s | × %s | 50 %% ms | 99 %% ms |\n|---|--:|--:|--:|--:|\n", t.Title, t.Loads[0].Name)
		for _, x := range t.Loads {
			fmt.Fprintf(b, "| %s | %.0f | %.2f | %.2f | %.2f |\n", x.Name, x.PerSecond, t.Over(x.Name, t.Loads[0].Name), x.Median, x.Slow)
		}
		b.WriteByte('\n')
	}
	if len(r.Outcomes) > 0 {
		b.WriteString("### An authorization server in trouble\n\n| | requests | refused (503) | % | answers that failed |\n|---|--:|--:|--:|--:|\n")
		for _, o := range r.Outcomes {
			fmt.Fprintf(b, "| %s | %d | %d | %.3f | %d |\n", o.Name, o.Requests, o.Refused, o.Share(), o.Failed)
		}
		b.WriteByte('\n')
	}
	b.WriteString("Goals:\n\n```\n")
	for _, g := range r.Goals {
		fmt.Fprintln(b, g)
	}
	b.WriteString("```\n\n")
	if len(r.Tables) > 0 {
		b.WriteString("Modules:\n\n```\n")
		for _, module := range slices.Sorted(maps.Keys(r.Modules)) {
			fmt.Fprintln(b, module, r.Modules[module])
		}
		b.WriteString("```\n\n")
	}
}
