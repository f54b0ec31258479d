package demo

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

const (
	maxTodoUsers    = 1000
	maxTodosPerUser = 100
	maxTodoRunes    = 500
)

// Todo is an entry of a list.
type Todo struct {
	ID      int       `json:"id"`
	Text    string    `json:"text"`
	Created time.Time `json:"created"`
}

type todoInput struct {
	Text string `json:"text" jsonschema:"what there is to do"`
}

// TodoList is the result of list-todos.
type TodoList struct {
	Todos []Todo `json:"todos"`
}

// todoStore keeps the todos of each user in memory.
type todoStore struct {
	now    func() time.Time
	mu     sync.Mutex
	byUser map[string][]Todo
}

func (s *todoStore) addTool(ctx context.Context, _ *mcp.CallToolRequest, in todoInput) (*mcp.CallToolResult, Todo, error) {
	info, err := callerWith(ctx, scopeCreate)
	if err != nil {
		return nil, Todo{}, err
	}
	added, err := s.add(info.UserID(), in.Text)
	return nil, added, err
}

func (s *todoStore) listTool(ctx context.Context, _ *mcp.CallToolRequest, _ struct{}) (*mcp.CallToolResult, TodoList, error) {
	info, err := callerWith(ctx, scopeRead)
	if err != nil {
		return nil, TodoList{}, err
	}
	return nil, TodoList{Todos: s.list(info.UserID())}, nil
}

func (s *todoStore) add(user, text string) (Todo, error) {
	text = strings.TrimSpace(text)
	if text == "" || utf8.RuneCountInString(text) > maxTodoRunes {
		return Todo{}, fmt.Errorf("the text must have 1 to %d characters", maxTodoRunes)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	todos, known := s.byUser[user]
	if !known && len(s.byUser) >= maxTodoUsers {
		return Todo{}, errors.New("too many users have a list")
	}
	if len(todos) >= maxTodosPerUser {
		return Todo{}, fmt.Errorf("the list is full: %d todos", maxTodosPerUser)
	}
	added := Todo{ID: len(todos) + 1, Text: text, Created: s.now().UTC()}
	s.byUser[user] = append(todos, added)
	return added, nil
}

// list returns a copy, which is never nil: an empty list is an empty array in
// JSON.
func (s *todoStore) list(user string) []Todo {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Todo{}, s.byUser[user]...)
}
