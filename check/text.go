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
// warnings and notes with their explanations, then what is in order, and the
// clients. It writes no control characters.
func (r *Report) WriteText(w io.Writer) error {
	var b strings.Builder
	r.text(&b, len(r.Clients) > 0)
	fmt.Fprintf(&b, "%s\n", r.Summary())
	_, err := io.WriteString(w, b.String())
	return err
}

func (r *Report) text(b *strings.Builder, clientsNamed bool) {
	fmt.Fprintf(b, "%s\n\n", r.Title())
	r.exchangesText(b)
	for _, g := range r.Groups() {
		b.WriteString(g.Title + "\n")
		for _, same := range g.ByCode() {
			writeText(b, same, clientsNamed)
		}
		b.WriteByte('\n')
	}
	for _, part := range r.Parts {
		part.text(b, clientsNamed)
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

// writeText writes the findings of one code, and their explanation once.
func writeText(b *strings.Builder, same []Finding, clientsNamed bool) {
	for _, f := range same {
		if f.Severity == metadata.Success {
			wrap(b, "  ", "    ", f.Message)
			continue
		}
		wrap(b, "  ", "    ", f.Message+" ["+string(f.Code)+"]")
		if f.Evidence != "" {
			wrap(b, "      seen: ", "        ", f.Evidence)
		}
	}
	for _, line := range same[0].details(clientsNamed) {
		wrap(b, "      "+line.name+": ", "        ", line.text)
	}
}

// clientsText writes each reason with the clients that fail because of it, and
// then the other clients.
func (r *Report) clientsText(b *strings.Builder) {
	if len(r.Clients) == 0 {
		return
	}
	b.WriteString("Clients\n")
	for _, g := range r.ClientGroups() {
		wrap(b, "  ", "    ", g.Heading())
		wrap(b, "      ", "        ", fmt.Sprintf("%s [%s] (%s, %s)", g.Why, finding.Join(g.Codes), g.Source, g.Date))
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
