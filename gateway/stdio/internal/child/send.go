package child

import (
	"context"
	"errors"
	"sync/atomic"
)

// The errors of [Process.Send], besides those of its context.
var (
	// ErrEnded says that the process has ended or takes no more input.
	ErrEnded = errors.New("the process has ended")
	// ErrBusy says that too many lines wait to be written.
	ErrBusy = errors.New("the process does not read its input, and the queue is full")
)

// entry is a line that waits to be written.
type entry struct {
	line    []byte
	taken   atomic.Bool // by the writer, or by a sender who waits no longer
	written chan error
}

// Send writes a line, which ends with a line feed, and waits until it is written. If
// ctx ends before its turn has come, the line is not written.
func (p *Process) Send(ctx context.Context, line []byte) error {
	e := &entry{line: line, written: make(chan error, 1)}
	if err := p.enqueue(e); err != nil {
		return err
	}
	select {
	case err := <-e.written:
		return err
	case <-p.exited:
		return ErrEnded
	case <-ctx.Done():
		e.taken.CompareAndSwap(false, true)
		return ctx.Err()
	}
}

// Post has a line written, and waits for nothing. It reports false if the process has
// ended or too many lines wait.
func (p *Process) Post(line []byte) bool {
	return p.enqueue(&entry{line: line, written: make(chan error, 1)}) == nil
}

func (p *Process) enqueue(e *entry) error {
	select {
	case <-p.exited:
		return ErrEnded
	default:
	}
	select {
	case p.queue <- e:
		return nil
	default:
		return ErrBusy
	}
}

// write is the one goroutine that writes to the process.
func (p *Process) write() {
	for {
		select {
		case <-p.exited:
			return
		case e := <-p.queue:
			if !e.taken.CompareAndSwap(false, true) {
				continue
			}
			_, err := p.stdin.Write(e.line)
			if err != nil {
				err = errors.Join(ErrEnded, err)
			}
			e.written <- err
		}
	}
}
