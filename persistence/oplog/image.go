package oplog

import (
	"errors"
	"io/fs"
	"path/filepath"
	"time"

	"larder/persistence"
	"larder/protocol/record"
)

// An image is a log as it is at one moment, for a copy of it. A server may write
// to the log meanwhile and need not know: the files of an image are open, so
// that they can be read to their end even when a rewrite removes them, a file
// that another one follows does not change any more, and of the last one those
// blocks count that were whole when it was looked at. The copy is a log that a
// killed server might have left, but for a torn end.

// Image is a log at one moment.
type Image struct {
	DataSet DataSetID
	// Manifest is the file that names Parts, under ManifestName.
	ManifestName string
	Manifest     []byte
	// Parts are the base, if there is one, and then the segments in order.
	Parts []Part
	// Next is the LSN of the record to come.
	Next uint64
	// Taken is when the end was looked at: no later record is in the image, and
	// what was acknowledged before, as appendfsync promises, is.
	Taken time.Time
	// From is a moment from which on the state at any time until Taken can be had
	// from the image. It is not before the moment of the base.
	From time.Time
}

// Part is a file of an image.
type Part struct {
	Name  string // without directory
	Bytes int64  // that count, from the start
	File  persistence.File
}

// imageAttempts is how often OpenImage tries again when a server rewrites the
// log or writes to it at the wrong moment.
const imageAttempts = 10

// OpenImage opens a log for a copy. Damage is a *persistence.CorruptError;
// ErrNoLog, that there is none. The caller owes Close.
func OpenImage(o Files, now func() time.Time) (im *Image, err error) {
	for range imageAttempts {
		// A file that is gone, or a bad place that is in order by the next attempt,
		// is what a server does to its log, and no damage.
		im, err = openImage(o, now)
		if !errors.Is(err, persistence.ErrCorrupt) {
			break
		}
	}
	return im, err
}

func openImage(o Files, now func() time.Time) (*Image, error) {
	m, err := readManifest(o.FS, o.Dir, o.Name)
	if isGone(err) {
		return nil, noManifest(o)
	}
	if err != nil {
		return nil, err
	}
	im := &Image{DataSet: m.dataSet, ManifestName: manifestName(o.Name), Manifest: m.encode()}
	if err := im.open(o, m, now); err != nil {
		return nil, errors.Join(err, im.Close())
	}
	return im, nil
}

// open opens the files that a manifest names.
func (im *Image) open(o Files, m *manifest, now func() time.Time) error {
	if m.base.File != "" {
		path := filepath.Join(o.Dir, m.base.File)
		if err := checkBase(o.FS, path, m.base); err != nil {
			return err
		}
		info, err := im.add(o, m.base.File)
		if err != nil {
			return err
		}
		im.From = info.ModTime() // it was written after its moment
	}
	for _, line := range m.segments {
		if _, err := im.add(o, line.file); err != nil {
			return err
		}
	}
	im.Taken = now()
	segments := im.Parts[len(im.Parts)-len(m.segments):]
	for i, line := range m.segments {
		last := i == len(m.segments)-1
		if i > 0 && !last {
			continue
		}
		if err := im.survey(o, m, line, &segments[i], last); err != nil {
			return err
		}
	}
	if im.From.IsZero() || im.From.After(im.Taken) {
		im.From = im.Taken
	}
	return nil
}

// add opens a file.
func (im *Image) add(o Files, name string) (fs.FileInfo, error) {
	path := filepath.Join(o.Dir, name)
	f, err := o.FS.Open(path)
	if isGone(err) {
		return nil, corruptAt(path, 0, "the manifest names this file, but it is not there")
	}
	if err != nil {
		return nil, err
	}
	im.Parts = append(im.Parts, Part{Name: name, File: f})
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	im.Parts[len(im.Parts)-1].Bytes = info.Size()
	return info, nil
}

// survey reads the time of the first record of the first segment, and the last
// segment to its end, which it finds.
func (im *Image) survey(o Files, m *manifest, line segmentLine, p *Part, last bool) error {
	s, err := newSegmentReader(p.File, filepath.Join(o.Dir, line.file))
	if err != nil {
		return err
	}
	s.free = make(chan *Batch, 1)
	if s.head.dataSet != m.dataSet || s.head.first != line.first {
		return corruptAt(s.path, 0, "it is not the segment that the manifest means")
	}
	for first := line.first == m.start(); ; first = false {
		b, fault, err := s.batch()
		switch {
		case err != nil:
			return err
		case b == nil && last:
			im.Next, p.Bytes = s.next, s.offset
			if fault == "" {
				return nil
			}
			return (&Recovered{}).judge(s, fault)
		case b == nil:
			return nil
		}
		if first {
			err = im.begins(b)
		}
		if err != nil || !last {
			return err
		}
		b.Release()
	}
}

// begins notes the time of the first record of all, with which b begins.
func (im *Image) begins(b *Batch) error {
	var rec record.Record
	more, err := b.Next(&rec)
	if more && (im.From.IsZero() || rec.TimeMs < im.From.UnixMilli()) {
		im.From = time.UnixMilli(rec.TimeMs)
	}
	return err
}

// Close closes the files.
func (im *Image) Close() error {
	var errs []error
	for _, p := range im.Parts {
		errs = append(errs, p.File.Close())
	}
	return errors.Join(errs...)
}
