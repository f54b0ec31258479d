package record

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/mcp-auth/go/client/clienterr"
)

// Store keeps records by their key. It is the Store of package client.
type Store interface {
	Update(ctx context.Context, key string, change func(record []byte) ([]byte, error)) error
}

// Keys of records. No URL contains a space, so two keys cannot be confused.
func serverKey(serverURL string) string       { return "server " + serverURL }
func tokenKey(issuer, resource string) string { return "token " + issuer + " " + resource }
func clientKey(issuer string) string          { return "client " + issuer }

// Records reads and writes the records of a store. A failure of the store, and
// a record that cannot be read, is a [*clienterr.StoreError].
type Records struct{ store Store }

// New returns the records of a store.
func New(store Store) *Records { return &Records{store} }

// Server returns the record of an MCP server, the zero value if there is none.
func (r *Records) Server(ctx context.Context, serverURL string) (Server, error) {
	found, err := load[Server](ctx, r.store, serverKey(serverURL))
	if found == nil {
		return Server{}, err
	}
	return *found, err
}

// SetServer keeps the record of an MCP server.
func (r *Records) SetServer(ctx context.Context, serverURL string, server Server) error {
	return save(ctx, r.store, serverKey(serverURL), server)
}

// RemoveServer removes the record of an MCP server.
func (r *Records) RemoveServer(ctx context.Context, serverURL string) error {
	return remove(ctx, r.store, serverKey(serverURL))
}

// Token returns the token of an issuer for a resource, nil if there is none. A
// record that is about another issuer or resource counts as none.
func (r *Records) Token(ctx context.Context, issuer, resource string) (*Token, error) {
	token, err := load[Token](ctx, r.store, tokenKey(issuer, resource))
	if err != nil || token == nil || token.Issuer != issuer || token.Resource != resource {
		return nil, err
	}
	if err := token.restore(); err != nil {
		return nil, &clienterr.StoreError{Err: err}
	}
	return token, nil
}

// SetToken keeps a token.
func (r *Records) SetToken(ctx context.Context, token *Token) error {
	return save(ctx, r.store, tokenKey(token.Issuer, token.Resource), token)
}

// RemoveToken removes the token of an issuer for a resource.
func (r *Records) RemoveToken(ctx context.Context, issuer, resource string) error {
	return remove(ctx, r.store, tokenKey(issuer, resource))
}

// UpdateToken passes the token of an issuer for a resource to change, nil if
// there is none, and keeps the result, unless that is the same. No other update
// of the token runs meanwhile. An error of change is returned as it is.
func (r *Records) UpdateToken(ctx context.Context, issuer, resource string, change func(stored *Token) (*Token, error)) error {
	return update(ctx, r.store, tokenKey(issuer, resource), func(record []byte) ([]byte, error) {
		stored, err := decode[Token](record)
		if err != nil {
			return nil, err
		}
		if stored != nil {
			if err := stored.restore(); err != nil {
				return nil, &clienterr.StoreError{Err: err}
			}
		}
		next, err := change(stored)
		if err != nil {
			return nil, err
		}
		if next == stored {
			return record, nil
		}
		return encode(next)
	})
}

// Client returns the registration at an issuer, nil if there is none. A record
// that is about another issuer counts as none.
func (r *Records) Client(ctx context.Context, issuer string) (*Client, error) {
	client, err := load[Client](ctx, r.store, clientKey(issuer))
	if err != nil || client == nil || client.Issuer != issuer {
		return nil, err
	}
	return client, nil
}

// SetClient keeps a registration.
func (r *Records) SetClient(ctx context.Context, client *Client) error {
	return save(ctx, r.store, clientKey(client.Issuer), client)
}

// RemoveClient removes the registration at an issuer. If clientID is not empty,
// it leaves the registration of another client.
func (r *Records) RemoveClient(ctx context.Context, issuer, clientID string) error {
	return update(ctx, r.store, clientKey(issuer), func(record []byte) ([]byte, error) {
		client, err := decode[Client](record)
		if err == nil && client != nil && clientID != "" && client.ClientID != clientID {
			return record, nil
		}
		return nil, nil
	})
}

// update calls Update and wraps a failure of the store. An error of change is
// returned as it is.
func update(ctx context.Context, s Store, key string, change func(record []byte) ([]byte, error)) error {
	var changed error
	err := s.Update(ctx, key, func(record []byte) (next []byte, err error) {
		next, changed = change(record)
		return next, changed
	})
	if err == nil || changed != nil || ctx.Err() != nil {
		return err
	}
	return &clienterr.StoreError{Err: err}
}

// load returns the value under a key, nil if there is none.
func load[T any](ctx context.Context, s Store, key string) (value *T, err error) {
	err = update(ctx, s, key, func(record []byte) (_ []byte, err error) {
		value, err = decode[T](record)
		return record, err
	})
	if err != nil {
		return nil, err
	}
	return value, nil
}

func save(ctx context.Context, s Store, key string, value any) error {
	record, err := encode(value)
	if err != nil {
		return err
	}
	return update(ctx, s, key, func([]byte) ([]byte, error) { return record, nil })
}

func remove(ctx context.Context, s Store, key string) error {
	return update(ctx, s, key, func([]byte) ([]byte, error) { return nil, nil })
}

func encode(value any) ([]byte, error) {
	record, err := json.Marshal(value)
	if err != nil {
		return nil, &clienterr.StoreError{Err: err}
	}
	return record, nil
}

var errDamaged = errors.New("a record cannot be read")

// decode returns nil if there is no record. Its error shows nothing of a record
// that is damaged.
func decode[T any](record []byte) (*T, error) {
	if record == nil {
		return nil, nil
	}
	value := new(T)
	if json.Unmarshal(record, value) != nil {
		return nil, &clienterr.StoreError{Err: errDamaged}
	}
	return value, nil
}
