package client

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/mcp-auth/go/client/clienterr"
)

// The SDK's way: token source, request, authorize, request.
//
// Covers CL8.
func TestOAuthHandler(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := w.client(t).OAuthHandler()
	source, err := h.TokenSource(t.Context())
	if err != nil || source != nil {
		t.Fatalf("source %v, %v", source, err)
	}
	for i, need := range []string{"read", "write"} {
		r, response := send(t, h, w.rs.url, need)
		equal(t, "status", response.StatusCode, []int{401, 403}[i])
		if err := h.Authorize(t.Context(), r, response); err != nil {
			t.Fatal(err)
		}
		_, response = send(t, h, w.rs.url, need)
		equal(t, "status afterwards", response.StatusCode, http.StatusOK)
		response.Body.Close()
	}
	equal(t, "logins", len(w.as.authorizations), 2)
}

func send(t *testing.T, h *OAuthHandler, target, need string) (*http.Request, *http.Response) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, target, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set(needHeader, need)
	source, err := h.TokenSource(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if source != nil {
		token, err := source.Token()
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+token.AccessToken)
	}
	response, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	return r, response
}

// A handler cannot make proofs, and says so instead of sending a bound token
// as a Bearer token.
//
// Covers CL11.
func TestOAuthHandlerWithoutProofs(t *testing.T) {
	t.Parallel()
	w := dpopWorld(t, false)
	c := w.client(t)
	mustRequest(t, c, "")
	var unsuitable *clienterr.UnsuitableError
	if _, err := c.OAuthHandler().TokenSource(context.Background()); !errors.As(err, &unsuitable) {
		t.Errorf("error %v, want an unsuitable server", err)
	}
}
