package persistence

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// FS is the part of a file system that persistence needs. Names are paths as
// the operating system has them. Errors are those of package os: a file that
// is not there is fs.ErrNotExist.
//
// What a crash leaves is what was synced: the content of a file by File.Sync,
// its name, a rename and a removal by SyncDir of the directory.
type FS interface {
	// Create makes an empty file for writing and reading, in place of what had
	// the name.
	Create(name string) (File, error)
	// Open opens a file for reading.
	Open(name string) (File, error)
	// OpenFile opens a file as os.OpenFile does.
	OpenFile(name string, flag int, perm fs.FileMode) (File, error)
	// Rename gives a file another name, in place of what had that.
	Rename(from, to string) error
	// Remove removes a file or an empty directory.
	Remove(name string) error
	// MkdirAll makes a directory and those above it; one that is there is fine.
	MkdirAll(name string, perm fs.FileMode) error
	// ReadDir lists a directory in order of names.
	ReadDir(name string) ([]fs.DirEntry, error)
	// Stat tells about a file.
	Stat(name string) (fs.FileInfo, error)
	// SyncDir makes sure that a directory's names survive a crash.
	SyncDir(name string) error
}

// File is an open file. *os.File is one.
type File interface {
	io.Reader
	io.ReaderAt
	io.Writer
	io.WriterAt
	io.Seeker
	io.Closer
	// Name is the path that the file was opened by.
	Name() string
	Stat() (fs.FileInfo, error)
	// Truncate changes the file's length in bytes.
	Truncate(size int64) error
	// Sync makes sure that the content survives a crash. After it has failed,
	// what was written since the last success may be lost, whatever later calls
	// say.
	Sync() error
}

// filePerm is what files are created with; the process's mask takes from it.
const filePerm = 0o644

// OS is the file system of the operating system.
type OS struct{}

// Create implements FS.
func (OS) Create(name string) (File, error) {
	return openFile(name, os.O_RDWR|os.O_CREATE|os.O_TRUNC, filePerm)
}

// Open implements FS.
func (OS) Open(name string) (File, error) { return openFile(name, os.O_RDONLY, 0) }

// OpenFile implements FS.
func (OS) OpenFile(name string, flag int, perm fs.FileMode) (File, error) {
	return openFile(name, flag, perm)
}

// openFile returns no File, rather than one that holds a nil *os.File, when it
// fails.
func openFile(name string, flag int, perm fs.FileMode) (File, error) {
	f, err := os.OpenFile(name, flag, perm)
	if err != nil {
		return nil, err
	}
	return f, nil
}

// Rename implements FS.
func (OS) Rename(from, to string) error { return os.Rename(from, to) }

// Remove implements FS.
func (OS) Remove(name string) error { return os.Remove(name) }

// MkdirAll implements FS.
func (OS) MkdirAll(name string, perm fs.FileMode) error { return os.MkdirAll(name, perm) }

// ReadDir implements FS.
func (OS) ReadDir(name string) ([]fs.DirEntry, error) { return os.ReadDir(name) }

// Stat implements FS.
func (OS) Stat(name string) (fs.FileInfo, error) { return os.Stat(name) }

// SyncDir implements FS. Windows has no such thing, and keeps names by itself.
func (OS) SyncDir(name string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// ReplaceFile makes what write writes the content of name: whatever happens,
// the name stands for the old content or for the new one, each complete. write
// gets a file with a temporary name in the same directory; when it or anything
// behind it fails, that file is removed.
func ReplaceFile(fsys FS, name, temporary string, write func(f File) error) error {
	// A crash in the middle of a rename may leave both names for one file: it must
	// not be emptied under its other name. What cannot be removed is still there.
	_ = fsys.Remove(temporary)
	f, err := fsys.OpenFile(temporary, os.O_RDWR|os.O_CREATE|os.O_EXCL, filePerm)
	if err != nil {
		return err
	}
	err = write(f)
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = fsys.Rename(temporary, name)
	}
	if err != nil {
		_ = fsys.Remove(temporary) // what is left of it is overwritten next time
		return err
	}
	return fsys.SyncDir(filepath.Dir(name))
}
