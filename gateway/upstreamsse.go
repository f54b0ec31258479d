package gateway

import (
	"bufio"
	"context"
	"errors"
	"net/http"
	"net/url"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/gateway/internal/legacysse"
	"github.com/mcp-auth/go/internal/refusal"
	"github.com/mcp-auth/go/internal/response"
)

// sessionParameter is the member of the query that names a session of HTTP+SSE.
const sessionParameter = "session_id"

// The keys of what the two sides of the proxy tell each other: the URL that a message
// goes to, and the path that clients use.
type (
	endpointKey struct{}
	pathKey     struct{}
)

var errNoStream = errors.New("the upstream did not answer with an event stream that can be read")

// openStream has a stream name a URL of the gateway in place of the upstream's.
func (u *Upstream) openStream(r *http.Response) error {
	if !isStream(r.Header) || r.Header.Get("Content-Encoding") != "" {
		return errNoStream
	}
	rest := bufio.NewReader(r.Body)
	endpoint, err := legacysse.ReadEndpoint(rest, u.url)
	if err != nil {
		return err
	}
	ctx := r.Request.Context()
	id, err := u.sessions.Open(endpoint, caller(ctx))
	if err != nil {
		return err
	}
	own, _ := ctx.Value(pathKey{}).(string)
	r.Header.Del("Content-Length")
	r.ContentLength = -1
	r.Body = legacysse.NewStream(own+"?"+sessionParameter+"="+id, rest, r.Body, func() { u.sessions.Close(id) })
	return nil
}

// sendMessage sends a message to where the session that it names wants it.
func (u *Upstream) sendMessage(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		refuseMethod(w)
		return
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	ids := query[sessionParameter]
	if err != nil || len(ids) != 1 {
		refuse(w, http.StatusBadRequest, "The URL does not name a session: use the one of the event endpoint.")
		return
	}
	endpoint := u.sessions.Endpoint(ids[0], caller(r.Context()))
	if endpoint == nil {
		answer := response.NewAnswer(http.StatusNotFound, nil, refusal.CodeSessionNotFound, "The session is not known.")
		answer.Write(w, "", 0)
		return
	}
	u.proxy.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), endpointKey{}, endpoint)))
}

// caller names the caller of a request, by "" if there was no token.
func caller(ctx context.Context) string {
	info, _ := mcpauth.FromContext(ctx)
	return info.UserID()
}
