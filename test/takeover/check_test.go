package takeover

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A damaged snapshot is told from one in order; repaired, it holds what can be
// read and loads, and the damaged file is kept.
func TestCheckSnapshot(t *testing.T) {
	dir := t.TempDir()
	c := dial(t, startRedis(t, "--dir", dir, "--rdbcompression", "no").Addr)
	fill(c)
	c.do("SAVE")
	keys, _ := c.do("DBSIZE").Int()
	keys *= 2 // fill makes the same in two databases
	good, err := os.ReadFile(filepath.Join(dir, "dump.rdb"))
	if err != nil {
		t.Fatal(err)
	}
	if printed, code := run(t, "check", filepath.Join(dir, "dump.rdb")); code != 0 || !strings.Contains(printed, fmt.Sprintf("in order: %d keys", keys)) {
		t.Errorf("of a snapshot in order: exit code %d, want 0:\n%s", code, printed)
	}
	// The packed set {1} with a changed count has no sense, while its length has.
	packed := func(b []byte) []byte {
		at := bytes.Index(b, []byte("\x05ints3"))
		intset := b[at+len("\x05ints3")+1:]
		binary.LittleEndian.PutUint32(intset, 3) // no width of an integer
		return b
	}
	for name, tt := range map[string]struct {
		damage func(b []byte) []byte
		says   string
		left   func(n int64) bool // keys after the repair
	}{
		"cut off":        {func(b []byte) []byte { return b[:len(b)/2] }, "it was cut off", func(n int64) bool { return n > 0 && n < keys }},
		"end cut off":    {func(b []byte) []byte { return b[:len(b)-4] }, "in the middle of its checksum", func(n int64) bool { return n == keys }},
		"changed value":  {func(b []byte) []byte { return bytes.Replace(b, []byte("compressed"), []byte("comprexxed"), 1) }, "the checksum is wrong", func(n int64) bool { return n == keys }},
		"senseless key":  {packed, `"ints3": `, func(n int64) bool { return n == keys-1 }},
		"unknown opcode": {func(b []byte) []byte { return append(b[:len(b)-9], 243, 0, 0, 0) }, "opcode 243", func(n int64) bool { return n == keys }},
	} {
		t.Run(name, func(t *testing.T) {
			data := t.TempDir()
			file := filepath.Join(data, "dump.rdb")
			bad := tt.damage(bytes.Clone(good))
			if err := os.WriteFile(file, bad, 0o600); err != nil {
				t.Fatal(err)
			}
			printed, code := run(t, "check", file)
			if code != 1 || !strings.Contains(printed, file+" is damaged at offset ") || !strings.Contains(printed, tt.says) {
				t.Errorf("exit code %d, want 1, and %q in\n%s", code, tt.says, printed)
			}
			if b, err := os.ReadFile(file); err != nil || !bytes.Equal(b, bad) {
				t.Errorf("a check has changed the file, %v", err)
			}
			if printed, code := run(t, "check", "--repair", file); code != 0 || !strings.Contains(printed, file+".lost") {
				t.Errorf("the repair ends with %d, want 0:\n%s", code, printed)
			}
			if b, err := os.ReadFile(file + ".lost"); err != nil || !bytes.Equal(b, bad) {
				t.Errorf("the damaged file is not kept, %v", err)
			}
			l := dial(t, startLarder(t, "--dir", data).Addr)
			l.awaitLoaded()
			n := int64(0)
			for _, db := range []string{"0", "3"} {
				l.do("SELECT", db)
				size, _ := l.do("DBSIZE").Int()
				n += size
			}
			if !tt.left(n) {
				t.Errorf("%d keys are left of %d", n, keys)
			}
		})
	}
}
