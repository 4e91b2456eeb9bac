package backup

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// InterruptedAge is the age at which a Create that has not come to its end was
// interrupted, unless the caller of Prune knows better.
const InterruptedAge = 24 * time.Hour

// Pruned is what Prune has removed.
type Pruned struct {
	Backups []*Backup
	Objects int   // that no backup needs any more, or ever did
	Bytes   int64 // of them
	Partial int   // objects that were never complete
}

// Prune removes the backups that the retention does not keep, and what no backup
// needs. What a Create that began less than interruptedAge ago may still need is
// left. While a manifest cannot be read, nothing is removed: nobody knows which
// objects it names.
func (r *Repository) Prune(ctx context.Context, keep Retention, interruptedAge time.Duration) (p *Pruned, err error) {
	mark := kindPruning + "/" + newID(r.now())
	if err := r.put(ctx, mark, []byte("objects that no backup needs are being removed\n")); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.Store.Remove(context.WithoutCancel(ctx), mark)) }()
	// Marks first, manifests then: a backup that is completed in between is among
	// the latter.
	needed := map[string]bool{}
	before := r.now().Add(-interruptedAge)
	if err := r.pending(ctx, before, needed); err != nil {
		return nil, err
	}
	list, damaged, err := r.List(ctx)
	if err != nil {
		return nil, err
	}
	if len(damaged) > 0 {
		return nil, errors.Join(append(damaged, errors.New("nothing is removed while a manifest cannot be read: remove it if it is lost"))...)
	}
	kept, removed := keep.split(list)
	for _, b := range kept {
		b.need(needed)
	}
	p = &Pruned{}
	for _, b := range removed {
		if err := r.Store.Remove(ctx, kindBackup+"/"+b.ID); err != nil {
			return p, fmt.Errorf("cannot remove the backup %s: %w", b.ID, err)
		}
		p.Backups = append(p.Backups, b)
	}
	if err := r.removeObjects(ctx, needed, p); err != nil {
		return p, err
	}
	if p.Partial, err = r.Store.Sweep(ctx, before); err != nil {
		return p, fmt.Errorf("cannot remove what interrupted backups have left: %w", err)
	}
	return p, r.removeMarks(ctx, kindPruning, r.now().Add(-pruningAge))
}

// need notes the objects of a backup.
func (b *Backup) need(needed map[string]bool) {
	for _, f := range b.Files {
		needed[f.SHA256] = true
	}
}

// pending notes what backups need that are being made, and forgets those that
// were begun before a moment.
func (r *Repository) pending(ctx context.Context, before time.Time, needed map[string]bool) error {
	if err := r.removeMarks(ctx, kindPending, before); err != nil {
		return err
	}
	marks, err := r.Store.List(ctx, kindPending)
	if err != nil {
		return err
	}
	for _, m := range marks {
		name := kindPending + "/" + m.Name
		page, err := r.readSmall(ctx, name)
		if errors.Is(err, ErrNotFound) {
			continue // it has just been completed, or given up
		}
		if err != nil {
			return err
		}
		b, fault := decodeBackup(m.Name, page)
		if fault != "" {
			return fmt.Errorf("%w: %s at %s: %s", ErrDamaged, name, r.Store, fault)
		}
		b.need(needed)
	}
	return nil
}

// removeMarks removes marks that are from before a moment.
func (r *Repository) removeMarks(ctx context.Context, kind string, before time.Time) error {
	marks, err := r.Store.List(ctx, kind)
	if err != nil {
		return err
	}
	for _, m := range marks {
		at, ok := timeOfID(m.Name)
		if !ok {
			at = m.Modified
		}
		if at.Before(before) {
			if err := r.Store.Remove(ctx, kind+"/"+m.Name); err != nil {
				return fmt.Errorf("cannot remove the mark %s: %w", m.Name, err)
			}
		}
	}
	return nil
}

// removeObjects removes the objects that are not needed.
func (r *Repository) removeObjects(ctx context.Context, needed map[string]bool, p *Pruned) error {
	objects, err := r.Store.List(ctx, kindObject)
	if err != nil {
		return err
	}
	for _, o := range objects {
		if needed[o.Name] {
			continue
		}
		if err := r.Store.Remove(ctx, kindObject+"/"+o.Name); err != nil {
			return fmt.Errorf("cannot remove the object %s: %w", o.Name, err)
		}
		p.Objects++
		p.Bytes += o.Bytes
	}
	return nil
}
