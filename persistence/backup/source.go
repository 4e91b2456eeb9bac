package backup

import (
	"bytes"
	"errors"
	"io"
	"time"

	"larder/persistence"
	"larder/persistence/oplog"
)

// Source is what a backup is made of: open files, as they are at one moment.
type Source struct {
	about Backup // without ID and files
	files []sourceFile
	close func() error
}

type sourceFile struct {
	name  string
	bytes int64
	r     io.ReaderAt
}

// Close closes the files.
func (s *Source) Close() error { return s.close() }

// LogSource is the log at o as it is now. A server may write to it meanwhile.
// It returns oplog.ErrNoLog if there is none.
func LogSource(o oplog.Files, now func() time.Time) (*Source, error) {
	im, err := oplog.OpenImage(o, now)
	if err != nil {
		return nil, err
	}
	s := &Source{
		about: Backup{Kind: KindLog, Taken: inMs(im.Taken), From: inMs(im.From), Log: o.Name, Next: im.Next},
		close: im.Close,
	}
	for _, p := range im.Parts {
		s.files = append(s.files, sourceFile{p.Name, p.Bytes, p.File})
	}
	s.files = append(s.files, sourceFile{im.ManifestName, int64(len(im.Manifest)), bytes.NewReader(im.Manifest)})
	return s, nil
}

// SnapshotSource is the snapshot in the named file, which is kept under the
// given name. at is the moment of the snapshot; zero takes the file's time.
func SnapshotSource(fsys persistence.FS, path, name string, at time.Time) (*Source, error) {
	f, err := fsys.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	if at.IsZero() {
		at = info.ModTime()
	}
	return &Source{
		about: Backup{Kind: KindSnapshot, Taken: inMs(at), From: inMs(at)},
		files: []sourceFile{{name, info.Size(), f}}, close: f.Close,
	}, nil
}

// inMs is a time as manifests have it.
func inMs(t time.Time) time.Time { return time.UnixMilli(t.UnixMilli()).UTC() }
