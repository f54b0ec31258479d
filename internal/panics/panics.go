// Package panics contains panics of what users plug in: a verifier or a store that
// panics must not break the connection, or end the process in a goroutine of this
// module.
package panics

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// Error is the error in place of a panic.
type Error struct {
	// What is what panicked, such as "the Verifier".
	What string
	// Value is what it panicked with.
	Value any
	// Stack is where, for logs.
	Stack []byte
}

// Error says what panicked. Of the value it holds what the Go runtime says, and
// the type of any other: that may be a secret.
func (e *Error) Error() string {
	if fault, ok := e.Value.(runtime.Error); ok {
		return e.What + " panicked: " + fault.Error()
	}
	return fmt.Sprintf("%s panicked with a value of type %T", e.What, e.Value)
}

// Call returns what f returns, and an [*Error] if f panics.
func Call[T any](what string, f func() (T, error)) (result T, err error) {
	defer func() {
		if value := recover(); value != nil {
			var none T
			result, err = none, &Error{what, value, debug.Stack()}
		}
	}()
	return f()
}
