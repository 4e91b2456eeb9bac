package oplog

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"larder/persistence"
	"larder/protocol/record"
)

var testSet = DataSetID{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}

const testName = "appendonly"

// numbered is the record that a test appends as the nth; sizes vary, and some
// get a chunk of their own.
func numbered(n uint64) *record.Record {
	value := fmt.Sprintf("value %d %s", n, strings.Repeat("x", int(n*n%97)))
	if n%211 == 0 {
		value += strings.Repeat("y", largeRecord+int(n))
	}
	r := &record.Record{TimeMs: 1_790_000_000_000 + int64(n), Commands: []record.Command{
		{DB: int(n % 3), Args: [][]byte{[]byte("SET"), fmt.Appendf(nil, "key %d", n), []byte(value)}}}}
	if n%7 == 0 {
		r.Commands = append(r.Commands, record.Command{Seed: n, Args: [][]byte{[]byte("SPOP"), []byte("set")}})
	}
	return r
}

// sameRecord compares what a record says, not where it is kept.
func sameRecord(a, b *record.Record) bool {
	return a.TimeMs == b.TimeMs && reflect.DeepEqual(a.Commands, b.Commands)
}

// wait waits for a condition.
func wait(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("gave up waiting: %s", what)
		}
		time.Sleep(200 * time.Microsecond)
	}
}

// collect recovers a log and checks that its records are those with the numbers
// from the base on, without a gap.
func collect(t *testing.T, dir string) *Recovered {
	t.Helper()
	rec, err := tryCollect(t, dir)
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

func tryCollect(t *testing.T, dir string) (*Recovered, error) {
	t.Helper()
	next := uint64(1)
	base := func(path string, b BaseFile) error {
		text, err := os.ReadFile(path)
		if want := fmt.Sprintf("the state before %d", b.LSN); err != nil || string(text) != want {
			t.Errorf("the base says %q, %v; want %q", text, err, want)
		}
		next = b.LSN
		return nil
	}
	return Recover(Files{persistence.OS{}, dir, testName}, base, func(b *Batch) error {
		defer b.Release()
		var got record.Record
		for {
			more, err := b.Next(&got)
			if err != nil || !more {
				return err
			}
			if b.LSN() != next || !sameRecord(&got, numbered(next)) {
				t.Fatalf("record %d came back as number %d: %.200s", next, b.LSN(), fmt.Sprint(got))
			}
			next++
		}
	})
}

func options(dir string) Options {
	return Options{Dir: dir, Name: testName, DataSet: testSet}
}

func openTestLog(t *testing.T, o Options, from *Recovered) *Log {
	t.Helper()
	l, err := Open(o, from, true)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func appendNumbered(t *testing.T, l *Log, from, to uint64) {
	t.Helper()
	for n := from; n <= to; n++ {
		if lsn := l.Append(numbered(n)); lsn != n {
			t.Fatalf("record %d got the LSN %d", n, lsn)
		}
	}
}

func closeLog(t *testing.T, l *Log) {
	t.Helper()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestLogComesBack(t *testing.T) {
	for _, policy := range []SyncPolicy{SyncAlways, SyncEverySec, SyncNo} {
		t.Run(fmt.Sprint(policy), func(t *testing.T) {
			dir := t.TempDir()
			if _, err := tryCollect(t, dir); !errors.Is(err, ErrNoLog) {
				t.Fatalf("an empty directory: %v", err)
			}
			o := options(dir)
			o.Policy, o.SegmentBytes = policy, 200_000
			var from *Recovered
			next := uint64(1)
			for range 3 {
				l := openTestLog(t, o, from)
				appendNumbered(t, l, next, next+2999)
				next += 3000
				closeLog(t, l)
				if l.Durable() != next-1 || l.Last() != next-1 {
					t.Errorf("closed with %d of %d records durable", l.Durable(), l.Last())
				}
				from = collect(t, dir)
				if from.Next != next || from.TornBytes != 0 || from.Warning() != "" {
					t.Fatalf("recovered up to %d, want %d; warning %q", from.Next, next, from.Warning())
				}
			}
			if n := len(from.manifest.segments); n < 6 {
				t.Errorf("there are %d segments, the size limit was not kept", n)
			}
			if from.DataSet() != testSet {
				t.Errorf("the data set is %s", from.DataSet())
			}
		})
	}
}

func TestDurableIsTold(t *testing.T) {
	var told []uint64
	var mu sync.Mutex
	o := options(t.TempDir())
	o.OnDurable = func(lsn uint64) {
		mu.Lock()
		defer mu.Unlock()
		told = append(told, lsn)
	}
	l := openTestLog(t, o, nil)
	for n := uint64(1); n <= 20; n++ {
		l.Append(numbered(n))
		wait(t, "the record is durable", func() bool { return l.Durable() == n })
	}
	closeLog(t, l)
	if len(told) != 20 || !slices.IsSorted(told) || told[19] != 20 {
		t.Errorf("told were %v", told)
	}
	if err := l.Close(); err != ErrClosed {
		t.Errorf("closed twice: %v", err)
	}
}

// Many goroutines append, each in its own order, as shards do.
func TestAppendKeepsTheOrderOfEachCaller(t *testing.T) {
	const callers, each = 8, 2000
	dir := t.TempDir()
	o := options(dir)
	o.Policy = SyncEverySec
	l := openTestLog(t, o, nil)
	var group sync.WaitGroup
	lsns := make([][]uint64, callers)
	for c := range callers {
		group.Go(func() {
			rec := &record.Record{Commands: []record.Command{{Args: [][]byte{nil, nil}}}}
			for n := range each {
				rec.Commands[0].Args[0] = fmt.Append(nil, c)
				rec.Commands[0].Args[1] = fmt.Append(nil, n)
				lsns[c] = append(lsns[c], l.Append(rec))
			}
		})
	}
	group.Wait()
	closeLog(t, l)
	var seen [callers]int
	_, err := Recover(Files{persistence.OS{}, dir, testName}, nil, func(b *Batch) error {
		var rec record.Record
		for {
			more, err := b.Next(&rec)
			if err != nil || !more {
				return err
			}
			var c, n int
			fmt.Sscan(string(rec.Commands[0].Args[0])+" "+string(rec.Commands[0].Args[1]), &c, &n)
			if seen[c] != n || lsns[c][n] != b.LSN() {
				t.Fatalf("record %d is number %d of caller %d, want %d with LSN %d", b.LSN(), n, c, seen[c], lsns[c][seen[c]])
			}
			seen[c]++
		}
	})
	if err != nil || seen != [callers]int{each, each, each, each, each, each, each, each} {
		t.Errorf("found %v, %v", seen, err)
	}
}

func TestRebase(t *testing.T) {
	dir := t.TempDir()
	o := options(dir)
	o.Policy = SyncEverySec
	l := openTestLog(t, o, nil)
	next := uint64(1)
	for range 3 {
		appendNumbered(t, l, next, next+499)
		next += 500
		cut := l.Cut()
		if cut != next {
			t.Fatalf("cut at %d, want %d", cut, next)
		}
		appendNumbered(t, l, next, next+99)
		next += 100
		if err := os.WriteFile(l.BaseName(cut), fmt.Appendf(nil, "the state before %d", cut), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := l.Rebase(context.Background(), cut); err != nil {
			t.Fatal(err)
		}
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, e := range entries {
			names = append(names, e.Name())
		}
		want := []string{segmentName(testName, cut), baseName(testName, cut), manifestName(testName)}
		if !slices.Equal(names, want) {
			t.Errorf("the directory holds %q, want %q", names, want)
		}
		if s := l.Stats(); s.BaseBytes == 0 || s.Segments != 1 || !s.Based {
			t.Errorf("stats %+v", s)
		}
	}
	if cut := l.Cut(); cut != l.Cut() || l.Rebase(context.Background(), cut) == nil {
		t.Error("a base that is not there was accepted")
	}
	closeLog(t, l)
	rec := collect(t, dir)
	if rec.Next != next || rec.Base.LSN != next-100 || rec.Records != 100 {
		t.Errorf("recovered %+v, want next %d", rec, next)
	}
}

// A log that is switched on while there are keys comes into force with its
// first base, in place of one that was there before.
func TestLogOfAFullDataSet(t *testing.T) {
	dir := t.TempDir()
	l := openTestLog(t, options(dir), nil)
	appendNumbered(t, l, 1, 50)
	closeLog(t, l)

	o := options(dir)
	o.DataSet[0]++
	l, err := Open(o, nil, false)
	if err != nil {
		t.Fatal(err)
	}
	first := l.Last() + 1
	appendNumbered(t, l, first, first+9)
	wait(t, "durable", func() bool { return l.Durable() == first+9 })
	if rec := collect(t, dir); rec.Next != 51 || rec.DataSet() != testSet {
		t.Errorf("the old log is not in force any more: %+v", rec)
	}
	cut := l.Cut()
	if err := os.WriteFile(l.BaseName(cut), fmt.Appendf(nil, "the state before %d", cut), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := l.Rebase(context.Background(), cut); err != nil {
		t.Fatal(err)
	}
	appendNumbered(t, l, cut, cut+5)
	closeLog(t, l)
	if rec := collect(t, dir); rec.Next != cut+6 || rec.DataSet() != o.DataSet || rec.Records != 6 {
		t.Errorf("the new log is not in force: %+v", rec)
	}
}

// A log of an empty data set takes the place of one that is in force, without a
// base.
func TestLogOfAnEmptyDataSet(t *testing.T) {
	dir := t.TempDir()
	l := openTestLog(t, options(dir), nil)
	appendNumbered(t, l, 1, 50)
	closeLog(t, l)
	l = openTestLog(t, options(dir), nil)
	if first := l.Append(numbered(1)); first < 2 {
		t.Errorf("the first record got the LSN %d, which the old log has a segment for", first)
	}
	closeLog(t, l)
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 2 {
		t.Errorf("the directory holds %v, %v", entries, err)
	}
	var rec record.Record
	from, err := Recover(Files{persistence.OS{}, dir, testName}, nil, func(b *Batch) error {
		_, err := b.Next(&rec)
		return err
	})
	if err != nil || from.Records != 1 || !sameRecord(&rec, numbered(1)) {
		t.Errorf("recovered %+v, %v", from, err)
	}
}

func TestRoom(t *testing.T) {
	var again atomic.Int32
	o := options(t.TempDir())
	o.steps, o.MaxHeldBytes = true, 10_000
	o.OnRoom = func() { again.Add(1) }
	l := openTestLog(t, o, nil)
	n := uint64(0)
	for l.Room() {
		n++
		l.Append(numbered(n))
	}
	if held := l.Stats().HeldBytes; held < 10_000 || held > 12_000 {
		t.Errorf("no room with %d bytes held, the bound is 10000", held)
	}
	if again.Load() != 0 {
		t.Error("told that there is room before there was")
	}
	l.writeStep()
	if !l.Room() || again.Load() != 1 || l.Stats().HeldBytes != 0 || l.Durable() != n {
		t.Errorf("after a sync: room %v, told %d times, stats %+v", l.Room(), again.Load(), l.Stats())
	}
	closeLog(t, l)
}

// With SyncEverySec records are synced before they are a second old; when that
// takes until they are two, there is no room.
func TestEverySec(t *testing.T) {
	now := time.Unix(1_790_000_000, 0)
	o := options(t.TempDir())
	o.steps, o.Policy, o.Now = true, SyncEverySec, func() time.Time { return now }
	l := openTestLog(t, o, nil)
	asked := func() bool { return len(l.toSync) > 0 }
	appendNumbered(t, l, 1, 10)
	l.writeStep()
	now = now.Add(700 * time.Millisecond)
	l.tick()
	if l.Durable() != 0 || asked() || !l.Room() {
		t.Errorf("after 0.7 s: durable %d, a sync was asked for: %v", l.Durable(), asked())
	}
	now = now.Add(200 * time.Millisecond)
	l.tick()
	if !asked() || !l.Room() {
		t.Error("no sync was asked for after 0.9 s")
	}
	now = now.Add(time.Second)
	l.tick()
	if l.Room() {
		t.Error("there is room although the disk is 1.9 s behind")
	}
	l.sync()
	if !l.Room() || l.Durable() != 10 || l.Stats().Stalls != 1 {
		t.Errorf("after the sync: %+v, room %v", l.Stats(), l.Room())
	}
	l.SetPolicy(SyncNo)
	appendNumbered(t, l, 11, 20)
	l.writeStep()
	<-l.toSync
	now = now.Add(29 * time.Second)
	if l.tick(); asked() || !l.Room() {
		t.Error("SyncNo syncs after 29 s")
	}
	now = now.Add(time.Second)
	if l.tick(); !asked() {
		t.Error("SyncNo does not sync after 30 s")
	}
	closeLog(t, l)
}

func TestStrangersAreRemoved(t *testing.T) {
	dir := t.TempDir()
	o := options(dir)
	closeLog(t, openTestLog(t, o, nil))
	keep := []string{"dump.rdb", "appendonly.conf", "appendonly.0000000000000000007", "other.00000000000000000007"}
	strange := []string{segmentName(testName, 7), baseName(testName, 7), segmentName(testName, 8) + ".tmp", baseName(testName, 9) + ".tmp", manifestName(testName) + ".tmp"}
	for _, name := range slices.Concat(keep, strange) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	closeLog(t, openTestLog(t, o, collect(t, dir)))
	for _, name := range keep {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
	for _, name := range strange {
		if _, err := os.Stat(filepath.Join(dir, name)); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s is still there: %v", name, err)
		}
	}
}

func TestLogOptionsAreChecked(t *testing.T) {
	dir := t.TempDir()
	tests := []struct {
		name   string
		change func(o *Options)
	}{
		{"a name with a space", func(o *Options) { o.Name = "a b" }},
		{"a name with a directory", func(o *Options) { o.Name = "a/b" }},
		{"no name", func(o *Options) { o.Name = "" }},
		{"no data set", func(o *Options) { o.DataSet = DataSetID{} }},
		{"an unknown policy", func(o *Options) { o.Policy = 3 }},
		{"a missing directory", func(o *Options) { o.Dir = filepath.Join(dir, "missing") }},
	}
	for _, tt := range tests {
		o := options(dir)
		tt.change(&o)
		if l, err := Open(o, nil, true); err == nil {
			t.Errorf("%s: accepted", tt.name)
			closeLog(t, l)
		}
	}
}

func TestRewriteIsDue(t *testing.T) {
	tests := []struct {
		percent        int
		min, size, was int64
		due            bool
	}{
		{100, 64, 1000, 500, true},
		{100, 64, 999, 500, false},
		{100, 64, 64, 1, false},
		{100, 64, 65, 1, true},
		{100, 64, 65, 0, true},
		{0, 0, 1 << 40, 1, false},
		{50, 0, 1 << 62, 1 << 61, true},
		{1, 0, 505, 500, true},
	}
	for _, tt := range tests {
		p := RewritePolicy{tt.percent, tt.min}
		if got := p.Due(tt.size, tt.was); got != tt.due {
			t.Errorf("%+v.Due(%d, %d) = %v", p, tt.size, tt.was, got)
		}
	}
}
