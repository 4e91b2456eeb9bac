package persistence

import (
	"errors"
	"fmt"
)

// ErrCorrupt is what every CorruptError is: errors.Is tells damage, which no
// further attempt mends, from a disk that fails or is full.
var ErrCorrupt = errors.New("the file is damaged")

// CorruptError says which file is damaged, where, and what is wrong there.
type CorruptError struct {
	File   string // path
	Offset int64  // of the first byte that cannot be trusted
	Reason string // what was found there, without a full stop
}

// Error implements error.
func (e *CorruptError) Error() string {
	return fmt.Sprintf("%s is damaged at offset %d: %s", e.File, e.Offset, e.Reason)
}

// Is makes errors.Is(err, ErrCorrupt) true.
func (e *CorruptError) Is(target error) bool { return target == ErrCorrupt }

func corruptAt(file string, offset int64, format string, args ...any) error {
	return &CorruptError{File: file, Offset: offset, Reason: fmt.Sprintf(format, args...)}
}
