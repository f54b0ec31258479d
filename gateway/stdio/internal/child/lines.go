package child

import "bytes"

// lines cuts what is written to it into lines.
type lines struct {
	limit int          // bytes of a line
	take  func([]byte) // gets each line, without its end, for good
	long  func([]byte) // gets the beginning of a line that is longer

	held []byte
	skip bool // the rest of a line that is too long
}

// Write never fails: the process at the other end would be stopped by it.
func (l *lines) Write(p []byte) (int, error) {
	n := len(p)
	for len(p) > 0 {
		line, rest, ends := bytes.Cut(p, []byte{'\n'})
		p = rest
		l.hold(line)
		if ends {
			l.end()
		}
	}
	return n, nil
}

func (l *lines) hold(part []byte) {
	if l.skip {
		return
	}
	room := l.limit - len(l.held)
	if len(part) <= room {
		l.held = append(l.held, part...)
		return
	}
	l.long(append(l.held, part[:room]...))
	l.held, l.skip = nil, true
}

func (l *lines) end() {
	if !l.skip {
		l.take(l.held)
	}
	l.held, l.skip = nil, false
}
