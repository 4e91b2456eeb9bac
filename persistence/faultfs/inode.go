package faultfs

import (
	"io"
	"io/fs"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"time"
)

// sector is the number of bytes that a disk writes at once.
const sector = 512

// inode is the content of a file.
type inode struct {
	data    []byte       // as programs see it
	durable []byte       // as the disk has it
	dirty   map[int]bool // sectors that the next sync brings to the disk
	resized bool         // so is the length
}

// touch marks the sectors of a range as written.
func (n *inode) touch(from, to int) {
	if n.dirty == nil {
		n.dirty = map[int]bool{}
	}
	for s := from / sector; s*sector < to; s++ {
		n.dirty[s] = true
	}
}

func (n *inode) resize(size int) {
	n.resized = true
	if size <= len(n.data) {
		n.data = n.data[:size:size]
		return
	}
	n.touch(len(n.data), size)
	n.data = append(n.data, make([]byte, size-len(n.data))...)
}

func (n *inode) write(b []byte, at int) {
	if end := at + len(b); end > len(n.data) {
		n.resize(end)
	}
	copy(n.data[at:], b)
	n.touch(at, at+len(b))
}

// sync brings the file to the disk. A sector that an earlier sync has failed to
// bring there stays what it is on the disk.
func (n *inode) sync() {
	synced := make([]byte, len(n.data))
	copy(synced, n.durable)
	for s := range n.dirty {
		if from := s * sector; from < len(n.data) {
			copy(synced[from:min(from+sector, len(synced))], n.data[from:])
		}
	}
	n.durable, n.dirty, n.resized = synced, nil, false
}

// failSync brings a part of the file to the disk, and forgets about the rest.
func (n *inode) failSync(rng *rand.Rand) {
	n.durable = n.survivor(rng).data
	n.dirty, n.resized = nil, false
}

// survivor is what is left of the file after a crash.
func (n *inode) survivor(rng *rand.Rand) *inode {
	size := len(n.durable)
	if n.resized {
		// The length is as random as the rest.
		switch low, high := min(len(n.durable), len(n.data)), max(len(n.durable), len(n.data)); rng.IntN(4) {
		case 0:
			size = len(n.data)
		case 1:
			size = low + rng.IntN(high-low+1)
		}
	}
	left := make([]byte, size)
	copy(left, n.durable)
	for s := 0; s*sector < size; s++ {
		if !n.dirty[s] || s*sector >= len(n.data) {
			continue
		}
		to := min((s+1)*sector, size, len(n.data))
		tear(rng, left[s*sector:to], n.data[s*sector:to])
	}
	return &inode{data: left, durable: slices.Clone(left)}
}

// tear decides what becomes of a sector that is being written.
func tear(rng *rand.Rand, sector, written []byte) {
	switch rng.IntN(8) {
	case 0, 1, 2: // nothing was written
	case 3: // the beginning was
		n := rng.IntN(len(sector) + 1)
		copy(sector[:n], written)
	case 4: // what was to change is rubbish
		for i := range sector {
			if sector[i] != written[i] {
				sector[i] = byte(rng.Uint32())
			}
		}
	default:
		copy(sector, written)
	}
}

func (n *inode) info(path string) fs.FileInfo { return info{filepath.Base(path), int64(len(n.data))} }

type info struct {
	name string
	size int64
}

func (i info) Name() string       { return i.name }
func (i info) Size() int64        { return i.size }
func (i info) Mode() fs.FileMode  { return 0o644 }
func (i info) ModTime() time.Time { return time.Time{} }
func (i info) IsDir() bool        { return false }
func (i info) Sys() any           { return nil }

// file is an open file.
type file struct {
	fs     *FS
	node   *inode
	name   string
	at     int64
	closed bool
}

// use locks the file system for an operation; the caller unlocks it.
func (f *file) use() error {
	f.fs.mu.Lock()
	if f.closed {
		return fs.ErrClosed
	}
	return nil
}

func (f *file) Name() string { return f.name }

func (f *file) Close() error {
	defer f.fs.mu.Unlock()
	if err := f.use(); err != nil {
		return err
	}
	f.closed = true
	return nil
}

func (f *file) Stat() (fs.FileInfo, error) {
	defer f.fs.mu.Unlock()
	if err := f.use(); err != nil {
		return nil, err
	}
	return f.node.info(f.name), nil
}

func (f *file) ReadAt(b []byte, at int64) (int, error) {
	defer f.fs.mu.Unlock()
	if err := f.use(); err != nil {
		return 0, err
	}
	if f.fs.crashed {
		return 0, ErrCrashed
	}
	if at >= int64(len(f.node.data)) {
		return 0, io.EOF
	}
	n := copy(b, f.node.data[at:])
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

func (f *file) Read(b []byte) (int, error) {
	n, err := f.ReadAt(b, f.at)
	f.at += int64(n)
	if n > 0 && err == io.EOF {
		err = nil
	}
	return n, err
}

func (f *file) Write(b []byte) (int, error) {
	n, err := f.WriteAt(b, f.at)
	f.at += int64(n)
	return n, err
}

func (f *file) WriteAt(b []byte, at int64) (int, error) {
	defer f.fs.mu.Unlock()
	if err := f.use(); err != nil {
		return 0, err
	}
	err := f.fs.begin(OpWrite, f.name)
	if err == ErrCrashed {
		return 0, err
	}
	if err != nil && len(b) > 0 {
		b = b[:f.fs.rng.IntN(len(b))]
	}
	f.node.write(b, int(at))
	return len(b), err
}

func (f *file) Seek(offset int64, whence int) (int64, error) {
	defer f.fs.mu.Unlock()
	if err := f.use(); err != nil {
		return 0, err
	}
	switch whence {
	case io.SeekCurrent:
		offset += f.at
	case io.SeekEnd:
		offset += int64(len(f.node.data))
	}
	if offset < 0 {
		return 0, fs.ErrInvalid
	}
	f.at = offset
	return offset, nil
}

func (f *file) Truncate(size int64) error {
	defer f.fs.mu.Unlock()
	if err := f.use(); err != nil {
		return err
	}
	if err := f.fs.begin(OpTruncate, f.name); err != nil {
		return err
	}
	f.node.resize(int(size))
	return nil
}

// Allocate makes the file longer; the new bytes are zeros.
func (f *file) Allocate(size int64) error {
	defer f.fs.mu.Unlock()
	if err := f.use(); err != nil {
		return err
	}
	if err := f.fs.begin(OpAllocate, f.name); err != nil {
		return err
	}
	if int(size) > len(f.node.data) {
		f.node.resize(int(size))
	}
	return nil
}

func (f *file) Sync() error {
	defer f.fs.mu.Unlock()
	if err := f.use(); err != nil {
		return err
	}
	err := f.fs.begin(OpSync, f.name)
	switch {
	case err == nil:
		f.node.sync()
	case !f.fs.crashed:
		f.node.failSync(f.fs.rng)
	}
	return err
}
