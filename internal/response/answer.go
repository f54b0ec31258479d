package response

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/mcp-auth/go/internal/refusal"
)

// Answer is a refusal as it is sent, apart from the values that differ from
// request to request. It is never written to once it is made.
type Answer struct {
	Status     int
	Challenges []string // values of WWW-Authenticate
	body       []byte
	length     string // of the body
}

// NewAnswer returns the answer with the body {"error", "error_description"}. A
// code that is empty gets the one that suits the status: a body needs one even
// if the challenge must have none.
func NewAnswer(status int, challenges []string, code, description string) Answer {
	a := Answer{Status: status, Challenges: challenges, body: errorBody(bodyCode(status, code), description)}
	a.length = strconv.Itoa(len(a.body))
	return a
}

func bodyCode(status int, code string) string {
	switch {
	case code != "":
		return code
	case status == http.StatusUnauthorized:
		return "unauthorized"
	case status == http.StatusServiceUnavailable:
		return "temporarily_unavailable"
	}
	return "server_error"
}

// Write sends the answer. The nonce and the delay are left out if they are zero.
func (a *Answer) Write(w http.ResponseWriter, nonce string, retryAfter time.Duration) {
	f := fields{w.Header(), make([]string, 0, len(a.Challenges)+usualFields)}
	f.set("Www-Authenticate", a.Challenges...)
	if nonce != "" {
		f.set("Dpop-Nonce", nonce)
	}
	if retryAfter > 0 {
		f.set("Retry-After", strconv.Itoa(int((retryAfter+time.Second-1)/time.Second)))
	}
	f.set("Cache-Control", "no-store")
	f.set("Content-Type", "application/json")
	f.set("X-Content-Type-Options", "nosniff")
	f.set("Content-Length", a.length)
	w.WriteHeader(a.Status)
	_, _ = w.Write(a.body)
}

// usualFields is how many values most answers have beside the challenges.
const usualFields = 4

// fields sets header fields, under canonical names, to values that usually share
// one piece of memory.
type fields struct {
	header http.Header
	values []string
}

func (f *fields) set(name string, values ...string) {
	if len(values) == 0 {
		return
	}
	f.values = append(f.values, values...)
	last := len(f.values)
	f.header[name] = f.values[last-len(values) : last : last]
}

// WriteRPC sends an error in the form of JSON-RPC 2.0.
func WriteRPC(w http.ResponseWriter, e *refusal.RPC) {
	type detail struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
	}
	id := e.ID
	if id == nil {
		id = json.RawMessage("null")
	}
	w.Header().Set("Cache-Control", "no-store")
	WriteJSON(w, e.Status, struct {
		Version string          `json:"jsonrpc"`
		ID      json.RawMessage `json:"id"`
		Error   detail          `json:"error"`
	}{"2.0", id, detail{e.Code, e.Message}})
}

// WriteJSON sends a JSON document.
func WriteJSON(w http.ResponseWriter, status int, body any) {
	data, err := json.Marshal(body)
	if err != nil {
		status, data = http.StatusInternalServerError, []byte(`{"error":"server_error"}`)
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Length", strconv.Itoa(len(data)))
	w.WriteHeader(status)
	_, _ = w.Write(data)
}
