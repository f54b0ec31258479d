package check

import (
	"context"
	"fmt"
	"net/http"
)

// codeHeaderMismatch is that of headers that differ from the body (MCP
// 2026-07-28, Server Validation).
const codeHeaderMismatch = -32020

// messages sends messages that a server must refuse, to one that reads ours.
func (s *serverCheck) messages(ctx context.Context) {
	if !s.token && s.state != open {
		return
	}
	s.brokenMessage(ctx)
	s.batchOfMessages(ctx)
	s.headerAgreement(ctx)
}

// message sends a body as who has been let in.
func (s *serverCheck) message(ctx context.Context, purpose, body string, extra http.Header) *answer {
	r := s.request(http.MethodPost, body, extra)
	if extra == nil {
		s.inSession(&r)
	}
	return s.sendAdmitted(ctx, purpose, r)
}

func (s *serverCheck) brokenMessage(ctx context.Context) {
	a := s.message(ctx, "half a message", broken, nil)
	switch {
	case a == nil:
	case a.status >= 500:
		s.add(MessageFailure, a.text(), "A body that is not JSON is answered with %d, where 400 is due.", a.status)
	case a.success() && a.rpcError() == nil:
		s.add(MessageBrokenAccepted, "", "A body that is not JSON is answered with %d.", a.status)
	}
}

func (s *serverCheck) batchOfMessages(ctx context.Context) {
	if a := s.message(ctx, "a batch of messages", batch, nil); a != nil && a.success() && a.rpcError() == nil {
		s.add(MessageBatchAccepted, "", "A batch of messages is answered with %d.", a.status)
	}
}

// headerAgreement sees that the server holds the headers against the body (RS15).
func (s *serverCheck) headerAgreement(ctx context.Context) {
	a := s.message(ctx, "server/discover", discover, modernHeaders(modernVersion, "server/discover"))
	if a == nil {
		return
	}
	if !a.hasResult() {
		s.add(ModernNotSpoken, a.text(), "The server does not answer in revision %s. Whether headers agree with the body was not looked at.", modernVersion)
		return
	}
	agreed := s.mismatch(ctx, "a wrong Mcp-Method", modernHeaders(modernVersion, "tools/list"))
	agreed = s.mismatch(ctx, "a wrong MCP-Protocol-Version", modernHeaders(protocolVersion, "server/discover")) && agreed
	if agreed {
		s.add(MessageMismatchRefused, "", "Headers that differ from the body are refused with 400 and %d.", codeHeaderMismatch)
	}
}

func (s *serverCheck) mismatch(ctx context.Context, what string, header http.Header) bool {
	a := s.message(ctx, what, discover, header)
	if a == nil {
		return false
	}
	fault := a.rpcError()
	switch {
	case a.success() && fault == nil:
		s.add(MessageMismatchAccepted, "", "%s is accepted.", capital(what))
	case a.status != http.StatusBadRequest || fault == nil || fault.Code != codeHeaderMismatch:
		s.add(MessageMismatchCode, a.text(), "%s is answered with %s, where 400 and %d are due.", capital(what), outcomeOf(a, fault), codeHeaderMismatch)
	default:
		return true
	}
	return false
}

func outcomeOf(a *answer, fault *rpcFault) string {
	if fault == nil {
		return fmt.Sprint(a.status)
	}
	return fmt.Sprintf("%d and %d", a.status, fault.Code)
}

func modernHeaders(version, method string) http.Header {
	return http.Header{"Mcp-Protocol-Version": {version}, "Mcp-Method": {method}}
}
