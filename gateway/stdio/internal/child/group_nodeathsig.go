//go:build unix && !linux && !freebsd

package child

import "syscall"

// endWithParent does nothing: there is no such signal here. The process sees the end
// of its input when this one dies.
func endWithParent(*syscall.SysProcAttr) {}
