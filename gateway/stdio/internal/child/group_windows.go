package child

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
	"unsafe"
)

// group is a job object: what a process in it starts is in it as well, and all of it
// ends when the job is terminated or its last handle closed, so also when this
// process dies.
type group struct {
	job     syscall.Handle
	process *os.Process
}

// limits is JOBOBJECT_EXTENDED_LIMIT_INFORMATION.
type limits struct {
	processTime, jobTime         int64
	flags                        uint32
	minWorkingSet, maxWorkingSet uintptr
	processes                    uint32
	affinity                     uintptr
	priority, scheduling         uint32
	counters                     [6]uint64
	memory                       [4]uintptr
}

const (
	extendedLimits = 9      // JobObjectExtendedLimitInformation
	killOnClose    = 0x2000 // JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE
	assign         = 0x0101 // PROCESS_SET_QUOTA | PROCESS_TERMINATE
)

// kernel returns a function of the operating system.
func kernel(name string) *syscall.LazyProc { return syscall.NewLazyDLL("kernel32.dll").NewProc(name) }

// failed returns the error of a function that returns zero if it fails.
func failed(name string, result uintptr, err error) error {
	if result != 0 {
		return nil
	}
	return os.NewSyscallError(name, err)
}

func newGroup(*exec.Cmd) *group { return &group{} }

// enter is called when the process has started.
func (g *group) enter(process *os.Process) error {
	g.process = process
	job, _, err := kernel("CreateJobObjectW").Call(0, 0)
	if err := failed("CreateJobObject", job, err); err != nil {
		return err
	}
	g.job = syscall.Handle(job)
	set := limits{flags: killOnClose}
	done, _, err := kernel("SetInformationJobObject").Call(job, extendedLimits, uintptr(unsafe.Pointer(&set)), unsafe.Sizeof(set))
	if err := failed("SetInformationJobObject", done, err); err != nil {
		return err
	}
	handle, err := syscall.OpenProcess(assign, false, uint32(process.Pid))
	if err != nil {
		return os.NewSyscallError("OpenProcess", err)
	}
	done, _, err = kernel("AssignProcessToJobObject").Call(job, uintptr(handle))
	return errors.Join(failed("AssignProcessToJobObject", done, err), syscall.CloseHandle(handle))
}

// terminate does nothing: no signal asks a process to end here. The end of its input
// has done so.
func (g *group) terminate() {}

func (g *group) kill() {
	if g.job != 0 {
		_, _, _ = kernel("TerminateJobObject").Call(uintptr(g.job), 1)
	}
}

func (g *group) close() {
	if g.job != 0 {
		_ = syscall.CloseHandle(g.job)
	}
}
