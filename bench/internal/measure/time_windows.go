package measure

import (
	"syscall"
	"time"
)

// processorTime is what the whole process has used, the garbage collector's
// threads included. Windows counts it in steps of some milliseconds.
func processorTime() time.Duration {
	self, err := syscall.GetCurrentProcess()
	if err != nil {
		panic(err)
	}
	var created, exited, kernel, user syscall.Filetime
	if err := syscall.GetProcessTimes(self, &created, &exited, &kernel, &user); err != nil {
		panic(err)
	}
	return ticks(kernel) + ticks(user)
}

// ticks are units of 100 ns. Filetime.Nanoseconds counts from 1970.
func ticks(t syscall.Filetime) time.Duration {
	return time.Duration(int64(t.HighDateTime)<<32|int64(t.LowDateTime)) * 100
}
