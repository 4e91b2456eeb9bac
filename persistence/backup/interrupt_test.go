package backup

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"larder/persistence"
)

var errCrashed = errors.New("the process has crashed")

// crashing is a store whose user crashes after so many changes: from then on,
// nothing is done any more. before, if not nil, is called before each change.
type crashing struct {
	Store
	left   int
	before func()
}

func (c *crashing) change() error {
	if c.before != nil {
		c.before()
	}
	if c.left--; c.left < 0 {
		return errCrashed
	}
	return nil
}

func (c *crashing) Put(ctx context.Context, name string, r io.ReaderAt, size int64) error {
	if err := c.change(); err != nil {
		return err
	}
	return c.Store.Put(ctx, name, r, size)
}

func (c *crashing) Remove(ctx context.Context, name string) error {
	if err := c.change(); err != nil {
		return err
	}
	return c.Store.Remove(ctx, name)
}

// sourceOf is a source of files with the given contents.
func sourceOf(at time.Time, contents ...string) *Source {
	s := &Source{about: Backup{Kind: KindLog, Taken: at, From: at, Log: "log"}, close: func() error { return nil }}
	for i, c := range contents {
		s.files = append(s.files, sourceFile{fmt.Sprintf("file%d", i), int64(len(c)), strings.NewReader(c)})
	}
	return s
}

var day = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

func newRepository(t *testing.T) *Repository {
	return &Repository{Store: &Folder{FS: persistence.OS{}, Dir: t.TempDir()}}
}

// mustCreate makes a backup.
func mustCreate(t *testing.T, r *Repository, at time.Time, contents ...string) *Created {
	t.Helper()
	c, err := r.Create(t.Context(), sourceOf(at, contents...))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// inOrder checks that there are so many backups, each complete, and, if nothing
// else may be there, that there are so many objects and no marks.
func inOrder(t *testing.T, r *Repository, backups, objects int) {
	t.Helper()
	list, damaged, err := r.List(t.Context())
	if err != nil || len(damaged) > 0 || len(list) != backups {
		t.Fatalf("%d backups, want %d; damaged %v, %v", len(list), backups, damaged, err)
	}
	for _, b := range list {
		if err := r.Check(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	}
	if objects < 0 {
		return
	}
	for kind, want := range map[string]int{kindObject: objects, kindPending: 0, kindPruning: 0} {
		if there, err := r.Store.List(t.Context(), kind); err != nil || len(there) != want {
			t.Fatalf("%d %s, want %d: %v, %v", len(there), kind, want, there, err)
		}
	}
}

// A Create that is interrupted anywhere leaves the backups as they were, and
// Prune removes the rest once it is old.
func TestInterruptedCreate(t *testing.T) {
	for n := 0; ; n++ {
		r := newRepository(t)
		mustCreate(t, r, day, "one", "two")
		broken := &Repository{Store: &crashing{Store: r.Store, left: n}}
		_, err := broken.Create(t.Context(), sourceOf(day.Add(time.Hour), "two", "three", "four"))
		if err == nil {
			if n < 5 {
				t.Fatalf("a backup takes %d changes, want a mark, two objects, a manifest and the mark's removal", n)
			}
			inOrder(t, r, 2, 4)
			return
		}
		if !errors.Is(err, errCrashed) {
			t.Fatal(err)
		}
		backups := 1
		if n == 4 {
			backups = 2 // all but the mark's removal
		}
		inOrder(t, r, backups, -1)
		if _, err := r.Prune(t.Context(), Retention{}, time.Hour); err != nil {
			t.Fatal(err)
		}
		inOrder(t, r, backups, -1)
		later := &Repository{Store: r.Store, Now: func() time.Time { return time.Now().Add(2 * time.Hour) }}
		if _, err := later.Prune(t.Context(), Retention{}, time.Hour); err != nil {
			t.Fatal(err)
		}
		inOrder(t, r, backups, 2*backups)
	}
}

// A Prune that is interrupted anywhere leaves whole what is listed, and another
// one completes it.
func TestInterruptedPrune(t *testing.T) {
	for n := 0; ; n++ {
		r := newRepository(t)
		for i := range 4 {
			mustCreate(t, r, day.Add(time.Duration(i)*time.Hour), "base", fmt.Sprint("segment", i), fmt.Sprint("segment", i+1))
		}
		broken := &Repository{Store: &crashing{Store: r.Store, left: n}}
		_, err := broken.Prune(t.Context(), Retention{Last: 2}, time.Hour)
		if err != nil && !errors.Is(err, errCrashed) {
			t.Fatal(err)
		}
		list, _, listErr := r.List(t.Context())
		if listErr != nil || len(list) < 2 {
			t.Fatalf("%d backups are left, %v", len(list), listErr)
		}
		inOrder(t, r, len(list), -1)
		later := &Repository{Store: r.Store, Now: func() time.Time { return time.Now().Add(2 * time.Hour) }}
		if _, err := later.Prune(t.Context(), Retention{Last: 2}, time.Hour); err != nil {
			t.Fatal(err)
		}
		inOrder(t, r, 2, 4)
		if err == nil {
			return
		}
	}
}

// Whenever a Prune happens in the course of a Create, the backup is complete.
func TestPruneDuringCreate(t *testing.T) {
	for n := range 5 {
		r := newRepository(t)
		old := mustCreate(t, r, day, "one", "two")
		step := 0
		store := &crashing{Store: r.Store, left: 1 << 30}
		store.before = func() {
			if step++; step != n+1 {
				return
			}
			if err := r.Store.Remove(t.Context(), kindBackup+"/"+old.ID); err != nil {
				t.Fatal(err)
			}
			if _, err := r.Prune(t.Context(), Retention{}, time.Hour); err != nil {
				t.Fatal(err)
			}
		}
		busy := &Repository{Store: store}
		if _, err := busy.Create(t.Context(), sourceOf(day.Add(time.Hour), "two", "three", "four")); err != nil {
			t.Fatal(err)
		}
		inOrder(t, r, 1, -1)
	}
}

// While a Prune is at work, a Create waits.
func TestCreateWaitsForPrune(t *testing.T) {
	r := newRepository(t)
	mark := kindPruning + "/" + newID(time.Now())
	if err := r.Store.Put(t.Context(), mark, bytes.NewReader([]byte("x")), 1); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errCrashed)
	if _, err := r.Create(ctx, sourceOf(day, "one")); !errors.Is(err, errCrashed) {
		t.Fatalf("it does not wait: %v", err)
	}
	done := make(chan error, 1)
	go func() {
		_, err := r.Create(context.Background(), sourceOf(day, "one"))
		done <- err
	}()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
		if there, _ := r.Store.List(t.Context(), kindPending); len(there) > 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("it does not begin")
		}
	}
	inOrder(t, r, 0, -1)
	if err := r.Store.Remove(t.Context(), mark); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	inOrder(t, r, 1, 1)
}

// Only what is new is sent, and what is half written does not count.
func TestSentAndPartial(t *testing.T) {
	r := newRepository(t)
	if c := mustCreate(t, r, day, "base", "one"); c.SentBytes != 7 {
		t.Errorf("%d bytes are sent, want 7", c.SentBytes)
	}
	if c := mustCreate(t, r, day.Add(1), "base", "one more"); c.SentBytes != 8 {
		t.Errorf("%d bytes are sent, want 8", c.SentBytes)
	}
	folder := r.Store.(*Folder)
	f, err := folder.FS.Create(folder.path("backups/20261122T100000.000Z-0000" + partialMark + "1"))
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	inOrder(t, r, 2, 3)
	p, err := r.Prune(t.Context(), Retention{}, time.Hour)
	if err != nil || p.Partial != 0 {
		t.Errorf("%+v, %v; somebody may still be writing", p, err)
	}
	later := &Repository{Store: r.Store, Now: func() time.Time { return time.Now().Add(2 * time.Hour) }}
	if p, err = later.Prune(t.Context(), Retention{}, time.Hour); err != nil || p.Partial != 1 {
		t.Errorf("%+v, %v; want one", p, err)
	}
}

// What the rules keep.
func TestRetention(t *testing.T) {
	var list []*Backup
	for i := range 10 { // every 8 hours
		list = append(list, &Backup{ID: fmt.Sprint(i), Taken: day.Add(time.Duration(i) * 8 * time.Hour)})
	}
	for rules, want := range map[string]string{
		"": "0123456789", "keep-last 1": "9", "keep-last 3": "789", "keep-within 16h": "789", "keep-within 1m": "9",
		"keep-daily 2": "79", "keep-daily 9 keep-last 2": "14789",
	} {
		rule, err := ParseRetention(rules)
		if err != nil {
			t.Fatal(err)
		}
		keep, remove := rule.split(list)
		got := ""
		for _, b := range keep {
			got += b.ID
		}
		if got != want || len(keep)+len(remove) != len(list) {
			t.Errorf("%q keeps %s and removes %d, want %s", rules, got, len(remove), want)
		}
	}
	for _, bad := range []string{"keep-last", "keep-last 0", "keep-last x", "keep-within 3", "keep-within -1h", "keep-all 3", "keep-within 99999d"} {
		if _, err := ParseRetention(bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}
