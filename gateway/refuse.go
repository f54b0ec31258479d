package gateway

import (
	"net/http"
	"strings"

	"github.com/mcp-auth/go/internal/refusal"
	"github.com/mcp-auth/go/internal/response"
)

// pathAsSent returns the path of the request target, percent-encoded as it was sent.
func pathAsSent(r *http.Request) string {
	if !strings.HasPrefix(r.RequestURI, "/") { // an absolute URL
		return r.URL.EscapedPath()
	}
	path, _, _ := strings.Cut(r.RequestURI, "?")
	return path
}

func refuseMethod(w http.ResponseWriter) {
	w.Header().Set("Allow", "GET, POST, DELETE")
	refuse(w, http.StatusMethodNotAllowed, "MCP has no such HTTP method.")
}

// refuse answers a request that cannot be forwarded, whoever sent it.
func refuse(w http.ResponseWriter, status int, text string) {
	answer := response.NewAnswer(status, nil, refusal.CodeInvalidRequest, text)
	answer.Write(w, "", 0)
}
