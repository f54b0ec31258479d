package authtest

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/reason"
)

// Bearer is a POST to [ResourceID] with a bearer token.
func Bearer(token string) mcpauth.Request {
	return mcpauth.Request{Method: http.MethodPost, URL: "/mcp", Header: http.Header{"Authorization": {"Bearer " + token}}}
}

// Status authorizes a token and returns the status, 200 if it is admitted.
func Status(auth *mcpauth.Auth, token string) int {
	_, err := auth.Authorize(context.Background(), Bearer(token))
	if err == nil {
		return http.StatusOK
	}
	return err.(*mcpauth.Challenge).Status
}

// Get serves a GET request, with headers given by name and value.
func Get(t *testing.T, h http.Handler, target string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	return Do(t, h, http.MethodGet, target, headers...)
}

// Do serves a request, with headers given by name and value.
func Do(t *testing.T, h http.Handler, method, target string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(method, target, nil)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// Refusal authorizes a token and returns the challenge, nil if it is admitted.
func Refusal(auth *mcpauth.Auth, token string) *mcpauth.Challenge {
	return RefusalIn(context.Background(), auth, token)
}

// RefusalIn is [Refusal] in a context.
func RefusalIn(ctx context.Context, auth *mcpauth.Auth, token string) *mcpauth.Challenge {
	_, err := auth.Authorize(ctx, Bearer(token))
	var refused *mcpauth.Challenge
	errors.As(err, &refused)
	return refused
}

// ReasonOf authorizes a request and returns why it was refused, if it was.
func ReasonOf(t *testing.T, auth *mcpauth.Auth, request mcpauth.Request) reason.Reason {
	t.Helper()
	info, err := auth.Authorize(t.Context(), request)
	if err == nil {
		if info.Subject == "" {
			t.Error("admitted without a subject")
		}
		return ""
	}
	var refused *mcpauth.Challenge
	if !errors.As(err, &refused) {
		t.Fatal(err)
	}
	return refused.Reason
}
