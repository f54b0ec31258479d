package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
)

// progress writes what is being done on a line of its own. Nothing secret is
// logged by package client.
type progress struct{ w io.Writer }

func (*progress) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelInfo }
func (p *progress) WithAttrs([]slog.Attr) slog.Handler             { return p }
func (p *progress) WithGroup(string) slog.Handler                  { return p }

func (p *progress) Handle(_ context.Context, record slog.Record) error {
	line := record.Message
	record.Attrs(func(a slog.Attr) bool {
		line += fmt.Sprintf(", %s %s", a.Key, a.Value)
		return true
	})
	_, err := fmt.Fprintln(p.w, onTerminal(line))
	return err
}

// onTerminal keeps another side's text from steering the terminal.
func onTerminal(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' || r >= 0x7f && r < 0xa0 {
			return '\uFFFD'
		}
		return r
	}, text)
}
