package backup

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"larder/persistence"
	"larder/persistence/oplog"
)

// Place is where a server looks for its data.
type Place struct {
	FS       persistence.FS
	Dir      string // the directive dir
	Snapshot string // dbfilename
	LogDir   string // appenddirname
	Log      string // appendfilename
}

// ErrOccupied says that there are data where a backup should go.
var ErrOccupied = errors.New("there are data already")

// restoring is behind the name of what is not complete yet.
const restoring = ".restoring"

// Restore brings a backup back to a place without data: with the state of the
// moment until, or, if that is zero, of the moment when the backup was made.
// The data are complete when they get their names; what an interrupted Restore
// has left, another one overwrites.
// REQUIRES: until is zero or covered by the backup.
func (r *Repository) Restore(ctx context.Context, b *Backup, to Place, until time.Time) error {
	if err := to.check(b); err != nil {
		return err
	}
	if b.Kind == KindSnapshot {
		return r.restoreSnapshot(ctx, b, to)
	}
	whole := filepath.Join(to.Dir, to.LogDir)
	part := whole + restoring
	if err := removeFiles(to.FS, part); err != nil {
		return err
	}
	if err := to.FS.MkdirAll(part, 0o755); err != nil {
		return err
	}
	if err := r.Fetch(ctx, b, to.FS, part); err != nil {
		return err
	}
	if !until.IsZero() {
		if _, err := oplog.EndAt(oplog.Files{FS: to.FS, Dir: part, Name: b.Log}, until.UnixMilli()); err != nil {
			return fmt.Errorf("cannot end the log at %s: %w", moment(until), err)
		}
	}
	if err := to.FS.SyncDir(part); err != nil {
		return err
	}
	if err := to.FS.Rename(part, whole); err != nil {
		return fmt.Errorf("cannot put the log in its place: %w", err)
	}
	return to.FS.SyncDir(to.Dir)
}

func (r *Repository) restoreSnapshot(ctx context.Context, b *Backup, to Place) error {
	if len(b.Files) != 1 {
		return fmt.Errorf("%w: %s has %d files, a snapshot is one", ErrDamaged, b.ID, len(b.Files))
	}
	path := filepath.Join(to.Dir, to.Snapshot)
	return persistence.ReplaceFile(to.FS, path, path+restoring, func(f persistence.File) error {
		return r.readFile(ctx, b, b.Files[0], f)
	})
}

// check sees that nothing is overwritten, and that a server will find what is
// restored.
func (p *Place) check(b *Backup) error {
	for _, name := range []string{p.Snapshot, p.LogDir} {
		path := filepath.Join(p.Dir, name)
		_, err := p.FS.Stat(path)
		if err == nil {
			return fmt.Errorf("%w: %s; move it away, or restore to another dir", ErrOccupied, path)
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if b.Kind == KindLog && b.Log != p.Log {
		return fmt.Errorf("the files of the log in %s begin with %s, and not with %s as the configuration says: add --appendfilename %s", b.ID, b.Log, p.Log, b.Log)
	}
	return nil
}

// removeFiles removes what an interrupted Restore has left in a directory.
func removeFiles(fsys persistence.FS, dir string) error {
	entries, err := fsys.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, e := range entries {
		err = errors.Join(err, fsys.Remove(filepath.Join(dir, e.Name())))
	}
	return err
}
