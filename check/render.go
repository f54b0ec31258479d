package check

import (
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/mcp-auth/go/metadata"
)

// Group is the findings of one severity, as reports show them.
type Group struct {
	Severity metadata.Severity
	Title    string
	Findings []Finding
}

// severities lists the groups without their findings, worst first.
func severities() []Group {
	return []Group{
		{Severity: metadata.Error, Title: "Errors"},
		{Severity: metadata.Warning, Title: "Warnings"},
		{Severity: Info, Title: "Notes"},
		{Severity: metadata.Success, Title: "In order"},
	}
}

// Groups returns the report's own findings by severity, without those of its
// parts, worst first. A severity without findings has no group.
func (r *Report) Groups() []Group {
	var groups []Group
	for _, g := range severities() {
		for _, f := range r.Findings {
			if f.Severity == g.Severity {
				g.Findings = append(g.Findings, f)
			}
		}
		if len(g.Findings) > 0 {
			groups = append(groups, g)
		}
	}
	return groups
}

// Title names what was checked.
func (r *Report) Title() string {
	switch r.Kind {
	case KindAuthorizationServer:
		return "Authorization server " + r.Target
	case KindServer:
		return "MCP server " + r.Target
	}
	return "Configuration " + r.Target
}

// Count returns how many findings of one severity the report and its parts hold.
func (r *Report) Count(s metadata.Severity) int {
	n := 0
	for range r.All(s) {
		n++
	}
	return n
}

// Summary says on one line how many findings there are.
func (r *Report) Summary() string {
	return fmt.Sprintf("%s, %s, %s, %d in order",
		plural(r.Count(metadata.Error), "error"), plural(r.Count(metadata.Warning), "warning"),
		plural(r.Count(Info), "note"), r.Count(metadata.Success))
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// joined lists codes, or names of algorithms.
func joined[T ~string](list []T) string {
	texts := make([]string, len(list))
	for i, element := range list {
		texts[i] = string(element)
	}
	return strings.Join(texts, ", ")
}

// outcome is what came of an exchange, in a word.
func (e *Exchange) outcome() string {
	if e.Status == 0 {
		return "failed"
	}
	return fmt.Sprint(e.Status)
}

// WriteJSON writes the report as one line of JSON.
func (r *Report) WriteJSON(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(r)
}

// WriteText writes the report for people at a terminal: what was asked, then
// errors, warnings and notes with their reasons, then what is in order. It
// writes no control characters.
func (r *Report) WriteText(w io.Writer) error {
	var b strings.Builder
	r.text(&b)
	fmt.Fprintf(&b, "%s\n", r.Summary())
	_, err := io.WriteString(w, b.String())
	return err
}

const textWidth = 96

func (r *Report) text(b *strings.Builder) {
	fmt.Fprintf(b, "%s\n\n", r.Title())
	if len(r.Exchanges) > 0 {
		b.WriteString("Requests\n")
	}
	for _, e := range r.Exchanges {
		fmt.Fprintf(b, "  %-6s  %-7s %s (%s)\n", e.outcome(), e.Method, e.URL, e.Purpose)
		if e.Error != "" {
			wrap(b, "          ", "          ", e.Error)
		}
	}
	if len(r.Exchanges) > 0 {
		b.WriteByte('\n')
	}
	for _, g := range r.Groups() {
		b.WriteString(g.Title + "\n")
		for _, f := range g.Findings {
			f.text(b)
		}
		b.WriteByte('\n')
	}
	for _, part := range r.Parts {
		part.text(b)
	}
	r.clientsText(b)
}

func (f *Finding) text(b *strings.Builder) {
	if f.Severity == metadata.Success {
		wrap(b, "  ", "    ", f.Message)
		return
	}
	wrap(b, "  ", "    ", f.Message+" ["+string(f.Code)+"]")
	for _, line := range f.details() {
		wrap(b, "      "+line.name+": ", "        ", line.text)
	}
}

// detail is one of the reasons that go with a finding.
type detail struct {
	name, text string
	quoted     bool // the other side's words
}

func (f *Finding) details() []detail {
	var list []detail
	for _, d := range []detail{
		{"seen", f.Evidence, true},
		{"demanded by", f.Requirement, false},
		{"means", f.Meaning, false},
		{"fails for", strings.Join(f.Clients, ", "), false},
		{"fix", f.Fix, false},
	} {
		if d.text != "" {
			list = append(list, d)
		}
	}
	return list
}

// wrap writes text in lines of at most textWidth, if its words are not longer.
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

// WriteMarkdown writes the report for an issue or a pull request. What the
// checked server says cannot become markup.
func (r *Report) WriteMarkdown(w io.Writer) error {
	var b strings.Builder
	r.markdown(&b, "#")
	fmt.Fprintf(&b, "%s.\n", r.Summary())
	_, err := io.WriteString(w, b.String())
	return err
}

func (r *Report) markdown(b *strings.Builder, level string) {
	fmt.Fprintf(b, "%s %s\n\n", level, escapeMarkdown(r.Title()))
	if len(r.Exchanges) > 0 {
		b.WriteString("| status | request | purpose |\n|---|---|---|\n")
		for _, e := range r.Exchanges {
			outcome := e.outcome()
			if e.Error != "" {
				outcome += ": " + e.Error
			}
			fmt.Fprintf(b, "| %s | %s | %s |\n", escapeMarkdown(outcome), codeSpan(e.Method+" "+e.URL), escapeMarkdown(e.Purpose))
		}
		b.WriteByte('\n')
	}
	for _, g := range r.Groups() {
		fmt.Fprintf(b, "%s# %s\n\n", level, g.Title)
		for _, f := range g.Findings {
			f.markdown(b)
		}
		b.WriteByte('\n')
	}
	for _, part := range r.Parts {
		part.markdown(b, level+"#")
	}
	r.clientsMarkdown(b, level)
}

func (f *Finding) markdown(b *strings.Builder) {
	if f.Severity == metadata.Success {
		fmt.Fprintf(b, "- %s\n", escapeMarkdown(f.Message))
		return
	}
	fmt.Fprintf(b, "- **%s** %s\n", escapeMarkdown(f.Message), codeSpan(string(f.Code)))
	for _, d := range f.details() {
		text := escapeMarkdown(d.text)
		if d.quoted {
			text = codeSpan(d.text)
		}
		fmt.Fprintf(b, "  - %s: %s\n", d.name, text)
	}
}

// codeSpan shows text as it is, backticks and bars aside, which would end it.
func codeSpan(text string) string {
	return "`" + strings.NewReplacer("`", "'", "|", "¦").Replace(text) + "`"
}

// escapeMarkdown keeps text from being markup, HTML, a link or a mention. What
// GitHub makes a link or a mention of, however it is escaped, becomes code.
func escapeMarkdown(text string) string {
	escape := strings.NewReplacer(
		`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "|", `\|`, "~", `\~`,
		"<", "&lt;", ">", "&gt;", "&", "&amp;", "!", `\!`, "$", `\$`,
	)
	words := strings.Fields(text)
	for i, word := range words {
		if !linking.MatchString(word) {
			words[i] = escape.Replace(word)
			continue
		}
		code := strings.TrimRight(word, ".,:;")
		words[i] = codeSpan(code) + word[len(code):]
	}
	return strings.Join(words, " ")
}

// linking finds in a word what GitHub links: URLs, people, issues.
var linking = regexp.MustCompile(`(?i)://|www\.|[@#]|\bgh-\d`)
