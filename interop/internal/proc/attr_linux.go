package proc

import "syscall"

// sysProcAttr gives the process a group of its own, to be signalled as one.
// Where the test is killed without a chance to clean up, the kernel ends the
// process with it.
func sysProcAttr() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
