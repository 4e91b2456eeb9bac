package backup

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"larder/persistence"
)

// Fetch writes the files of a backup to a directory, which has to be there and
// should be empty. Each is compared with its checksum; what has changed is an
// ErrDamaged.
func (r *Repository) Fetch(ctx context.Context, b *Backup, fsys persistence.FS, dir string) error {
	for _, f := range b.Files {
		path := filepath.Join(dir, f.Name)
		err := persistence.ReplaceFile(fsys, path, path+".temp", func(to persistence.File) error {
			return r.readFile(ctx, b, f, to)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Check reads all files of a backup and compares them with their checksums.
func (r *Repository) Check(ctx context.Context, b *Backup) error {
	for _, f := range b.Files {
		if err := r.readFile(ctx, b, f, io.Discard); err != nil {
			return err
		}
	}
	return nil
}

// readFile reads a file of a backup to its end.
func (r *Repository) readFile(ctx context.Context, b *Backup, f File, to io.Writer) error {
	damaged := func(format string, args ...any) error {
		return fmt.Errorf("%w: %s of %s (%s/%s at %s): %s", ErrDamaged, f.Name, b.ID, kindObject, f.SHA256, r.Store, fmt.Sprintf(format, args...))
	}
	in, err := r.Store.Get(ctx, kindObject+"/"+f.SHA256)
	if errors.Is(err, ErrNotFound) {
		return damaged("it is gone")
	}
	if err != nil {
		return fmt.Errorf("cannot read %s of %s: %w", f.Name, b.ID, err)
	}
	h := sha256.New()
	n, err := io.Copy(io.MultiWriter(h, to), io.LimitReader(&cancelled{ctx, in}, f.Bytes+1))
	err = errors.Join(err, in.Close())
	switch {
	case errors.Is(err, ErrNotFound):
		return damaged("it is gone")
	case err != nil:
		return fmt.Errorf("cannot copy %s of %s: %w", f.Name, b.ID, err)
	case n > f.Bytes:
		return damaged("it has more than its %d bytes", f.Bytes)
	case n < f.Bytes:
		return damaged("it ends at offset %d of %d", n, f.Bytes)
	}
	if sum := fmt.Sprintf("%x", h.Sum(nil)); sum != f.SHA256 {
		return damaged("its SHA-256 is %s now", sum)
	}
	return nil
}
