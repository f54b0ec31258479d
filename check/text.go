package check

import (
	"fmt"
	"io"
	"strings"

	"github.com/mcp-auth/go/check/internal/finding"
	"github.com/mcp-auth/go/metadata"
)

const textWidth = 96

// WriteText writes the report for a terminal: the requests, then errors,
// warnings and notes with their explanations, then what is in order. It writes
// no control characters.
func (r *Report) WriteText(w io.Writer) error {
	var b strings.Builder
	r.text(&b)
	fmt.Fprintf(&b, "%s\n", r.Summary())
	_, err := io.WriteString(w, b.String())
	return err
}

func (r *Report) text(b *strings.Builder) {
	fmt.Fprintf(b, "%s\n\n", r.Title())
	r.exchangesText(b)
	for _, g := range r.Groups() {
		b.WriteString(g.Title + "\n")
		for _, f := range g.Findings {
			f.writeText(b)
		}
		b.WriteByte('\n')
	}
	for _, part := range r.Parts {
		part.text(b)
	}
	r.clientsText(b)
}

func (r *Report) exchangesText(b *strings.Builder) {
	if len(r.Exchanges) == 0 {
		return
	}
	b.WriteString("Requests\n")
	for _, e := range r.Exchanges {
		fmt.Fprintf(b, "  %-6s  %-7s %s (%s)\n", e.outcome(), e.Method, e.URL, e.Purpose)
		if e.Error != "" {
			wrap(b, "          ", "          ", e.Error)
		}
	}
	b.WriteByte('\n')
}

func (f *Finding) writeText(b *strings.Builder) {
	if f.Severity == metadata.Success {
		wrap(b, "  ", "    ", f.Message)
		return
	}
	wrap(b, "  ", "    ", f.Message+" ["+string(f.Code)+"]")
	for _, line := range f.details() {
		wrap(b, "      "+line.name+": ", "        ", line.text)
	}
}

// clientsText writes which clients fail and why, and then the others.
func (r *Report) clientsText(b *strings.Builder) {
	if len(r.Clients) == 0 {
		return
	}
	b.WriteString("Clients\n")
	for _, v := range r.clientsWith(ClientFails) {
		wrap(b, "  ", "    ", v.Client+" fails")
		for _, reason := range v.Reasons {
			wrap(b, "      ", "        ", fmt.Sprintf("%s [%s] (%s, %s)", reason.Why, finding.Join(reason.Codes), reason.Source, reason.Date))
		}
	}
	for _, line := range r.otherClients() {
		wrap(b, "  ", "    ", line)
	}
	b.WriteByte('\n')
}

// wrap writes text in lines of at most textWidth, except for longer words.
func wrap(b *strings.Builder, first, next, text string) {
	line := first
	empty := true
	for word := range strings.FieldsSeq(text) {
		if !empty && len(line)+1+len(word) > textWidth {
			b.WriteString(strings.TrimRight(line, " ") + "\n")
			line, empty = next, true
		}
		if !empty {
			line += " "
		}
		line += word
		empty = false
	}
	b.WriteString(strings.TrimRight(line, " ") + "\n")
}
