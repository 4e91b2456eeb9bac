//go:build unix

package server

import (
	"fmt"
	"syscall"
)

// cpuTimes returns the processor time that the process has used in user and in
// system mode, in seconds with six places.
func cpuTimes() (user, system string) {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return "0.000000", "0.000000"
	}
	return fmt.Sprintf("%d.%06d", u.Utime.Sec, u.Utime.Usec), fmt.Sprintf("%d.%06d", u.Stime.Sec, u.Stime.Usec)
}
