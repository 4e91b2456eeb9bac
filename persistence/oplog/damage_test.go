package oplog

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"larder/persistence"
	"larder/persistence/faultfs"
	"larder/protocol/record"
)

// A damagedLog is a log of 60 records in three segments, 1 to 20, 21 to 40 and
// 41 to 60, with a block for each two records, that was closed in good order.
type damagedLog struct {
	t  *testing.T
	fs *faultfs.FS
}

func newDamagedLog(t *testing.T, withBase bool) *damagedLog {
	t.Helper()
	d := &damagedLog{t, faultfs.New(rand.New(rand.NewPCG(1, 1)))}
	if err := d.fs.MkdirAll("dir", 0o755); err != nil {
		t.Fatal(err)
	}
	l := openTestLog(t, d.options(), nil)
	for n := uint64(1); n <= 60; n++ {
		if n == 21 || n == 41 {
			l.Cut()
			l.writeStep()
		}
		if n == 21 && withBase {
			d.write(l.BaseName(n), "the state before 21")
			if err := l.Rebase(context.Background(), n); err != nil {
				t.Fatal(err)
			}
		}
		if l.Append(numbered(n)); n%2 == 0 {
			l.writeStep()
		}
	}
	closeLog(t, l)
	return d
}

func (d *damagedLog) options() Options {
	o := options("dir")
	o.FS, o.steps, o.allocateBytes = d.fs, true, 1
	return o
}

func (d *damagedLog) files() Files { return Files{d.fs, "dir", testName} }

func (d *damagedLog) write(name, text string) {
	d.t.Helper()
	f, err := d.fs.Create(name)
	if err == nil {
		_, err = f.Write([]byte(text))
	}
	if err != nil {
		d.t.Fatal(err)
	}
}

func (d *damagedLog) size(file string) int64 {
	d.t.Helper()
	info, err := d.fs.Stat(filepath.Join("dir", file))
	if err != nil {
		d.t.Fatal(err)
	}
	return info.Size()
}

func (d *damagedLog) truncate(file string, size int64) {
	d.t.Helper()
	if err := truncate(d.files(), filepath.Join("dir", file), size); err != nil {
		d.t.Fatal(err)
	}
}

func (d *damagedLog) flip(file string, offset int64) {
	d.fs.Damage(filepath.Join("dir", file), offset, func(b byte) byte { return b ^ 1<<(offset%8) })
}

// read recovers the log and checks the content of what comes back.
func (d *damagedLog) read() (*Recovered, error) {
	d.t.Helper()
	next := uint64(1)
	base := func(path string, b BaseFile) error {
		if text, err := readSmallFile(d.fs, path, 1000); err != nil || string(text) != fmt.Sprintf("the state before %d", b.LSN) {
			return &persistence.CorruptError{File: path, Reason: "the base is another one"}
		}
		next = b.LSN
		return nil
	}
	return Recover(d.files(), base, func(b *Batch) error {
		defer b.Release()
		var got record.Record
		for {
			more, err := b.Next(&got)
			if err != nil || !more {
				return err
			}
			if b.LSN() != next || !sameRecord(&got, numbered(next)) {
				d.t.Fatalf("record %d came back as number %d: %.100s", next, b.LSN(), fmt.Sprint(got))
			}
			next++
		}
	})
}

func noBaseCheck(string, BaseFile) error { return nil }

// Whichever byte changes, the log is refused or, where nothing was written after
// it, ends before it; never does it give other records. What refuses names the
// file that was damaged.
func TestEveryByteCounts(t *testing.T) {
	d := newDamagedLog(t, false)
	last := segmentName(testName, 41)
	for _, file := range []string{manifestName(testName), segmentName(testName, 1), segmentName(testName, 21), last} {
		size := d.size(file)
		for at := range size {
			d.flip(file, at)
			rec, err := d.read()
			var damage *persistence.CorruptError
			switch closing := file == last && at >= size-blockHeader; {
			case closing && err == nil && rec.Next == 61 && rec.TornBytes > 0:
			case !closing && errors.As(err, &damage) && filepath.Base(damage.File) == file && (damage.Offset <= at || file == manifestName(testName)):
			default:
				t.Fatalf("byte %d of %s: %+v, %v", at, file, rec, err)
			}
			d.flip(file, at)
		}
	}
	if rec, err := d.read(); err != nil || rec.Next != 61 {
		t.Fatalf("undamaged: %+v, %v", rec, err)
	}
}

// The last segment may end anywhere; any other must not.
func TestEveryTruncation(t *testing.T) {
	for size := int64(0); ; size++ {
		d := newDamagedLog(t, false)
		last := segmentName(testName, 41)
		if size > d.size(last) {
			break
		}
		d.truncate(last, size)
		rec, err := d.read()
		if size < segmentHeader {
			if !errors.Is(err, persistence.ErrCorrupt) {
				t.Fatalf("%d bytes: %v", size, err)
			}
			continue
		}
		if err != nil || rec.Next < 41 || rec.Next > 61 || rec.TornBytes > size {
			t.Fatalf("%d bytes: %+v, %v", size, rec, err)
		}
		if (rec.TornBytes == 0) != (rec.Warning() == "") {
			t.Fatalf("%d bytes: %d are torn, the warning is %q", size, rec.TornBytes, rec.Warning())
		}
		if size%16 != 0 {
			continue
		}
		// The log goes on behind what is left.
		l := openTestLog(t, d.options(), rec)
		for n := rec.Next; n <= 70; n++ {
			l.Append(numbered(n))
		}
		closeLog(t, l)
		if rec, err := d.read(); err != nil || rec.Next != 71 {
			t.Fatalf("%d bytes, continued: %+v, %v", size, rec, err)
		}
	}
	for _, first := range []uint64{1, 21} {
		file := segmentName(testName, first)
		for size := int64(0); ; size += 7 {
			d := newDamagedLog(t, false)
			if size >= d.size(file) {
				break
			}
			d.truncate(file, size)
			if _, err := d.read(); !errors.Is(err, persistence.ErrCorrupt) || !strings.Contains(err.Error(), file) {
				t.Fatalf("%s with %d bytes: %v", file, size, err)
			}
		}
	}
}

// Space that was allocated ahead is no torn end, whatever its length.
func TestZerosAreAnEnd(t *testing.T) {
	for _, more := range []int64{1, blockHeader - 1, blockHeader, 5000, batchBytes + 1} {
		d := newDamagedLog(t, false)
		last := segmentName(testName, 41)
		d.truncate(last, d.size(last)+more)
		if rec, err := d.read(); err != nil || rec.Next != 61 || rec.TornBytes != 0 {
			t.Errorf("%d zeros: %+v, %v", more, rec, err)
		}
	}
}

func TestRepair(t *testing.T) {
	remove := func(file string) func(d *damagedLog) {
		return func(d *damagedLog) {
			if err := d.fs.Remove(filepath.Join("dir", file)); err != nil {
				d.t.Fatal(err)
			}
		}
	}
	flip := func(file string, at int64) func(d *damagedLog) { return func(d *damagedLog) { d.flip(file, at) } }
	tests := []struct {
		name     string
		withBase bool
		damage   func(d *damagedLog)
		next     uint64 // the first record that is lost
		lost     uint64 // records that are known to be
		kept     int    // files set aside
		says     string // in the report
	}{
		{"a block in the middle", false, flip(segmentName(testName, 21), 100), 21, 38, 2, "the checksum of a block is wrong"},
		{"a block of the last segment", false, flip(segmentName(testName, 41), 100), 41, 18, 1, "says that it was on disk"},
		{"a segment's header", false, flip(segmentName(testName, 21), 20), 21, 20, 2, "the checksum of the segment's header is wrong"},
		{"the first segment's header", false, flip(segmentName(testName, 1), 20), 1, 40, 3, "the checksum of the segment's header is wrong"},
		{"the first segment behind a base", true, flip(segmentName(testName, 21), 3), 21, 20, 2, "does not begin as a segment"},
		{"a missing segment", false, remove(segmentName(testName, 21)), 21, 20, 1, "it is not there"},
		{"the manifest", false, flip(manifestName(testName), 60), 61, 0, 0, "the checksum is wrong"},
		{"the manifest, with a base", true, flip(manifestName(testName), 60), 61, 0, 0, "the checksum is wrong"},
		{"a missing manifest", false, remove(manifestName(testName)), 61, 0, 0, "it is missing, but there is a segment"},
		{"a missing manifest, with a base", true, remove(manifestName(testName)), 61, 0, 0, "it is missing, but there is a base"},
		{"manifest and segment", false, func(d *damagedLog) {
			d.flip(manifestName(testName), 60)
			d.flip(segmentName(testName, 41), 100)
		}, 41, 18, 1, "the checksum of a block is wrong"},
		{"nothing", false, func(*damagedLog) {}, 61, 0, 0, "in order up to record 60"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := newDamagedLog(t, tt.withBase)
			tt.damage(d)
			if _, err := d.read(); tt.name != "nothing" && !errors.Is(err, persistence.ErrCorrupt) {
				t.Fatalf("it is not refused: %v", err)
			}
			rep, err := Repair(d.files(), noBaseCheck)
			if err != nil {
				t.Fatal(err)
			}
			if rep.Next != tt.next || rep.LostRecords != tt.lost || len(rep.KeptIn) != tt.kept || !strings.Contains(rep.String(), tt.says) {
				t.Errorf("repaired: %+v\n%s", rep, rep)
			}
			for _, file := range rep.KeptIn {
				if d.size(filepath.Base(file)) == 0 {
					t.Errorf("%s is empty", file)
				}
			}
			rec, err := d.read()
			if err != nil || rec.Next != tt.next || rec.TornBytes != 0 {
				t.Fatalf("after the repair: %+v, %v", rec, err)
			}
			l := openTestLog(t, d.options(), rec)
			for n := rec.Next; n <= 70; n++ {
				l.Append(numbered(n))
			}
			closeLog(t, l)
			if rec, err := d.read(); err != nil || rec.Next != 71 {
				t.Errorf("continued after the repair: %+v, %v", rec, err)
			}
		})
	}
}

func TestBaseCannotBeRepaired(t *testing.T) {
	d := newDamagedLog(t, true)
	base := baseName(testName, 21)
	d.truncate(base, 5)
	before, err := readSmallFile(d.fs, filepath.Join("dir", manifestName(testName)), 10_000)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"it has 5 bytes, the manifest says 19", "it is not there"} {
		if _, err := d.read(); !errors.Is(err, persistence.ErrCorrupt) || !strings.Contains(err.Error(), want) {
			t.Errorf("the error is %v, want %q", err, want)
		}
		if _, err := Repair(d.files(), noBaseCheck); err == nil || !strings.Contains(err.Error(), "restore a backup") {
			t.Errorf("repaired: %v", err)
		}
		_ = d.fs.Remove(filepath.Join("dir", base)) // for the second round
	}
	if after, err := readSmallFile(d.fs, filepath.Join("dir", manifestName(testName)), 10_000); err != nil || !slices.Equal(before, after) {
		t.Errorf("the manifest has changed: %q, %v", after, err)
	}
}

func TestFilesOf(t *testing.T) {
	for _, path := range []string{"a/b/appendonly.aof.manifest", "a/b/appendonly.aof.00000000000000000021", "a/b/appendonly.aof.00000000000000000021.rdb"} {
		o, err := FilesOf(persistence.OS{}, filepath.FromSlash(path))
		if err != nil || o.Name != "appendonly.aof" || o.Dir != filepath.FromSlash("a/b") {
			t.Errorf("%s: %+v, %v", path, o, err)
		}
	}
	for _, path := range []string{"dump.rdb", "a/appendonly.aof", "a/.manifest", "appendonly.aof.00000000000000000000"} {
		if o, err := FilesOf(persistence.OS{}, path); err == nil {
			t.Errorf("%s: %+v", path, o)
		}
	}
}

func TestManifestsThatAreRefused(t *testing.T) {
	id := strings.Repeat("ab", 16)
	tests := []struct{ text, says string }{
		{"", "does not begin"},
		{"file appendonly.aof.1.base.rdb seq 1 type b\n", "Redis"},
		{"larder log 2\n", "does not begin"},
		{"larder log 1\nsegment a.1 first 1\n", "data set"},
		{"larder log 1\ndata-set " + id + "\n", "no segment"},
		{"larder log 1\ndata-set abc\nsegment a first 1\n", "32 hexadecimal digits"},
		{"larder log 1\ndata-set " + id + "\nsegment a first 5\nsegment b first 5\n", "not in order"},
		{"larder log 1\ndata-set " + id + "\nsegment ../a first 5\n", "cannot be read"},
		{"larder log 1\ndata-set " + id + "\nsegment a first 5 6\n", "cannot be read"},
		{"larder log 1\ndata-set " + id + "\nbase a lsn 0 bytes 5\nsegment a first 5\n", "cannot be read"},
		{"larder log 1\ndata-set " + id + "\nbase a lsn 4 bytes 5\nsegment a first 5\n", "the first segment begins with record 5"},
		{"larder log 1\ndata-set " + id + "\nsegment a first 1\nraft a\n", "the word \"raft\" is unknown"},
	}
	for _, tt := range tests {
		text := tt.text
		if strings.HasPrefix(text, manifestTitle+"\n") {
			text += fmt.Sprintf("checksum %08x\n", crc32.Checksum([]byte(text), castagnoli))
		}
		if m, err := decodeManifest("file", []byte(text)); !errors.Is(err, persistence.ErrCorrupt) || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%q: %+v, %v; want %q", tt.text, m, err, tt.says)
		}
	}
}

// FuzzSegment: whatever a segment holds, recovering ends, with records or with an
// error, and takes no memory beyond the file's size.
func FuzzSegment(f *testing.F) {
	dir := f.TempDir()
	o := options(dir)
	l, err := Open(o, nil, true)
	if err != nil {
		f.Fatal(err)
	}
	for n := uint64(1); n <= 20; n++ {
		l.Append(numbered(n))
	}
	if err := l.Close(); err != nil {
		f.Fatal(err)
	}
	path := filepath.Join(dir, segmentName(testName, 1))
	good, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good[segmentHeader:])
	f.Add(good[segmentHeader : len(good)-10])
	f.Add(append(make([]byte, 100), good[segmentHeader:]...))
	f.Fuzz(func(t *testing.T, b []byte) {
		if err := os.WriteFile(path, append(good[:segmentHeader:segmentHeader], b...), 0o644); err != nil {
			t.Fatal(err)
		}
		records := uint64(0)
		rec, err := Recover(Files{persistence.OS{}, dir, testName}, nil, func(b *Batch) error {
			if cap(b.buf) > batchBytes && cap(b.buf) > 2*len(good) {
				t.Fatalf("%d bytes of memory", cap(b.buf))
			}
			var rec record.Record
			for {
				more, err := b.Next(&rec)
				if err != nil || !more {
					return err
				}
				records++
			}
		})
		if err != nil && !errors.Is(err, persistence.ErrCorrupt) || err == nil && rec.Next != records+1 {
			t.Fatalf("%d records, %+v, %v", records, rec, err)
		}
	})
}
