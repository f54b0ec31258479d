package probe

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/mcp-auth/go/check/internal/finding"
	"github.com/mcp-auth/go/internal/fetch"
)

// TestPublicTargetsDoNotLeadHere holds that a public server cannot direct
// requests to this machine, though a server on this machine may name others on
// it. Covers RS21.
func TestPublicTargetsDoNotLeadHere(t *testing.T) {
	t.Parallel()
	asked := 0
	here := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked++ }))
	defer here.Close()
	for _, test := range []struct {
		loopback bool
		want     int
	}{{false, 0}, {true, 1}} {
		p := New(Server, "test", Config{Loopback: test.loopback})
		defer p.Close()
		resp, err := p.Part(AuthorizationServer, here.URL).Do(t.Context(), "test", fetch.Request{URL: here.URL})
		if asked != test.want || (err == nil) != test.loopback {
			t.Errorf("loopback %t: asked %d times, answer %v, error %v", test.loopback, asked, resp, err)
		}
		if exchanges := p.Record().Parts[0].Exchanges; len(exchanges) != 1 || (exchanges[0].Error == "") != test.loopback {
			t.Errorf("loopback %t: exchanges %+v", test.loopback, exchanges)
		}
	}
}

func TestFindingsAreRedacted(t *testing.T) {
	t.Parallel()
	p := New(Server, "test", Config{Tokens: []string{"opaque-and-secret"}})
	defer p.Close()
	p.Add(finding.New("server_open", "seen\nopaque-and-secret", "It says: %s", "opaque-and-secret\x00"))
	got := p.Record().Findings[0]
	if got.Evidence != "seen [token]" || got.Message != "It says: [token]?" {
		t.Errorf("got %+v", got)
	}
}
