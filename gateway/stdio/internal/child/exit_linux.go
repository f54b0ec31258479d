package child

import (
	"os"
	"syscall"
)

// awaitExit waits for the end of the process and reports true. Until it is waited for
// once more, its number cannot stand for another process.
func awaitExit(process *os.Process) bool {
	const byPID = 1
	for {
		_, _, errno := syscall.Syscall6(syscall.SYS_WAITID, byPID, uintptr(process.Pid), 0, syscall.WEXITED|syscall.WNOWAIT, 0, 0)
		if errno != syscall.EINTR {
			return errno == 0
		}
	}
}
