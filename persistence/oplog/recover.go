package oplog

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"larder/persistence"
)

// Recovery: the base is loaded, then the segments are read in order, each up to
// where the next begins.
//
// A crash leaves nothing but a torn end of the last segment, because a segment
// is synced before the next begins. It is cut off, and how much is reported.
// Everything else that is not as the manifest says is damage, and recovery stops
// with a CorruptError: a file that is missing, of another data set, or shorter
// than it should be; a block in the middle with a wrong checksum; records that
// do not follow each other. What to do then is for somebody to decide, with
// Repair (repair.go) or a backup.

// ErrNoLog is what Recover returns where there never was a log.
var ErrNoLog = errors.New("there is no log")

// Files say where a log is.
type Files struct {
	FS        persistence.FS
	Dir, Name string
}

// Recovered is what Recover has found. It is what a log continues from.
type Recovered struct {
	// Base is what the state began with; File is "" if it began empty.
	Base BaseFile
	// Next is the LSN of the record to come.
	Next uint64
	// Records is how many were read, and Bytes the length of their blocks.
	Records uint64
	Bytes   int64
	// TornBytes is the length of the torn end that does not count, 0 if there is
	// none. It begins at TornAt of TornFile. TornRecords is how many records in
	// it are whole, but lie behind others that are not.
	TornBytes   int64
	TornFile    string
	TornAt      int64
	TornRecords uint64

	manifest *manifest
	lengths  map[string]int64 // of the segments, without what does not count
	repeat   int64            // offset in the last segment of what may not be on disk
}

// DataSet is the ID of the data set.
func (r *Recovered) DataSet() DataSetID { return r.manifest.dataSet }

// Warning says what was cut off, for the log of the server; "" if nothing was.
func (r *Recovered) Warning() string {
	if r.TornBytes == 0 {
		return ""
	}
	text := fmt.Sprintf("the log ends in the middle of a write: %d bytes of %s from offset %d on do not count", r.TornBytes, r.TornFile, r.TornAt)
	if r.TornRecords > 0 {
		text += fmt.Sprintf("; %d records in them are whole, but others before them are not", r.TornRecords)
	}
	return text
}

// Recover reads a log. It calls base with the snapshot to begin with, unless
// there is none, then apply with all records in order. Reading goes on while
// apply works. What either returns as an error ends the recovery.
func Recover(o Files, base func(path string, b BaseFile) error, apply func(b *Batch) error) (*Recovered, error) {
	m, err := readManifest(o.FS, o.Dir, o.Name)
	if isGone(err) {
		return nil, noManifest(o)
	}
	if err != nil {
		return nil, err
	}
	r := &Recovered{Base: m.base, Next: m.start(), manifest: m, lengths: map[string]int64{}}
	if m.base.File != "" {
		path := filepath.Join(o.Dir, m.base.File)
		if err := checkBase(o.FS, path, m.base); err != nil {
			return nil, err
		}
		if err := base(path, m.base); err != nil {
			return nil, err
		}
	}
	free := make(chan *Batch, batchesAhead+2)
	for i, line := range m.segments {
		s, err := openSegment(o.FS, filepath.Join(o.Dir, line.file), line, m.dataSet)
		if err != nil {
			return nil, err
		}
		s.free = free
		if i+1 < len(m.segments) {
			s.limit = m.segments[i+1].first
		}
		err = r.segment(s, apply)
		if err = errors.Join(err, s.file.Close()); err != nil {
			return nil, err
		}
		r.Next, r.lengths[line.file] = s.next, s.offset
	}
	return r, nil
}

// noManifest tells whether a directory without a manifest has lost it. A log
// that has never been in force leaves segments, but neither a base nor one that
// begins with record 1 and holds records.
func noManifest(o Files) error {
	entries, err := o.FS.ReadDir(o.Dir)
	if err != nil {
		return err
	}
	path := filepath.Join(o.Dir, manifestName(o.Name))
	for _, e := range entries {
		if _, base := lsnOfName(o.Name, e.Name(), true); base {
			return corruptAt(path, 0, "it is missing, but there is a base: %s", e.Name())
		}
		if first, ok := lsnOfName(o.Name, e.Name(), false); !ok || first != 1 {
			continue
		}
		if info, err := e.Info(); err != nil || info.Size() > segmentHeader {
			return errors.Join(err, corruptAt(path, 0, "it is missing, but there is a segment with records: %s", e.Name()))
		}
	}
	return ErrNoLog
}

func checkBase(fsys persistence.FS, path string, b BaseFile) error {
	info, err := fsys.Stat(path)
	if isGone(err) {
		return corruptAt(path, 0, "the manifest names this base, but it is not there")
	}
	if err == nil && info.Size() != b.Bytes {
		err = corruptAt(path, min(info.Size(), b.Bytes), "it has %d bytes, the manifest says %d", info.Size(), b.Bytes)
	}
	return err
}

// isGone tells that a file is not there.
func isGone(err error) bool { return errors.Is(err, os.ErrNotExist) }

// batchesAhead is how many batches are read while one is applied.
const batchesAhead = 2

// segment hands over the batches of a segment and judges its end.
func (r *Recovered) segment(s *segmentReader, apply func(*Batch) error) error {
	ready, stop := make(chan *Batch, batchesAhead), make(chan struct{})
	var fault string
	var readErr error
	go func() {
		defer close(ready)
		for {
			var b *Batch
			if b, fault, readErr = s.batch(); b == nil {
				return
			}
			select {
			case ready <- b:
			case <-stop:
				return
			}
		}
	}()
	var err error
	for b := range ready {
		r.Records += b.records()
		r.Bytes += int64(len(b.buf))
		if err = apply(b); err != nil {
			close(stop)
			break
		}
	}
	for range ready { // until the reader has ended
	}
	if err = errors.Join(err, readErr); err != nil || fault == "" {
		return err
	}
	return r.judge(s, fault)
}

// judge decides what a place means that is no block.
func (r *Recovered) judge(s *segmentReader, fault string) error {
	if s.limit != 0 {
		return corruptAt(s.path, s.offset, "%s, and records %d to %d are missing", fault, s.next, s.limit-1)
	}
	e, err := s.examine()
	if err != nil {
		return err
	}
	if e.proof != 0 {
		return corruptAt(s.path, s.offset, "%s, and the block at offset %d says that it was on disk; %d records follow", fault, e.proof, e.records)
	}
	r.repeat = s.offset
	if len(s.unproven) > 0 {
		r.repeat = s.unproven[0].offset
	}
	if e.end > s.offset {
		r.TornBytes, r.TornFile, r.TornAt, r.TornRecords = e.end-s.offset, s.path, s.offset, e.records
	}
	return nil
}

// records counts those of a batch.
func (b *Batch) records() (n uint64) {
	for i := range b.blocks {
		n += uint64(b.blocks[i].count)
	}
	return n
}

// cutTail makes what was read of the last segment durable, and cuts off what
// does not count. What nothing says was on disk is written once more: if a sync
// failed before the process ended, the system may hold it in memory, take it for
// written and lose it with the next power cut.
func (r *Recovered) cutTail(o *Options) error {
	line := r.manifest.segments[len(r.manifest.segments)-1]
	path := filepath.Join(o.Dir, line.file)
	f, err := o.FS.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("cannot open the last segment of the log: %w", err)
	}
	end := r.lengths[line.file]
	err = f.Truncate(end)
	if err == nil {
		err = rewrite(f, r.repeat, end)
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("cannot make the end of the log durable: %w", err)
	}
	return nil
}

// rewrite writes a part of a file over itself.
func rewrite(f persistence.File, from, to int64) error {
	part := make([]byte, min(max(0, to-from), batchBytes))
	for from < to {
		n, err := f.ReadAt(part[:min(int64(len(part)), to-from)], from)
		if err = noEOF(err); err != nil || n == 0 {
			return err
		}
		if err := writeAt(f, part[:n], from); err != nil {
			return err
		}
		from += int64(n)
	}
	return nil
}
