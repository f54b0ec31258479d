package record

import (
	"context"
	"errors"
	"testing"

	"github.com/mcp-auth/go/client/clienterr"
	"github.com/mcp-auth/go/client/internal/proof"
)

const (
	issuer   = "https://as.example.com"
	resource = "https://mcp.example.com/mcp"
)

// mapStore is a store for one goroutine.
type mapStore map[string][]byte

func (s mapStore) Update(_ context.Context, key string, change func([]byte) ([]byte, error)) error {
	record, err := change(s[key])
	if err == nil {
		s[key] = record
	}
	return err
}

// A bound token that is read again has its key.
//
// Covers CL9, CL11.
func TestTokenIsKept(t *testing.T) {
	t.Parallel()
	r := New(mapStore{})
	key, err := proof.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	token := &Token{Issuer: issuer, Resource: resource, AccessToken: "a", Requested: []string{"read"}}
	if err := token.Bind(key); err != nil {
		t.Fatal(err)
	}
	if err := r.SetToken(t.Context(), token); err != nil {
		t.Fatal(err)
	}
	kept, err := r.Token(t.Context(), issuer, resource)
	if err != nil {
		t.Fatal(err)
	}
	if kept.AccessToken != "a" || kept.Scopes()[0] != "read" || kept.Key().Thumbprint() != key.Thumbprint() {
		t.Errorf("kept %+v", kept)
	}
	if err := r.RemoveToken(t.Context(), issuer, resource); err != nil {
		t.Fatal(err)
	}
	if kept, err := r.Token(t.Context(), issuer, resource); kept != nil || err != nil {
		t.Errorf("still %+v, %v", kept, err)
	}
}

// A record in the place of another counts as none.
//
// Covers CL7.
func TestRecordInTheWrongPlace(t *testing.T) {
	t.Parallel()
	store := mapStore{
		tokenKey(issuer, resource): []byte(`{"issuer":"https://evil.example.com","resource":"` + resource + `","access_token":"a"}`),
		clientKey(issuer):          []byte(`{"issuer":"https://evil.example.com","client_id":"a"}`),
	}
	r := New(store)
	if token, err := r.Token(t.Context(), issuer, resource); token != nil || err != nil {
		t.Errorf("token %+v, %v", token, err)
	}
	if client, err := r.Client(t.Context(), issuer); client != nil || err != nil {
		t.Errorf("client %+v, %v", client, err)
	}
}

// Covers CL9.
func TestDamagedRecords(t *testing.T) {
	t.Parallel()
	for name, record := range map[string]string{
		"cut off":   `{"issuer":"` + issuer,
		"a bad key": `{"issuer":"` + issuer + `","resource":"` + resource + `","proof_key":"AAAA"}`,
	} {
		r := New(mapStore{tokenKey(issuer, resource): []byte(record)})
		var failure *clienterr.StoreError
		if token, err := r.Token(t.Context(), issuer, resource); token != nil || !errors.As(err, &failure) {
			t.Errorf("%s: token %+v, error %v, want the store's", name, token, err)
		}
		err := r.UpdateToken(t.Context(), issuer, resource, func(t *Token) (*Token, error) { return t, nil })
		if !errors.As(err, &failure) {
			t.Errorf("%s: error %v, want the store's", name, err)
		}
	}
}

// An error of the change is returned as it is, a failure of the store is wrapped.
func TestWhoseErrorItIs(t *testing.T) {
	t.Parallel()
	own := errors.New("refused")
	err := New(mapStore{}).UpdateToken(t.Context(), issuer, resource, func(*Token) (*Token, error) { return nil, own })
	if err != own {
		t.Errorf("error %v, want the change's", err)
	}
	err = New(brokenStore{}).SetServer(t.Context(), resource, Server{Issuer: issuer})
	var failure *clienterr.StoreError
	if !errors.As(err, &failure) || !errors.Is(err, errBroken) {
		t.Errorf("error %v, want the store's", err)
	}
}

var errBroken = errors.New("disk full")

type brokenStore struct{}

func (brokenStore) Update(context.Context, string, func([]byte) ([]byte, error)) error {
	return errBroken
}
