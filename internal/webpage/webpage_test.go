package webpage

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
)

// The policy admits what the page holds, and nothing else.
func TestPolicy(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name              string
		script, action    string
		want, wantMissing string
	}{
		{"plain", "", "'none'", "form-action 'none'", "script-src"},
		{"any form action", "", "", "frame-ancestors 'none'", "form-action"},
		{"script", "go()", "'self'", "script-src " + source("go()"), "unsafe"},
	}
	for _, tt := range tests {
		p := New("p{margin:0}", tt.script, tt.action)
		h := http.Header{}
		p.SetHeaders(h)
		policy := h.Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none'", "style-src " + source(string(p.Style)), tt.want} {
			if !strings.Contains(policy, want) {
				t.Errorf("%s: the policy %q lacks %q", tt.name, policy, want)
			}
		}
		if strings.Contains(policy, tt.wantMissing) {
			t.Errorf("%s: the policy %q has %q", tt.name, policy, tt.wantMissing)
		}
		for _, own := range []string{"p{margin:0}", "prefers-color-scheme:dark", ":focus-visible"} {
			if !strings.Contains(string(p.Style), own) {
				t.Errorf("%s: the style lacks %q", tt.name, own)
			}
		}
	}
}

func source(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	h := http.Header{}
	New("", "", "").SetHeaders(h)
	for name, want := range map[string]string{
		"X-Frame-Options": "DENY", "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", "Referrer-Policy": "same-origin",
	} {
		if got := h.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}
