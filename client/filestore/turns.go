package filestore

import (
	"context"
	"sync"
)

// turns has the goroutines of a process take turns at a record. The zero value
// is ready for use. It keeps a channel for every record it was asked for.
type turns struct{ taken sync.Map } // of record to chan struct{}, full while it is taken

// take waits for a turn. The error is the cause of ctx if ctx ends first.
func (t *turns) take(ctx context.Context, record string) (release func(), err error) {
	made, _ := t.taken.LoadOrStore(record, make(chan struct{}, 1))
	turn, _ := made.(chan struct{})
	select {
	case turn <- struct{}{}:
		return func() { <-turn }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}
