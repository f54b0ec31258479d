//go:build unix

package measure

import (
	"syscall"
	"time"
)

// processorTime is what the whole process has used, the garbage collector's
// threads included.
func processorTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err) // the arguments are right
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
