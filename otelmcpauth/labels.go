package otelmcpauth

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/internal/mcpmethod"
)

// other is the value of a label that stands for all values that are not named.
const other = "other"

// maxValues is how many values a label has, besides other.
const maxValues = 128

// label bounds the values of one label: the first of them are named. These come from
// configurations and from constants, so that what comes later is a mistake.
type label struct {
	mu   sync.RWMutex
	seen map[string]bool
}

func newLabel() *label { return &label{seen: map[string]bool{"": true}} }

func (l *label) of(value string) string {
	l.mu.RLock()
	seen, full := l.seen[value], len(l.seen) > maxValues
	l.mu.RUnlock()
	switch {
	case seen:
		return value
	case full:
		return other
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.seen) > maxValues && !l.seen[value] {
		return other
	}
	l.seen[value] = true
	return value
}

// toolNames are the tools that the policies name, by resource. Callers may invent
// others.
type toolNames map[string]map[string]bool

func toolsOf(resources []mcpauth.Resource) toolNames {
	names := toolNames{}
	for _, r := range resources {
		if r.Policy == nil {
			continue
		}
		names[r.Identifier] = map[string]bool{}
		for tool := range r.Policy.Tools {
			names[r.Identifier][tool] = true
		}
	}
	return names
}

// of returns the label for a tool.
func (n toolNames) of(resource, tool string) string {
	if n[resource][tool] {
		return tool
	}
	return other
}

// methods are the methods of MCP. Callers may invent others.
type methods []string

func knownMethods() methods { return mcpmethod.All() }

func (m methods) of(method string) string {
	switch {
	case slices.Contains(m, method):
		return method
	case strings.HasPrefix(method, mcpmethod.Notifications):
		return "notifications"
	}
	return other
}

// codeOf returns the label for a status of HTTP, "none" if the client got none.
func codeOf(status int) string {
	switch {
	case status == 0:
		return "none"
	case http.StatusText(status) == "":
		return other
	}
	return strconv.Itoa(status)
}
