//go:build unix

package proc

import (
	"os/exec"
	"syscall"
)

// signalGroup signals the group that the process leads.
func signalGroup(cmd *exec.Cmd, sig syscall.Signal) error {
	return syscall.Kill(-cmd.Process.Pid, sig)
}
