package oplog

import (
	"os"

	"golang.org/x/sys/unix"

	"larder/persistence"
)

// allocate makes a file size bytes long, if it is shorter, with the disk's
// space for it taken; what is new reads as zeros.
func allocate(f persistence.File, size int64) error {
	switch f := f.(type) {
	case *os.File:
		return retry(func() error { return unix.Fallocate(int(f.Fd()), 0, 0, size) })
	case allocator:
		return f.Allocate(size)
	}
	return errNoAllocation
}

// syncData makes sure that a file's content survives a crash, and what is
// needed to read it, but not its times.
func syncData(f persistence.File) error {
	if f, ok := f.(*os.File); ok {
		return retry(func() error { return unix.Fdatasync(int(f.Fd())) })
	}
	return f.Sync()
}

func retry(call func() error) error {
	for {
		if err := call(); err != unix.EINTR {
			return err
		}
	}
}
