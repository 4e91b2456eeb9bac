package backup

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strings"
	"time"

	"larder/persistence"
)

// Folder is a store in a directory of a file system. An object is a file; it is
// written under a temporary name that contains partialMark, synced and renamed.
type Folder struct {
	FS  persistence.FS
	Dir string // which has to be there; what is below is created
}

// partialMark is in the names of files that are being written.
const partialMark = ".partial-"

// String implements Store.
func (f *Folder) String() string { return f.Dir }

func (f *Folder) path(name string) string { return filepath.Join(f.Dir, filepath.FromSlash(name)) }

// Put implements Store.
func (f *Folder) Put(ctx context.Context, name string, r io.ReaderAt, size int64) error {
	path := f.path(name)
	if err := f.makeDir(filepath.Dir(path)); err != nil {
		return err
	}
	return persistence.ReplaceFile(f.FS, path, path+partialMark+randomHex(4), func(to persistence.File) error {
		n, err := io.Copy(struct{ io.Writer }{to}, &cancelled{ctx, io.NewSectionReader(r, 0, size)})
		if err == nil && n != size {
			err = fmt.Errorf("what is to be kept as %s has %d bytes instead of %d", name, n, size)
		}
		return err
	})
}

// makeDir makes the directory of a kind, durably.
func (f *Folder) makeDir(dir string) error {
	if _, err := f.FS.Stat(dir); err == nil {
		return nil
	}
	if _, err := f.FS.Stat(f.Dir); err != nil {
		return fmt.Errorf("the folder for backups cannot be used: %w; create it, or see that it is mounted", err)
	}
	if err := f.FS.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return f.FS.SyncDir(f.Dir)
}

// Get implements Store.
func (f *Folder) Get(_ context.Context, name string) (io.ReadCloser, error) {
	file, err := f.FS.Open(f.path(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %s", ErrNotFound, f.path(name))
	}
	if err != nil {
		return nil, err
	}
	return file, nil
}

// List implements Store.
func (f *Folder) List(_ context.Context, kind string) ([]Object, error) {
	return f.list(kind, func(name string) bool { return !strings.Contains(name, partialMark) })
}

func (f *Folder) list(kind string, wanted func(name string) bool) (list []Object, err error) {
	entries, err := f.FS.ReadDir(f.path(kind))
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := f.FS.Stat(f.Dir); err != nil {
			return nil, fmt.Errorf("the folder for backups cannot be used: %w; create it, or see that it is mounted", err)
		}
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) || e.IsDir() || !wanted(e.Name()) {
			continue // it was removed meanwhile, or is not ours
		}
		if err != nil {
			return nil, err
		}
		list = append(list, Object{Name: e.Name(), Bytes: info.Size(), Modified: info.ModTime()})
	}
	return list, nil
}

// Remove implements Store.
func (f *Folder) Remove(_ context.Context, name string) error {
	err := f.FS.Remove(f.path(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return f.FS.SyncDir(filepath.Dir(f.path(name)))
}

// Sweep implements Store.
func (f *Folder) Sweep(ctx context.Context, before time.Time) (n int, err error) {
	for _, kind := range allKinds {
		left, err := f.list(kind, func(name string) bool { return strings.Contains(name, partialMark) })
		if err != nil {
			return n, err
		}
		for _, o := range left {
			if !o.Modified.Before(before) {
				continue
			}
			if err := f.Remove(ctx, kind+"/"+o.Name); err != nil {
				return n, err
			}
			n++
		}
	}
	return n, nil
}

// cancelled reads until a context is done.
type cancelled struct {
	ctx context.Context
	r   io.Reader
}

func (c *cancelled) Read(b []byte) (int, error) {
	if c.ctx.Err() != nil {
		return 0, context.Cause(c.ctx)
	}
	return c.r.Read(b)
}

// randomHex returns 2n random hexadecimal digits.
func randomHex(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return fmt.Sprintf("%x", b)
}
