package mcpauth

import (
	"cmp"
	"errors"
	"slices"
	"strconv"
	"strings"
)

// ruleSet finds the rule for a name.
type ruleSet struct {
	exact    map[string]Requirement
	patterns []patternRule // the most specific first

	// Of keys that are URIs, as [decodeReserved] makes them.
	encoded bool              // some key changes
	decoded map[string]string // the key for what an exact one becomes
}

type patternRule struct {
	pattern     pattern
	decoded     pattern
	requirement Requirement
}

// newRuleSet sorts rules by how specific they are. It leaves out those whose
// keys are not valid.
func newRuleSet(rules map[string]Requirement, templates bool) ruleSet {
	set := ruleSet{exact: make(map[string]Requirement, len(rules)), decoded: map[string]string{}}
	for key, requirement := range rules {
		p, err := newPattern(key, templates)
		if err != nil {
			continue
		}
		decoded := decodeReserved(key)
		set.encoded = set.encoded || decoded != key
		if p.literal() {
			set.exact[key], set.decoded[decoded] = requirement, key
			continue
		}
		set.patterns = append(set.patterns, patternRule{p, p.decode(), requirement})
	}
	slices.SortFunc(set.patterns, func(a, b patternRule) int { return a.pattern.compare(&b.pattern) })
	return set
}

func (s *ruleSet) empty() bool { return len(s.exact) == 0 && len(s.patterns) == 0 }

// find returns the rule for a name and its key. The requirement is nil if there
// is none.
func (s *ruleSet) find(name string) (key string, r Requirement) {
	if r := s.exact[name]; r != nil {
		return name, r
	}
	for i := range s.patterns {
		if rule := &s.patterns[i]; rule.pattern.fits(name) {
			return rule.pattern.text, rule.requirement
		}
	}
	return "", nil
}

// ambiguous reports a URI that has several spellings, or that a server might
// read as one to which another rule applies. A rule of its own settles it.
func (s *ruleSet) ambiguous(uri string) bool {
	if s.empty() || s.exact[uri] != nil {
		return false
	}
	if !normalURI(uri) {
		return true
	}
	key, _ := s.find(uri)
	if s.decodes(uri, key) {
		return true
	}
	path, _, query := strings.Cut(uri, "?")
	switch {
	case query && strings.Contains(key, "?"):
		return false // the rule is about queries
	case query && s.differs(path, key):
		return true
	}
	bare, slash := strings.CutSuffix(path, "/")
	if strings.HasSuffix(bare, "//") {
		return false // all of the path
	}
	return slash && !strings.HasSuffix(key, "/") && key != path+"*" && s.differs(bare, key)
}

// differs reports whether another rule than the key's is for what servers make
// of a URI that look at no query, or at no slash at its end.
func (s *ruleSet) differs(uri, key string) bool {
	other, _ := s.find(uri)
	return other != key || s.decodes(uri, key)
}

// decodes reports whether another rule than the key's is for what servers make
// of a URI that decode it.
func (s *ruleSet) decodes(uri, key string) bool {
	decoded := decodeReserved(uri)
	return (s.encoded || decoded != uri) && s.findDecoded(decoded) != key
}

// findDecoded is find for servers that decode URIs before they compare them.
func (s *ruleSet) findDecoded(uri string) (key string) {
	if key, ok := s.decoded[uri]; ok {
		return key
	}
	for i := range s.patterns {
		if rule := &s.patterns[i]; rule.decoded.fits(uri) {
			return rule.pattern.text
		}
	}
	return ""
}

// pattern is a name, a prefix, or a URI template. It is a row of pieces that a
// name has to be made of.
type pattern struct {
	text   string
	pieces []piece
}

// piece is literal text, or stands for any: of one path segment, or of several.
type piece struct {
	text     string
	variable bool
	several  bool
}

var (
	errEmptyKey   = errors.New("it is empty")
	errMisplaced  = errors.New("* stands at the end only")
	errNotNormal  = errors.New("no URI in normal form fits it (RFC 3986 §6.2.2)")
	errExpression = errors.New("of URI templates, {name} and {+name} are known, with text between two of them")
)

// newPattern reads a rule's key.
func newPattern(key string, templates bool) (pattern, error) {
	if key == "" {
		return pattern{}, errEmptyKey
	}
	p := pattern{text: key}
	rest, prefix := strings.CutSuffix(key, "*")
	if strings.Contains(rest, "*") {
		return p, errMisplaced
	}
	for rest != "" {
		at := strings.IndexByte(rest, '{')
		if !templates || at < 0 {
			at = len(rest)
		}
		if at > 0 {
			p.pieces = append(p.pieces, piece{text: rest[:at]})
			rest = rest[at:]
			continue
		}
		end := strings.IndexByte(rest, '}')
		variable, ok := expression(rest, end)
		if !ok || len(p.pieces) > 0 && p.pieces[len(p.pieces)-1].variable {
			return p, errExpression
		}
		p.pieces = append(p.pieces, variable)
		rest = rest[end+1:]
	}
	if n := len(p.pieces); prefix && n > 0 && p.pieces[n-1].variable {
		return p, errExpression
	}
	if prefix {
		p.pieces = append(p.pieces, piece{variable: true, several: true})
	}
	if templates && !p.literal() && !p.reachable() {
		return p, errNotNormal
	}
	return p, nil
}

// reachable reports whether a URI in normal form can fit. It gives patterns
// without a whole scheme the benefit of the doubt.
func (p *pattern) reachable() bool {
	var sample strings.Builder
	for _, piece := range p.pieces {
		if piece.variable {
			sample.WriteByte('x')
		}
		sample.WriteString(piece.text)
	}
	return !strings.Contains(p.pieces[0].text, ":") || normalURI(sample.String())
}

// expression reads "{name}" or "{+name}" at the beginning of text, which closes
// at end.
func expression(text string, end int) (piece, bool) {
	if end < 0 {
		return piece{}, false
	}
	name, several := strings.CutPrefix(text[1:end], "+")
	if name == "" {
		return piece{}, false
	}
	for _, c := range []byte(name) {
		if !isWordByte(c) {
			return piece{}, false
		}
	}
	return piece{variable: true, several: several}, true
}

func isWordByte(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

func (p *pattern) literal() bool { return len(p.pieces) == 1 && !p.pieces[0].variable }

// compare sorts the more specific pattern first: the one that fixes more text,
// then the one with fewer pieces that stand for several segments.
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

// shape is the same for patterns that fit the same names.
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

// fitPieces follows all places up to which the pieces can reach, at once: its
// time is the length of the name for each piece, whatever a caller sends.
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

// advance moves each place behind the text, if that is there.
func (p piece) advance(reached []bool, name string) {
	for to := len(name); to >= 0; to-- {
		from := to - len(p.text)
		reached[to] = from >= 0 && reached[from] && name[from:to] == p.text
	}
}

// extend lets a variable stand for any text or for none, as the templates of
// MCP SDKs do: a rule must not fit less than the server does.
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

// decode is the pattern for what [decodeReserved] makes of names.
func (p *pattern) decode() pattern {
	d := pattern{text: p.text, pieces: slices.Clone(p.pieces)}
	for i := range d.pieces {
		d.pieces[i].text = decodeReserved(d.pieces[i].text)
	}
	return d
}

// normalURI reports a URI in normal form (RFC 3986 §6.2.2): lower-case scheme
// and host, no dot segments or empty ones, percent-encoding in upper case and not
// of letters, digits and the like, and never of a slash, a backslash or a dot.
// Braces are let through, for URI templates.
func normalURI(uri string) bool {
	scheme, rest, ok := strings.Cut(uri, ":")
	if !ok || !normalScheme(scheme) || !normalBytes(rest) {
		return false
	}
	if authority, ok := strings.CutPrefix(rest, "//"); ok {
		end := strings.IndexAny(authority, "/?#")
		if end < 0 {
			end = len(authority)
		}
		if !normalHost(scheme, authority[:end]) {
			return false
		}
		if rest = authority[end:]; end == 0 && !strings.HasPrefix(rest, "/") {
			return false // neither a host nor a path
		}
	}
	if strings.Contains(rest, "#") {
		return false
	}
	path, _, _ := strings.Cut(rest, "?")
	for i, segment := range strings.Split(strings.TrimSuffix(path, "/"), "/") {
		if segment == "." || segment == ".." || segment == "" && i > 0 {
			return false
		}
	}
	return true
}

// normalScheme reports a scheme in lower case (RFC 3986 §3.1).
func normalScheme(scheme string) bool {
	for i, c := range []byte(scheme) {
		letter := c >= 'a' && c <= 'z'
		if !letter && (i == 0 || !(c >= '0' && c <= '9') && strings.IndexByte("+-.", c) < 0) {
			return false
		}
	}
	return scheme != ""
}

// normalHost reports a host in lower case, without user and without a port that
// goes without saying (RFC 3986 §6.2.3).
func normalHost(scheme, host string) bool {
	if host != strings.ToLower(host) || strings.ContainsAny(host, "@%") || strings.HasSuffix(host, ":") {
		return false
	}
	return !(scheme == "http" && strings.HasSuffix(host, ":80")) && !(scheme == "https" && strings.HasSuffix(host, ":443"))
}

// normalBytes reports text of printable ASCII, without backslashes, whose
// percent-encoding is normal.
func normalBytes(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c <= ' ' || c > '~' || c == '\\' || c == '"' || c == '<' || c == '>' || c == '^' || c == '`' || c == '|' {
			return false
		}
		if c != '%' {
			continue
		}
		if i+2 >= len(s) {
			return false
		}
		high, low := upperHex(s[i+1]), upperHex(s[i+2])
		if high < 0 || low < 0 || !mustBeEncoded(byte(high<<4|low)) {
			return false
		}
		i += 2
	}
	return true
}

// decodeReserved decodes the bytes that may stand in a path as they are and may
// as well be percent-encoded, such as the @ of an address. In RFC 3986 the two
// are different names; templates encode these bytes, and servers decode them.
func decodeReserved(uri string) string {
	if !strings.Contains(uri, "%") {
		return uri
	}
	var b strings.Builder
	for i := 0; i < len(uri); i++ {
		if c, ok := encodedReserved(uri[i:]); ok {
			b.WriteByte(c)
			i += 2
			continue
		}
		b.WriteByte(uri[i])
	}
	return b.String()
}

func encodedReserved(s string) (byte, bool) {
	if len(s) < 3 || s[0] != '%' {
		return 0, false
	}
	high, low := upperHex(s[1]), upperHex(s[2])
	if high < 0 || low < 0 {
		return 0, false
	}
	c := byte(high<<4 | low)
	return c, strings.IndexByte("!$&'()*+,;=:@[]{}", c) >= 0
}

func upperHex(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

// mustBeEncoded reports bytes that have to be percent-encoded and that a server
// does not read as structure when it decodes them.
func mustBeEncoded(c byte) bool {
	if isWordByte(c) || strings.IndexByte("-.~/\\", c) >= 0 {
		return false
	}
	return c >= ' ' && c != 0x7f
}
