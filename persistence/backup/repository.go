package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// Repository is a target with its backups.
type Repository struct {
	Store Store
	// Now is the clock; default time.Now.
	Now func() time.Time
}

func (r *Repository) now() time.Time {
	if r.Now != nil {
		return r.Now()
	}
	return time.Now()
}

// ErrDamaged is what every error is that says that something at the target has
// changed since it was put there, or is gone.
var ErrDamaged = errors.New("the backup is damaged")

// ErrNoBackup says that no backup is as was asked for.
var ErrNoBackup = errors.New("there is no such backup")

// List returns the backups, oldest first. Manifests that cannot be read are in
// damaged, each an ErrDamaged that names it.
func (r *Repository) List(ctx context.Context) (list []*Backup, damaged []error, err error) {
	objects, err := r.Store.List(ctx, kindBackup)
	if err != nil {
		return nil, nil, fmt.Errorf("cannot list the backups at %s: %w", r.Store, err)
	}
	for _, o := range objects {
		b, err := r.read(ctx, o.Name)
		switch {
		case errors.Is(err, ErrNotFound): // it was removed meanwhile
		case errors.Is(err, ErrDamaged):
			damaged = append(damaged, err)
		case err != nil:
			return nil, nil, err
		default:
			list = append(list, b)
		}
	}
	slices.SortStableFunc(list, func(a, b *Backup) int { return a.Taken.Compare(b.Taken) })
	return list, damaged, nil
}

// read reads the manifest of a backup.
func (r *Repository) read(ctx context.Context, id string) (*Backup, error) {
	page, err := r.readSmall(ctx, kindBackup+"/"+id)
	if err != nil {
		return nil, err
	}
	b, fault := decodeBackup(id, page)
	if fault != "" {
		return nil, fmt.Errorf("%w: %s/%s at %s: %s", ErrDamaged, kindBackup, id, r.Store, fault)
	}
	return b, nil
}

// readSmall reads an object that fits into memory.
func (r *Repository) readSmall(ctx context.Context, name string) ([]byte, error) {
	in, err := r.Store.Get(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("cannot read %s at %s: %w", name, r.Store, err)
	}
	page, err := io.ReadAll(io.LimitReader(in, maxManifestBytes))
	if err = errors.Join(err, in.Close()); err != nil {
		return nil, fmt.Errorf("cannot read %s at %s: %w", name, r.Store, err)
	}
	return page, nil
}

// Find returns the backup by an ID, or by the beginning of only one; "" is the
// newest.
func (r *Repository) Find(ctx context.Context, id string) (*Backup, error) {
	list, damaged, err := r.List(ctx)
	if err != nil {
		return nil, err
	}
	var found []*Backup
	for _, b := range list {
		if strings.HasPrefix(b.ID, id) {
			found = append(found, b)
		}
	}
	switch {
	case len(found) == 0 && len(damaged) > 0:
		return nil, errors.Join(damaged...)
	case len(found) == 0 && id == "":
		return nil, fmt.Errorf("%w: there is none at %s at all", ErrNoBackup, r.Store)
	case len(found) == 0:
		return nil, fmt.Errorf("%w: %s at %s; see larder backup list", ErrNoBackup, id, r.Store)
	case len(found) > 1 && id != "":
		return nil, fmt.Errorf("%d backups begin with %s: name more of the ID", len(found), id)
	}
	return found[len(found)-1], nil
}

// FindAt returns the backup to bring back the state of a moment from: of those
// that cover it the one with the least to replay.
func (r *Repository) FindAt(ctx context.Context, at time.Time) (*Backup, error) {
	list, damaged, err := r.List(ctx)
	if err != nil {
		return nil, err
	}
	var best, before, after *Backup
	for _, b := range list {
		if b.Covers(at) && (best == nil || b.From.After(best.From)) {
			best = b
		}
		if b.Taken.Before(at) {
			before = b
		}
		if b.From.After(at) && (after == nil || b.From.Before(after.From)) {
			after = b
		}
	}
	if best != nil {
		return best, nil
	}
	text := fmt.Sprintf("no backup at %s has the state of %s", r.Store, moment(at))
	if before != nil {
		text += fmt.Sprintf("; the nearest one before is that of %s (--backup %s)", moment(before.Taken), before.ID)
	}
	if after != nil {
		text += fmt.Sprintf("; the nearest one after is that of %s (--backup %s --until %s)", moment(after.From), after.ID, moment(after.From))
	}
	return nil, errors.Join(append(damaged, fmt.Errorf("%w: %s", ErrNoBackup, text))...)
}

// moment is a time as people write it after --until.
func moment(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
