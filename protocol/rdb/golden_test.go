package rdb

import (
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite what testdata/payloads.txt says the payloads hold")

// transcript is a Builder that writes down what it gets.
type transcript struct {
	lines []string
}

func (b *transcript) add(format string, args ...any) error {
	b.lines = append(b.lines, fmt.Sprintf(format, args...))
	return nil
}

func (b *transcript) String(s []byte) error    { return b.add("string %q", s) }
func (b *transcript) ListItem(s []byte) error  { return b.add("item %q", s) }
func (b *transcript) SetMember(s []byte) error { return b.add("member %q", s) }
func (b *transcript) ZSetMember(s []byte, score float64) error {
	return b.add("member %q score %v", s, score)
}
func (b *transcript) HashField(f, v []byte, deadline int64) error {
	return b.add("field %q value %q deadline %d", f, v, deadline)
}
func (b *transcript) StreamEntry(id StreamID, fields [][]byte) error {
	return b.add("entry %v %q", id, fields)
}
func (b *transcript) Stream(info StreamInfo) error { return b.add("stream %+v", info) }
func (b *transcript) Group(name []byte, g StreamGroup) error {
	return b.add("group %q %+v", name, g)
}
func (b *transcript) Consumer(name []byte, seen, active int64) error {
	return b.add("consumer %q seen %d active %d", name, seen, active)
}
func (b *transcript) Pending(id StreamID, ms int64, n uint64) error {
	return b.add("pending %v delivered %d times %d", id, ms, n)
}

// A goldenPayload is a section of testdata/payloads.txt.
type goldenPayload struct {
	title string
	bytes []byte
	holds []string
}

const goldenFile = "testdata/payloads.txt"

func goldenPayloads(t testing.TB) (head string, list []goldenPayload) {
	t.Helper()
	text, err := os.ReadFile(goldenFile)
	if err != nil {
		t.Fatal(err)
	}
	sections := strings.Split(string(text), "\n= ")
	for _, s := range sections[1:] {
		lines := strings.Split(strings.TrimSpace(s), "\n")
		p := goldenPayload{title: lines[0], holds: lines[2:]}
		if p.bytes, err = hex.DecodeString(strings.TrimPrefix(lines[1], "payload ")); err != nil {
			t.Fatalf("%s: %v", p.title, err)
		}
		list = append(list, p)
	}
	return sections[0], list
}

// Payloads of every kind hold what the file says.
func TestPayloads(t *testing.T) {
	head, list := goldenPayloads(t)
	kinds := map[Kind]bool{}
	var out strings.Builder
	out.WriteString(head)
	for _, p := range list {
		var got transcript
		value, err := Open(p.bytes)
		if err != nil {
			t.Fatalf("%s: %v", p.title, err)
		}
		if n, err := Read(value, &got); err != nil || n != len(value) {
			t.Errorf("%s: read %d of %d bytes: %v", p.title, n, len(value), err)
		}
		kinds[Kind(value[0])] = true
		if a, b := strings.Join(got.lines, "\n"), strings.Join(p.holds, "\n"); a != b && !*update {
			t.Errorf("%s holds\n%s\nwant\n%s", p.title, a, b)
		}
		fmt.Fprintf(&out, "\n= %s\npayload %x\n%s\n", p.title, p.bytes, strings.Join(got.lines, "\n"))
	}
	for kind := KindString; kind <= KindHashListpackTTL; kind++ {
		module := kind == 6 || kind == 7
		if unknown := kind == 8 || module; !unknown && !kinds[kind] && kind != KindHash && kind != KindIntset {
			t.Errorf("no payload is of kind %d", kind)
		}
	}
	if *update {
		if err := os.WriteFile(goldenFile, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// Whatever is cut off a value or changed in it, reading ends without harm; what
// is cut off is always noticed.
func TestDamagedPayloads(t *testing.T) {
	_, list := goldenPayloads(t)
	for _, p := range list {
		value, err := Open(p.bytes)
		if err != nil {
			t.Fatal(err)
		}
		for n := range value {
			if size, err := Read(value[:n:n], new(transcript)); err == nil {
				t.Errorf("%s: %d of %d bytes are read as a value of %d", p.title, n, len(value), size)
			}
		}
		for i := range p.bytes {
			damaged := []byte(string(p.bytes))
			for _, change := range []byte{0x01, 0x80, 0xff} {
				damaged[i] = p.bytes[i] ^ change
				if _, err := Open(damaged); err == nil {
					t.Errorf("%s: byte %d changed by %#x is not noticed", p.title, i, change)
				}
				if i < len(value) {
					_, _ = Read(damaged[:len(value)], new(transcript))
				}
			}
		}
	}
}
