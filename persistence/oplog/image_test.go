package oplog

import (
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"larder/persistence"
)

// copyImage writes an image to a directory of its own.
func copyImage(t *testing.T, im *Image) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, im.ManifestName), im.Manifest, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, p := range im.Parts {
		b := make([]byte, p.Bytes)
		if _, err := p.File.ReadAt(b, 0); err != nil && err != io.EOF {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, p.Name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// Images that are taken while the log is written to are whole logs, and hold
// what was durable before. Each can be ended at any moment.
func TestImageOfBusyLog(t *testing.T) {
	dir := t.TempDir()
	o := Files{persistence.OS{}, dir, testName}
	l, err := Open(Options{Dir: dir, Name: testName, DataSet: testSet, SegmentBytes: 20 << 10}, nil, true)
	if err != nil {
		t.Fatal(err)
	}
	const records = 600
	written := make(chan struct{})
	go func() {
		defer close(written)
		for n := uint64(1); n <= records; n++ {
			if lsn := l.Append(numbered(n)); n%20 == 0 {
				for l.Durable() < lsn {
					time.Sleep(100 * time.Microsecond)
				}
			}
		}
	}()
	var copied string
	for busy := true; busy; {
		select {
		case <-written:
			wait(t, "the last record is durable", func() bool { return l.Durable() == records })
			busy = false
		default:
		}
		before := l.Durable()
		im, err := OpenImage(o, time.Now)
		if err != nil {
			t.Fatal(err)
		}
		copied = copyImage(t, im)
		if err := im.Close(); err != nil {
			t.Fatal(err)
		}
		rec := collect(t, copied)
		if rec.Next != im.Next || rec.Next <= before || rec.TornBytes != 0 {
			t.Fatalf("the copy goes to record %d, the image to %d; %d were durable; %d bytes are torn", rec.Next, im.Next, before, rec.TornBytes)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	for until := uint64(records); until > 0; until -= min(until, 7) {
		e, err := EndAt(Files{persistence.OS{}, copied, testName}, numbered(until).TimeMs)
		if err != nil || e.Next != until+1 || e.LastMs != numbered(until).TimeMs || e.Cut != (until < records) {
			t.Fatalf("until record %d: %+v, %v", until, e, err)
		}
		if rec := collect(t, copied); rec.Next != until+1 || rec.TornBytes != 0 {
			t.Fatalf("until record %d: the log goes to %d, %d bytes are torn", until, rec.Next, rec.TornBytes)
		}
	}
}

// What is damaged cannot be copied unnoticed where it would not be noticed later.
func TestImageOfDamagedLog(t *testing.T) {
	dir := t.TempDir()
	l, err := Open(Options{Dir: dir, Name: testName, DataSet: testSet}, nil, true)
	if err != nil {
		t.Fatal(err)
	}
	for n := uint64(1); n < 50; n++ {
		l.Append(numbered(n))
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, segmentName(testName, 1))
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b[segmentHeader+blockHeader+5] ^= 1
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	im, err := OpenImage(Files{persistence.OS{}, dir, testName}, time.Now)
	if err == nil {
		t.Fatalf("an image up to record %d is made of it", im.Next)
	}
	if _, err := OpenImage(Files{persistence.OS{}, t.TempDir(), testName}, time.Now); err != ErrNoLog {
		t.Errorf("no log: %v", err)
	}
}
