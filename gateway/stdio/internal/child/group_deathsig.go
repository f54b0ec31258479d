//go:build linux || freebsd

package child

import "syscall"

// endWithParent has the process killed when this one dies.
func endWithParent(attr *syscall.SysProcAttr) { attr.Pdeathsig = syscall.SIGKILL }
