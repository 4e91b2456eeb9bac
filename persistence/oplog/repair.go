package oplog

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"larder/persistence"
	"larder/protocol/record"
)

// Repair makes a damaged log one that Recover accepts: it ends the log before
// the first bad place. What comes behind is not applied, even where it is whole,
// because it was made on a state that nobody has any more. Nothing is thrown
// away: what does not count any more is kept in files whose names end in .lost.

// Repaired says what Repair has done.
type Repaired struct {
	// Damage is what was found, in the order in which it was; empty if the log
	// was in order.
	Damage []error
	// Next is the LSN of the record to come: all before it are kept.
	Next uint64
	// LostRecords is how many records are lost that can be told from what is
	// left: at least so many. LostBytes is the length of what was cut off.
	LostRecords uint64
	LostBytes   int64
	// LastLostMs is the time of the last record that is known to be lost, in ms
	// since 1970; 0 if none is.
	LastLostMs int64
	// KeptIn are the files with what does not count any more.
	KeptIn []string
	// Torn is the warning about a torn end, which is no damage; "" if there is
	// none.
	Torn string
}

// String says it in words, for people.
func (r *Repaired) String() string {
	if len(r.Damage) == 0 {
		return fmt.Sprintf("the log is in order up to record %d", r.Next-1)
	}
	var b strings.Builder
	for _, err := range r.Damage {
		fmt.Fprintf(&b, "%v\n", err)
	}
	fmt.Fprintf(&b, "the log ends with record %d now; at least %d records in %d bytes are lost", r.Next-1, r.LostRecords, r.LostBytes)
	if r.LastLostMs != 0 {
		fmt.Fprintf(&b, ", the last of them from %s", time.UnixMilli(r.LastLostMs).UTC().Format(time.RFC3339))
	}
	for _, file := range r.KeptIn {
		fmt.Fprintf(&b, "\nwhat was there is kept in %s", file)
	}
	return b.String()
}

const lostSuffix = ".lost"

// FilesOf finds the log that a file belongs to: its manifest, its base or a
// segment.
func FilesOf(fsys persistence.FS, path string) (Files, error) {
	dir, file := filepath.Split(path)
	o := Files{FS: fsys, Dir: filepath.Clean(dir)}
	if name, ok := strings.CutSuffix(file, manifestName("")); ok {
		o.Name = name
		return o, checkName(name)
	}
	file = strings.TrimSuffix(file, ".rdb")
	if dot := strings.LastIndexByte(file, '.'); dot > 0 {
		if _, ok := lsnOfName(file[:dot], file, false); ok {
			o.Name = file[:dot]
			return o, checkName(o.Name)
		}
	}
	return o, fmt.Errorf("%s is neither a manifest nor a segment of a log: name the file that ends in %s", path, manifestName(""))
}

// Check reads a log as Recover does, without applying it. base checks the
// snapshot.
func Check(o Files, base func(path string, b BaseFile) error) (*Recovered, error) {
	return Recover(o, base, func(b *Batch) error {
		defer b.Release()
		var rec record.Record
		for {
			if more, err := b.Next(&rec); err != nil || !more {
				return err
			}
		}
	})
}

// maxRepairs bounds how many bad places are repaired: a manifest, and then the
// segments, of which the first bad one is the last.
const maxRepairs = 4

// Repair ends a damaged log before the damage. base checks the snapshot: when
// that is damaged, there is nothing to begin with, and Repair changes nothing.
// REQUIRES: no server uses the log.
func Repair(o Files, base func(path string, b BaseFile) error) (*Repaired, error) {
	r := &Repaired{}
	for range maxRepairs {
		found, err := Check(o, base)
		if err == nil {
			r.Next, r.Torn = found.Next, found.Warning()
			return r, nil
		}
		var at *persistence.CorruptError
		if !errors.As(err, &at) {
			return r, err
		}
		switch first, isSegment := lsnOfName(o.Name, filepath.Base(at.File), false); {
		case isSegment:
			err = r.endBefore(o, first, at.Offset)
		case filepath.Base(at.File) == manifestName(o.Name):
			err = rebuildManifest(o)
		default:
			return r, fmt.Errorf("%w; without it there is nothing that the log could continue: restore a backup", err)
		}
		if err != nil {
			return r, errors.Join(at, fmt.Errorf("cannot repair it: %w", err))
		}
		r.Damage = append(r.Damage, at)
	}
	return r, errors.New("the log is still damaged after it was repaired")
}

// endBefore ends the log in the segment of record first, at an offset.
func (r *Repaired) endBefore(o Files, first uint64, offset int64) error {
	m, err := readManifest(o.FS, o.Dir, o.Name)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(m.segments, func(s segmentLine) bool { return s.first == first })
	if i < 0 {
		return fmt.Errorf("the manifest does not name the segment of record %d", first)
	}
	lost := m.segments[i:]
	for k, line := range lost {
		from := int64(0)
		if k == 0 {
			from = offset
		}
		if err := r.survey(o, line, from, first); err != nil {
			return err
		}
	}
	next := m.clone()
	keep := offset >= segmentHeader
	if keep {
		next.segments, lost = next.segments[:i+1], lost[1:]
	} else {
		next.segments = next.segments[:i]
	}
	path := filepath.Join(o.Dir, m.segments[i].file)
	if keep {
		if err := r.copyAside(o, path); err != nil {
			return err
		}
	}
	if len(next.segments) == 0 {
		// The file of that name is a bad one: it is set aside first.
		if err := r.setAside(o, lost[:1]); err != nil {
			return err
		}
		lost = lost[1:]
		if err := next.restart(o); err != nil {
			return err
		}
	}
	if err := writeManifest(o.FS, o.Dir, o.Name, next); err != nil {
		return err
	}
	if keep {
		if err := truncate(o, path, offset); err != nil {
			return err
		}
	}
	return r.setAside(o, lost)
}

// restart gives a manifest without segments a new one.
func (m *manifest) restart(o Files) error {
	first := m.start()
	s, err := createSegment(o.FS, o.Dir, o.Name, segmentHead{dataSet: m.dataSet, first: first})
	if err != nil {
		return err
	}
	m.segments = []segmentLine{{segmentName(o.Name, first), first}}
	return s.file.Close()
}

// survey counts what is lost of a segment from an offset on. What cannot be
// read is not counted.
func (r *Repaired) survey(o Files, line segmentLine, from int64, after uint64) error {
	f, err := o.FS.Open(filepath.Join(o.Dir, line.file))
	if isGone(err) {
		return nil
	}
	if err != nil {
		return err
	}
	s, err := newSegmentReader(f, line.file)
	if err == nil {
		s.offset, s.next = max(from, segmentHeader), max(after, s.head.first)
		var e ending
		e, err = s.examine()
		r.LostRecords += e.records
		r.LostBytes += e.end - min(from, e.end)
		r.LastLostMs = max(r.LastLostMs, e.lastMs)
	} else if info, statErr := f.Stat(); statErr == nil {
		r.LostBytes += info.Size()
		err = nil // its header is what is damaged
	}
	return errors.Join(err, f.Close())
}

// copyAside keeps a copy of a segment that will be cut.
func (r *Repaired) copyAside(o Files, path string) error {
	from, err := o.FS.Open(path)
	if err != nil {
		return err
	}
	err = persistence.ReplaceFile(o.FS, path+lostSuffix, path+lostSuffix+".tmp", func(to persistence.File) error {
		_, err := io.Copy(struct{ io.Writer }{to}, struct{ io.Reader }{from})
		return err
	})
	r.KeptIn = append(r.KeptIn, path+lostSuffix)
	return errors.Join(err, from.Close())
}

// setAside renames segments that do not count any more.
func (r *Repaired) setAside(o Files, lines []segmentLine) error {
	for _, line := range lines {
		path := filepath.Join(o.Dir, line.file)
		if err := o.FS.Rename(path, path+lostSuffix); isGone(err) {
			continue // that it is missing is the damage
		} else if err != nil {
			return err
		}
		r.KeptIn = append(r.KeptIn, path+lostSuffix)
	}
	return o.FS.SyncDir(o.Dir)
}

func truncate(o Files, path string, size int64) error {
	f, err := o.FS.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	err = f.Truncate(size)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// rebuildManifest writes a manifest of what is there: the newest base that a
// segment continues, and the segments from there on.
func rebuildManifest(o Files) error {
	entries, err := o.FS.ReadDir(o.Dir)
	if err != nil {
		return err
	}
	var bases []BaseFile
	all := &manifest{}
	for _, e := range entries {
		if lsn, ok := lsnOfName(o.Name, e.Name(), true); ok {
			info, err := e.Info()
			if err != nil {
				return err
			}
			bases = append(bases, BaseFile{File: e.Name(), LSN: lsn, Bytes: info.Size()})
		}
		if first, ok := lsnOfName(o.Name, e.Name(), false); ok {
			id, err := dataSetOf(o, e.Name())
			if errors.Is(err, persistence.ErrCorrupt) {
				continue // a gap tells, unless it is the last
			}
			if err != nil {
				return err
			}
			all.dataSet = id
			all.segments = append(all.segments, segmentLine{e.Name(), first})
		}
	}
	begins := func(lsn uint64) int {
		return slices.IndexFunc(all.segments, func(s segmentLine) bool { return s.first == lsn })
	}
	start := begins(1)
	for _, b := range bases { // ReadDir sorts by name, and names sort by LSN
		if i := begins(b.LSN); i >= 0 {
			all.base, start = b, i
		}
	}
	if start < 0 {
		return errors.New("there is no base with a segment that continues it, and no segment that begins with record 1")
	}
	all.segments = all.segments[start:]
	return writeManifest(o.FS, o.Dir, o.Name, all)
}

func dataSetOf(o Files, file string) (DataSetID, error) {
	path := filepath.Join(o.Dir, file)
	f, err := o.FS.Open(path)
	if err != nil {
		return DataSetID{}, err
	}
	s, err := newSegmentReader(f, path)
	if err = errors.Join(err, f.Close()); err != nil {
		return DataSetID{}, err
	}
	return s.head.dataSet, nil
}
