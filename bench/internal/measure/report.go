package measure

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"text/tabwriter"
	"time"
)

// Report is everything one run measured.
type Report struct {
	Date    time.Time         `json:"date"`
	Machine Machine           `json:"machine"`
	Modules map[string]string `json:"modules"`
	Tables  []Table           `json:"tables,omitempty"`
	Loads   []LoadTable       `json:"loads,omitempty"`
	// Outcomes are of requests beside an authorization server in trouble.
	Outcomes []Outcome `json:"outcomes,omitempty"`
	Goals    []Goal    `json:"goals"`
}

// Machine is where it was measured.
type Machine struct {
	CPU   string `json:"cpu"`
	Cores int    `json:"cores"`
	OS    string `json:"os"`
	Go    string `json:"go"`
	Load  string `json:"load"` // of the last minute, when the run began
	// SpeedBefore and SpeedAfter are what Speed said.
	SpeedBefore float64 `json:"multiply_adds_per_us_before"`
	SpeedAfter  float64 `json:"multiply_adds_per_us_after"`
}

// Table is one comparison.
type Table struct {
	Title   string   `json:"title"`
	Results []Result `json:"results"`
}

// Goal is one aim and whether it was met.
type Goal struct {
	ID    string  `json:"id"`
	What  string  `json:"what"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit,omitempty"`
	Aim   string  `json:"goal"`
	Met   bool    `json:"met"`
}

// NewReport describes the machine and the program.
func NewReport() *Report {
	return &Report{
		Date: time.Now().UTC(),
		Machine: Machine{
			CPU: cpuModel(), Cores: runtime.NumCPU(), OS: runtime.GOOS + "/" + runtime.GOARCH, Go: runtime.Version(),
			Load: load(), SpeedBefore: Speed(),
		},
		Modules: modules(),
	}
}

func modules() map[string]string {
	versions := map[string]string{}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return versions
	}
	for _, wanted := range []string{
		"github.com/MicahParks/keyfunc/v3", "github.com/auth0/go-jwt-middleware/v3", "github.com/coreos/go-oidc/v3",
		"github.com/go-jose/go-jose/v4", "github.com/golang-jwt/jwt/v5", "github.com/lestrrat-go/jwx/v3",
		"github.com/modelcontextprotocol/go-sdk",
	} {
		for _, dep := range info.Deps {
			if dep.Path == wanted {
				versions[wanted] = dep.Version
			}
		}
	}
	return versions
}

// cpuModel is empty where the system does not tell in Linux's way.
func cpuModel() string {
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return ""
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if name, value, ok := strings.Cut(lines.Text(), ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

func load() string {
	data, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return ""
	}
	first, _, _ := strings.Cut(string(data), " ")
	return first
}

// Finish says that everything has been measured.
func (r *Report) Finish() { r.Machine.SpeedAfter = Speed() }

// AtMost adds a goal that value is at most limit.
func (r *Report) AtMost(id, what string, value, limit float64, unit string) {
	r.add(Goal{ID: id, What: what, Value: value, Unit: unit, Aim: "<= " + Number(limit) + unit, Met: value <= limit})
}

// AtLeast adds a goal that value is at least limit.
func (r *Report) AtLeast(id, what string, value, limit float64, unit string) {
	r.add(Goal{ID: id, What: what, Value: value, Unit: unit, Aim: ">= " + Number(limit) + unit, Met: value >= limit})
}

// Exactly adds a goal that value is wanted.
func (r *Report) Exactly(id, what string, value, wanted float64, unit string) {
	r.add(Goal{ID: id, What: what, Value: value, Unit: unit, Aim: Number(wanted) + unit, Met: value == wanted})
}

func (r *Report) add(g Goal) { r.Goals = append(r.Goals, g) }

func (g Goal) String() string {
	verdict := "ok"
	if !g.Met {
		verdict = "MISSED"
	}
	return fmt.Sprintf("%s %s %s%s (goal %s) %s", g.ID, g.What, Number(g.Value), g.Unit, g.Aim, verdict)
}

// Number prints with a sensible number of digits.
func Number(v float64) string {
	switch {
	case v == float64(int64(v)):
		return fmt.Sprintf("%d", int64(v))
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	default:
		return fmt.Sprintf("%.2f", v)
	}
}

// Print writes the machine, the tables and the goals.
func (r *Report) Print(w io.Writer) error {
	m := r.Machine
	fmt.Fprintf(w, "%s\n%s, %d cores, %s, %s, load %s\n", r.Date.Format(time.RFC3339), m.CPU, m.Cores, m.OS, m.Go, m.Load)
	fmt.Fprintf(w, "dependent multiply-adds per CPU µs: %.0f before, %.0f after\n", m.SpeedBefore, m.SpeedAfter)
	for _, t := range r.Tables {
		fmt.Fprintf(w, "\n%s\n", t.Title)
		table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
		fmt.Fprintln(table, "\tCPU µs\t10%–90%\t× first\tallocs\tbytes\t")
		for _, x := range t.Results {
			fmt.Fprintf(table, "%s\t%.2f\t%.2f–%.2f\t%.2f\t%.0f\t%.0f\t\n", x.Name,
				x.Nanoseconds/1000, x.Low/1000, x.High/1000, x.Ratio, x.Allocations, x.Bytes)
		}
		if err := table.Flush(); err != nil {
			return err
		}
	}
	for _, t := range r.Loads {
		if err := t.print(w); err != nil {
			return err
		}
	}
	if len(r.Outcomes) > 0 {
		if err := printOutcomes(w, r.Outcomes); err != nil {
			return err
		}
	}
	fmt.Fprintln(w)
	for _, g := range r.Goals {
		fmt.Fprintln(w, g)
	}
	return nil
}

// WriteJSON writes the report to a file.
func (r *Report) WriteJSON(path string) error {
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(data, '\n'), 0o644)
}
