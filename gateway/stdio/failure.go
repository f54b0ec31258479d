package stdio

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/mcp-auth/go/gateway/stdio/internal/child"
	"github.com/mcp-auth/go/internal/mcpmsg"
	"github.com/mcp-auth/go/internal/refusal"
	"github.com/mcp-auth/go/internal/response"
	"github.com/mcp-auth/go/internal/safelog"
)

const (
	codeInternalError = -32603 // JSON-RPC 2.0 §5.1

	retryBusy    = time.Second
	retryNoPlace = 10 * time.Second

	textEnded = "The MCP server has ended before it answered."
)

// failure is how a request is answered that the process cannot serve.
type failure struct {
	status int
	code   int
	retry  time.Duration
	text   string
}

func failureOf(err error) *failure {
	for _, known := range [...]struct {
		err     error
		failure *failure
	}{
		{errLegacy, &failure{http.StatusBadRequest, mcpmsg.CodeInvalidRequest, 0, "This MCP server speaks only protocol revisions before 2026-07-28: begin with initialize."}},
		{errInUse, &failure{http.StatusBadRequest, mcpmsg.CodeInvalidRequest, 0, "A request with this id is under way."}},
		{errNoPlace, &failure{http.StatusServiceUnavailable, codeInternalError, retryNoPlace, "There are too many sessions now."}},
		{errClosed, &failure{http.StatusServiceUnavailable, codeInternalError, retryNoPlace, "The MCP server is about to end."}},
		{child.ErrBusy, &failure{http.StatusServiceUnavailable, codeInternalError, retryBusy, "The MCP server is too busy."}},
		{context.DeadlineExceeded, &failure{http.StatusGatewayTimeout, codeInternalError, 0, "The MCP server does not take the request."}},
		{errSlowStart, &failure{http.StatusGatewayTimeout, codeInternalError, 0, "The MCP server did not start in time."}},
		{errSlowClient, &failure{http.StatusServiceUnavailable, codeInternalError, retryBusy, "The client takes its messages too slowly."}},
		{errEnded, &failure{http.StatusBadGateway, codeInternalError, 0, textEnded}},
		{child.ErrEnded, &failure{http.StatusBadGateway, codeInternalError, 0, textEnded}},
	} {
		if errors.Is(err, known.err) {
			return known.failure
		}
	}
	return &failure{http.StatusBadGateway, codeInternalError, 0, "The MCP server cannot be started."}
}

// fail answers a request that the process cannot serve. The cause goes to the log.
func (x *exchange) fail(err error) {
	if x.r.Context().Err() != nil {
		return // the client has gone away
	}
	f := failureOf(err)
	if f.status >= http.StatusInternalServerError {
		safelog.Write(x.r.Context(), x.h.log, slog.LevelError, "mcpauth: the MCP server failed", append(safelog.Cause(err), slog.Int("status", f.status))...)
	}
	if f.retry > 0 {
		x.w.Header().Set("Retry-After", strconv.Itoa(int(f.retry/time.Second)))
	}
	x.refuse(f.status, f.code, f.text)
}

// refuse answers with an error of JSON-RPC.
func (x *exchange) refuse(status, code int, text string) {
	x.deadline()
	response.WriteRPC(x.w, &refusal.RPC{Status: status, Code: code, Message: text, ID: x.id})
}

// deadline bounds what is written from now on. Where the server has no deadlines, it
// bounds writes itself.
func (x *exchange) deadline() {
	_ = http.NewResponseController(x.w).SetWriteDeadline(time.Now().Add(x.h.config.ClientTimeout))
}

// noDeadline is for as long as nothing is written.
func (x *exchange) noDeadline() {
	_ = http.NewResponseController(x.w).SetWriteDeadline(time.Time{})
}
