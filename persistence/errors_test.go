package persistence

import (
	"errors"
	"testing"
)

func TestCorruptErrors(t *testing.T) {
	err := corruptAt("dir/file", 17, "the checksum is %08x", 1)
	if want := "dir/file is damaged at offset 17: the checksum is 00000001"; err.Error() != want {
		t.Errorf("the error says %q, want %q", err, want)
	}
	if !errors.Is(err, ErrCorrupt) {
		t.Error("it is not an ErrCorrupt")
	}
}
