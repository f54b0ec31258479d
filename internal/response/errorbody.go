package response

import "encoding/json"

// errorBody is {"error", "error_description"} as [json.Marshal] writes it. Most
// texts need no escaping, and are then copied: refusals answer strangers, and
// must cost little.
func errorBody(code, description string) []byte {
	body := make([]byte, 0, len(`{"error":"","error_description":""}`)+len(code)+len(description))
	body = appendText(append(body, `{"error":`...), code)
	if description != "" {
		body = appendText(append(body, `,"error_description":`...), description)
	}
	return append(body, '}')
}

func appendText(body []byte, text string) []byte {
	if needsEscape(text) {
		quoted, _ := json.Marshal(text) // a string cannot fail
		return append(body, quoted...)
	}
	return append(append(append(body, '"'), text...), '"')
}

func needsEscape(text string) bool {
	for i := range len(text) {
		switch c := text[i]; {
		case c < ' ', c > '~', c == '"', c == '\\', c == '<', c == '>', c == '&':
			return true
		}
	}
	return false
}
