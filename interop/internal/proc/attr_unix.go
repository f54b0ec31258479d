//go:build unix && !linux

package proc

import "syscall"

// sysProcAttr gives the process a group of its own, to be signalled as one.
func sysProcAttr() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
