package stdio

import (
	"net/http"
	"strings"
)

// accepts says what a client takes for a response.
type accepts struct{ json, events bool }

// readAccept reads the header Accept. A request without one takes JSON.
func readAccept(h http.Header) (a accepts) {
	values := h.Values("Accept")
	if len(values) == 0 {
		return accepts{json: true}
	}
	for _, value := range values {
		for media := range strings.SplitSeq(value, ",") {
			media, _, _ = strings.Cut(media, ";")
			switch strings.ToLower(strings.TrimSpace(media)) {
			case "application/json", "application/*":
				a.json = true
			case "text/event-stream", "text/*":
				a.events = true
			case "*/*":
				a.json, a.events = true, true
			}
		}
	}
	return a
}
