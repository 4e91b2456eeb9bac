package faultfs

import (
	"bytes"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"syscall"
	"testing"

	"larder/persistence"
)

func newFS(seed uint64) *FS {
	f := New(rand.New(rand.NewPCG(seed, 1)))
	if err := f.MkdirAll("dir", 0o755); err != nil {
		panic(err)
	}
	return f
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func create(t *testing.T, f *FS, name, text string) persistence.File {
	t.Helper()
	file, err := f.Create(name)
	must(t, err)
	_, err = file.Write([]byte(text))
	must(t, err)
	return file
}

// content is what a file holds; ok is false if it is not there.
func content(t *testing.T, f *FS, name string) (text string, ok bool) {
	t.Helper()
	file, err := f.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return "", false
	}
	must(t, err)
	var b bytes.Buffer
	_, err = b.ReadFrom(file)
	must(t, err)
	must(t, file.Close())
	return b.String(), true
}

func TestWhatWasSyncedSurvives(t *testing.T) {
	for seed := range uint64(50) {
		f := newFS(seed)
		file := create(t, f, "dir/a", "synced")
		must(t, file.Sync())
		must(t, f.SyncDir("dir"))
		_, err := file.Write([]byte(" and not"))
		must(t, err)
		create(t, f, "dir/b", "no name")
		after := f.Crash()
		if text, ok := content(t, after, "dir/a"); !ok || text[:6] != "synced" {
			t.Fatalf("seed %d: the file holds %q, %v", seed, text, ok)
		}
		if _, err := file.Write([]byte("x")); err != ErrCrashed {
			t.Errorf("writing to a file of before the crash: %v", err)
		}
	}
}

// Each thing that may happen to what was not synced does happen.
func TestWhatWasNotSyncedIsLeftToChance(t *testing.T) {
	old, later := bytes.Repeat([]byte{'o'}, 4*sector), bytes.Repeat([]byte{'n'}, 4*sector)
	seen := map[string]int{}
	for seed := range uint64(300) {
		f := newFS(seed)
		file := create(t, f, "dir/a", string(old))
		must(t, file.Sync())
		must(t, f.SyncDir("dir"))
		_, err := file.WriteAt(later, 0)
		must(t, err)
		create(t, f, "dir/b", "new name")
		must(t, f.Rename("dir/b", "dir/c"))
		after := f.Crash()
		text, _ := content(t, after, "dir/a")
		first, last := text[:sector], text[3*sector:]
		switch o, n := string(old[:sector]), string(later[:sector]); {
		case text == string(old):
			seen["nothing"]++
		case text == string(later):
			seen["all"]++
		case first == o && last == n:
			seen["the later sector without the earlier"]++
		case first != o && first != n:
			seen["a torn sector"]++
		}
		_, b := content(t, after, "dir/b")
		_, c := content(t, after, "dir/c")
		seen[map[bool]string{true: "the old name", false: "no old name"}[b]]++
		seen[map[bool]string{true: "the new name", false: "no new name"}[c]]++
	}
	for _, what := range []string{"nothing", "all", "the later sector without the earlier", "a torn sector", "the old name", "no old name", "the new name", "no new name"} {
		if seen[what] == 0 {
			t.Errorf("never seen: %s (%v)", what, seen)
		}
	}
}

func TestBytesThatDoNotChangeSurvive(t *testing.T) {
	for seed := range uint64(200) {
		f := newFS(seed)
		file := create(t, f, "dir/a", "kept")
		must(t, file.Sync())
		must(t, f.SyncDir("dir"))
		_, err := file.WriteAt([]byte("kept and more"), 0)
		must(t, err)
		if text, _ := content(t, f.Crash(), "dir/a"); text[:4] != "kept" {
			t.Fatalf("seed %d: %q", seed, text)
		}
	}
}

func TestReplacedFileIsOldOrNew(t *testing.T) {
	seen := map[string]int{}
	for seed := range uint64(3000) {
		f := newFS(seed)
		write := func(text string) error {
			return persistence.ReplaceFile(f, "dir/a", "dir/a.tmp", func(file persistence.File) error {
				_, err := file.Write([]byte(text))
				return err
			})
		}
		must(t, write("old"))
		f.CrashAfter(int(seed % 6))
		err := write("new")
		f = f.Crash()
		text, _ := content(t, f, "dir/a")
		if text != "old" && text != "new" || err == nil && text != "new" {
			t.Fatalf("seed %d: %q, %v", seed, text, err)
		}
		seen[text]++
		// The same once more, over whatever the crash has left.
		f.CrashAfter(int(seed/6) % 6)
		_ = write("newer")
		f = f.Crash()
		if again, _ := content(t, f, "dir/a"); again != text && again != "newer" {
			t.Fatalf("seed %d: %q, then %q", seed, text, again)
		}
	}
	if seen["old"] == 0 || seen["new"] == 0 {
		t.Errorf("seen %v", seen)
	}
}

// A sync that fails loses what it has not written, and no later sync helps.
func TestFailedSync(t *testing.T) {
	lost := 0
	for seed := range uint64(100) {
		f := newFS(seed)
		file := create(t, f, "dir/a", "")
		must(t, file.Sync())
		must(t, f.SyncDir("dir"))
		_, err := file.Write(bytes.Repeat([]byte{'x'}, sector))
		must(t, err)
		f.Inject(func(op Op, _ string) error {
			if op == OpSync {
				return syscall.EIO
			}
			return nil
		})
		if err := file.Sync(); !errors.Is(err, syscall.EIO) {
			t.Fatalf("the sync returned %v", err)
		}
		f.Inject(nil)
		must(t, file.Sync())
		if text, _ := content(t, f.Kill(), "dir/a"); text != string(bytes.Repeat([]byte{'x'}, sector)) {
			t.Fatalf("without a crash the file holds %q", text)
		}
		if text, _ := content(t, f.Crash(), "dir/a"); text != string(bytes.Repeat([]byte{'x'}, sector)) {
			lost++
		}
	}
	if lost == 0 || lost == 100 {
		t.Errorf("lost in %d of 100 cases", lost)
	}
}

func TestInjectedFaults(t *testing.T) {
	f := newFS(1)
	file := create(t, f, "dir/a", "")
	fault := map[Op]bool{}
	f.Inject(func(op Op, _ string) error {
		if fault[op] {
			return syscall.ENOSPC
		}
		return nil
	})
	tests := []struct {
		op   Op
		call func() error
	}{
		{OpCreate, func() error { _, err := f.Create("dir/b"); return err }},
		{OpWrite, func() error { _, err := file.WriteAt(make([]byte, 100), 0); return err }},
		{OpSync, file.Sync},
		{OpTruncate, func() error { return file.Truncate(0) }},
		{OpAllocate, func() error { return file.(interface{ Allocate(size int64) error }).Allocate(10) }},
		{OpRename, func() error { return f.Rename("dir/a", "dir/c") }},
		{OpReadDir, func() error { _, err := f.ReadDir("dir"); return err }},
		{OpSyncDir, func() error { return f.SyncDir("dir") }},
		{OpRemove, func() error { return f.Remove("dir/c") }},
	}
	for _, tt := range tests {
		fault[tt.op] = true
		if err := tt.call(); !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("operation %d with a fault: %v", tt.op, err)
		}
		fault[tt.op] = false
		if err := tt.call(); err != nil {
			t.Errorf("operation %d: %v", tt.op, err)
		}
	}
	if _, err := f.Open("dir/missing"); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

func TestSameSeedSameCrash(t *testing.T) {
	picture := func() string {
		f := newFS(7)
		for _, name := range []string{"dir/a", "dir/b", "dir/c", "dir/d"} {
			create(t, f, name, string(bytes.Repeat([]byte(name), 500)))
		}
		after, all := f.Crash(), ""
		for _, name := range []string{"dir/a", "dir/b", "dir/c", "dir/d"} {
			text, _ := content(t, after, name)
			all += text + "|"
		}
		return all
	}
	if first, again := picture(), picture(); first != again {
		t.Error("two crashes with the same seed differ")
	}
}
