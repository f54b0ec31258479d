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
	r.markdown(&b, "#", len(r.Clients) > 0)
	fmt.Fprintf(&b, "%s.\n", r.Summary())
	_, err := io.WriteString(w, b.String())
	return err
}

func (r *Report) markdown(b *strings.Builder, level string, clientsNamed bool) {
	fmt.Fprintf(b, "%s %s\n\n", level, escapeMarkdown(r.Title()))
	r.exchangesMarkdown(b)
	for _, g := range r.Groups() {
		fmt.Fprintf(b, "%s# %s\n\n", level, g.Title)
		for _, same := range g.ByCode() {
			writeMarkdown(b, same, clientsNamed)
		}
		b.WriteByte('\n')
	}
	for _, part := range r.Parts {
		part.markdown(b, level+"#", clientsNamed)
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

// writeMarkdown writes the findings of one code, and their explanation once.
func writeMarkdown(b *strings.Builder, same []Finding, clientsNamed bool) {
	for _, f := range same {
		if f.Severity == metadata.Success {
			fmt.Fprintf(b, "- %s\n", escapeMarkdown(f.Message))
			continue
		}
		fmt.Fprintf(b, "- **%s** %s\n", escapeMarkdown(f.Message), codeSpan(string(f.Code)))
		if f.Evidence != "" {
			fmt.Fprintf(b, "  - seen: %s\n", codeSpan(f.Evidence))
		}
	}
	for _, d := range same[0].details(clientsNamed) {
		fmt.Fprintf(b, "  - %s: %s\n", d.name, escapeMarkdown(d.text))
	}
}

func (r *Report) clientsMarkdown(b *strings.Builder, level string) {
	if len(r.Clients) == 0 {
		return
	}
	fmt.Fprintf(b, "%s# Clients\n\n", level)
	for _, g := range r.ClientGroups() {
		fmt.Fprintf(b, "- **%s**\n", escapeMarkdown(g.Heading()))
		fmt.Fprintf(b, "  - %s %s ([source](%s), %s)\n", escapeMarkdown(g.Why), codeSpan(finding.Join(g.Codes)), g.Source, g.Date)
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
