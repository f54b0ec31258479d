package pattern

import (
	"cmp"
	"errors"
	"strconv"
	"strings"
)

// pattern is a key as a row of pieces. It fits a name that is made of them.
type pattern struct {
	text   string
	pieces []piece
	index  int // of the key in its set
}

// piece is literal text or a variable. A variable stands for any text, but for
// several path segments only if several is set.
type piece struct {
	text     string
	variable bool
	several  bool
}

var (
	errEmpty      = errors.New("it is empty")
	errMisplaced  = errors.New("* is allowed only at the end")
	errNotNormal  = errors.New("no URI in normal form fits it (RFC 3986 §6.2.2)")
	errExpression = errors.New("URI templates may have {name} and {+name}, with text between two of them")
)

// parse reads a key.
func parse(key string, templates bool) (pattern, error) {
	if key == "" {
		return pattern{}, errEmpty
	}
	p := pattern{text: key}
	rest, isPrefix := strings.CutSuffix(key, "*")
	if strings.Contains(rest, "*") {
		return p, errMisplaced
	}
	if !templates {
		p.pieces = appendText(nil, rest)
	} else if !p.parseTemplate(rest) {
		return p, errExpression
	}
	if isPrefix {
		if p.endsInVariable() {
			return p, errExpression
		}
		p.pieces = append(p.pieces, piece{variable: true, several: true})
	}
	if templates && !p.isLiteral() && !p.isReachable() {
		return p, errNotNormal
	}
	return p, nil
}

// parseTemplate reads a URI template. It reports false for one with expressions
// that are not supported.
func (p *pattern) parseTemplate(rest string) bool {
	for rest != "" {
		text, expression, found := strings.Cut(rest, "{")
		p.pieces = appendText(p.pieces, text)
		if !found {
			return true
		}
		body, after, closed := strings.Cut(expression, "}")
		variable, ok := parseExpression(body)
		if !closed || !ok || p.endsInVariable() {
			return false
		}
		p.pieces, rest = append(p.pieces, variable), after
	}
	return true
}

func appendText(pieces []piece, text string) []piece {
	if text == "" {
		return pieces
	}
	return append(pieces, piece{text: text})
}

// parseExpression reads what is between the braces: "name" or "+name".
func parseExpression(body string) (piece, bool) {
	name, several := strings.CutPrefix(body, "+")
	for _, c := range []byte(name) {
		if !isWordByte(c) {
			return piece{}, false
		}
	}
	return piece{variable: true, several: several}, name != ""
}

func isWordByte(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

func (p *pattern) endsInVariable() bool {
	return len(p.pieces) > 0 && p.pieces[len(p.pieces)-1].variable
}

func (p *pattern) isLiteral() bool { return len(p.pieces) == 1 && !p.pieces[0].variable }

// isReachable reports whether a URI in normal form can fit. A pattern without a
// whole scheme gets the benefit of the doubt.
func (p *pattern) isReachable() bool {
	var sample strings.Builder
	for _, piece := range p.pieces {
		if piece.variable {
			sample.WriteByte('x')
		}
		sample.WriteString(piece.text)
	}
	return !strings.Contains(p.pieces[0].text, ":") || isNormal(sample.String())
}

// compare sorts the more specific pattern first: the one with more literal text,
// then the one with fewer variables that stand for several segments.
func (p *pattern) compare(other *pattern) int {
	text, several := p.weight()
	otherText, otherSeveral := other.weight()
	return cmp.Or(cmp.Compare(otherText, text), cmp.Compare(several, otherSeveral), cmp.Compare(p.text, other.text))
}

func (p *pattern) weight() (text, several int) {
	for _, piece := range p.pieces {
		text += len(piece.text)
		if piece.several {
			several++
		}
	}
	return text, several
}

// shape is equal for patterns that fit the same names.
func (p *pattern) shape() string {
	var b strings.Builder
	for _, piece := range p.pieces {
		switch {
		case piece.several:
			b.WriteString("{+}")
		case piece.variable:
			b.WriteString("{}")
		default:
			b.WriteString(strconv.Quote(piece.text))
		}
	}
	return b.String()
}

// fits reports whether the name is made of the pieces.
func (p *pattern) fits(name string) bool {
	first, rest := p.pieces[0], p.pieces[1:]
	if !strings.HasPrefix(name, first.text) {
		return false
	}
	if len(rest) == 1 && rest[0].several {
		return true
	}
	for _, piece := range rest { // most names fail here, which is cheap
		if !strings.Contains(name, piece.text) {
			return false
		}
	}
	if first.variable {
		rest = p.pieces
	}
	return fitPieces(rest, name[len(first.text):])
}

// fitPieces follows all places that the pieces can reach at once. Backtracking
// would let a caller choose a name that takes exponential time; this takes the
// length of the name for each piece.
func fitPieces(pieces []piece, name string) bool {
	reached := make([]bool, len(name)+1)
	reached[0] = true
	for _, piece := range pieces {
		if piece.variable {
			piece.extend(reached, name)
		} else {
			piece.advance(reached, name)
		}
	}
	return reached[len(name)]
}

// advance moves each place behind the text, if the text is there.
func (p piece) advance(reached []bool, name string) {
	for to := len(name); to >= 0; to-- {
		from := to - len(p.text)
		reached[to] = from >= 0 && reached[from] && name[from:to] == p.text
	}
}

// extend lets a variable stand for any text or for none, as the templates of MCP
// SDKs do: a rule must not fit less than the server does.
func (p piece) extend(reached []bool, name string) {
	open := false
	for at := range reached {
		open = open || reached[at]
		reached[at] = open
		if !p.several && at < len(name) && strings.IndexByte("/?#", name[at]) >= 0 {
			open = false
		}
	}
}
