package memcache

import (
	"encoding/binary"
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the transcripts in testdata")

// TestTranscripts replays testdata/*.txt: a line that begins with > is what a
// client sends on a fresh connection, the lines below it are what the parser
// makes of it. Error replies in them were compared with memcached 1.6.18.
func TestTranscripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no transcripts in testdata: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			old, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := replay(t, string(old))
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			compareLines(t, file, string(old), got)
		})
	}
}

func compareLines(t *testing.T, file, want, got string) {
	t.Helper()
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range max(len(w), len(g)) {
		var a, b string
		if i < len(w) {
			a = w[i]
		}
		if i < len(g) {
			b = g[i]
		}
		if a != b {
			t.Fatalf("%s:%d\nwant %s\n got %s", file, i+1, a, b)
		}
	}
}

// replay writes the transcript anew from its requests and comments.
func replay(t *testing.T, old string) string {
	var out strings.Builder
	for i, line := range strings.Split(strings.TrimRight(old, "\n"), "\n") {
		switch {
		case strings.HasPrefix(line, "> "):
			request, err := decodeRequest(line[2:])
			if err != nil {
				t.Fatalf("line %d: %v", i+1, err)
			}
			out.WriteString(line + "\n")
			for _, l := range feed(t, parserFor(request), request, whole) {
				out.WriteString(l + "\n")
			}
		case line == "" || line[0] == '#':
			out.WriteString(line + "\n")
		}
	}
	return out.String()
}

func parserFor(request []byte) parser {
	if IsBinary(request[0]) {
		return NewBinaryParser(Limits{})
	}
	return NewTextParser(Limits{})
}

// decodeRequest reads a request of a transcript: terms joined by " + ", each a
// Go string with an optional *COUNT, or "bin" and the fields of a binary header.
func decodeRequest(s string) ([]byte, error) {
	var out []byte
	for _, term := range strings.Split(s, " + ") {
		if fields, ok := strings.CutPrefix(term, "bin "); ok {
			b, err := decodeBinary(fields)
			if err != nil {
				return nil, err
			}
			out = append(out, b...)
			continue
		}
		quoted, err := strconv.QuotedPrefix(term)
		if err != nil {
			return nil, fmt.Errorf("%q is no string", term)
		}
		text, err := strconv.Unquote(quoted)
		if err != nil {
			return nil, err
		}
		count := 1
		if times, ok := strings.CutPrefix(term[len(quoted):], "*"); ok {
			if count, err = strconv.Atoi(times); err != nil {
				return nil, err
			}
		}
		out = append(out, strings.Repeat(text, count)...)
	}
	return out, nil
}

// decodeBinary builds a request from fields such as op=01 ext=00000000 key=a
// val=xyz cas=5. klen, elen and blen override the lengths that follow from them,
// magic the first byte; val=*N is N bytes.
func decodeBinary(fields string) ([]byte, error) {
	var ext, key, val []byte
	num := map[string]uint64{"magic": magicRequest, "opaque": 0xbeef}
	for _, f := range strings.Fields(fields) {
		name, v, _ := strings.Cut(f, "=")
		var err error
		switch name {
		case "ext":
			ext, err = hex.DecodeString(v)
		case "key":
			key = []byte(v)
		case "val":
			val = []byte(v)
			if n, e := strconv.Atoi(strings.TrimPrefix(v, "*")); e == nil && v[0] == '*' {
				val = make([]byte, n)
			}
		case "op", "magic":
			num[name], err = strconv.ParseUint(v, 16, 8)
		case "cas", "opaque", "klen", "elen", "blen":
			num[name], err = strconv.ParseUint(v, 0, 64)
		default:
			err = fmt.Errorf("no field %q", name)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f, err)
		}
	}
	length := func(name string, n int) uint64 {
		if v, ok := num[name]; ok {
			return v
		}
		return uint64(n)
	}
	b := []byte{byte(num["magic"]), byte(num["op"])}
	b = binary.BigEndian.AppendUint16(b, uint16(length("klen", len(key))))
	b = append(b, byte(length("elen", len(ext))), 0, 0, 0)
	b = binary.BigEndian.AppendUint32(b, uint32(length("blen", len(ext)+len(key)+len(val))))
	b = binary.BigEndian.AppendUint32(b, uint32(num["opaque"]))
	b = binary.BigEndian.AppendUint64(b, num["cas"])
	b = append(append(append(b, ext...), key...), val...)
	return b, nil
}
