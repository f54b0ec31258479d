// Command plot draws the results of bench and bench/http as an SVG of plain bars.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"

	"github.com/mcp-auth/go/bench/internal/measure"
)

func main() {
	out := flag.String("out", "performance.svg", "the `file` to write")
	flag.Parse()
	if err := run(*out, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "plot:", err)
		os.Exit(1)
	}
}

func run(out string, files []string) error {
	var all []panel
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		var report measure.Report
		if err := json.Unmarshal(data, &report); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		all = append(all, panels(&report)...)
	}
	if len(all) == 0 {
		return fmt.Errorf("no results in %q", files)
	}
	return os.WriteFile(out, draw(all), 0o644)
}

// panels takes what is worth a picture: verification and load.
func panels(r *measure.Report) (list []panel) {
	for _, t := range r.Tables {
		if len(t.Title) < len("Verify ") || t.Title[:len("Verify ")] != "Verify " {
			continue
		}
		p := panel{title: t.Title, unit: "µs per token, less is better"}
		for _, x := range t.Results {
			p.bars = append(p.bars, bar{x.Name, x.Nanoseconds / 1000})
		}
		list = append(list, p)
	}
	for _, t := range r.Loads {
		p := panel{title: "HTTP " + t.Title, unit: "requests per second, more is better"}
		for _, x := range t.Loads {
			p.bars = append(p.bars, bar{x.Name, x.PerSecond})
		}
		list = append(list, p)
	}
	return list
}
