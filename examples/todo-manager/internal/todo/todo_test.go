package todo

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	mcpauth "github.com/mcp-auth/go"
)

// caller is a context as a door makes it.
func caller(t *testing.T, subject string, scopes ...string) context.Context {
	t.Helper()
	return mcpauth.NewContext(t.Context(), &mcpauth.AuthInfo{Issuer: "https://auth.example.com", Subject: subject, Scopes: scopes})
}

func newService() *Service {
	return NewService(NewMemory(DefaultLimits()), slog.New(slog.DiscardHandler))
}

func create(t *testing.T, s *Service, ctx context.Context, content string) Todo {
	t.Helper()
	made, err := s.Create(ctx, content)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func TestList(t *testing.T) {
	t.Parallel()
	s := newService()
	alice, bob := caller(t, "alice"), caller(t, "bob")
	a, b := create(t, s, alice, " water the plants\n"), create(t, s, bob, "feed the cat")
	if a.Content != "water the plants" || a.OwnerID != "alice" || a.ID == b.ID {
		t.Errorf("got %+v", a)
	}
	for name, test := range map[string]struct {
		ctx  context.Context
		want []Todo
	}{
		"alice":              {alice, []Todo{a}},
		"bob":                {bob, []Todo{b}},
		"carol":              {caller(t, "carol"), nil},
		"reader":             {caller(t, "carol", ScopeRead), []Todo{a, b}},
		"deleter":            {caller(t, "carol", ScopeDelete), nil},
		"alice, other realm": {mcpauth.NewContext(t.Context(), &mcpauth.AuthInfo{Issuer: "https://other.example.com", Subject: "alice"}), nil},
	} {
		got, err := s.List(test.ctx)
		equal(t, name, got, err, test.want...)
	}
}

func TestDelete(t *testing.T) {
	t.Parallel()
	s := newService()
	alice := caller(t, "alice")
	a := create(t, s, alice, "water the plants")

	var refused *mcpauth.Challenge
	err := s.Delete(caller(t, "bob", ScopeCreate, ScopeRead), a.ID)
	if !errors.As(err, &refused) || refused.Status != http.StatusForbidden || len(refused.Scopes) != 1 || refused.Scopes[0] != ScopeDelete {
		t.Errorf("another's: %v", err)
	}
	if err := s.Delete(alice, a.ID); err != nil {
		t.Errorf("one's own: %v", err)
	}
	b := create(t, s, alice, "water them again")
	if err := s.Delete(caller(t, "bob", ScopeDelete), b.ID); err != nil {
		t.Errorf("another's, with the scope: %v", err)
	}
	for _, id := range []string{b.ID, "", strings.Repeat("x", 1<<20)} {
		if err := s.Delete(alice, id); !errors.Is(err, ErrNotFound) {
			t.Errorf("%.20q: %v", id, err)
		}
	}
}

func TestContentIsBounded(t *testing.T) {
	t.Parallel()
	s := newService()
	ctx := caller(t, "alice")
	for _, content := range []string{"", " \n", strings.Repeat("é", maxContent+1), "\xff"} {
		if _, err := s.Create(ctx, content); !errors.Is(err, ErrContent) {
			t.Errorf("%.20q: %v", content, err)
		}
	}
	create(t, s, ctx, strings.Repeat("é", maxContent))
}

// Without a door nobody is let in.
func TestNobody(t *testing.T) {
	t.Parallel()
	s := newService()
	_, errCreate := s.Create(t.Context(), "x")
	_, errList := s.List(t.Context())
	for _, err := range []error{errCreate, errList, s.Delete(t.Context(), "x")} {
		if !errors.Is(err, errNobody) {
			t.Errorf("got %v", err)
		}
	}
}

type brokenStore struct{ *Memory }

func (brokenStore) All(context.Context) ([]Todo, error) {
	return nil, errors.New("disk /dev/sdz1 is on fire")
}

// The caller learns nothing of the server's insides, the log does.
func TestStoreErrorsStayInside(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	s := NewService(brokenStore{NewMemory(DefaultLimits())}, slog.New(slog.NewTextHandler(&log, nil)))
	_, err := s.List(caller(t, "alice", ScopeRead))
	if err == nil || strings.Contains(err.Error(), "fire") {
		t.Errorf("got %v", err)
	}
	if !strings.Contains(log.String(), "fire") {
		t.Errorf("logged %q", log.String())
	}
}
