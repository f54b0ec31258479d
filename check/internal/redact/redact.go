// Package redact makes the words of a checked server fit to be shown: one line
// of printable characters, of bounded length, without tokens.
package redact

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// maxSearched bounds the text that is searched for tokens, in bytes.
	maxSearched = 64 << 10
	// identifyingPrefix is how many characters at the beginning of a token
	// identify it.
	identifyingPrefix = 16
	// tokenCharacters are the characters of a bearer token (RFC 6750 §2.1). A
	// token may have others (RFC 6749 §A.12), which hide takes from the token.
	tokenCharacters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~+/="
)

// compactJWT matches a JWT, or the beginning of one.
var compactJWT = regexp.MustCompile(`eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*(\.[A-Za-z0-9_-]*)?`)

// Redactor knows the tokens that must not be shown. The zero value knows none
// and still hides whatever looks like a JWT.
type Redactor struct{ tokens []string }

// New returns a redactor that hides the tokens. An empty one is ignored.
func New(tokens ...string) Redactor { return Redactor{tokens} }

// Text returns text on one line, in printable characters, without tokens, cut
// to at most max bytes.
func (r Redactor) Text(text string, max int) string {
	for _, token := range r.tokens {
		text = hide(text, token)
	}
	// Searching a long answer takes long, so the text is cut before the search.
	// It is cut to max only afterwards: half a token no longer looks like one.
	text = Cut(text, maxSearched)
	text = compactJWT.ReplaceAllString(text, "[token]")
	text = strings.Join(strings.FieldsFunc(text, unicode.IsSpace), " ")
	text = strings.Map(visible, text)
	if len(text) > max {
		text = Cut(text, max-len("...")) + "..."
	}
	return text
}

// visible replaces what a reader would not see, or would see in another place:
// control and format characters, such as those that turn the direction of text
// around, and letters and marks without a shape.
func visible(r rune) rune {
	const brailleBlank = '\u2800'
	if !unicode.IsPrint(r) || r == utf8.RuneError || r == brailleBlank ||
		unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector) {
		return '?'
	}
	return r
}

// hide replaces a token in a text, and then from where the token's beginning is
// found to the last character that the token can have. That covers a token that
// was cut short or altered at its end.
func hide(text, token string) string {
	if token == "" {
		return text
	}
	text = strings.ReplaceAll(text, token, "[token]")
	characters := tokenCharacters + strings.ReplaceAll(token, " ", "")
	beginning := token[:min((2*len(token)+2)/3, identifyingPrefix)] // less than a short token
	before, after, found := strings.Cut(text, beginning)
	if !found {
		return text
	}
	var b strings.Builder
	for found {
		b.WriteString(before)
		b.WriteString("[token]")
		text = strings.TrimLeft(after, characters)
		before, after, found = strings.Cut(text, beginning)
	}
	b.WriteString(before)
	return b.String()
}

// URL returns a URL without query, fragment and userinfo, each of which may
// hold a secret.
func URL(raw string) string {
	if i := strings.IndexAny(raw, "?#"); i >= 0 {
		raw = raw[:i]
	}
	if scheme, rest, ok := strings.Cut(raw, "://"); ok {
		authority, _, _ := strings.Cut(rest, "/")
		if i := strings.LastIndexByte(authority, '@'); i >= 0 {
			raw = scheme + "://" + rest[i+1:]
		}
	}
	return raw
}

// Cut returns at most max bytes of text, and no half of a character.
func Cut(text string, max int) string {
	if len(text) <= max {
		return text
	}
	for max > 0 && !utf8.RuneStart(text[max]) {
		max--
	}
	return text[:max]
}
