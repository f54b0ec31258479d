// Package webpage is what all pages of this module have in common: colours for
// light and dark, type and forms, and the headers that keep a page to itself.
package webpage

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"net/http"
	"strings"
)

//go:embed base.css
var baseStyle string

//go:embed copy.js
var copyScript string

// CopyScript returns a script that makes each button with data-copies="ID" copy
// the text of the element with that ID, and say so in the element whose ID is in
// data-says. Give such buttons the attribute hidden: without the script they
// would do nothing.
func CopyScript() string { return copyScript }

// WantsPage reports whether a request comes from a person with a browser, who
// wants a page in place of a line of text.
func WantsPage(r *http.Request) bool { return strings.Contains(r.Header.Get("Accept"), "text/html") }

// Inline is what a page holds inline beside its HTML. A page may load nothing.
type Inline struct {
	Style template.CSS // goes into a style element, as it is
	// Script goes into a script element, as it is. Empty for pages without.
	Script template.JS

	policy string
}

// New returns the common style with the page's own behind it, and the page's
// script, if it has one. formAction says where its forms may lead, as the
// content security policy writes it; empty means anywhere.
func New(style, script, formAction string) *Inline {
	all := baseStyle + style
	policy := "default-src 'none'; style-src " + hash(all) + "; base-uri 'none'; frame-ancestors 'none'"
	if script != "" {
		policy += "; script-src " + hash(script)
	}
	if formAction != "" {
		policy += "; form-action " + formAction
	}
	return &Inline{Style: template.CSS(all), Script: template.JS(script), policy: policy}
}

// hash is the source that admits exactly this text (CSP Level 3 §2.3.1).
func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// SetHeaders sets the headers of an answer: nothing is loaded, framed, guessed
// at, kept, or told to other sites.
func (p *Inline) SetHeaders(h http.Header) {
	h.Set("Content-Security-Policy", p.policy)
	h.Set("X-Frame-Options", "DENY")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	// Not no-referrer: with that, browsers send the Origin of our own form as null.
	h.Set("Referrer-Policy", "same-origin")
}
