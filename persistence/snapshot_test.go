package persistence

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"larder/engine"
	"larder/protocol/rdb"
)

// stringValues knows strings only: what is between keys does not depend on what
// they hold.
type stringValues struct{ e *engine.Engine }

func (v stringValues) Append(w *rdb.Writer, it *engine.Item) { w.StringValue(it.AppendBytes(nil)) }

func (stringValues) Begin(*rdb.Writer, *engine.Item, *engine.Large) { panic("strings only") }
func (stringValues) Part(*rdb.Writer, *engine.Large, *engine.Part)  { panic("strings only") }
func (stringValues) End(*rdb.Writer, *engine.Stream)                { panic("strings only") }

func (v stringValues) Restore(db int, k engine.Key, kind rdb.Kind, body []byte, a engine.Attrs, nowMs int64) (bool, error) {
	if kind != rdb.KindString {
		return false, fmt.Errorf("%w: kind %d", rdb.ErrCorrupt, kind)
	}
	content, err := rdb.ReadString(body, nil)
	if err != nil {
		return false, err
	}
	err = v.e.AddString(db, k, content, a, nowMs)
	return err == nil, err
}

const testNowMs = 1_000_000

func newTestSnapshots(t testing.TB, limit uint64) *Snapshots {
	t.Helper()
	s := openTestSnapshots(t, limit)
	t.Cleanup(func() { _ = s.Engine.Close() })
	return s
}

// openTestSnapshots leaves closing the engine to the caller.
func openTestSnapshots(t testing.TB, limit uint64) *Snapshots {
	t.Helper()
	o := engine.Options{Databases: 4, Shards: 4}
	o.Memory.LimitBytes = limit
	e, err := engine.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return &Snapshots{Engine: e, Values: stringValues{e}}
}

func (s *Snapshots) set(t testing.TB, db int, key, value string, a engine.Attrs) {
	t.Helper()
	k := s.Engine.Key([]byte(key))
	k.Shard.Lock()
	defer k.Shard.Unlock()
	if err := s.Engine.SetString(db, k, []byte(value), a, testNowMs); err != nil {
		t.Fatal(err)
	}
}

// get describes a key.
func (s *Snapshots) get(db int, key string) string {
	k := s.Engine.Key([]byte(key))
	k.Shard.Lock()
	defer k.Shard.Unlock()
	it, ok := s.Engine.Peek(db, k, testNowMs)
	if !ok {
		return "absent"
	}
	return fmt.Sprintf("%s %d %t %d %d %d", it.AppendBytes(nil), it.Deadline(), it.IsItem(), it.Flags(), it.CAS(), it.Marks())
}

func plain() engine.Attrs { return engine.Attrs{Deadline: engine.NoDeadline} }

// written is a snapshot as bytes.
func (s *Snapshots) written(t testing.TB, info Info) []byte {
	t.Helper()
	var b bytes.Buffer
	var p Progress
	if err := s.Write(context.Background(), &b, info, &p); err != nil {
		t.Fatal(err)
	}
	if int64(b.Len()) != p.Bytes.Load() || p.Keys.Load() != p.KeysTotal.Load() {
		t.Errorf("%d bytes are written, %d counted; of %d keys %d", b.Len(), p.Bytes.Load(), p.KeysTotal.Load(), p.Keys.Load())
	}
	return b.Bytes()
}

// load loads a snapshot into an engine of its own, the database checked by size
// only.
func load(t testing.TB, r io.Reader, o LoadOptions) (*Snapshots, *Progress, error) {
	t.Helper()
	s, p := newTestSnapshots(t, 0), new(Progress)
	o.NowMs = testNowMs
	_, err := s.Load(context.Background(), r, "test.rdb", o, p)
	return s, p, err
}

// Keys come back with all that is known of them, whatever the file is read in.
func TestSnapshotAndBack(t *testing.T) {
	s := newTestSnapshots(t, 0)
	var want []string
	for i := range 9_000 {
		a := plain()
		switch i % 5 {
		case 1:
			a.Deadline = testNowMs + int64(i)
		case 2:
			a.Item, a.Flags, a.CAS = true, uint32(i), uint64(i)
		case 3:
			a.Marks = engine.MarkStale
		}
		key := fmt.Sprint("key:", i)
		s.set(t, i%3, key, strings.Repeat("v", i%100), a)
		want = append(want, s.get(i%3, key))
	}
	s.set(t, 0, "huge", strings.Repeat("huge and compressible ", 1<<16), plain())
	s.set(t, 0, "rough", string(noise(3*batchBytes)), plain())
	huge, rough := s.get(0, "huge"), s.get(0, "rough")
	info := Info{Server: "7.2.0", CreatedSecs: 12, UsedBytes: 34, Libraries: []string{"#!lua name=a\n", "#!lua name=b\n"}}
	for _, way := range []struct {
		name   string
		reader func(io.Reader) io.Reader
		info   func(*Info)
	}{
		{"at once", func(r io.Reader) io.Reader { return r }, func(*Info) {}},
		{"in halves", iotest.HalfReader, func(i *Info) { i.Plain = true }},
		{"errors with data", iotest.DataErrReader, func(i *Info) { i.Unsummed, i.Frequencies = true, true }},
	} {
		t.Run(way.name, func(t *testing.T) {
			info := info
			way.info(&info)
			b := s.written(t, info)
			if version, err := rdb.ReadHeader(b); err != nil || version != rdb.Version {
				t.Errorf("version %d, %v", version, err)
			}
			var libs, aux []string
			back, p, err := load(t, way.reader(bytes.NewReader(append(b, "behind the end"...))), LoadOptions{
				Library: func(code string) error { libs = append(libs, code); return nil },
				Aux:     func(name, value string) { aux = append(aux, name+"="+value) },
			})
			if err != nil {
				t.Fatal(err)
			}
			for i, w := range want {
				if got := back.get(i%3, fmt.Sprint("key:", i)); got != w {
					t.Fatalf("key %d is %s, want %s", i, got, w)
				}
			}
			if back.get(0, "huge") != huge || back.get(0, "rough") != rough {
				t.Error("a long value has changed")
			}
			if got, want := strings.Join(libs, "|"), strings.Join(info.Libraries, "|"); got != want {
				t.Errorf("libraries %q, want %q", got, want)
			}
			if got := strings.Join(aux, " "); got != "redis-ver=7.2.0 redis-bits=64 ctime=12 used-mem=34 aof-base=0" {
				t.Errorf("aux %s", got)
			}
			if p.Keys.Load() != 9_002 || p.KeysTotal.Load() != 9_002 {
				t.Errorf("%d keys are loaded, %d announced", p.Keys.Load(), p.KeysTotal.Load())
			}
		})
	}
}

// noise are bytes that do not repeat.
func noise(n int) []byte {
	b, x := make([]byte, n), uint64(1)
	for i := range b {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		b[i] = byte(x)
	}
	return b
}

// What is cut off or changed is noticed, and the error says where.
func TestDamagedSnapshots(t *testing.T) {
	s := newTestSnapshots(t, 0)
	for i := range 8 {
		a := plain()
		a.Item, a.CAS, a.Deadline = i%2 == 0, 5, testNowMs+1
		s.set(t, i%4, fmt.Sprint("key", i), strings.Repeat("abc", i), a)
	}
	b := s.written(t, Info{Libraries: []string{"#!lua name=a\n"}})
	check := func(what string, damaged []byte) {
		t.Helper()
		back := openTestSnapshots(t, 0)
		defer func() { _ = back.Engine.Close() }()
		_, err := back.Load(context.Background(), bytes.NewReader(damaged), "test.rdb", LoadOptions{NowMs: testNowMs}, new(Progress))
		var at *CorruptError
		if errors.As(err, &at) {
			if at.File != "test.rdb" || at.Offset < 0 || at.Offset > int64(len(b)) || at.Reason == "" {
				t.Fatalf("%s: %v", what, err)
			}
		} else if !strings.HasPrefix(fmt.Sprint(err), "test.rdb, offset ") || !strings.Contains(fmt.Sprint(err), "the file has a database") {
			t.Fatalf("%s: %v", what, err)
		}
	}
	for n := range b {
		check(fmt.Sprintf("%d of %d bytes", n, len(b)), b[:n])
	}
	for i := range len(b) - rdb.FooterBytes {
		for _, bit := range []byte{1, 0x10, 0x80} {
			damaged := bytes.Clone(b)
			damaged[i] ^= bit
			check(fmt.Sprintf("byte %d changed by %#x", i, bit), damaged)
		}
	}
}

func TestLoadRefuses(t *testing.T) {
	file := func(write func(w *rdb.Writer)) []byte {
		var w rdb.Writer
		w.Header(rdb.Version)
		write(&w)
		w.End()
		w.Sum(0)
		return w.Buf
	}
	key := func(w *rdb.Writer, name string) {
		w.Key([]byte(name))
		w.StringValue([]byte("v"))
	}
	twice := file(func(w *rdb.Writer) { key(w, "a"); key(w, "b"); key(w, "a") })
	tests := []struct {
		name  string
		bytes []byte
		fault string
	}{
		{"key twice", twice, "test.rdb is damaged at offset 19: a key is there already"},
		{"database", file(func(w *rdb.Writer) { key(w, "a"); w.Select(4) }), "test.rdb, offset 14: the file has a database 4, and there are 4: raise the directive databases"},
		{"not a snapshot", []byte("*3\r\n$3\r\nSET"), `test.rdb is damaged at offset 0: a snapshot begins with REDIS and a version, this with "*3\r\n$3\r\nS"`},
		{"empty", nil, `test.rdb is damaged at offset 0: a snapshot begins with REDIS and a version, this with ""`},
		{"long string", append([]byte("REDIS0010\x00\x01k\x81\x7f"), make([]byte, 40)...), "offset 9: the file ends in the middle of a record"},
	}
	for _, tt := range tests {
		if _, _, err := load(t, bytes.NewReader(tt.bytes), LoadOptions{Loaders: 1}); err == nil || !strings.Contains(err.Error(), tt.fault) {
			t.Errorf("%s: %v, want %s", tt.name, err, tt.fault)
		}
	}
	back, p, err := load(t, bytes.NewReader(twice), LoadOptions{Replace: true})
	if err != nil || back.get(0, "a") == "absent" || p.Keys.Load() != 3 {
		t.Errorf("replacing: %v, %d keys", err, p.Keys.Load())
	}
}

// Expired keys are left out, and one whose deadline is too far away to be told
// keeps the last that can be.
func TestLoadDeadlines(t *testing.T) {
	s := newTestSnapshots(t, 0)
	s.set(t, 0, "early", "v", engine.Attrs{Deadline: testNowMs + 1})
	s.set(t, 0, "late", "v", engine.Attrs{Deadline: testNowMs + 2})
	s.set(t, 0, "last", "v", engine.Attrs{Deadline: engine.NoDeadline - 1})
	b := s.written(t, Info{})
	back := newTestSnapshots(t, 0)
	var p Progress
	if _, err := back.Load(context.Background(), bytes.NewReader(b), "x", LoadOptions{NowMs: testNowMs + 1}, &p); err != nil {
		t.Fatal(err)
	}
	if back.get(0, "early") != "absent" || back.get(0, "late") != s.get(0, "late") || back.get(0, "last") != s.get(0, "last") {
		t.Errorf("early %s, late %s, last %s", back.get(0, "early"), back.get(0, "late"), back.get(0, "last"))
	}
	if p.Expired.Load() != 1 || p.Keys.Load() != 2 {
		t.Errorf("%d keys are loaded, %d have expired", p.Keys.Load(), p.Expired.Load())
	}
}

// Without room loading fails and says what to do; with somebody who makes room
// it goes on.
func TestLoadNoRoom(t *testing.T) {
	s, value := newTestSnapshots(t, 0), strings.Repeat("v", 1<<20)
	for i := range 30 {
		s.set(t, 0, fmt.Sprint("key", i), value, plain())
	}
	b := s.written(t, Info{Plain: true})
	for _, made := range []bool{false, true} {
		small, asked := newTestSnapshots(t, 8<<20), 0
		o := LoadOptions{NowMs: testNowMs, Loaders: 1, Room: func(n int) bool {
			if n > 0 {
				asked++
			}
			if made && n > 0 {
				small.Engine.SetLimit(0)
			}
			return made
		}}
		_, err := small.Load(context.Background(), bytes.NewReader(b), "x", o, new(Progress))
		if errors.Is(err, errNoRoom) == made || (err == nil) != made || asked == 0 {
			t.Errorf("room made %t, asked %d times: %v", made, asked, err)
		}
	}
}

// A false length makes nobody take memory for it.
func TestLoadFalseLength(t *testing.T) {
	b := append([]byte("REDIS0010\x00\x01k\x81\x00\x00\x00\xff\xff\xff\xff\xff"), make([]byte, 1<<20)...)
	s := newTestSnapshots(t, 0)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := s.Load(context.Background(), bytes.NewReader(b), "x", LoadOptions{}, new(Progress))
	runtime.ReadMemStats(&after)
	if !errors.Is(err, ErrCorrupt) {
		t.Fatal(err)
	}
	if taken, most := after.TotalAlloc-before.TotalAlloc, uint64(8<<20); taken > most {
		t.Errorf("%d bytes are allocated for a file of 1 MiB, want at most %d", taken, most)
	}
}

// Saving ends early when it is told to, and leaves the old file.
func TestSaveStops(t *testing.T) {
	s := newTestSnapshots(t, 0)
	s.set(t, 0, "k", "old", plain())
	name := filepath.Join(t.TempDir(), "dump.rdb")
	if err := s.Save(context.Background(), name, Info{}, new(Progress)); err != nil {
		t.Fatal(err)
	}
	s.set(t, 0, "k", "new", plain())
	stop := errors.New("somebody said so")
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(stop)
	if err := s.Save(ctx, name, Info{}, new(Progress)); !errors.Is(err, stop) {
		t.Errorf("a save that was stopped: %v", err)
	}
	s.set(t, 0, "k", "newer", plain()) // the data is not locked any more
	back := newTestSnapshots(t, 0)
	if err := back.LoadFile(context.Background(), name, LoadOptions{NowMs: testNowMs}, new(Progress)); err != nil || !strings.HasPrefix(back.get(0, "k"), "old ") {
		t.Errorf("the file holds %s, %v", back.get(0, "k"), err)
	}
	if err := back.LoadFile(context.Background(), name+"x", LoadOptions{}, new(Progress)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
}
