package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"larder/engine"
	"larder/persistence"
	"larder/protocol/rdb"
	"larder/server/command"
)

// Whole files of all versions and kinds of values, loaded as the server does.

const filesNowMs = 1_700_000_000_000

// loader is an engine with what loads files into it.
type loader struct {
	persistence.Snapshots
	values *command.Values
}

// newLoader returns one whose engine the caller closes.
func newLoader(t testing.TB) *loader {
	t.Helper()
	e, err := engine.New(engine.Options{Shards: 4, Databases: 16})
	if err != nil {
		t.Fatal(err)
	}
	settings := &command.Settings{Limits: engine.DefaultLimits()}
	v := &command.Values{Engine: e, Settings: func() *command.Settings { return settings }}
	return &loader{persistence.Snapshots{Engine: e, Values: v}, v}
}

func (l *loader) close() { _ = l.Engine.Close() }

func (l *loader) load(file []byte, p *persistence.Progress) error {
	o := persistence.LoadOptions{NowMs: filesNowMs, Loaders: 2, Library: func(string) error { return nil }}
	_, err := l.Load(context.Background(), bytes.NewReader(file), "test.rdb", o, p)
	return err
}

// payload is a value of some kind, as DUMP has answered it.
type payload struct {
	title string
	kind  rdb.Kind
	body  []byte
}

// goldenPayloads are those that package rdb keeps: the head of that file says
// where each comes from.
func goldenPayloads(t testing.TB) (list []payload) {
	t.Helper()
	text, err := os.ReadFile("../../protocol/rdb/testdata/payloads.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, section := range strings.Split(string(text), "\n= ")[1:] {
		lines := strings.SplitN(section, "\n", 3)
		sealed, err := hex.DecodeString(strings.TrimPrefix(lines[1], "payload "))
		if err != nil {
			t.Fatal(err)
		}
		value, err := rdb.Open(sealed)
		if err != nil {
			t.Fatalf("%s: %v", lines[0], err)
		}
		list = append(list, payload{lines[0], rdb.Kind(value[0]), value[1:]})
	}
	return list
}

// newestKind is the newest kind that files of a version hold.
func newestKind(version int) rdb.Kind {
	switch {
	case version < 7: // Redis 2.8, 3.0
		return rdb.KindHashZiplist
	case version < 9: // 3.2, 4.0
		return rdb.KindQuicklist
	case version < 10: // 5.0, 6.x
		return rdb.KindStream1
	case version < 11: // 7.0
		return rdb.KindStream2
	case version < 12: // 7.2
		return rdb.KindStream3
	}
	return rdb.KindHashListpackTTL
}

// goldenFile makes a file of a version with all values that it can hold, as the
// Redis of the time would have: what stands between the values follows the
// documented format of that version. It returns the keys and their payloads.
func goldenFile(version int, all []payload) (file []byte, holds map[string]payload) {
	var w rdb.Writer
	w.Header(version)
	if version >= 7 { // AUX and sizes
		w.Aux("redis-ver", "made up")
		w.Aux("redis-bits", "64")
		w.Buf = append(w.Buf, rdb.OpModuleAux, 1, 2, 1, 5, 2, 'h', 'i', 0)
	}
	if version >= 10 {
		w.Library([]byte("#!lua name=lib\n"))
	}
	w.Select(2)
	if version >= 7 {
		w.Resize(len(all), 3)
	}
	if version >= 12 {
		w.Buf = append(w.Buf, rdb.OpSlotInfo, 5, 3, 1)
	}
	holds = map[string]payload{}
	for i, p := range all {
		if p.kind > newestKind(version) || p.kind == rdb.KindList && version > 6 || p.kind == rdb.KindZSet && version < 8 {
			continue
		}
		key := fmt.Sprint("key:", i)
		holds[key] = p
		switch {
		case i%5 == 1 && version < 3:
			w.Buf = append(w.Buf, 253, 0xff, 0xff, 0xff, 0x7f) // seconds
		case i%5 == 1:
			w.Deadline(filesNowMs * 2)
		case i%5 == 2 && version >= 9:
			w.Buf = append(w.Buf, 248, 0x40, 100) // idle for 100 s
		case i%5 == 3 && version >= 9:
			w.Freq(200)
		}
		w.Buf = append(w.Buf, byte(p.kind))
		w.String([]byte(key))
		w.Buf = append(w.Buf, p.body...)
	}
	w.Deadline(filesNowMs - 1)
	w.Key([]byte("expired"))
	w.StringValue([]byte("v"))
	w.End()
	if rdb.HasChecksum(version) {
		w.Sum(rdb.Checksum(0, w.Buf))
	}
	return w.Buf, holds
}

// Files of all versions hold what the same values hold that are restored one by
// one.
func TestFilesOfAllVersions(t *testing.T) {
	all := goldenPayloads(t)
	kinds := map[rdb.Kind]bool{}
	for version := 1; version <= rdb.VersionMost; version++ {
		t.Run(fmt.Sprint("version ", version), func(t *testing.T) {
			file, holds := goldenFile(version, all)
			got, want := newLoader(t), newLoader(t)
			defer got.close()
			defer want.close()
			var p persistence.Progress
			if err := got.load(file, &p); err != nil {
				t.Fatal(err)
			}
			for key, value := range holds {
				kinds[value.kind] = true
				k := got.Engine.Key([]byte(key))
				k.Shard.Lock()
				it, there := got.Engine.Peek(2, k, filesNowMs)
				deadline := int64(engine.NoDeadline)
				if there {
					deadline = it.Deadline()
				}
				k.Shard.Unlock()
				k = want.Engine.Key([]byte(key))
				k.Shard.Lock()
				restored, err := want.values.Restore(2, k, value.kind, value.body, engine.Attrs{Deadline: deadline}, filesNowMs)
				k.Shard.Unlock()
				if err != nil || restored != there {
					t.Errorf("%s: restored %t, %v; loaded %t", value.title, restored, err, there)
				}
			}
			if a, b := got.Engine.Digest(2, filesNowMs), want.Engine.Digest(2, filesNowMs); a != b {
				t.Error("the keys are others than those that are restored")
			}
			if n := p.Keys.Load() + p.Expired.Load(); n != int64(len(holds)+1) || p.Expired.Load() == 0 {
				t.Errorf("%d keys are loaded and %d have expired, of %d", p.Keys.Load(), p.Expired.Load(), len(holds)+1)
			}
		})
	}
	for _, p := range all {
		if !kinds[p.kind] {
			t.Errorf("kind %d is in no file", p.kind)
		}
	}
}

// checkFault fails the test unless err says file, offset and reason.
func checkFault(t *testing.T, what string, size int, err error) {
	t.Helper()
	var at *persistence.CorruptError
	switch {
	case errors.As(err, &at):
		if at.File != "test.rdb" || at.Offset < 0 || at.Offset > int64(size) || at.Reason == "" {
			t.Errorf("%s: %v", what, err)
		}
	case !strings.Contains(fmt.Sprint(err), "the file has a database"):
		t.Errorf("%s: %v", what, err)
	}
}

// A file that is cut off anywhere is refused, and so is one that is changed
// anywhere, with its sum or with one that fits.
func TestDamagedFiles(t *testing.T) {
	all := goldenPayloads(t)
	for _, version := range []int{6, 12} {
		file, _ := goldenFile(version, all)
		sum := len(file) - rdb.FooterBytes
		try := func(what string, damaged []byte, mustFail bool) {
			t.Helper()
			l := newLoader(t)
			defer l.close()
			if err := l.load(damaged, new(persistence.Progress)); err != nil || mustFail {
				checkFault(t, what, len(damaged), err)
			}
		}
		for n := range file {
			if n%7 == 0 || n < 40 || n >= sum {
				try(fmt.Sprintf("version %d, %d of %d bytes", version, n, len(file)), file[:n], true)
			}
		}
		for i := range sum {
			if i%7 != version%7 && i > 40 {
				continue
			}
			damaged := bytes.Clone(file)
			damaged[i] ^= 1 << (i % 8)
			what := fmt.Sprintf("version %d, bit %d of byte %d", version, i%8, i)
			try(what, damaged, true)
			copy(damaged[sum:], make([]byte, rdb.FooterBytes)) // as if it were not summed
			try(what+" without sum", damaged, false)
		}
	}
}

// FuzzFile loads any bytes as a file: it ends with data or with an error that
// says where.
func FuzzFile(f *testing.F) {
	all := goldenPayloads(f)
	for version := 1; version <= rdb.VersionMost; version++ {
		file, _ := goldenFile(version, all)
		f.Add(file)
	}
	for _, p := range all { // small ones are changed to more effect
		file, _ := goldenFile(12, []payload{p})
		f.Add(append(file[:len(file)-rdb.FooterBytes], make([]byte, rdb.FooterBytes)...))
	}
	l := newLoader(f)
	f.Cleanup(l.close)
	f.Fuzz(func(t *testing.T, file []byte) {
		if err := l.load(file, new(persistence.Progress)); err != nil {
			checkFault(t, "", len(file), err)
		}
		l.Engine.LockAll()
		for db := range l.Engine.Databases() {
			g := l.Engine.Flush(db)
			defer g.Discard(true) // when the shards are unlocked
		}
		l.Engine.UnlockAll()
	})
}

// A file that cannot be read to its end is refused with the system's reason.
func TestUnreadableFile(t *testing.T) {
	l := newLoader(t)
	defer l.close()
	dir := t.TempDir()
	err := l.LoadFile(context.Background(), dir, persistence.LoadOptions{}, new(persistence.Progress))
	if err == nil || !strings.Contains(err.Error(), filepath.Base(dir)) || errors.Is(err, persistence.ErrCorrupt) {
		t.Errorf("a directory is loaded: %v", err)
	}
}
