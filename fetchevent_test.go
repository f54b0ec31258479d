package mcpauth_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/mcpauthtest"
	"github.com/mcp-auth/go/metadata"
)

// events gathers what the hook is told.
type events chan mcpauth.FetchEvent

func (e events) add(event mcpauth.FetchEvent) { e <- event }

// next waits for the next one.
func (e events) next(t *testing.T) mcpauth.FetchEvent {
	t.Helper()
	select {
	case event := <-e:
		return event
	case <-time.After(time.Minute):
		t.Fatal("no event")
		return mcpauth.FetchEvent{}
	}
}

func (e events) none(t *testing.T) {
	t.Helper()
	select {
	case event := <-e:
		t.Errorf("one event too many: %+v", event)
	default:
	}
}

// Covers RS8, RS9. Each fetch is told of once, whoever waits for it, and with
// it how old what is in use is.
func TestFetchEvents(t *testing.T) {
	t.Parallel()
	c := newClock()
	server := newServer(t, mcpauthtest.Config{Now: c.now})
	told := make(events, 8)
	config := trusting(server.Issuer())
	config.Now, config.OnFetch = c.now, told.add
	second := config.Resources[0]
	second.Identifier = "https://api.example.com/second"
	config.Resources = append(config.Resources, second)
	auth := newAuth(t, config)
	if err := auth.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	first := c.now()
	for _, document := range []mcpauth.FetchedDocument{mcpauth.FetchedMetadata, mcpauth.FetchedKeys} {
		e := told.next(t)
		if e.Document != document || e.Issuer != server.Issuer() || e.Err != nil || e.Duration <= 0 || !e.FetchedAt.Equal(first) {
			t.Errorf("%s: got %+v", document, e)
		}
	}
	told.none(t)

	// A failure leaves the keys in use, and says how old they are.
	server.SetFaults(mcpauthtest.Faults{JWKS: mcpauthtest.DocumentFault{Status: http.StatusInternalServerError}})
	c.advance(10 * time.Minute)
	token := mint(t, server)
	req := bearer(token)
	req.Resource = resourceID
	if _, err := auth.Authorize(t.Context(), req); err != nil {
		t.Fatal(err)
	}
	e := told.next(t)
	for e.Document == mcpauth.FetchedMetadata { // refreshed for the keys' sake, before or after
		e = told.next(t)
	}
	if e.Document != mcpauth.FetchedKeys || e.Err == nil || !e.FetchedAt.Equal(first) {
		t.Errorf("after a failure: %+v", e)
	}
}

// Without anything in use there is no age, and the cause is typed.
func TestFetchEventOfAServerThatIsDown(t *testing.T) {
	t.Parallel()
	server := newServer(t, mcpauthtest.Config{})
	issuer := server.Issuer()
	server.Close()
	told := make(events, 8)
	config := trusting(issuer)
	config.OnFetch = told.add
	auth := newAuth(t, config)
	if err := auth.Ready(t.Context()); err == nil {
		t.Fatal("ready")
	}
	var cause *metadata.DiscoveryError
	for _, document := range []mcpauth.FetchedDocument{mcpauth.FetchedMetadata, mcpauth.FetchedKeys} {
		e := told.next(t)
		if e.Document != document || !errors.As(e.Err, &cause) || !e.FetchedAt.IsZero() {
			t.Errorf("%s: got %+v", document, e)
		}
	}
	told.none(t)
}

// A hook may use the Auth, and its panic ends neither the fetch nor the process.
func TestFetchHookMayDoWhatItLikes(t *testing.T) {
	t.Parallel()
	server := newServer(t, mcpauthtest.Config{})
	var log bytes.Buffer
	var auth *mcpauth.Auth
	config := trusting(server.Issuer())
	config.Logger = slog.New(slog.NewTextHandler(&log, nil))
	config.OnFetch = func(e mcpauth.FetchEvent) {
		if e.Document == mcpauth.FetchedKeys {
			_ = auth.Ready(context.Background())
			panic("no such metric")
		}
	}
	auth = newAuth(t, config)
	if got := status(auth, mint(t, server)); got != http.StatusOK {
		t.Errorf("status %d", got)
	}
	if !strings.Contains(log.String(), "no such metric") {
		t.Errorf("the log says nothing of it: %s", &log)
	}
}
