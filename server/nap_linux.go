package server

import (
	"time"

	"golang.org/x/sys/unix"
)

// nap sleeps for d, less than a millisecond. time.Sleep would take a whole one:
// that is the unit in which the runtime waits when it has nothing to do.
func nap(d time.Duration) {
	ts := unix.NsecToTimespec(d.Nanoseconds())
	_ = unix.Nanosleep(&ts, nil) // cut short by a signal: then that was the rest
}
