package mcpauth

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/mcp-auth/go/internal/refusal"
	"github.com/mcp-auth/go/reason"
)

// FuzzPreparedAnswers compares a prepared answer with the one that WriteChallenge
// makes.
func FuzzPreparedAnswers(f *testing.F) {
	f.Add(uint8(0), "read", "", false)
	f.Add(uint8(3), "read write", "profile", true)
	f.Fuzz(func(t *testing.T, which uint8, scopes, challenge string, hint bool) {
		auth, err := New(Config{Resources: []Resource{{
			Identifier:           "https://api.example.com/mcp",
			AuthorizationServers: []AuthorizationServer{{Issuer: "https://auth.example.com"}},
		}}})
		if err != nil {
			t.Fatal(err)
		}
		defer auth.Close()
		res := auth.ordered[0]
		p := &protection{scopes: []string{scopes}, challenge: []string{challenge}}
		prepared := prepareAnswers(res, p)
		refused := []*refusal.Refusal{
			{Status: http.StatusUnauthorized, Reason: reason.NoCredentials},
			{Status: http.StatusUnauthorized, Code: refusal.CodeInvalidToken, Reason: reason.Expired},
			{Status: http.StatusBadRequest, Code: refusal.CodeInvalidRequest, Reason: reason.MalformedCredentials},
			{Status: http.StatusForbidden, Code: refusal.CodeInsufficientScope, Reason: reason.InsufficientScope},
			{Status: http.StatusServiceUnavailable, Reason: reason.ServerUnavailable},
			{Status: http.StatusForbidden, Code: refusal.CodeAccessDenied, Reason: reason.AccessDenied},
		}[which%6]
		if hint {
			refused.Scopes = []string{"hinted"}
		}
		c := res.challenge(&Request{Scopes: p.scopes, ChallengeScopes: p.challenge}, 0, refused)
		got, want := httptest.NewRecorder(), httptest.NewRecorder()
		if !prepared.write(got, c) {
			return
		}
		WriteChallenge(want, c)
		if got.Code != want.Code || got.Body.String() != want.Body.String() ||
			!maps.EqualFunc(got.Header(), want.Header(), slices.Equal) {
			t.Errorf("prepared %d %v %s\nwant %d %v %s", got.Code, got.Header(), got.Body, want.Code, want.Header(), want.Body)
		}
	})
}

func BenchmarkAnswer(b *testing.B) {
	auth, err := New(Config{Resources: []Resource{{
		Identifier:           "https://api.example.com/mcp",
		AuthorizationServers: []AuthorizationServer{{Issuer: "https://auth.example.com"}},
	}}})
	if err != nil {
		b.Fatal(err)
	}
	defer auth.Close()
	res, p := auth.ordered[0], &protection{scopes: []string{"read"}}
	c := res.challenge(&Request{Scopes: p.scopes}, 0, &refusal.Refusal{Status: http.StatusUnauthorized, Reason: reason.NoCredentials})
	prepared := prepareAnswers(res, p)
	b.Run("prepared", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			prepared.write(discard{}, c)
		}
	})
	b.Run("plain", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			WriteChallenge(discard{}, c)
		}
	})
}

// discard is a response that goes nowhere.
type discard struct{}

func (discard) Header() http.Header         { return http.Header{} }
func (discard) Write(p []byte) (int, error) { return len(p), nil }
func (discard) WriteHeader(int)             {}
