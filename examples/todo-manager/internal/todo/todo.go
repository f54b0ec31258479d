// Package todo is what the todo manager does, whatever MCP SDK serves it: the
// todos, who may see and delete them, and where they are kept.
package todo

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"
	"unicode/utf8"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/policy"
)

// The scopes of the todo manager.
const (
	ScopeCreate = "create:todos" // add todos
	ScopeRead   = "read:todos"   // see everybody's todos
	ScopeDelete = "delete:todos" // delete everybody's todos
)

// The names of the tools.
const (
	ToolCreate = "create-todo"
	ToolGet    = "get-todos"
	ToolDelete = "delete-todo"
)

const (
	maxContent = 500      // characters
	maxID      = 64       // bytes
	maxBody    = 64 << 10 // bytes of a request
)

// Scopes lists all scopes.
func Scopes() []string { return []string{ScopeCreate, ScopeRead, ScopeDelete} }

// Policy says what each tool needs. What depends on the todos is decided in
// [Service.List] and [Service.Delete]; a tool that is not named here is denied.
func Policy() *policy.Policy {
	return &policy.Policy{
		Tools: map[string]policy.Requirement{
			ToolCreate: policy.Scopes(ScopeCreate),
			ToolGet:    policy.Authenticated(),
			ToolDelete: policy.Authenticated(),
		},
		MaxBody: maxBody,
	}
}

// Todo is something to do.
type Todo struct {
	ID      string `json:"id"`
	Content string `json:"content"`
	// Owner is the caller who made it, unique across authorization servers.
	Owner string `json:"-"`
	// OwnerID is the owner's subject, or client for a machine, to be shown.
	OwnerID   string    `json:"ownerId"`
	CreatedAt time.Time `json:"createdAt"`
}

// Store keeps todos. All methods may be called at the same time.
type Store interface {
	// Add keeps a new todo. It fails with ErrListFull or ErrFull where there is
	// no room.
	Add(ctx context.Context, t Todo) error
	// Get returns a todo, or fails with ErrNotFound.
	Get(ctx context.Context, id string) (Todo, error)
	// Owned returns the todos of one owner, the oldest first.
	Owned(ctx context.Context, owner string) ([]Todo, error)
	// All returns everybody's todos, the oldest first.
	All(ctx context.Context) ([]Todo, error)
	// Delete removes a todo, or fails with ErrNotFound.
	Delete(ctx context.Context, id string) error
	// Close ends the use of the store.
	Close() error
}

// Limits bound what a [Store] keeps.
type Limits struct {
	PerOwner int
	Total    int
}

// DefaultLimits are those of the servers.
func DefaultLimits() Limits { return Limits{PerOwner: 100, Total: 1000} }

// What the caller is told. Every other error stays in the log.
var (
	ErrNotFound = errors.New("there is no such todo")
	ErrListFull = errors.New("your list is full: delete a todo first")
	ErrFull     = errors.New("the todo manager is full")
	ErrContent  = fmt.Errorf("the content must be text of 1 to %d characters", maxContent)

	errNobody = errors.New("nobody is calling")
	errStore  = errors.New("the todos cannot be reached now, try again later")
)

// Service is the todo manager. The context of each call must come from a door
// of mcpauth: it says who is calling.
type Service struct {
	store Store
	log   *slog.Logger
}

// NewService makes a todo manager on a store.
func NewService(store Store, log *slog.Logger) *Service { return &Service{store, log} }

// Create adds a todo for the caller. That they may is in the [Policy].
func (s *Service) Create(ctx context.Context, content string) (Todo, error) {
	info, ok := mcpauth.FromContext(ctx)
	if !ok {
		return Todo{}, errNobody
	}
	content = strings.TrimSpace(content)
	if !validContent(content) {
		return Todo{}, ErrContent
	}
	t := Todo{
		ID: rand.Text(), Content: content, CreatedAt: time.Now().UTC(),
		Owner: info.UserID(), OwnerID: cmp.Or(info.Subject, info.ClientID),
	}
	if err := s.store.Add(ctx, t); err != nil {
		return Todo{}, s.public(ctx, err)
	}
	return t, nil
}

func validContent(content string) bool {
	return content != "" && utf8.ValidString(content) && utf8.RuneCountInString(content) <= maxContent
}

// List returns everybody's todos to a caller who may read them, and to others
// their own.
func (s *Service) List(ctx context.Context) ([]Todo, error) {
	info, ok := mcpauth.FromContext(ctx)
	if !ok {
		return nil, errNobody
	}
	if info.HasScope(ScopeRead) {
		todos, err := s.store.All(ctx)
		return todos, s.public(ctx, err)
	}
	todos, err := s.store.Owned(ctx, info.UserID())
	return todos, s.public(ctx, err)
}

// Delete removes a todo. Owners delete their own; others need a scope, which
// no policy can say, as it depends on the todo.
func (s *Service) Delete(ctx context.Context, id string) error {
	info, ok := mcpauth.FromContext(ctx)
	if !ok {
		return errNobody
	}
	if len(id) > maxID {
		return ErrNotFound
	}
	t, err := s.store.Get(ctx, id)
	if err != nil {
		return s.public(ctx, err)
	}
	if t.Owner != info.UserID() {
		if err := mcpauth.Require(ctx, ScopeDelete); err != nil {
			return err
		}
	}
	return s.public(ctx, s.store.Delete(ctx, id))
}

// public is what the caller is told of an error: nothing of files and tables.
func (s *Service) public(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	for _, known := range []error{ErrNotFound, ErrListFull, ErrFull} {
		if errors.Is(err, known) {
			return known
		}
	}
	s.log.ErrorContext(ctx, "store failed", "error", err)
	return errStore
}
