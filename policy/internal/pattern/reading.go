package pattern

import "strings"

// A reading is what a server makes of a name, or of a key, before it compares the
// two. A name is one piece of literal text.
type reading func([]piece) []piece

// uriReader reads URIs as servers do.
type uriReader struct {
	// text reads what is between variables: decodeText, or nothing at all for servers
	// that do not decode.
	text func(string) string
}

// The readings build on each other.

func (r uriReader) slashless(pieces []piece) []piece { return withoutSlash(r.whole(pieces)) }
func (r uriReader) queryless(pieces []piece) []piece { return withoutQuery(r.whole(pieces)) }
func (r uriReader) bare(pieces []piece) []piece      { return withoutSlash(r.queryless(pieces)) }
func (r uriReader) pathOnly(pieces []piece) []piece  { return r.bare(withoutAuthority(pieces)) }

// whole is the reading that the others build on. It brings URIs that a server
// might take for one into one form: decoded once or twice, in any case and in any
// compatibility form of Unicode, with or without slashes behind the scheme,
// with repeated slashes, and with dots and spaces at the ends of segments.
//
// A ? or # that comes of decoding stays apart from one that was there before.
func (r uriReader) whole(pieces []piece) []piece {
	read := mapText(pieces, r.text)
	for i := range read {
		p, isLast := &read[i], i == len(read)-1
		scheme, rest, found := strings.Cut(p.text, ":")
		if p.variable || !found {
			continue
		}
		p.text = scheme + ":" + trimSegments(strings.TrimLeft(rest, "/"), true, isLast)
		trimAll(read[i+1:])
		return read
	}
	trimAll(read)
	return read
}

// trimAll is trimSegments for pieces behind others.
func trimAll(pieces []piece) {
	for i := range pieces {
		if p := &pieces[i]; !p.variable {
			p.text = trimSegments(p.text, false, i == len(pieces)-1)
		}
	}
}

func decodeText(text string) string {
	if !strings.ContainsAny(text, "%+") && isFolded(text) {
		return text
	}
	parts := strings.Split(text, "?")
	for i, part := range parts {
		part = foldCharacters(strings.ReplaceAll(decode(decode(part)), "+", " "))
		parts[i] = strings.NewReplacer("?", encodedQuery, "#", encodedFragment).Replace(foldSpaces(part))
	}
	return strings.Join(parts, "?")
}

// How a ? and a # are written that come of decoding.
const (
	encodedQuery    = "%3f"
	encodedFragment = "%23"
)

// trimSegments makes one slash of several, and drops spaces around segments and
// dots at their ends. The first and the last segment may go on outside the text,
// unless it is the first or the last.
func trimSegments(text string, isFirst, isLast bool) string {
	if !strings.ContainsAny(text, " ?&") && !strings.Contains(text, "//") && !strings.Contains(text, "./") && !strings.HasSuffix(text, ".") {
		return text
	}
	var b strings.Builder
	for starts := isFirst; ; starts = true {
		end := strings.IndexAny(text, "/?&")
		segment := text[:max(0, end)]
		if end < 0 {
			segment = text
		}
		b.WriteString(trimSegment(segment, starts, end >= 0 || isLast))
		if end < 0 {
			return b.String()
		}
		if text[end] != '/' || segment != "" || !strings.HasSuffix(b.String(), "/") {
			b.WriteByte(text[end])
		}
		text = text[end+1:]
	}
}

// trimSegment leaves alone what is a name of dots and spaces only.
func trimSegment(segment string, starts, ends bool) string {
	if strings.Trim(segment, " .") == "" {
		return segment
	}
	if starts {
		segment = strings.TrimLeft(segment, " ")
	}
	if ends {
		segment = strings.TrimRight(segment, " .")
	}
	return segment
}

// withoutQuery ends at the first question mark.
func withoutQuery(pieces []piece) []piece { return cutAt(pieces, "?") }

// withoutDecodedQuery ends at the first question mark or number sign, also at one
// that comes of decoding.
func withoutDecodedQuery(pieces []piece) []piece {
	return cutAt(cutAt(cutAt(pieces, "?"), encodedQuery), encodedFragment)
}

func cutAt(pieces []piece, mark string) []piece {
	for i, p := range pieces {
		if at := strings.Index(p.text, mark); at >= 0 {
			return append(pieces[:i:i], piece{text: p.text[:at]})
		}
	}
	return pieces
}

// withoutSlash ends before the slash at the end, unless there is nothing else.
func withoutSlash(pieces []piece) []piece {
	last := len(pieces) - 1
	text, found := strings.CutSuffix(pieces[last].text, "/")
	if !found || pieces[last].variable || isScheme(text) {
		return pieces
	}
	return append(pieces[:last:last], piece{text: text})
}

// isScheme reports whether there is nothing behind the scheme.
func isScheme(text string) bool {
	colon := strings.IndexByte(text, ':')
	return colon >= 0 && colon == len(text)-1
}

// withoutRest ends before a slash and the {+name} or * behind it, for names in which
// that stands for nothing. It returns nil if the pieces end differently.
func withoutRest(pieces []piece) []piece {
	last := len(pieces) - 1
	if last < 1 || !pieces[last].several || !strings.HasSuffix(pieces[last-1].text, "/") {
		return nil
	}
	return withoutSlash(pieces[:last])
}

// withoutParameters drops what stands in each segment behind a semicolon, as servlet
// containers do, or behind a colon, as Windows does.
func withoutParameters(text string) string {
	scheme, rest, _ := strings.Cut(text, ":")
	var b strings.Builder
	for segment := range strings.SplitAfterSeq(rest, "/") {
		end := strings.IndexAny(segment, ";:")
		if end < 0 {
			b.WriteString(segment)
			continue
		}
		b.WriteString(segment[:end])
		if strings.HasSuffix(segment, "/") {
			b.WriteByte('/')
		}
	}
	return scheme + ":" + trimSegments(strings.TrimLeft(b.String(), "/"), true, true)
}

// withoutAuthority is what is left of a URI for a server that looks at its path
// only. A {+name} in the place of the authority may stand for a path and stays.
func withoutAuthority(pieces []piece) []piece {
	start := strings.Index(pieces[0].text, "://")
	if start < 0 {
		return pieces
	}
	scheme := pieces[0].text[:start+1]
	for i, p := range pieces {
		if i == 0 {
			p.text = p.text[start+3:]
		}
		if p.several {
			return append([]piece{{text: scheme}}, pieces[i:]...)
		}
		if end := strings.IndexAny(p.text, "/?#"); !p.variable && end >= 0 {
			return append([]piece{{text: scheme + p.text[end:]}}, pieces[i+1:]...)
		}
	}
	return []piece{{text: scheme}}
}

// hasAuthority reports whether a URI or a key says more of the authority than that
// there may be one.
func hasAuthority(pieces []piece) bool {
	start := strings.Index(pieces[0].text, "://")
	if start < 0 {
		return false
	}
	if rest := pieces[0].text[start+3:]; rest != "" {
		return rest[0] != '/'
	}
	return len(pieces) > 1 && !pieces[1].several
}

// withoutHost leaves out a {name} that is all that a key says of the authority: it may
// stand for nothing. It returns nil if there is none.
func withoutHost(pieces []piece) []piece {
	if len(pieces) < 3 || !strings.HasSuffix(pieces[0].text, "://") || !pieces[1].variable || pieces[1].several || !strings.HasPrefix(pieces[2].text, "/") {
		return nil
	}
	return append([]piece{{text: pieces[0].text + pieces[2].text}}, pieces[3:]...)
}

// hasAnyScheme reports whether a variable comes before the colon of the scheme.
func hasAnyScheme(pieces []piece) bool {
	return len(pieces) > 1 && (pieces[0].variable || !strings.Contains(pieces[0].text, ":"))
}

// mayCutEncoding reports whether a variable may end within the percent-encoding of a
// byte: such a key fits a URI as it is, and not as it is decoded.
func mayCutEncoding(pieces []piece) bool {
	for i := 1; i < len(pieces); i++ {
		before, after := pieces[i-1].text, pieces[i].text
		if pieces[i-1].variable && after != "" && hexDigit(after[0]) >= 0 || strings.Contains(before[max(0, len(before)-2):], "%") {
			return true
		}
	}
	return false
}

// withPath gives a URI that has an authority and no path the path / (RFC 3986 §6.2.3).
func withPath(uri string) string {
	scheme, rest, _ := strings.Cut(uri, ":")
	authority, hasAuthority := strings.CutPrefix(rest, "//")
	end := authorityEnd(authority)
	if !hasAuthority || strings.HasPrefix(authority[end:], "/") {
		return uri
	}
	return scheme + "://" + authority[:end] + "/" + authority[end:]
}
