package challenge

import (
	"errors"
	"strconv"
	"strings"
)

// What Parse reads of one response. Servers send a few hundred bytes.
const (
	maxBytes      = 16 << 10
	maxChallenges = 16
	maxParams     = 32
)

// Challenge is one challenge of a WWW-Authenticate header.
type Challenge struct {
	// Scheme is the authentication scheme as sent; compare it with [Challenge.Is].
	Scheme string
	// Token68 is the data of a scheme that sends it instead of parameters.
	Token68 string
	// Params are the parameters, names in lower case, values unescaped. They
	// are the other side's word: bytes of any value, save controls.
	Params map[string]string
}

// Is reports whether the challenge is of this scheme, in any case.
func (c *Challenge) Is(scheme string) bool { return strings.EqualFold(c.Scheme, scheme) }

// Reason says what is wrong with a header. Its values are stable.
type Reason string

// The reasons for which a header is refused.
const (
	// Syntax: not the grammar of RFC 9110 §11.6.1.
	Syntax Reason = "syntax error"
	// Duplicate: a parameter occurs twice in one challenge (RFC 9110 §11.2).
	Duplicate Reason = "duplicate parameter"
	// TooMuch: more bytes, challenges or parameters than are read.
	TooMuch Reason = "too much of it"
)

// Error is the fault in a header. Its text never holds a part of the header.
type Error struct {
	Reason Reason
	// Header is which of the headers given, counted from 0.
	Header int
	// Offset is where in it the fault was noticed, in bytes.
	Offset int
}

// Error implements the error interface.
func (e *Error) Error() string {
	return "WWW-Authenticate header " + strconv.Itoa(e.Header) + ": " + string(e.Reason) + " at byte " + strconv.Itoa(e.Offset)
}

// Parse reads the values of a response's WWW-Authenticate headers (RFC 9110
// §11.6.1): any number of challenges in each. A header with a fault counts as a
// whole as not sent: the error joins an [*Error] for each such header, and the
// challenges returned beside it are those of the others.
func Parse(headers []string) ([]Challenge, error) {
	var all []Challenge
	var faults []error
	budget := maxBytes
	for i, text := range headers {
		budget -= len(text)
		p := parser{text: text, room: maxChallenges - len(all)}
		if budget < 0 {
			return all, errors.Join(append(faults, &Error{Reason: TooMuch, Header: i})...)
		}
		found, reason := p.challenges()
		if reason != "" {
			faults = append(faults, &Error{Reason: reason, Header: i, Offset: p.pos})
			continue
		}
		all = append(all, found...)
	}
	return all, errors.Join(faults...)
}

// parser reads one header. Its methods return the empty Reason for success.
type parser struct {
	text string
	pos  int
	room int // how many challenges may still come
}

func (p *parser) rest() string { return p.text[p.pos:] }

func (p *parser) end() bool { return p.pos == len(p.text) }

func (p *parser) at(c byte) bool { return p.pos < len(p.text) && p.text[p.pos] == c }

// space steps over optional white space (OWS, BWS).
func (p *parser) space() {
	for p.at(' ') || p.at('\t') {
		p.pos++
	}
}

// separators steps over the commas between list elements and over empty
// elements, which a recipient must accept (RFC 9110 §5.6.1.2).
func (p *parser) separators() {
	for p.space(); p.at(','); p.space() {
		p.pos++
	}
}

// ended reports whether the list element ends here, white space aside.
func (p *parser) ended() bool {
	p.space()
	return p.end() || p.at(',')
}

// word reads a token, empty if there is none.
func (p *parser) word() string {
	word := p.rest()[:token(p.rest())]
	p.pos += len(word)
	return word
}

func (p *parser) challenges() ([]Challenge, Reason) {
	var all []Challenge
	for p.separators(); !p.end(); p.separators() {
		if len(all) == p.room {
			return nil, TooMuch
		}
		c, reason := p.challenge()
		if reason != "" {
			return nil, reason
		}
		all = append(all, c)
	}
	return all, ""
}

// challenge = auth-scheme [ 1*SP ( token68 / #auth-param ) ]
func (p *parser) challenge() (Challenge, Reason) {
	c := Challenge{Scheme: p.word(), Params: map[string]string{}}
	if c.Scheme == "" {
		return c, Syntax
	}
	if !p.at(' ') {
		if !p.ended() {
			return c, Syntax
		}
		return c, ""
	}
	for p.at(' ') {
		p.pos++
	}
	if c.Token68 = p.token68(); c.Token68 != "" {
		return c, ""
	}
	return c, p.params(&c)
}

// token68 reads a token68 that is all that follows the scheme.
func (p *parser) token68() string {
	start := p.pos
	p.pos += token68(p.rest())
	data := p.text[start:p.pos]
	if data == "" || !p.ended() {
		p.pos = start
		return ""
	}
	return data
}

// params reads parameters up to the end or the next challenge.
func (p *parser) params(c *Challenge) Reason {
	needed := !p.end() && !p.at(',')
	for {
		p.separators()
		start := p.pos
		name, ok := p.name()
		if !ok { // the end, or the next challenge
			if p.pos = start; needed {
				return Syntax
			}
			return ""
		}
		if _, twice := c.Params[name]; twice {
			return Duplicate
		}
		if len(c.Params) == maxParams {
			return TooMuch
		}
		if c.Params[name], ok = p.value(); !ok || !p.ended() {
			return Syntax
		}
		needed = false
	}
}

// name reads a parameter's name and the equals sign behind it. A token without
// one is not a parameter but the scheme of the next challenge.
func (p *parser) name() (string, bool) {
	name := strings.ToLower(p.word())
	p.space()
	if name == "" || !p.at('=') {
		return "", false
	}
	p.pos++
	p.space()
	return name, true
}

// value reads a token or a quoted-string (RFC 9110 §5.6.4).
func (p *parser) value() (string, bool) {
	if !p.at('"') {
		value := p.word()
		return value, value != ""
	}
	p.pos++
	var b strings.Builder
	for !p.end() {
		c := p.text[p.pos]
		switch {
		case c == '"':
			p.pos++
			return b.String(), true
		case c == '\\' && p.pos+1 < len(p.text):
			p.pos++
			c = p.text[p.pos]
		}
		if c < ' ' && c != '\t' || c == 0x7f {
			return "", false
		}
		b.WriteByte(c)
		p.pos++
	}
	return "", false
}
