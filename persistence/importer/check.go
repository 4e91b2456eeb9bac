package importer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"larder/persistence"
	"larder/protocol/rdb"
)

// Checking a snapshot file, and repairing it: what can be read of it is kept,
// with a new end and checksum. Where a record's length cannot be told, nothing
// behind it can be found, so that all from there on is lost; a record that is
// whole and has no sense is lost alone.

// Checked is what was found in a snapshot file.
type Checked struct {
	Path  string
	Size  int64 // of the file, in bytes
	Keys  int64 // that are in order
	Named int64 // keys that the file says it has, 0 = it does not say
	// Damage is all that was found, each a *persistence.CorruptError; empty if
	// the file is in order.
	Damage []error

	version int
	end     int64   // of what can be read, without the end's opcode
	drop    []piece // of that what has no sense
}

// piece is a part of a file.
type piece struct{ from, to int64 }

// CheckSnapshot reads a file to its end. valid says what is wrong with a key or
// a library, as rdb.ErrCorrupt. The error is one of reading, or of a file that
// is no snapshot at all.
func CheckSnapshot(ctx context.Context, fsys persistence.FS, path string, valid func(db int, f *rdb.Frame) error) (c *Checked, err error) {
	f, err := fsys.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	x, err := NewFrames(f, path)
	if err != nil {
		return nil, err
	}
	c = &Checked{Path: path, Size: info.Size(), version: x.Version}
	var frame rdb.Frame
	for {
		start := x.Offset()
		c.end = start
		err := x.Next(&frame)
		switch {
		case errors.Is(err, io.EOF):
			return c, nil
		case errors.Is(err, persistence.ErrCorrupt):
			c.Damage = append(c.Damage, err)
			return c, nil
		case err != nil:
			return c, err
		case ctx.Err() != nil:
			return c, context.Cause(ctx)
		case frame.Op == rdb.OpResize:
			c.Named += int64(min(frame.Keys, 1<<62))
			continue
		case frame.Op != rdb.OpKey && frame.Op != rdb.OpFunction:
			continue
		}
		if err := valid(x.DB(), &frame); err != nil {
			c.Damage = append(c.Damage, x.damage(start, fmt.Errorf("%.80q: %s", frame.Text, strings.TrimPrefix(err.Error(), rdb.ErrCorrupt.Error()+": "))))
			c.drop = append(c.drop, piece{start, x.Offset()})
		} else if frame.Op == rdb.OpKey {
			c.Keys++
		}
	}
}

// Err is all that is wrong, nil if nothing is.
func (c *Checked) Err() error { return errors.Join(c.Damage...) }

// Lost says in words what Repair leaves out.
func (c *Checked) Lost() string {
	dropped := int64(0)
	for _, p := range c.drop {
		dropped += p.to - p.from
	}
	behind := max(c.Size-c.end-1-int64(rdb.FooterBytes), 0)
	switch {
	case len(c.drop) == 0 && behind == 0:
		return fmt.Sprintf("all %d keys can be read, but one of them may have another value than was written", c.Keys)
	case c.Named > c.Keys:
		return fmt.Sprintf("%d keys can be read, %d of those that the file says it has are lost with %d bytes", c.Keys, c.Named-c.Keys, dropped+behind)
	}
	return fmt.Sprintf("%d keys can be read, what was in %d bytes is lost", c.Keys, dropped+behind)
}

// lostSuffix is behind the name of a damaged file that was repaired.
const lostSuffix = ".lost"

// Repair puts a file with all that can be read in the place of the damaged one,
// which is kept under the name that it returns.
// REQUIRES: no server uses the file.
func (c *Checked) Repair(fsys persistence.FS) (kept string, err error) {
	from, err := fsys.Open(c.Path)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	kept = c.Path + lostSuffix
	err = persistence.ReplaceFile(fsys, kept, kept+".tmp", func(to persistence.File) error {
		_, err := io.Copy(struct{ io.Writer }{to}, io.NewSectionReader(from, 0, c.Size))
		return err
	})
	if err != nil {
		return "", err
	}
	return kept, persistence.ReplaceFile(fsys, c.Path, c.Path+".tmp", func(to persistence.File) error {
		out := &summing{w: to}
		at := int64(0)
		for _, p := range append(c.drop, piece{c.end, c.end}) {
			if _, err := io.Copy(out, io.NewSectionReader(from, at, p.from-at)); err != nil {
				return err
			}
			at = p.to
		}
		end := rdb.Writer{}
		end.End()
		_, err := out.Write(end.Buf)
		if err == nil && rdb.HasChecksum(c.version) {
			_, err = to.Write(rdb.Footer(out.sum))
		}
		return err
	})
}

// summing is a writer that computes the checksum of what it writes.
type summing struct {
	w   io.Writer
	sum uint64
}

func (s *summing) Write(b []byte) (int, error) {
	s.sum = rdb.Checksum(s.sum, b)
	return s.w.Write(b)
}
