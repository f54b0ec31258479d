// Package child runs a command that speaks lines on its standard streams. All that
// the command starts ends with it.
package child

import (
	"context"
	"errors"
	"io"
	"os/exec"
	"runtime"
	"sync"
	"time"
)

// waitDelay is how long to wait for the ends of the output after a process has
// ended: something that it has started may hold them open.
const waitDelay = 2 * time.Second

// Config says what to run.
type Config struct {
	// Command is the program and its arguments.
	Command []string
	// Dir is the working directory, the caller's own if empty.
	Dir string
	// Env is the whole environment, as key=value.
	Env []string
	// MaxLine is the length of a line of the output in bytes, and MaxLog that of a
	// line of the error output.
	MaxLine, MaxLog int
	// Queue is how many lines may wait to be written.
	Queue int
	// Grace is how long [Process.Stop] waits twice: after it has closed the input, and
	// after it has asked the process to end.
	Grace time.Duration
	// Receive is called with each line of the output, from one goroutine. The line
	// belongs to it. It must not wait.
	Receive func(line []byte)
	// Dropped is called for each line of the output that is too long.
	Dropped func()
	// Log is called with each line of the error output, from one goroutine. The line is
	// cut if it is too long.
	Log func(line []byte, cut bool)
}

// Process is a command that runs. It is safe for concurrent use.
type Process struct {
	cmd   *exec.Cmd
	stdin io.WriteCloser
	queue chan *entry
	grace time.Duration
	kill  context.CancelFunc

	exited chan struct{} // the command has ended
	done   chan struct{} // and so have the goroutines
	err    error         // of Wait; before done is closed

	mu    sync.Mutex // holds the group while it is sent a signal
	group *group     // nil when it is over
}

// Start starts a command. The caller ends it with [Process.Stop].
func Start(config *Config) (*Process, error) {
	ctx, kill := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, config.Command[0], config.Command[1:]...)
	p := &Process{
		cmd: cmd, queue: make(chan *entry, config.Queue), grace: config.Grace, kill: kill,
		exited: make(chan struct{}), done: make(chan struct{}), group: newGroup(cmd),
	}
	cmd.Dir, cmd.Env = config.Dir, config.Env
	cmd.Stdout = &lines{limit: config.MaxLine, take: config.Receive, long: func([]byte) { config.Dropped() }}
	cmd.Stderr = &lines{
		limit: config.MaxLog,
		take:  func(line []byte) { config.Log(line, false) },
		long:  func(line []byte) { config.Log(line, true) },
	}
	cmd.Cancel = func() error { p.signal((*group).kill); return nil }
	cmd.WaitDelay = waitDelay
	stdin, err := cmd.StdinPipe()
	if err != nil {
		kill()
		return nil, err
	}
	p.stdin = stdin
	started := make(chan error)
	go p.run(started)
	if err := <-started; err != nil {
		kill()
		return nil, err
	}
	return p, nil
}

// run starts the command and sees it to its end.
func (p *Process) run(started chan<- error) {
	// On Linux, the command is killed when the thread ends that has started it.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := p.start(); err != nil {
		started <- err
		return
	}
	var writer sync.WaitGroup
	writer.Go(p.write)
	started <- nil
	if awaitExit(p.cmd.Process) {
		p.leave()
	}
	p.err = p.cmd.Wait()
	p.leave()
	p.kill()
	close(p.exited)
	writer.Wait()
	close(p.done)
}

func (p *Process) start() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	err := p.cmd.Start()
	if err == nil {
		if err = p.group.enter(p.cmd.Process); err == nil {
			return nil
		}
		_ = p.cmd.Process.Kill()
		_ = p.cmd.Wait()
	}
	p.group.close()
	return err
}

// leave kills what is left of the group once the command has ended, and sends it no
// further signals: its number may come to stand for another group.
func (p *Process) leave() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.group == nil {
		return
	}
	p.group.kill()
	p.group.close()
	p.group = nil
}

// signal sends a signal to the group if there still is one.
func (p *Process) signal(send func(*group)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.group != nil {
		send(p.group)
	}
}

// PID returns the number of the process.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Exited returns a channel that is closed when the process has ended.
func (p *Process) Exited() <-chan struct{} { return p.exited }

// Stop ends the process: it closes the input and waits, asks the group to end and
// waits, and kills it. When ctx ends it waits no longer. Stop returns how the process
// ended, when nothing of it is left.
func (p *Process) Stop(ctx context.Context) error {
	_ = p.stdin.Close() // which ends a Write as well
	if !p.ends(ctx) {
		p.signal((*group).terminate)
		if !p.ends(ctx) {
			p.kill()
		}
	}
	<-p.done
	if errors.Is(p.err, exec.ErrWaitDelay) {
		return nil // it ended well, and left something that holds the output open
	}
	return p.err
}

// ends waits for the end of the process.
func (p *Process) ends(ctx context.Context) bool {
	timer := time.NewTimer(p.grace)
	defer timer.Stop()
	select {
	case <-p.exited:
		return true
	case <-ctx.Done():
	case <-timer.C:
	}
	return false
}
