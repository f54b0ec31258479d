package discovery

import (
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/mcp-auth/go/client/clienterr"
	"github.com/mcp-auth/go/client/internal/record"
	"github.com/mcp-auth/go/internal/fetch"
	"github.com/mcp-auth/go/metadata"
)

// newFinder returns a finder for an MCP server.
func newFinder(t *testing.T, serverURL string) *Finder {
	t.Helper()
	server, err := ParseServer(serverURL, nil)
	if err != nil {
		t.Fatal(err)
	}
	f := fetch.New(fetch.Policy{})
	t.Cleanup(f.Close)
	return New(Config{Server: server, Fetch: f, Logger: slog.New(slog.DiscardHandler), Now: time.Now})
}

// A public server cannot make the client ask a service on this machine.
//
// Covers CL1, CL2, CL14.
func TestPublicServerNamesLoopback(t *testing.T) {
	t.Parallel()
	asked := false
	local := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked = true }))
	defer local.Close()
	f := newFinder(t, "https://mcp.example.com/mcp")
	var failure *clienterr.ResourceError
	if _, err := f.Source(t.Context(), Refusal{MetadataURL: local.URL + "/.well-known/oauth-protected-resource/mcp"}, record.Server{}); !errors.As(err, &failure) {
		t.Errorf("error %v, want a resource error", err)
	}
	for _, issuer := range []string{local.URL, "", "https://as.example.com/?tenant=1", "http://as.example.com", "javascript:alert(1)"} {
		source := &Source{Resource: &metadata.ProtectedResource{AuthorizationServers: []string{issuer}}}
		var unsuitable *clienterr.UnsuitableError
		if _, err := f.AuthorizationServer(t.Context(), source, "", nil); !errors.As(err, &unsuitable) {
			t.Errorf("issuer %q: error %v, want an unsuitable server", issuer, err)
		}
		if _, err := f.Known(t.Context(), issuer, record.ByResource); !errors.As(err, &unsuitable) {
			t.Errorf("known issuer %q: error %v, want an unsuitable server", issuer, err)
		}
	}
	if asked {
		t.Error("a server on loopback was asked")
	}
}

// Covers CL1.
func TestResourceOutageIsNoAnswer(t *testing.T) {
	t.Parallel()
	gone := httptest.NewServer(http.NotFoundHandler())
	f := newFinder(t, gone.URL+"/mcp")
	gone.Close()
	_, err := f.Source(t.Context(), Refusal{Refused: true}, record.Server{})
	var failure *clienterr.ResourceError
	if !errors.As(err, &failure) || failure.Kind != clienterr.ResourceUnavailable {
		t.Errorf("error %v, want unavailable", err)
	}
}

// The issuer used before is kept if the resource still names it; credentials
// take precedence.
//
// Covers CL2.
func TestChoiceOfIssuer(t *testing.T) {
	t.Parallel()
	named := []string{"a", "b", "c"}
	for _, test := range []struct {
		before    string
		preferred []string
		want      string
	}{
		{"", nil, "a"}, {"b", nil, "b"}, {"x", nil, "a"},
		{"", []string{"c"}, "c"}, {"b", []string{"x", "c"}, "c"}, {"b", []string{"x"}, "b"},
	} {
		if got := choose(named, test.before, test.preferred); got != test.want {
			t.Errorf("before %q, preferred %q: %q, want %q", test.before, test.preferred, got, test.want)
		}
	}
}
