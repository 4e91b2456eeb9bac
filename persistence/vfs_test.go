package persistence

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

func TestReplaceFile(t *testing.T) {
	dir := t.TempDir()
	name, temporary := filepath.Join(dir, "data"), filepath.Join(dir, "temp")
	write := func(text string, fault error) error {
		return ReplaceFile(OS{}, name, temporary, func(f File) error {
			if _, err := f.Write([]byte(text)); err != nil {
				t.Fatal(err)
			}
			return fault
		})
	}
	want := func(text string) {
		t.Helper()
		if got, err := os.ReadFile(name); err != nil || string(got) != text {
			t.Errorf("the file holds %q, %v; want %q", got, err, text)
		}
		if _, err := os.Stat(temporary); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("the temporary file is still there: %v", err)
		}
	}
	if err := write("old", nil); err != nil {
		t.Fatal(err)
	}
	want("old")
	fault := errors.New("no more room")
	if err := write("half", fault); !errors.Is(err, fault) {
		t.Errorf("a failing write: %v", err)
	}
	want("old")
	if err := write("new", nil); err != nil {
		t.Fatal(err)
	}
	want("new")
}

func TestOpenMissing(t *testing.T) {
	f, err := OS{}.Open(filepath.Join(t.TempDir(), "missing"))
	if f != nil || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("opening a missing file: %v, %v", f, err)
	}
}
