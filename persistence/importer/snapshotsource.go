package importer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"larder/persistence"
	"larder/protocol/rdb"
)

// SnapshotSource is a snapshot: a file, or what a Staging writes.
type SnapshotSource struct {
	name      string
	identity  string
	open      func(ctx context.Context, offset int64) (io.ReadCloser, error)
	keys      int64
	libraries []string
	// whole tells that Each cannot begin in the middle.
	whole bool
}

// OpenSnapshot reads a snapshot file once, to its end, so that a damaged one is
// refused before anything of it was put anywhere. size is the snapshot's
// length: what is behind it belongs to an append-only file.
func OpenSnapshot(ctx context.Context, fsys persistence.FS, path string) (s *SnapshotSource, size int64, err error) {
	info, err := fsys.Stat(path)
	if err != nil {
		return nil, 0, err
	}
	s = &SnapshotSource{
		name:     path,
		identity: fmt.Sprintf("%s %d bytes of %s", path, info.Size(), info.ModTime().UTC().Format(time.RFC3339Nano)),
		open: func(_ context.Context, offset int64) (io.ReadCloser, error) {
			f, err := fsys.Open(path)
			if err == nil {
				_, err = f.Seek(offset, io.SeekStart)
			}
			return f, err
		},
	}
	size, err = s.survey(ctx)
	return s, size, err
}

// StagedSource is what is left at the end of a history that was run in st.
func StagedSource(ctx context.Context, name string, st Staging) (*SnapshotSource, error) {
	s := &SnapshotSource{
		name: name, whole: true,
		// What was run is nothing to go on with: another run has another engine.
		identity: fmt.Sprintf("%s run at %s", name, time.Now().UTC().Format(time.RFC3339Nano)),
		open: func(ctx context.Context, _ int64) (io.ReadCloser, error) {
			r, w := io.Pipe()
			go func() { w.CloseWithError(st.Write(ctx, w)) }() // a reader that closes ends it
			return r, nil
		},
	}
	_, err := s.survey(ctx)
	return s, err
}

// survey reads all frames and counts.
func (s *SnapshotSource) survey(ctx context.Context) (size int64, err error) {
	r, err := s.open(ctx, 0)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	x, err := NewFrames(r, s.name)
	if err != nil {
		return 0, err
	}
	var f rdb.Frame
	for {
		err := x.Next(&f)
		switch {
		case errors.Is(err, io.EOF):
			return x.Offset(), nil
		case err != nil:
			return 0, err
		case ctx.Err() != nil:
			return 0, context.Cause(ctx)
		case f.Op == rdb.OpKey:
			s.keys++
		case f.Op == rdb.OpFunction:
			s.libraries = append(s.libraries, string(f.Text))
		}
	}
}

// Name implements Source.
func (s *SnapshotSource) Name() string { return s.name }

// Identity implements Source.
func (s *SnapshotSource) Identity() string { return s.identity }

// Total implements Source.
func (s *SnapshotSource) Total() int64 { return s.keys }

// Vanished implements Source.
func (s *SnapshotSource) Vanished() int64 { return 0 }

// Libraries implements Source.
func (s *SnapshotSource) Libraries(context.Context) ([]string, error) { return s.libraries, nil }

// Gone implements Source: a file does not change.
func (s *SnapshotSource) Gone(_ context.Context, missing []Entry) ([]bool, error) {
	return make([]bool, len(missing)), nil
}

// Each implements Source.
func (s *SnapshotSource) Each(ctx context.Context, from Position, values bool, put func(e *Entry, at Position) error) (err error) {
	if s.whole {
		from = Position{}
	}
	r, err := s.open(ctx, from.Offset)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	var x *Frames
	if from.Offset > 0 {
		x = resumeFrames(r, s.name, from)
	} else if x, err = NewFrames(r, s.name); err != nil {
		return err
	}
	var f rdb.Frame
	var value []byte
	for {
		at := Position{Offset: x.Offset(), DB: x.DB()}
		err := x.Next(&f)
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case f.Op != rdb.OpKey:
			continue
		}
		e := Entry{DB: x.DB(), Key: f.Text, At: fmt.Sprintf("%s, offset %d", s.name, at.Offset)}
		if f.Expires {
			e.DeadlineMs = max(f.DeadlineMs, 1)
		}
		if f.Noted {
			e.Item = f.Item
		}
		if values {
			value = append(append(value[:0], byte(f.Kind)), f.Value...)
			e.Value = value
		}
		if err := put(&e, at); err != nil {
			return err
		}
	}
}
