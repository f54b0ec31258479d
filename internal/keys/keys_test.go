package keys

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/mcp-auth/go/internal/jose"
	"github.com/mcp-auth/go/internal/remote"
	"github.com/mcp-auth/go/metadata"
)

// TestSharedSources holds which servers are fetched from together.
func TestSharedSources(t *testing.T) {
	t.Parallel()
	p := NewSources(Config{Now: time.Now, Timeout: time.Second})
	defer p.Close()
	given := &metadata.AuthorizationServer{Issuer: "a"}
	repair := func(document []byte) ([]byte, error) { return document, nil }
	first := p.Of(Server{Issuer: "a"})
	for name, test := range map[string]struct {
		server Server
		shared bool
	}{
		"alike":             {Server{Issuer: "a"}, true},
		"another issuer":    {Server{Issuer: "b"}, false},
		"another type":      {Server{Issuer: "a", Type: metadata.OIDC}, false},
		"another place":     {Server{Issuer: "a", MetadataURL: "b"}, false},
		"given metadata":    {Server{Issuer: "a", Metadata: given}, false},
		"keys of no use":    {Server{Issuer: "a", Unused: true}, false},
		"with a repair":     {Server{Issuer: "a", Repair: repair}, false},
		"repaired keys":     {Server{Issuer: "a", RepairKeys: repair}, false},
		"with keys at hand": {Server{Issuer: "a", Keys: &jose.KeySet{}}, false},
	} {
		if got := p.Of(test.server); (got == first) != test.shared {
			t.Errorf("%s: shared %t", name, got == first)
		}
	}
	//lint:ignore SA4000 asked twice on purpose
	if p.Of(Server{Issuer: "a", Metadata: given}) != p.Of(Server{Issuer: "a", Metadata: given}) {
		t.Error("the same metadata is not shared")
	}
}

func TestFailures(t *testing.T) {
	t.Parallel()
	outage := errors.New("outage")
	for name, test := range map[string]struct {
		err      error
		wait     time.Duration
		byCaller bool
	}{
		"outage":                   {&remote.Error{Err: outage, RetryAfter: time.Second}, time.Second, false},
		"outage, again":            {fmt.Errorf("keys: %w", &remote.Error{Err: outage}), Cooldown, false},
		"cooling down":             {&remote.CoolingDownError{RetryAfter: 2 * time.Second}, 2 * time.Second, true},
		"cooling down, of outages": {&remote.CoolingDownError{Err: outage, RetryAfter: 2 * time.Second}, 2 * time.Second, false},
		"too new":                  {ErrTooNew, Cooldown, true},
		"another":                  {outage, Cooldown, false},
	} {
		if got := RetryAfter(test.err); got != test.wait {
			t.Errorf("%s: %s, want %s", name, got, test.wait)
		}
		if got := CausedByCaller(test.err); got != test.byCaller {
			t.Errorf("%s: caused by the caller %t", name, got)
		}
	}
}
