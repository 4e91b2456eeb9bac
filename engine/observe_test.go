package engine

import (
	"fmt"
	"slices"
	"testing"
)

// heard collects what an observer is told.
type heard []string

func (h *heard) KeyExpired(db int, key []byte) {
	*h = append(*h, fmt.Sprintf("expired %d %s", db, key))
}

func (h *heard) FieldsExpired(db int, key []byte, last bool) {
	*h = append(*h, fmt.Sprintf("fields %d %s %v", db, key, last))
}

// TestObserver proves that the observer hears of each expired key once,
// whoever removes it, and that new keys are noted, each once, when somebody wants to know.
func TestObserver(t *testing.T) {
	var got heard
	e, err := New(Options{Shards: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	}()
	e.SetObserver(&got)
	s := e.shards[0]
	s.Lock()
	defer s.Unlock()
	const due, later = 1000, 2000
	set := func(db int, name string, deadline int64, nowMs int64) {
		t.Helper()
		if err := e.SetString(db, e.Key([]byte(name)), []byte("value"), Attrs{Deadline: deadline}, nowMs); err != nil {
			t.Fatal(err)
		}
	}
	for _, step := range []struct {
		what string
		do   func()
		want []string
	}{
		{"new keys", func() {
			for _, name := range []string{"written", "deleted", "reaped", "swept", "read"} {
				set(3, name, due, 0)
			}
		}, nil},
		{"a write over an expired key", func() { set(3, "written", NoDeadline, later) }, []string{"expired 3 written"}},
		{"a delete of one", func() { e.Delete(3, e.Key([]byte("deleted")), later) }, []string{"expired 3 deleted"}},
		{"a lookup", func() { e.Peek(3, e.Key([]byte("read")), later) }, nil},
		{"reaping", func() {
			if !e.Reap(3, e.Key([]byte("reaped")), later) || e.Reap(3, e.Key([]byte("reaped")), later) {
				t.Error("Reap does not say whether it removed a key")
			}
		}, []string{"expired 3 reaped"}},
		{"reaping what lives", func() {
			if e.Reap(3, e.Key([]byte("written")), later) {
				t.Error("Reap removes a key without deadline")
			}
		}, nil},
		{"sweeping", func() {
			var w Sweeper
			for more := true; more; {
				_, more = w.Sweep(s, later)
			}
		}, []string{"expired 3 read", "expired 3 swept"}},
		{"creating keys", func() {
			created := func(db int, name string, want bool) {
				t.Helper()
				if e.TakeCreated(db, e.Key([]byte(name))) != want {
					t.Errorf("TakeCreated of %s does not say %v", name, want)
				}
			}
			set(0, "unnoted", NoDeadline, later)
			created(0, "unnoted", false)
			e.NoteNew(true)
			set(0, "fresh", NoDeadline, later)
			set(0, "fresh", NoDeadline, later)
			w, err := e.Stage(5, e.Key([]byte("staged")), 1, EncBytes, Attrs{Deadline: NoDeadline}, later)
			if err != nil {
				t.Fatal(err)
			}
			w.Value[0] = 'x'
			w.Commit()
			created(5, "staged", true)
			created(1, "fresh", false)
			created(0, "fresh", true)
			created(0, "fresh", false)
		}, nil},
	} {
		got = nil
		step.do()
		slices.Sort(got)
		if !slices.Equal(got, step.want) {
			t.Errorf("%s: heard %q, want %q", step.what, []string(got), step.want)
		}
	}
}
