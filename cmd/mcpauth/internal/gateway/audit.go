package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"sync"
	"time"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/cmd/mcpauth/internal/gatewayfile"
	"github.com/mcp-auth/go/gateway"
)

// auditRetry is after how long a client may try again if its request cannot be logged.
const auditRetry = 5 * time.Second

var errAudit = errors.New("the decision cannot be written to the audit log")

// auditLog is a file with a line for each decision.
type auditLog struct {
	log *slog.Logger

	mu   sync.Mutex
	file *os.File // nil: none
	down bool     // the last line could not be written
}

// auditLine is a line of the file. It has neither tokens nor arguments.
type auditLine struct {
	Time       time.Time        `json:"time"`
	Request    string           `json:"request_id"`
	Resource   string           `json:"resource"`
	Method     string           `json:"method"`
	Operations []auditOperation `json:"operations,omitempty"`
	Outcome    mcpauth.Outcome  `json:"outcome"`
	Status     int              `json:"status,omitempty"`
	Reason     string           `json:"reason,omitempty"`
	Subject    string           `json:"subject,omitempty"`
	Issuer     string           `json:"issuer,omitempty"`
	Client     string           `json:"client,omitempty"`
	Address    string           `json:"address,omitempty"`
	Duration   float64          `json:"duration_ms"`
}

type auditOperation struct {
	Method string `json:"method"`
	Name   string `json:"name,omitempty"`
}

// reopen opens the file, again if it was moved away. Without settings there is none.
func (a *auditLog) reopen(s *gatewayfile.AuditSettings) error {
	var file *os.File
	if s != nil {
		var err error
		if file, err = os.OpenFile(s.Path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600); err != nil {
			return err
		}
	}
	a.mu.Lock()
	old := a.file
	a.file = file
	a.mu.Unlock()
	if old == nil {
		return nil
	}
	return old.Close()
}

func (a *auditLog) close() error { return a.reopen(nil) }

// auditMark notes that the decision on a request could not be logged.
type auditMark struct{ failed bool }

type auditKey struct{}

// decided writes a line.
func (a *auditLog) decided(ctx context.Context, e mcpauth.DecisionEvent) {
	line := auditLine{
		Time: time.Now().UTC(), Request: gateway.RequestID(ctx), Resource: e.Resource, Method: e.Method, Outcome: e.Outcome, Status: e.Status,
		Reason: string(e.Reason), Subject: e.Subject, Issuer: e.Issuer, Client: e.ClientID, Duration: float64(e.Duration.Microseconds()) / 1000,
	}
	if address := gateway.ClientAddress(ctx); address.IsValid() {
		line.Address = address.String()
	}
	for _, op := range e.Operations {
		line.Operations = append(line.Operations, auditOperation{op.Method, op.Name})
	}
	if err := a.write(line); err != nil {
		if mark, ok := ctx.Value(auditKey{}).(*auditMark); ok {
			mark.failed = true
		}
	}
}

// limited writes a line for a request that was let in and then refused by a limit.
func (a *auditLog) limited(ctx context.Context, e gateway.LimitEvent) {
	if e.Err != nil { // it went on
		return
	}
	line := auditLine{
		Time: time.Now().UTC(), Request: gateway.RequestID(ctx), Resource: e.Resource, Method: e.Method, Outcome: mcpauth.Denied,
		Status: http.StatusTooManyRequests, Reason: "rate_limited",
	}
	if info, ok := mcpauth.FromContext(ctx); ok {
		line.Subject, line.Issuer, line.Client = info.Subject, info.Issuer, info.ClientID
	}
	if address := gateway.ClientAddress(ctx); address.IsValid() {
		line.Address = address.String()
	}
	_ = a.write(line) // the decision itself has a line
}

func (a *auditLog) write(line auditLine) error {
	data, err := json.Marshal(line)
	if err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.file == nil {
		err = os.ErrClosed
	} else {
		_, err = a.file.Write(append(data, '\n'))
	}
	switch { // once for an outage
	case err != nil && !a.down:
		a.log.Error("mcpauth: the audit log cannot be written to", "cause", err)
	case err == nil && a.down:
		a.log.Info("mcpauth: the audit log is written to again")
	}
	a.down = err != nil
	return err
}

// auditedCredential refuses requests that could not be logged.
type auditedCredential struct{ next gateway.Credential }

// Apply implements [gateway.Credential].
func (c auditedCredential) Apply(ctx context.Context, info *mcpauth.AuthInfo, h http.Header) error {
	if mark, ok := ctx.Value(auditKey{}).(*auditMark); ok && mark.failed {
		return &gateway.CredentialError{Status: http.StatusServiceUnavailable, RetryAfter: auditRetry, Err: errAudit}
	}
	if c.next == nil {
		return nil
	}
	return c.next.Apply(ctx, info, h)
}
