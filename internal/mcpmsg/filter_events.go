package mcpmsg

import (
	"bytes"
	"io"
)

// byteOrderMark may begin an event stream.
const byteOrderMark = "\uFEFF"

// maxSpare is the capacity of buffers that are kept for the next event.
const maxSpare = 64 << 10

// eventBody is an event stream as the HTML standard, section 9.2, has it.
type eventBody struct {
	w      io.Writer
	cutter cutter
	held   []byte // the event so far
	line   int    // where in held its last line begins
	out    []byte // the event as it is written, if it is changed

	begun   bool // the first line is complete
	hasData bool // a line of the event is data
	afterCR bool // the last byte ended a line, to which a line feed still belongs
}

func (b *eventBody) write(p []byte) error {
	for len(p) > 0 {
		n, err := b.next(p)
		if err != nil {
			b.held, b.out = nil, nil
			return err
		}
		p = p[n:]
	}
	return nil
}

// close drops what is held: the beginning of an event.
func (b *eventBody) close() error {
	b.held, b.out = nil, nil
	return nil
}

// next takes p up to the end of a line, or all of it, and says how much.
func (b *eventBody) next(p []byte) (int, error) {
	afterCR := b.afterCR
	b.afterCR = false
	if afterCR && p[0] == '\n' {
		return 1, b.lineFeed()
	}
	end := lineEnd(p)
	if end == len(p) {
		return len(p), b.hold(p)
	}
	if err := b.hold(p[:end+1]); err != nil {
		return 0, err
	}
	b.afterCR = p[end] == '\r'
	return end + 1, b.endLine()
}

func (b *eventBody) hold(p []byte) error {
	if len(p) > maxFiltered-len(b.held) {
		return ErrTooLarge
	}
	b.held = append(b.held, p...)
	return nil
}

// lineFeed takes the second half of a line's end.
func (b *eventBody) lineFeed() error {
	if len(b.held) == 0 {
		// The line has been written: it could have been the stream's last.
		return writeAll(b.w, []byte{'\n'})
	}
	err := b.hold([]byte{'\n'})
	b.line = len(b.held)
	return err
}

// endLine reads the line that held ends with.
func (b *eventBody) endLine() error {
	if err := b.begin(); err != nil {
		return err
	}
	line := b.held[b.line : len(b.held)-1]
	if len(line) == 0 {
		return b.endEvent()
	}
	if line[0] == ':' && b.line == 0 {
		return b.pass()
	}
	switch string(field(line)) {
	case "data":
		b.hasData = true
	case "", "event", "id", "retry":
	default:
		// Ignored by the standard, but data for a reader that does not take a
		// lone carriage return for the end of a line, or the case of a field
		// seriously.
		if mayHoldObject(line) {
			return ErrMalformed
		}
	}
	b.line = len(b.held)
	return nil
}

// begin writes the mark that the stream may begin with.
func (b *eventBody) begin() error {
	if b.begun {
		return nil
	}
	b.begun = true
	rest, found := bytes.CutPrefix(b.held, []byte(byteOrderMark))
	if !found {
		return nil
	}
	b.held = append(b.held[:0], rest...)
	return writeAll(b.w, []byte(byteOrderMark))
}

func (b *eventBody) endEvent() error {
	if !b.hasData {
		return b.pass()
	}
	data, lines := eventData(b.held)
	if err := b.cutter.find(data); err != nil {
		return err
	}
	if len(b.cutter.cuts) == 0 {
		return b.pass()
	}
	b.out = b.appendEvent(b.out[:0], data, lines)
	err := writeAll(b.w, b.out)
	b.out = spare(b.out)
	b.clear()
	return err
}

// pass writes what is held as it is.
func (b *eventBody) pass() error {
	err := writeAll(b.w, b.held)
	b.clear()
	return err
}

func (b *eventBody) clear() {
	b.held, b.line, b.hasData = spare(b.held), 0, false
}

// appendEvent appends the event that is held with the rest of data as its one
// line of data, where the last of its lines of data was: its line end is known
// to get along with what follows.
func (b *eventBody) appendEvent(dst, data []byte, lines int) []byte {
	for rest := b.held; len(rest) > 0; {
		var line, end []byte
		line, end, rest = cutLine(rest)
		if !isData(line) {
			dst = append(append(dst, line...), end...)
			continue
		}
		if lines--; lines > 0 {
			continue
		}
		dst = append(dst, "data: "...)
		from := len(dst)
		dst = b.cutter.appendRest(dst, data)
		joinLines(dst[from:])
		dst = append(dst, end...)
	}
	return dst
}

// joinLines makes one line of JSON: there, line ends are white space.
func joinLines(text []byte) {
	for i, c := range text {
		if c == '\n' {
			text[i] = ' '
		}
	}
}

// eventData returns the data of an event, and how many lines it is on.
func eventData(event []byte) (data []byte, lines int) {
	for len(event) > 0 {
		var line []byte
		line, _, event = cutLine(event)
		if !isData(line) {
			continue
		}
		lines++
		value := bytes.TrimPrefix(line[min(len(line), len("data:")):], []byte{' '})
		if lines == 1 {
			data = value[:len(value):len(value)]
			continue
		}
		data = append(append(data, '\n'), value...)
	}
	return data, lines
}

// field returns the name of the field that a line is, none for a comment.
func field(line []byte) []byte {
	name, _, _ := bytes.Cut(line, []byte{':'})
	return name
}

func isData(line []byte) bool { return string(field(line)) == "data" }

// cutLine cuts text behind its first line, which has an end.
func cutLine(text []byte) (line, end, rest []byte) {
	at, n := lineEnd(text), 1
	if bytes.HasPrefix(text[at:], []byte("\r\n")) {
		n = 2
	}
	return text[:at], text[at : at+n], text[at+n:]
}

// lineEnd returns where the first line of text ends, len(text) if it does not.
func lineEnd(text []byte) int {
	// Two fast searches beat a slow one, in windows lest a text of many lines
	// be searched to its end for each.
	const window = 1 << 10
	for from := 0; from < len(text); from += window {
		part := text[from:min(from+window, len(text))]
		end := bytes.IndexByte(part, '\n')
		if end < 0 {
			end = len(part)
		}
		if cr := bytes.IndexByte(part[:end], '\r'); cr >= 0 {
			end = cr
		}
		if end < len(part) {
			return from + end
		}
	}
	return len(text)
}

// spare returns the buffer to use for the next event.
func spare(buffer []byte) []byte {
	if cap(buffer) > maxSpare {
		return nil
	}
	return buffer[:0]
}
