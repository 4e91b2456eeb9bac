package oplog

import (
	"errors"
	"os"
	"path/filepath"

	"larder/protocol/record"
)

// A log can be ended at a moment in the past: then recovery brings back the
// state that the data set had at that moment.

// Ended says where EndAt has ended a log.
type Ended struct {
	Next   uint64 // LSN of the record to come
	LastMs int64  // time of the last record in ms since 1970, 0 if there is none
	Cut    bool   // something was cut off
}

// EndAt ends a log before the first record that is later than untilMs, in ms
// since 1970. Records are in the order in which they were made, and mostly in
// that of their times; where a clock has gone back, the order counts, so that
// the state is one that there was. The files that do not count any more are
// removed. REQUIRES: no server uses the log, and it is a copy: a crash in the
// middle leaves it damaged.
func EndAt(o Files, untilMs int64) (*Ended, error) {
	m, err := readManifest(o.FS, o.Dir, o.Name)
	if err != nil {
		return nil, err
	}
	e := &Ended{Next: m.start()}
	for i, line := range m.segments {
		limit := uint64(0)
		if i+1 < len(m.segments) {
			limit = m.segments[i+1].first
		}
		if err := e.segment(o, m, line, limit, untilMs); err != nil {
			return nil, err
		}
		if !e.Cut {
			continue
		}
		next := m.clone()
		next.segments = next.segments[:i+1]
		if err := writeManifest(o.FS, o.Dir, o.Name, next); err != nil {
			return nil, err
		}
		for _, later := range m.segments[i+1:] {
			if err := o.FS.Remove(filepath.Join(o.Dir, later.file)); err != nil {
				return nil, err
			}
		}
		return e, o.FS.SyncDir(o.Dir)
	}
	return e, nil
}

// segment looks for the end in a segment, and ends it there.
func (e *Ended) segment(o Files, m *manifest, line segmentLine, limit uint64, untilMs int64) (err error) {
	s, err := openSegment(o.FS, filepath.Join(o.Dir, line.file), line, m.dataSet)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.file.Close()) }()
	s.free, s.limit = make(chan *Batch, 1), limit
	for {
		b, fault, err := s.batch()
		switch {
		case err != nil:
			return err
		case b == nil && fault != "":
			e.Next = s.next
			return (&Recovered{}).judge(s, fault)
		case b == nil:
			e.Next = s.next
			return nil
		}
		for i := range b.blocks {
			if err := e.block(o, s, &b.blocks[i], untilMs); err != nil || e.Cut {
				return err
			}
		}
		b.Release()
	}
}

// block looks for the end in a block. What is in front of it is written again,
// as a block of its own.
func (e *Ended) block(o Files, s *segmentReader, blk *block, untilMs int64) error {
	var rec record.Record
	rest := blk.records
	for n := range blk.count {
		next, fault := record.Decode(rest, blk.timeMs, &rec)
		if fault != "" {
			return corruptAt(s.path, blk.offset, "record %d of the log: %s", blk.first+uint64(n), fault)
		}
		if rec.TimeMs > untilMs {
			e.Cut, e.Next = true, blk.first+uint64(n)
			return shorten(o, s, blk, n, blk.records[:len(blk.records)-len(rest)])
		}
		rest, e.LastMs = next, rec.TimeMs
	}
	return nil
}

// shorten ends a segment with the first n records of a block.
func shorten(o Files, s *segmentReader, blk *block, n int, records []byte) error {
	f, err := o.FS.OpenFile(s.path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	err = f.Truncate(blk.offset)
	if err == nil && n > 0 {
		b := append(beginBlock(nil, blk.first, blk.timeMs), records...)
		endBlock(b, n)
		sealBlock(b, s.salt, min(blk.durable, blk.first-1))
		err = writeAt(f, b, blk.offset)
	}
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}
