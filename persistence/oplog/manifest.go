package oplog

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"larder/persistence"
)

// The manifest is a page of text that says which files make up the log, so that
// a file that went missing is noticed, and one that is left over is not read:
//
//	larder log 1
//	data-set 8c0f5a3be1d54cb7a1f7cde09f1f2d34
//	base appendonly.00000000000000004711.rdb lsn 4711 bytes 1048576
//	segment appendonly.00000000000000004711 first 4711
//	segment appendonly.00000000000000090210 first 90210
//	checksum 5e0c8a11
//
// The base holds the state before record lsn; without a line for it the state
// before the first record is empty. The first segment begins where the base
// ends. The last line has the CRC-32C of all lines above it. The file is
// replaced as a whole whenever a segment or a new base comes in.

const (
	manifestTitle = "larder log 1"
	// maxManifestBytes bounds what is read: a line takes up to 90 bytes, so this
	// is more than ten thousand segments.
	maxManifestBytes = 1 << 20
)

// BaseFile is the snapshot that a log continues.
type BaseFile struct {
	// File is its name in the log's directory.
	File string
	// LSN is the record before which the snapshot was taken: it holds the effect
	// of all earlier ones and of no later one.
	LSN uint64
	// Bytes is its size.
	Bytes int64
}

type manifest struct {
	dataSet  DataSetID
	base     BaseFile // File is "" if there is none
	segments []segmentLine
}

// segmentLine is a segment as the manifest has it. INVARIANT: first ascends.
type segmentLine struct {
	file  string
	first uint64
}

// start is the LSN of the first record that is to be applied.
func (m *manifest) start() uint64 {
	if m.base.File == "" && len(m.segments) > 0 {
		return m.segments[0].first
	}
	return max(m.base.LSN, 1)
}

func (m *manifest) clone() *manifest {
	c := *m
	c.segments = slices.Clone(m.segments)
	return &c
}

// withSegment is the manifest with a segment behind the others.
func (m *manifest) withSegment(line segmentLine) *manifest {
	c := m.clone()
	c.segments = append(c.segments, line)
	return c
}

func (m *manifest) encode() []byte {
	b := fmt.Appendf(nil, "%s\ndata-set %s\n", manifestTitle, m.dataSet)
	if m.base.File != "" {
		b = fmt.Appendf(b, "base %s lsn %d bytes %d\n", m.base.File, m.base.LSN, m.base.Bytes)
	}
	for _, s := range m.segments {
		b = fmt.Appendf(b, "segment %s first %d\n", s.file, s.first)
	}
	return fmt.Appendf(b, "checksum %08x\n", crc32.Checksum(b, castagnoli))
}

// decodeManifest reads a manifest; file is its path, for errors.
func decodeManifest(file string, b []byte) (*manifest, error) {
	if bytes.HasPrefix(b, []byte("file ")) {
		return nil, corruptAt(file, 0, "it is the manifest of a Redis append-only file, which has to be imported")
	}
	if !bytes.HasPrefix(b, []byte(manifestTitle+"\n")) {
		return nil, corruptAt(file, 0, "it does not begin with %q", manifestTitle)
	}
	end := bytes.LastIndex(b, []byte("checksum "))
	if end < 0 || b[end-1] != '\n' {
		return nil, corruptAt(file, int64(len(b)), "the line with the checksum is missing")
	}
	if want := fmt.Sprintf("checksum %08x\n", crc32.Checksum(b[:end], castagnoli)); string(b[end:]) != want {
		return nil, corruptAt(file, int64(end), "the checksum is wrong: the lines above it have another one")
	}
	m, at := &manifest{}, int64(len(manifestTitle)+1)
	for line := range strings.Lines(string(b[at:end])) {
		if fault := m.readLine(strings.TrimSuffix(line, "\n")); fault != "" {
			return nil, corruptAt(file, at, "%s", fault)
		}
		at += int64(len(line))
	}
	if len(m.segments) == 0 || m.dataSet == (DataSetID{}) {
		return nil, corruptAt(file, int64(end), "it names no segment, or no data set")
	}
	if first := m.segments[0].first; first != m.start() {
		return nil, corruptAt(file, int64(end), "the first segment begins with record %d, the state before it ends before record %d", first, m.start())
	}
	return m, nil
}

// readLine reads a line, or says what is wrong with it.
func (m *manifest) readLine(line string) (fault string) {
	var rest string
	switch word, _, _ := strings.Cut(line, " "); word {
	case "data-set":
		var id []byte
		if n, _ := fmt.Sscanf(line, "data-set %x%s", &id, &rest); n != 1 || len(id) != len(m.dataSet) {
			return "the ID of the data set is not 32 hexadecimal digits"
		}
		copy(m.dataSet[:], id)
	case "base":
		n, _ := fmt.Sscanf(line, "base %s lsn %d bytes %d%s", &m.base.File, &m.base.LSN, &m.base.Bytes, &rest)
		if n != 3 || m.base.LSN == 0 || m.base.Bytes < 0 || !plainName(m.base.File) {
			return "the line of the base cannot be read"
		}
	case "segment":
		var s segmentLine
		n, _ := fmt.Sscanf(line, "segment %s first %d%s", &s.file, &s.first, &rest)
		if n != 2 || s.first == 0 || !plainName(s.file) {
			return "the line of a segment cannot be read"
		}
		if k := len(m.segments); k > 0 && s.first <= m.segments[k-1].first {
			return "the segments are not in order"
		}
		m.segments = append(m.segments, s)
	default:
		return fmt.Sprintf("the word %q is unknown", word)
	}
	return ""
}

// plainName tells whether a name stays in the directory of the log.
func plainName(name string) bool { return name == filepath.Base(name) && name != "." && name != ".." }

// readManifest reads the manifest of a log; fs.ErrNotExist if there is none.
func readManifest(fsys persistence.FS, dir, name string) (*manifest, error) {
	path := filepath.Join(dir, manifestName(name))
	b, err := readSmallFile(fsys, path, maxManifestBytes)
	if err != nil {
		return nil, err
	}
	return decodeManifest(path, b)
}

// writeManifest makes m the manifest. After an error either may be in force.
func writeManifest(fsys persistence.FS, dir, name string, m *manifest) error {
	path := filepath.Join(dir, manifestName(name))
	err := persistence.ReplaceFile(fsys, path, temporaryName(path), func(f persistence.File) error { return writeAt(f, m.encode(), 0) })
	if err != nil {
		return fmt.Errorf("cannot replace the manifest of the log: %w", err)
	}
	return nil
}

func readSmallFile(fsys persistence.FS, path string, most int64) ([]byte, error) {
	f, err := fsys.Open(path)
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(io.LimitReader(f, most+1))
	err = errors.Join(err, f.Close())
	if err == nil && int64(len(b)) > most {
		err = corruptAt(path, most, "the file is too long")
	}
	return b, err
}

// DataSetAt reads which data set a log belongs to; fs.ErrNotExist if there is no
// log in force.
func DataSetAt(o Files) (DataSetID, error) {
	m, err := readManifest(o.FS, o.Dir, o.Name)
	if err != nil {
		return DataSetID{}, err
	}
	return m.dataSet, nil
}
