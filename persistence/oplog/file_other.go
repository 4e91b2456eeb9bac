//go:build !linux

package oplog

import "larder/persistence"

// allocate makes a file longer, if it can; see file_linux.go.
func allocate(f persistence.File, size int64) error {
	if f, ok := f.(allocator); ok {
		return f.Allocate(size)
	}
	return errNoAllocation
}

// syncData makes sure that a file's content survives a crash.
func syncData(f persistence.File) error { return f.Sync() }
