package importer

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"larder/persistence"
)

// Whatever the bytes of an append-only file are, reading ends: with its end,
// with a torn one behind whole steps, or with damage, each at a place within it.
func FuzzAOF(f *testing.F) {
	f.Add([]byte("*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n1\r\n"))
	f.Add([]byte("#TS:1\r\n*1\r\n$5\r\nMULTI\r\n*2\r\n$3\r\nDEL\r\n$1\r\na\r\n*1\r\n$4\r\nEXEC\r\n"))
	f.Add([]byte("*16000000\r\n$500000000\r\nx"))
	f.Add([]byte("*-1\r\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		a := newAOF(strings.NewReader(string(b)), "x", 0)
		last := int64(0)
		for {
			s, err := a.next()
			var torn *tornError
			var bad *persistence.CorruptError
			switch {
			case errors.Is(err, io.EOF):
				return
			case errors.As(err, &torn):
				if torn.keep > torn.size || torn.size != int64(len(b)) || torn.keep < last {
					t.Fatalf("torn at %d of %d, behind %d, and there are %d bytes", torn.keep, torn.size, last, len(b))
				}
				return
			case errors.As(err, &bad):
				if bad.Offset < last || bad.Offset > int64(len(b)) {
					t.Fatalf("damage at %d of %d, behind %d", bad.Offset, len(b), last)
				}
				return
			case err != nil:
				t.Fatal(err)
			}
			if a.whole <= last || a.whole > int64(len(b)) {
				t.Fatalf("a step ends at %d, the one before at %d", a.whole, last)
			}
			last = a.whole
			for _, c := range s.commands {
				if len(c.Args) == 0 || c.DB < 0 {
					t.Fatalf("a command with %d words for database %d", len(c.Args), c.DB)
				}
			}
		}
	})
}

// Every length to which a file can be cut gives the whole steps before it.
func TestEveryLength(t *testing.T) {
	const text = "*2\r\n$6\r\nSELECT\r\n$1\r\n3\r\n*1\r\n$5\r\nMULTI\r\n*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n1\r\n*2\r\n$4\r\nINCR\r\n$1\r\na\r\n*1\r\n$4\r\nEXEC\r\n*2\r\n$3\r\nDEL\r\n$1\r\nb\r\n"
	multiEnd := strings.Index(text, "*2\r\n$3\r\nDEL")
	for n := range len(text) + 1 {
		a := newAOF(strings.NewReader(text[:n]), "x", 0)
		steps := 0
		s, err := a.next()
		for ; err == nil; s, err = a.next() {
			if want := []int{2, 1}[steps]; len(s.commands) != want || s.commands[0].DB != 3 {
				t.Fatalf("%d bytes: step %d has %d commands, want %d, in database 3", n, steps, len(s.commands), want)
			}
			steps++
		}
		want := 0
		if n >= multiEnd {
			want++
		}
		if n == len(text) {
			want++
		}
		if steps != want {
			t.Errorf("%d bytes: %d steps, want %d (%v)", n, steps, want, err)
		}
		clean := n == 0 || n == multiEnd || n == len(text) || n == strings.Index(text, "*1\r\n$5\r\nMULTI")
		if clean != errors.Is(err, io.EOF) {
			t.Errorf("%d bytes end with %v", n, err)
		}
	}
}

func TestManifest(t *testing.T) {
	for _, tt := range []struct {
		text, files, says string
	}{
		{"file a.base.rdb seq 1 type b\nfile a.incr seq 1 type i\nfile b.incr seq 2 type i\n", "a.base.rdb a.incr b.incr", ""},
		{"# a remark\nfile b.incr seq 3 type i\nfile a.base.rdb seq 1 type b\nfile old seq 1 type h\n", "a.base.rdb b.incr", ""},
		{`file "a b\x41.rdb" seq 1 type b`, "a bA.rdb", ""},
		{"", "", "it names no file"},
		{"larder log 1\n", "", "a log of larder's own"},
		{"file a seq 1 type b\nfile b seq 2 type b\n", "", "offset 20: it names a second base"},
		{"file a seq 0 type b\n", "", "a line says"},
		{"file a seq 1 type x\n", "", "a line says"},
		{`file "a seq 1 type b`, "", "do not end"},
	} {
		dir := t.TempDir()
		path := filepath.Join(dir, "x.manifest")
		if err := os.WriteFile(path, []byte(tt.text), 0o600); err != nil {
			t.Fatal(err)
		}
		files, err := FilesOf(persistence.OS{}, path)
		var names []string
		for i, f := range files {
			names = append(names, filepath.Base(f.Path))
			if f.Last != (i == len(files)-1) {
				t.Errorf("%q: %s may be torn: %v", tt.text, f.Path, f.Last)
			}
		}
		if strings.Join(names, " ") != tt.files || (err == nil) != (tt.says == "") || err != nil && !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%q: %q, %v; want %q, %q", tt.text, names, err, tt.files, tt.says)
		}
	}
}

// What the crawler of memcached 1.6.18 lists.
func TestDumped(t *testing.T) {
	d, err := parseDumped("key=100%25%2F%26%3D exp=1700000000 la=1699990000 cas=12 fetch=no cls=1 size=64")
	if err != nil || string(d.key) != "100%/&=" || d.exp != 1700000000 {
		t.Errorf("%q until %d, %v", d.key, d.exp, err)
	}
	for _, line := range []string{"", "ERROR", "key=%zz exp=-1", "key=a exp=never"} {
		if _, err := parseDumped(line); err == nil {
			t.Errorf("%q is taken for an item", line)
		}
	}
	now := time.Unix(1000, 0)
	for _, tt := range []struct{ ttl, exp, want int64 }{
		{-1, -1, 0}, {-1, 1100, 0}, {100, 1100, 1100_000}, {99, 1100, 1100_000}, {500, 1100, 1500_000}, {5, -1, 1005_000},
	} {
		if got := deadlineOf(tt.ttl, tt.exp, now); got != tt.want {
			t.Errorf("%d s left, listed until %d: until %d ms, want %d", tt.ttl, tt.exp, got, tt.want)
		}
	}
}

func TestParseAddress(t *testing.T) {
	for text, want := range map[string]Address{
		"host":                      {Host: "host:6379"},
		"host:1":                    {Host: "host:1"},
		"redis://u:p%40w@host:1":    {Host: "host:1", User: "u", Password: "p@w"},
		":secret@[::1]:7":           {Host: "[::1]:7", Password: "secret"},
		"memcached://user:pw@there": {Host: "there:6379", User: "user", Password: "pw"},
	} {
		if got, err := ParseAddress(text, "6379"); got != want || err != nil {
			t.Errorf("%s: %+v, %v; want %+v", text, got, err, want)
		}
	}
	if _, err := ParseAddress("redis://", "1"); err == nil {
		t.Error("an address without a host is taken")
	}
}

// The state goes on for the same source and target only.
func TestState(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state")
	s, resumed, err := OpenState(persistence.OS{}, path, "source", "target")
	if err != nil || resumed {
		t.Fatal(resumed, err)
	}
	s.note(Position{Offset: 7, DB: 3}, Result{Sent: map[int]int64{3: 9}})
	if err := s.Keep(); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		source, target string
		resumed        bool
	}{{"source", "target", true}, {"other", "target", false}, {"source", "other", false}} {
		s, resumed, err := OpenState(persistence.OS{}, path, tt.source, tt.target)
		if err != nil || resumed != tt.resumed || resumed != (s.At == Position{Offset: 7, DB: 3}) {
			t.Errorf("%+v: resumed %v at %+v, %v", tt, resumed, s.At, err)
		}
	}
	if err := errors.Join(s.Remove(), s.Remove()); err != nil {
		t.Error(err)
	}
	if err := os.WriteFile(path, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := OpenState(persistence.OS{}, path, "source", "target"); err == nil || !slices.Contains(strings.Fields(err.Error()), "--state") {
		t.Errorf("a broken state: %v", err)
	}
}
