package engine

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// yield lets another thread have the core. It keeps the P: an event loop that
// gave that away, as runtime.Gosched does, would stand behind whatever else is to
// run, which may be a slice of the collector's work of ten milliseconds.
func yield() { _, _, _ = syscall.RawSyscall(unix.SYS_SCHED_YIELD, 0, 0, 0) }
