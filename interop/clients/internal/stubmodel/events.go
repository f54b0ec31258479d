package stubmodel

import (
	"encoding/json"
	"fmt"
	"net/http"
)

// event is a server-sent event. Data is sent as JSON unless it is a string.
type event struct {
	name string
	data any
}

// object is a JSON object.
type object = map[string]any

func writeEvents(w http.ResponseWriter, events []event) {
	w.Header().Set("Content-Type", "text/event-stream")
	for _, e := range events {
		if e.name != "" {
			fmt.Fprintf(w, "event: %s\n", e.name)
		}
		text, ok := e.data.(string)
		if !ok {
			data, err := json.Marshal(e.data)
			if err != nil {
				panic(err) // made of maps and strings only
			}
			text = string(data)
		}
		fmt.Fprintf(w, "data: %s\n\n", text)
	}
}

// typed is an event whose name is also its data's type.
func typed(name string, data object) event {
	data["type"] = name
	return event{name, data}
}
