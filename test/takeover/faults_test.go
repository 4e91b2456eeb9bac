package takeover

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// aofText is an append-only file of the given commands.
func aofText(commands ...string) string {
	var b strings.Builder
	for _, command := range commands {
		words := strings.Fields(command)
		fmt.Fprintf(&b, "*%d\r\n", len(words))
		for _, w := range words {
			fmt.Fprintf(&b, "$%d\r\n%s\r\n", len(w), w)
		}
	}
	return b.String()
}

// What Redis would make of an append-only file at its start is what goes over:
// a torn end is left out, half a transaction counts for nothing, and damage and
// unknown commands are refused with their place, before anything goes over.
func TestAppendOnlyFiles(t *testing.T) {
	whole := aofText("SELECT 0", "SET a 1", "SET b 2")
	tests := []struct {
		name, text string
		args       []string
		keys       string // what the target holds then, sorted; "" and wrong if it fails
		says       string // with %s for the file
	}{
		{"whole", whole, nil, "a b", "ran 2 commands"},
		{"annotated", "#TS:1700000000\r\n" + whole, nil, "a b", "ran 2 commands"},
		{"torn in a word", whole + aofText("SET c 3")[:20], nil, "a b", fmt.Sprintf("warning: %%s ends in the middle of a command: of its %d bytes the last 20, from offset %d on", len(whole)+20, len(whole))},
		{"torn in a length", whole + "*3\r\n$", nil, "a b", "ends in the middle of a command"},
		{"torn in a transaction", whole + aofText("MULTI", "SET c 3"), nil, "a b", "ends between MULTI and EXEC"},
		{"transaction", whole + aofText("MULTI", "SET c 3", "SET d 4", "EXEC"), nil, "a b c d", "ran 3 commands"},
		{"torn, and that is refused", whole + "*3\r\n", []string{"--aof-load-truncated", "no"}, "", "redis-check-aof --fix"},
		{"damaged", whole + "*x\r\n" + aofText("SET c 3"), nil, "", fmt.Sprintf("%%s is damaged at offset %d: a command begins with * and the number of its words, this with \"*x\"", len(whole))},
		{"damaged in a word", strings.Replace(whole, "$1\r\na\r\n", "$1\r\naa\r\n", 1), nil, "", "no line end follows the word of 1 bytes"},
		{"unknown command", whole + aofText("FROBNICATE c 3"), nil, "", fmt.Sprintf("%%s, offset %d: an unknown command \"FROBNICATE\" with 3 words", len(whole))},
		{"unknown command in a transaction", aofText("MULTI", "SET a 1", "SET", "EXEC"), nil, "", "an unknown command \"SET\" with 1 words"},
		{"database that is not there", aofText("SELECT 99", "SET a 1"), nil, "", "give --databases 100"},
		{"a deadline that has passed", aofText("SET n 10", "PEXPIREAT n 1000", "INCR n", "SET kept 1", "PEXPIREAT kept 1000", "PERSIST kept"), nil, "kept", "ran 6 commands"},
		{"empty", "", nil, "", ""},
	}
	l := startLarder(t)
	into := dial(t, l.Addr)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			into.do("FLUSHALL")
			file := filepath.Join(t.TempDir(), "appendonly.aof")
			if err := os.WriteFile(file, []byte(tt.text), 0o600); err != nil {
				t.Fatal(err)
			}
			printed, code := run(t, append([]string{"import", file, "--into", l.Addr}, tt.args...)...)
			if want := min(len(tt.text), 1); tt.keys == "" && code != want {
				t.Errorf("exit code %d, want %d", code, want)
			} else if tt.keys != "" && code != 0 {
				t.Errorf("exit code %d, want 0", code)
			}
			if says := strings.ReplaceAll(tt.says, "%s", file); !strings.Contains(printed, says) {
				t.Errorf("it does not say %q:\n%s", says, printed)
			}
			var got []string
			for _, key := range strings.Fields(tt.keys) {
				if string(into.do("EXISTS", key).Str) == "1" {
					got = append(got, key)
				}
			}
			if n, _ := into.do("DBSIZE").Int(); strings.Join(got, " ") != tt.keys || int(n) != len(got) {
				t.Errorf("%d keys are there, with %q, want %q", n, got, tt.keys)
			}
		})
	}
}

// A damaged manifest or snapshot is refused with its place.
func TestDamagedFiles(t *testing.T) {
	l := startLarder(t)
	for name, tt := range map[string]struct{ file, text, says string }{
		"manifest":          {"x.manifest", "file a seq b type i\n", "x.manifest is damaged at offset 0: \"b\" is no number of a file"},
		"manifest's file":   {"x.manifest", "file a.aof seq 1 type i\n", "a.aof: no such file"},
		"manifest's order":  {"x.manifest", "file a seq 2 type i\nfile b seq 1 type i\n", "x.manifest is damaged at offset 20: the increments are not in order"},
		"a path in it":      {"x.manifest", "file ../a seq 2 type i\n", "x.manifest is damaged at offset 0"},
		"snapshot cut off":  {"dump.rdb", "REDIS0010\xfe\x00\x00\x01k\x05v", "dump.rdb is damaged at offset 11: the file ends in the middle of a record"},
		"snapshot, its sum": {"dump.rdb", "REDIS0010\xfe\x00\x00\x01k\x01v\xff12345678", "the checksum is wrong"},
		"newer snapshot":    {"dump.rdb", "REDIS0099", "a newer server has written it"},
		"nothing at all":    {"other", "", "holds neither a manifest nor appendonly.aof nor dump.rdb"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			file := filepath.Join(dir, tt.file)
			if err := os.WriteFile(file, []byte(tt.text), 0o600); err != nil {
				t.Fatal(err)
			}
			if tt.text == "" {
				file = dir
			}
			for _, to := range [][]string{{"--into", l.Addr}, {"--dir", t.TempDir()}} {
				printed, code := run(t, append([]string{"import", file}, to...)...)
				if code != 1 || !strings.Contains(printed, tt.says) {
					t.Errorf("%s: exit code %d, want 1, and %q in\n%s", to[0], code, tt.says, printed)
				}
			}
		})
	}
}

// Who is not let in is told how to say the password, and nothing goes over.
func TestPasswords(t *testing.T) {
	s := startRedis(t, "--requirepass", "se:cret")
	l := startLarder(t, "--requirepass", "other")
	c := dialWith(t, s.Addr, "se:cret")
	c.do("SET", "k", "v")
	for _, tt := range []struct {
		source, into string
		says         string
	}{
		{"redis://" + s.Addr, ":other@" + l.Addr, "NOAUTH"},
		{"redis://:wrong@" + s.Addr, ":other@" + l.Addr, "WRONGPASS"},
		{"redis://:se%3Acret@" + s.Addr, l.Addr, "give the right password, as in redis://USER:PASSWORD@" + l.Addr},
		{"redis://nobody:se%3Acret@" + s.Addr, ":other@" + l.Addr, "WRONGPASS"},
	} {
		printed, code := run(t, "import", tt.source, "--into", tt.into)
		if code != 1 || !strings.Contains(printed, tt.says) {
			t.Errorf("%s: exit code %d, want 1, and %q in\n%s", tt.source, code, tt.says, printed)
		}
	}
	imports(t, "redis://default:se%3Acret@"+s.Addr, "--into", "redis://:other@"+l.Addr)
	sameData(t, c, dialWith(t, l.Addr, "other"))
}

func dialWith(t *testing.T, addr, password string) *client {
	c := dial(t, addr)
	c.do("AUTH", password)
	return c
}
