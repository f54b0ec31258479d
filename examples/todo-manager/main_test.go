package main

import (
	"testing"

	"github.com/mcp-auth/go/examples/todo-manager/internal/todotest"
)

// Covers RS4, RS12.
func TestTutorial(t *testing.T) {
	t.Parallel()
	todotest.Run(t, newHandler)
}
