// Command publish writes the results of bench and bench/http into the
// documentation: an SVG of plain bars, and the tables of a Markdown page.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"

	"github.com/mcp-auth/go/bench/internal/measure"
)

func main() {
	plot := flag.String("plot", "performance.svg", "the SVG `file` to write")
	page := flag.String("page", "", "the Markdown `file` whose results to replace")
	flag.Parse()
	if err := run(*plot, *page, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "publish:", err)
		os.Exit(1)
	}
}

func run(plot, page string, files []string) error {
	if len(files) == 0 {
		return errors.New("name the files with results")
	}
	var all []panel
	var text strings.Builder
	for _, file := range files {
		report, err := read(file)
		if err != nil {
			return err
		}
		all = append(all, panels(report)...)
		markdown(&text, report)
	}
	if err := os.WriteFile(plot, draw(all), 0o644); err != nil {
		return err
	}
	if page == "" {
		return nil
	}
	return replaceResults(page, text.String())
}

func read(file string) (*measure.Report, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	report := new(measure.Report)
	if err := json.Unmarshal(data, report); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return report, nil
}

// panels takes what is worth a picture: verification and load.
func panels(r *measure.Report) (list []panel) {
	for _, t := range r.Tables {
		if !strings.HasPrefix(t.Title, "Verify ") {
			continue
		}
		p := panel{title: t.Title, unit: "µs of CPU per token, less is better"}
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
