//go:build unix

package stdio_test

import (
	"os/exec"
	"syscall"
)

// escape has a command leave the process group.
func escape(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} }
