package main

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"strings"
)

type panel struct {
	title, unit string
	bars        []bar
}

type bar struct {
	name  string
	value float64
}

// Sizes in pixels.
const (
	width      = 860
	left       = 230 // of the bars: names stand before them
	right      = 90  // values stand behind them
	rowHeight  = 22
	barHeight  = 14
	headHeight = 44
	gap        = 18
)

// Bars of this project stand out; the yardsticks are dark.
const (
	ours      = "#0b6bcb"
	yardstick = "#4a5560"
	peer      = "#b4bcc4"
)

func colour(name string) string {
	switch {
	case strings.HasPrefix(name, "mcpauth,"):
		return ours
	case name == "raw crypto", name == "unprotected handler":
		return yardstick
	}
	return peer
}

func draw(panels []panel) []byte {
	height := gap
	for _, p := range panels {
		height += headHeight + len(p.bars)*rowHeight + gap
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %[1]d %[2]d" `+
		`font-family="system-ui, sans-serif" font-size="13" role="img" aria-label="Cost of verification, as in the tables of this page">`+"\n", width, height)
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="#ffffff"/>`+"\n", width, height)
	y := gap
	for _, p := range panels {
		y = p.draw(&b, y)
	}
	b.WriteString("</svg>\n")
	return b.Bytes()
}

func (p panel) draw(b *bytes.Buffer, y int) int {
	fmt.Fprintf(b, `<text x="16" y="%d" font-size="15" font-weight="600" fill="#1c2329">%s</text>`+"\n", y+16, escape(p.title))
	fmt.Fprintf(b, `<text x="%d" y="%d" text-anchor="end" fill="#5b6670">%s</text>`+"\n", width-16, y+16, escape(p.unit))
	y += headHeight - 14
	most := 0.0
	for _, x := range p.bars {
		most = max(most, x.value)
	}
	for _, x := range p.bars {
		length := 0.0
		if most > 0 {
			length = max(1, x.value/most*(width-left-right))
		}
		fmt.Fprintf(b, `<text x="%d" y="%d" text-anchor="end" fill="#1c2329">%s</text>`, left-8, y+12, escape(x.name))
		fmt.Fprintf(b, `<rect x="%d" y="%d" width="%.1f" height="%d" rx="2" fill="%s"/>`, left, y+1, length, barHeight, colour(x.name))
		fmt.Fprintf(b, `<text x="%.1f" y="%d" fill="#1c2329">%s</text>`+"\n", left+length+6, y+12, number(x.value))
		y += rowHeight
	}
	return y + 14 + gap
}

// number separates thousands with a thin space.
func number(v float64) string {
	if v < 1000 {
		if v < 10 {
			return fmt.Sprintf("%.2f", v)
		}
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%d\u2009%03d", int(v+0.5)/1000, int(v+0.5)%1000)
}

func escape(text string) string {
	var b bytes.Buffer
	_ = xml.EscapeText(&b, []byte(text)) // a buffer takes everything
	return b.String()
}
