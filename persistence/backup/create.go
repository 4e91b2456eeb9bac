package backup

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"time"
)

const (
	// pruningAge is the age at which a Prune that has not said that it is over was
	// interrupted: all that it does is to remove files.
	pruningAge = time.Hour
	// pruningPatience is how long Create waits for one, and pruningLook how often
	// it looks.
	pruningPatience = time.Minute
	pruningLook     = 200 * time.Millisecond
)

// Created is what Create has done.
type Created struct {
	*Backup
	SentBytes int64 // the rest was there already
}

// Create makes a backup of a source. What it has sent when it fails, no backup
// names, and Prune removes it.
func (r *Repository) Create(ctx context.Context, s *Source) (*Created, error) {
	b := s.about
	b.ID = newID(r.now())
	for _, f := range s.files {
		sum, err := sumOf(ctx, f)
		if err != nil {
			return nil, fmt.Errorf("cannot read %s: %w", f.name, err)
		}
		b.Files = append(b.Files, File{Name: f.name, Bytes: f.bytes, SHA256: sum})
	}
	c := &Created{Backup: &b}
	page := b.encode()
	pending := kindPending + "/" + b.ID
	if err := r.put(ctx, pending, page); err != nil {
		return nil, err
	}
	err := r.awaitPruning(ctx)
	if err == nil {
		err = r.send(ctx, s, c)
	}
	if err == nil {
		err = r.put(ctx, kindBackup+"/"+b.ID, page)
	}
	if err != nil {
		// Without the mark, what was sent can go at once. If it stays, it goes later.
		_ = r.Store.Remove(context.WithoutCancel(ctx), pending)
		return nil, err
	}
	if err := r.Store.Remove(ctx, pending); err != nil {
		return c, fmt.Errorf("the backup %s is complete, but its mark cannot be removed: %w", b.ID, err)
	}
	return c, nil
}

func (r *Repository) put(ctx context.Context, name string, content []byte) error {
	if err := r.Store.Put(ctx, name, bytes.NewReader(content), int64(len(content))); err != nil {
		return fmt.Errorf("cannot write %s to %s: %w", name, r.Store, err)
	}
	return nil
}

// sumOf reads a file for its checksum.
func sumOf(ctx context.Context, f sourceFile) (string, error) {
	h := sha256.New()
	n, err := io.Copy(h, &cancelled{ctx, io.NewSectionReader(f.r, 0, f.bytes)})
	if err == nil && n != f.bytes {
		err = fmt.Errorf("it has become shorter: %d bytes instead of %d", n, f.bytes)
	}
	return fmt.Sprintf("%x", h.Sum(nil)), err
}

// send puts the objects that are not there yet.
func (r *Repository) send(ctx context.Context, s *Source, c *Created) error {
	objects, err := r.Store.List(ctx, kindObject)
	if err != nil {
		return fmt.Errorf("cannot list what is at %s: %w", r.Store, err)
	}
	there := map[string]int64{}
	for _, o := range objects {
		there[o.Name] = o.Bytes
	}
	for i, f := range c.Files {
		if bytes, ok := there[f.SHA256]; ok && bytes == f.Bytes {
			continue
		}
		if err := r.Store.Put(ctx, kindObject+"/"+f.SHA256, s.files[i].r, f.Bytes); err != nil {
			return fmt.Errorf("cannot send %s to %s: %w", f.Name, r.Store, err)
		}
		there[f.SHA256] = f.Bytes
		c.SentBytes += f.Bytes
	}
	return nil
}

// awaitPruning waits until nobody removes objects any more who has not seen the
// mark of this backup.
func (r *Repository) awaitPruning(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, pruningPatience, errPruning)
	defer cancel()
	tick := time.NewTicker(pruningLook)
	defer tick.Stop()
	for {
		marks, err := r.Store.List(ctx, kindPruning)
		if err != nil {
			return fmt.Errorf("cannot list what is at %s: %w", r.Store, err)
		}
		busy := false
		for _, m := range marks {
			at, ok := timeOfID(m.Name)
			busy = busy || ok && r.now().Sub(at) < pruningAge
		}
		if !busy {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

var errPruning = errors.New("backups are being pruned, or that was interrupted: try again in an hour at the latest")
