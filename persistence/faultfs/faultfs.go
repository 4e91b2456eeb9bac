package faultfs

import (
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"larder/persistence"
)

// Op is what is done with a file or a directory.
type Op int

// Operations, as Inject sees them. Opening and reading cannot fail here.
const (
	OpCreate Op = iota
	OpWrite
	OpSync
	OpTruncate
	OpAllocate
	OpRename
	OpRemove
	OpReadDir
	OpSyncDir
)

// ErrCrashed is what every operation returns after the crash, and in a PathError
// the one in which it happens.
var ErrCrashed = errors.New("the machine has crashed")

// FS implements persistence.FS. There are no permissions and no links, and a
// directory is there once something is in it or MkdirAll was called.
type FS struct {
	mu  sync.Mutex
	rng *rand.Rand

	names map[string]*inode
	// pending holds, by path, what the name has stood for since its directory was
	// synced, beginning with what is durable; nil is no file.
	pending map[string][]*inode
	dirs    map[string]bool

	ops     int
	crashAt int // number of the operation that crashes, 0: none
	crashed bool
	inject  func(op Op, path string) error
}

// New makes an empty file system.
func New(rng *rand.Rand) *FS {
	return &FS{rng: rng, names: map[string]*inode{}, pending: map[string][]*inode{}, dirs: map[string]bool{}}
}

var _ persistence.FS = (*FS)(nil)

// Inject sets a function that says what an operation fails with, nil if it is
// to succeed. A write that fails has written a part; a failed sync may have
// synced a part; anything else that fails has done nothing. It is called with
// the file system locked.
func (f *FS) Inject(fault func(op Op, path string) error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.inject = fault
}

// CrashAfter lets n more operations happen and crashes in the one after; less
// than 0 is never.
func (f *FS) CrashAfter(n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.crashAt = 0
	if n >= 0 {
		f.crashAt = f.ops + n + 1
	}
}

// Ops is how many operations there were.
func (f *FS) Ops() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.ops
}

// Crashed tells whether the crash has happened.
func (f *FS) Crashed() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.crashed
}

// begin counts an operation and says what it fails with. REQUIRES: f is locked.
func (f *FS) begin(op Op, path string) error {
	if f.crashed {
		return ErrCrashed
	}
	f.ops++
	if f.ops == f.crashAt {
		f.crashed = true
		return &fs.PathError{Op: "crash", Path: path, Err: ErrCrashed}
	}
	if f.inject != nil {
		if err := f.inject(op, path); err != nil {
			return &fs.PathError{Op: "inject", Path: path, Err: err}
		}
	}
	return nil
}

// set changes what a name stands for. REQUIRES: f is locked.
func (f *FS) set(path string, node *inode) {
	if f.pending[path] == nil {
		f.pending[path] = []*inode{f.names[path]}
	}
	f.pending[path] = append(f.pending[path], node)
	if node == nil {
		delete(f.names, path)
	} else {
		f.names[path] = node
	}
}

// Create implements persistence.FS.
func (f *FS) Create(name string) (persistence.File, error) {
	return f.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o644)
}

// Open implements persistence.FS.
func (f *FS) Open(name string) (persistence.File, error) { return f.OpenFile(name, os.O_RDONLY, 0) }

// OpenFile implements persistence.FS. Of the flags it knows O_CREATE, O_EXCL and
// O_TRUNC.
func (f *FS) OpenFile(name string, flag int, _ fs.FileMode) (persistence.File, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.crashed {
		return nil, ErrCrashed
	}
	node, fault := f.names[name], error(nil)
	switch {
	case node == nil && flag&os.O_CREATE == 0:
		fault = fs.ErrNotExist
	case node != nil && flag&os.O_EXCL != 0:
		fault = fs.ErrExist
	case node == nil && !f.dirs[filepath.Dir(name)]:
		fault = fs.ErrNotExist
	}
	if fault != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fault}
	}
	if node == nil || flag&os.O_TRUNC != 0 {
		if err := f.begin(OpCreate, name); err != nil {
			return nil, err
		}
	}
	if node == nil {
		node = &inode{}
		f.set(name, node)
	} else if flag&os.O_TRUNC != 0 {
		node.resize(0)
	}
	return &file{fs: f, node: node, name: name}, nil
}

// Rename implements persistence.FS.
func (f *FS) Rename(from, to string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.begin(OpRename, from); err != nil {
		return err
	}
	node := f.names[from]
	if node == nil {
		return &fs.PathError{Op: "rename", Path: from, Err: fs.ErrNotExist}
	}
	f.set(to, node)
	f.set(from, nil)
	return nil
}

// Remove implements persistence.FS.
func (f *FS) Remove(name string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.begin(OpRemove, name); err != nil {
		return err
	}
	if f.names[name] == nil {
		return &fs.PathError{Op: "remove", Path: name, Err: fs.ErrNotExist}
	}
	f.set(name, nil)
	return nil
}

// MkdirAll implements persistence.FS. Directories survive a crash at once.
func (f *FS) MkdirAll(name string, _ fs.FileMode) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.dirs[name] = true
	return nil
}

// ReadDir implements persistence.FS.
func (f *FS) ReadDir(name string) ([]fs.DirEntry, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.begin(OpReadDir, name); err != nil {
		return nil, err
	}
	if !f.dirs[name] {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: fs.ErrNotExist}
	}
	var entries []fs.DirEntry
	for path, node := range f.names {
		if filepath.Dir(path) == name {
			entries = append(entries, fs.FileInfoToDirEntry(node.info(path)))
		}
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return entries, nil
}

// Stat implements persistence.FS.
func (f *FS) Stat(name string) (fs.FileInfo, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.crashed {
		return nil, ErrCrashed
	}
	if f.names[name] == nil {
		return nil, &fs.PathError{Op: "stat", Path: name, Err: fs.ErrNotExist}
	}
	return f.names[name].info(name), nil
}

// SyncDir implements persistence.FS.
func (f *FS) SyncDir(name string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.begin(OpSyncDir, name); err != nil {
		return err
	}
	for path := range f.pending {
		if filepath.Dir(path) == name {
			delete(f.pending, path)
		}
	}
	return nil
}

// Crash returns the file system as the next start finds it after a power cut.
// What is open in the old one is of no use any more.
func (f *FS) Crash() *FS {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.crashed = true
	after := New(f.rng)
	after.dirs = f.dirs
	// In the order of paths, so that the same seed gives the same picture.
	paths := make([]string, 0, len(f.names)+len(f.pending))
	for path := range f.names {
		paths = append(paths, path)
	}
	for path := range f.pending {
		paths = append(paths, path)
	}
	slices.Sort(paths)
	survivors := map[*inode]*inode{}
	for _, path := range slices.Compact(paths) {
		node := f.names[path]
		if states := f.pending[path]; states != nil {
			node = states[f.rng.IntN(len(states))]
		}
		if node == nil {
			continue
		}
		if survivors[node] == nil {
			survivors[node] = node.survivor(f.rng)
		}
		after.names[path] = survivors[node]
	}
	return after
}

// Kill returns the file system as it is after the process has died and the
// machine has not: everything that was written is there, whether it is on the
// disk or not.
func (f *FS) Kill() *FS {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.crashed = true
	after := New(f.rng)
	after.names, after.pending, after.dirs = f.names, f.pending, f.dirs
	return after
}

// Damage changes a byte of a file, on the disk and in memory; the test says
// where and how.
func (f *FS) Damage(name string, offset int64, change func(byte) byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	node := f.names[name]
	node.data[offset] = change(node.data[offset])
	if offset < int64(len(node.durable)) {
		node.durable[offset] = node.data[offset]
	}
}
