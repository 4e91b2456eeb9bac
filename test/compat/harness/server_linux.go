package harness

import "syscall"

// childAttr makes the kernel end a started server when the test dies, so that
// an aborted run leaves no servers behind.
func childAttr() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
