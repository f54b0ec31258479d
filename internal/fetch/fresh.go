package fetch

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// maxFresh is the most a header can say: RFC 9111 §1.2.2 asks to treat what
// does not fit as 2^31 seconds.
const maxFresh = (1 << 31) * time.Second

// FreshFor tells how long an answer received at now stays fresh in a private
// cache (RFC 9111 §4.2), never less than 0. ok is false when the header says
// nothing. no-store, no-cache and unreadable values are 0, true. Cache-Control
// wins over Expires; Age is subtracted.
func FreshFor(h http.Header, now time.Time) (d time.Duration, ok bool) {
	d, ok = lifetime(h, now)
	if !ok {
		return 0, false
	}
	if age, valid := deltaSeconds(h.Get("Age")); valid {
		d -= age
	}
	return max(d, 0), true
}

func lifetime(h http.Header, now time.Time) (time.Duration, bool) {
	if d, ok := cacheControl(h.Values("Cache-Control")); ok {
		return d, true
	}
	values := h.Values("Expires")
	if len(values) == 0 {
		return 0, false
	}
	expires, err := http.ParseTime(values[0])
	if err != nil {
		return 0, true // such as "0", already expired (RFC 9111 §5.3)
	}
	// By the server's own clock where it is known.
	if date, err := http.ParseTime(h.Get("Date")); err == nil {
		now = date
	}
	return min(expires.Sub(now), maxFresh), true
}

// cacheControl returns the freshness the directives give. Of several the
// shortest counts.
func cacheControl(values []string) (d time.Duration, ok bool) {
	d = maxFresh
	for _, value := range values {
		for value != "" {
			var name, arg string
			name, arg, value = nextDirective(value)
			switch name {
			case "no-store", "no-cache":
				return 0, true
			case "max-age":
				age, _ := deltaSeconds(arg) // unreadable: stale (RFC 9111 §4.2.1)
				d, ok = min(d, age), true
			}
		}
	}
	return d, ok
}

// nextDirective splits the first directive off a Cache-Control value. Commas
// in quoted strings do not end one.
func nextDirective(value string) (name, arg, rest string) {
	end, quoted := len(value), false
	for i := 0; i < len(value); i++ {
		switch c := value[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case c == ',' && !quoted:
			end, rest = i, value[i+1:]
			name, arg, _ = strings.Cut(value[:end], "=")
			return directiveName(name), strings.Trim(arg, " \t\""), rest
		}
	}
	name, arg, _ = strings.Cut(value[:end], "=")
	return directiveName(name), strings.Trim(arg, " \t\""), ""
}

func directiveName(s string) string { return strings.ToLower(strings.Trim(s, " \t")) }

// deltaSeconds reads a non-negative number of seconds (RFC 9111 §1.2.2).
func deltaSeconds(s string) (time.Duration, bool) {
	s = strings.Trim(s, " \t")
	if s == "" || strings.Trim(s, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n > int64(maxFresh/time.Second) {
		return maxFresh, true
	}
	return time.Duration(n) * time.Second, true
}
