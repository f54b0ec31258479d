//go:build unix

package child

import (
	"os"
	"os/exec"
	"syscall"
)

// group is a process group of its own.
type group struct{ pid int }

func newGroup(cmd *exec.Cmd) *group {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	endWithParent(cmd.SysProcAttr)
	return &group{}
}

// enter is called when the process has started.
func (g *group) enter(process *os.Process) error {
	g.pid = process.Pid
	return nil
}

func (g *group) terminate() { g.send(syscall.SIGTERM) }

func (g *group) kill() { g.send(syscall.SIGKILL) }

// send leaves errors out: there may be nobody left in the group.
func (g *group) send(signal syscall.Signal) { _ = syscall.Kill(-g.pid, signal) }

func (g *group) close() {}
