// Package endpoint sends messages to an MCP endpoint, without a token and as a
// logged-in client, and ends the sessions that they open.
package endpoint

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/mcp-auth/go/check/internal/answer"
	"github.com/mcp-auth/go/check/internal/finding"
	"github.com/mcp-auth/go/check/internal/leak"
	"github.com/mcp-auth/go/check/internal/probe"
	"github.com/mcp-auth/go/check/internal/transport"
	"github.com/mcp-auth/go/internal/fetch"
)

const (
	// maxEventWait is how long to wait for the first event of a stream.
	maxEventWait = 3 * time.Second
	// maxEndTime bounds the ending of sessions.
	maxEndTime = 10 * time.Second
	// maxSilence is how many requests in a row may go unanswered.
	maxSilence = 2
)

// Endpoint is an MCP endpoint during a check.
type Endpoint struct {
	*probe.Probe
	// URL is the endpoint's URL, Origin its scheme and authority.
	URL, Origin string

	watch  *leak.Watch
	silent int // requests in a row that were not answered
	// token and session are the client's, "" if there is none.
	token, session string
	opened         []session
}

// session is a session that a request of the check has opened.
type session struct {
	id, url, authorization string
}

// New returns the endpoint at url.
func New(p *probe.Probe, url string) *Endpoint {
	e := &Endpoint{Probe: p, URL: url, Origin: url}
	path := ""
	if i := strings.Index(url, "://"); i >= 0 {
		if end := strings.IndexAny(url[i+3:], "/?"); end >= 0 {
			e.Origin = url[:i+3+end]
			path, _, _ = strings.Cut(url[i+3+end:], "?")
		}
	}
	e.watch = leak.NewWatch(path)
	return e
}

// Request returns a request to the endpoint, with the headers that clients
// send. The headers in extra replace them.
func (e *Endpoint) Request(method, body string, extra http.Header) fetch.Request {
	header := http.Header{"Accept": {"application/json, text/event-stream"}}
	if body != "" {
		header.Set("Content-Type", "application/json")
	}
	if method == http.MethodGet {
		header.Set("Accept", "text/event-stream")
	}
	for name, values := range extra {
		header[name] = values
	}
	return fetch.Request{Method: method, URL: e.URL, Header: header, Body: []byte(body), EventWait: e.eventWait()}
}

// eventWait returns maxEventWait, or less if requests have little time.
func (e *Endpoint) eventWait() time.Duration {
	if e.Timeout() <= 0 {
		return maxEventWait
	}
	return min(maxEventWait, e.Timeout()/2)
}

// Authorize adds a token to a request.
func Authorize(r *fetch.Request, scheme, token string) {
	r.Header.Set("Authorization", scheme+" "+token)
}

// Try sends a request, with the token if there is one. The error is a
// [*fetch.Error].
func (e *Endpoint) Try(ctx context.Context, purpose string, r fetch.Request, token string) (*answer.Answer, error) {
	resp, err := e.Do(ctx, purpose, r)
	if err != nil {
		return nil, err
	}
	e.noteSession(&r, resp)
	a := answer.Read(resp)
	e.watch.Look(purpose, a, token)
	return a, nil
}

// Send sends a request that has the token, "" if it has none. It returns nil
// if there is no answer. After several unanswered requests in a row it sends
// nothing any more.
func (e *Endpoint) Send(ctx context.Context, purpose string, r fetch.Request, token string) *answer.Answer {
	if e.GaveUp(ctx) {
		return nil
	}
	a, err := e.Try(ctx, purpose, r, token)
	if err == nil {
		e.silent = 0
		return a
	}
	if e.silent++; e.silent == maxSilence && ctx.Err() == nil {
		e.Add(finding.New("server_unreachable", transport.FailureText(err), "The server has stopped answering. The rest of the check is missing."))
	}
	return nil
}

// GaveUp reports whether nothing is sent any more. Then a missing answer says
// nothing about the server.
func (e *Endpoint) GaveUp(ctx context.Context) bool {
	return e.silent >= maxSilence || ctx.Err() != nil
}

// LogIn makes SendAdmitted use the token, and the session if it is not "".
func (e *Endpoint) LogIn(token, session string) { e.token, e.session = token, session }

// Open makes InSession use a session that the server opened without a token.
func (e *Endpoint) Open(session string) { e.session = session }

// LoggedIn reports whether there is a token that the server accepts.
func (e *Endpoint) LoggedIn() bool { return e.token != "" }

// SendAdmitted sends a request with the logged-in client's token, if there is
// one.
func (e *Endpoint) SendAdmitted(ctx context.Context, purpose string, r fetch.Request) *answer.Answer {
	return e.SendAs(ctx, purpose, r, "Bearer")
}

// SendAs is SendAdmitted with another spelling of the scheme.
func (e *Endpoint) SendAs(ctx context.Context, purpose string, r fetch.Request, scheme string) *answer.Answer {
	if e.LoggedIn() {
		Authorize(&r, scheme, e.token)
	}
	return e.Send(ctx, purpose, r, e.token)
}

// InSession adds the headers of the client's session to a request.
func (e *Endpoint) InSession(r *fetch.Request) {
	r.Header.Set("Mcp-Protocol-Version", ProtocolVersion)
	if e.session != "" {
		r.Header.Set("Mcp-Session-Id", e.session)
	}
}

// noteSession remembers a session that the answer to r has opened.
func (e *Endpoint) noteSession(r *fetch.Request, resp *fetch.Response) {
	id := resp.Header.Get("Mcp-Session-Id")
	known := slices.ContainsFunc(e.opened, func(s session) bool { return s.id == id })
	if id != "" && !known && resp.Status >= 200 && resp.Status < 300 {
		e.opened = append(e.opened, session{id, r.URL, r.Header.Get("Authorization")})
	}
}

// EndSessions ends the sessions that the check has opened, even if the check's
// own time is up.
func (e *Endpoint) EndSessions(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), maxEndTime)
	defer cancel()
	for _, open := range e.opened {
		r := e.Request(http.MethodDelete, "", http.Header{"Mcp-Session-Id": {open.id}, "Mcp-Protocol-Version": {ProtocolVersion}})
		r.URL = open.url
		if open.authorization != "" {
			r.Header.Set("Authorization", open.authorization)
		}
		e.Send(ctx, "end a session that was opened", r, strings.TrimPrefix(open.authorization, "Bearer "))
	}
}

// AddLeaks records what answers held that they should not hold.
func (e *Endpoint) AddLeaks() { e.Add(e.watch.Findings()...) }
