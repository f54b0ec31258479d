//go:build !unix && !windows

package child

import (
	"os"
	"os/exec"
)

// group is the process alone: there are no groups here.
type group struct{ process *os.Process }

func newGroup(*exec.Cmd) *group { return &group{} }

// enter is called when the process has started.
func (g *group) enter(process *os.Process) error {
	g.process = process
	return nil
}

func (g *group) terminate() { _ = g.process.Signal(os.Interrupt) }

func (g *group) kill() { _ = g.process.Kill() }

func (g *group) close() {}
