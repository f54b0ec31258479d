package check

import (
	"fmt"
	"strings"
)

// with lists the clients of one outcome.
func (r *Report) with(outcome ClientOutcome) []ClientVerdict {
	var list []ClientVerdict
	for _, v := range r.Clients {
		if v.Outcome == outcome {
			list = append(list, v)
		}
	}
	return list
}

func names(list []ClientVerdict) string {
	var all []string
	for _, v := range list {
		all = append(all, v.Client)
	}
	return strings.Join(all, ", ")
}

// clientsText writes who fails and why, and then of whom nothing bad is known.
func (r *Report) clientsText(b *strings.Builder) {
	if len(r.Clients) == 0 {
		return
	}
	b.WriteString("Clients\n")
	for _, v := range r.with(ClientFails) {
		wrap(b, "  ", "    ", v.Client+" fails")
		for _, reason := range v.Reasons {
			wrap(b, "      ", "        ", fmt.Sprintf("%s [%s] (%s, %s)", reason.Why, joined(reason.Codes), reason.Source, reason.Date))
		}
	}
	for _, line := range r.goodNews() {
		wrap(b, "  ", "    ", line)
	}
	b.WriteByte('\n')
}

func (r *Report) clientsMarkdown(b *strings.Builder, level string) {
	if len(r.Clients) == 0 {
		return
	}
	fmt.Fprintf(b, "%s# Clients\n\n", level)
	for _, v := range r.with(ClientFails) {
		fmt.Fprintf(b, "- **%s fails**\n", escapeMarkdown(v.Client))
		for _, reason := range v.Reasons {
			fmt.Fprintf(b, "  - %s %s ([source](%s), %s)\n", escapeMarkdown(reason.Why), codeSpan(joined(reason.Codes)), reason.Source, reason.Date)
		}
	}
	for _, line := range r.goodNews() {
		fmt.Fprintf(b, "- %s\n", escapeMarkdown(line))
	}
	b.WriteByte('\n')
}

func (r *Report) goodNews() []string {
	var lines []string
	if list := r.with(ClientWorks); len(list) > 0 {
		lines = append(lines, "Nothing found that is known to stop: "+names(list))
	}
	if list := r.with(ClientUnknown); len(list) > 0 {
		lines = append(lines, "Nothing can be told of: "+names(list))
	}
	return lines
}
