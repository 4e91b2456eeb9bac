package oplog

import (
	"errors"
	"fmt"

	"larder/persistence"
)

// What the log does with files besides what package persistence has for all.

// allocator is a file that can take space ahead of what is written. An *os.File
// is treated as one where the system can do it (file_linux.go).
type allocator interface {
	// Allocate makes the file size bytes long, if it is shorter.
	Allocate(size int64) error
}

// errNoAllocation is what allocate returns where it cannot be done.
var errNoAllocation = errors.New("space cannot be allocated ahead in this file")

// errShortWrite is what a File that writes less than it should, and gives no
// reason, is taken to mean.
var errShortWrite = errors.New("the file took only a part of what was written to it")

func writeAt(f persistence.File, b []byte, at int64) error {
	n, err := f.WriteAt(b, at)
	if err == nil && n < len(b) {
		err = fmt.Errorf("%s: %w", f.Name(), errShortWrite)
	}
	return err
}

func corruptAt(file string, offset int64, format string, args ...any) error {
	return &persistence.CorruptError{File: file, Offset: offset, Reason: fmt.Sprintf(format, args...)}
}
