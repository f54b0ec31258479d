package check

import (
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/mcp-auth/go/check/internal/finding"
	"github.com/mcp-auth/go/metadata"
)

// WriteMarkdown writes the report for an issue or a pull request. The words of
// the checked server cannot become markup.
func (r *Report) WriteMarkdown(w io.Writer) error {
	var b strings.Builder
	r.markdown(&b, "#")
	fmt.Fprintf(&b, "%s.\n", r.Summary())
	_, err := io.WriteString(w, b.String())
	return err
}

func (r *Report) markdown(b *strings.Builder, level string) {
	fmt.Fprintf(b, "%s %s\n\n", level, escapeMarkdown(r.Title()))
	r.exchangesMarkdown(b)
	for _, g := range r.Groups() {
		fmt.Fprintf(b, "%s# %s\n\n", level, g.Title)
		for _, f := range g.Findings {
			f.writeMarkdown(b)
		}
		b.WriteByte('\n')
	}
	for _, part := range r.Parts {
		part.markdown(b, level+"#")
	}
	r.clientsMarkdown(b, level)
}

func (r *Report) exchangesMarkdown(b *strings.Builder) {
	if len(r.Exchanges) == 0 {
		return
	}
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

func (f *Finding) writeMarkdown(b *strings.Builder) {
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

func (r *Report) clientsMarkdown(b *strings.Builder, level string) {
	if len(r.Clients) == 0 {
		return
	}
	fmt.Fprintf(b, "%s# Clients\n\n", level)
	for _, v := range r.clientsWith(ClientFails) {
		fmt.Fprintf(b, "- **%s fails**\n", escapeMarkdown(v.Client))
		for _, reason := range v.Reasons {
			fmt.Fprintf(b, "  - %s %s ([source](%s), %s)\n", escapeMarkdown(reason.Why), codeSpan(finding.Join(reason.Codes)), reason.Source, reason.Date)
		}
	}
	for _, line := range r.otherClients() {
		fmt.Fprintf(b, "- %s\n", escapeMarkdown(line))
	}
	b.WriteByte('\n')
}

// codeSpan shows text literally, except for backticks and bars, which would end
// the span or the cell.
func codeSpan(text string) string {
	return "`" + strings.NewReplacer("`", "'", "|", "¦").Replace(text) + "`"
}

// escapeMarkdown keeps text from becoming markup, HTML, a link or a mention.
// GitHub links some words even if they are escaped; these become code.
func escapeMarkdown(text string) string {
	escape := strings.NewReplacer(
		`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "|", `\|`, "~", `\~`,
		"<", "&lt;", ">", "&gt;", "&", "&amp;", "!", `\!`, "$", `\$`,
	)
	words := strings.Fields(text)
	for i, word := range words {
		if !linked.MatchString(word) {
			words[i] = escape.Replace(word)
			continue
		}
		code := strings.TrimRight(word, ".,:;")
		words[i] = codeSpan(code) + word[len(code):]
	}
	return strings.Join(words, " ")
}

// linked matches words that GitHub links: URLs, people, issues.
var linked = regexp.MustCompile(`(?i)://|www\.|[@#]|\bgh-\d`)
