package memcache

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// transcriptRequests returns the requests of all transcripts.
func transcriptRequests(t testing.TB) [][]byte {
	t.Helper()
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no transcripts in testdata: %v", err)
	}
	var out [][]byte
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range strings.Split(string(text), "\n") {
			if request, ok := strings.CutPrefix(line, "> "); ok {
				b, err := decodeRequest(request)
				if err != nil {
					t.Fatalf("%s: %v", file, err)
				}
				out = append(out, b)
			}
		}
	}
	return out
}

// samePieces checks that input means the same in one piece and in pieces.
func samePieces(t testing.TB, input []byte, newParser func() parser, piece func() int) {
	t.Helper()
	want := feed(t, newParser(), input, whole)
	got := feed(t, newParser(), input, piece)
	if slices.Equal(got, want) {
		return
	}
	// A line without an end is not waited for longer than patienceBytes, though it
	// is accepted if it came at once: that much may differ.
	var r Request
	r.fail(FaultHangUp)
	i := slices.Index(got, describe(&r))
	if i >= 0 && longestLine(input) > patienceBytes && len(want) >= i && slices.Equal(got[:i], want[:i]) {
		return
	}
	t.Fatalf("%q\nin one piece %q\n   in pieces %q", input, want, got)
}

func longestLine(b []byte) (n int) {
	for _, line := range bytes.Split(b, []byte{'\n'}) {
		n = max(n, len(line))
	}
	return n
}

func TestPiecesMeanTheSame(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var text, binary []byte
	for _, request := range transcriptRequests(t) {
		if len(request) > 100_000 {
			continue // cut at few places below
		}
		newParser := func() parser { return parserFor(request) }
		samePieces(t, request, newParser, func() int { return 1 })
		samePieces(t, request, newParser, func() int { return 1 + rng.IntN(40) })
		if len(request) > patienceBytes || strings.HasSuffix(describeLast(t, request), "closes") {
			continue
		}
		if IsBinary(request[0]) {
			binary = append(binary, request...)
		} else {
			text = append(text, request...)
		}
	}
	// All of them on one connection, where an incomplete one eats into the next.
	for range 20 {
		samePieces(t, text, func() parser { return NewTextParser(Limits{}) }, func() int { return 1 + rng.IntN(300) })
		samePieces(t, binary, func() parser { return NewBinaryParser(Limits{}) }, func() int { return 1 + rng.IntN(300) })
	}
}

func describeLast(t *testing.T, request []byte) string {
	out := feed(t, parserFor(request), request, whole)
	if len(out) == 0 {
		return ""
	}
	return out[len(out)-1]
}

// TestSwallow cuts refused data blocks at every place that could matter.
func TestSwallow(t *testing.T) {
	limits := Limits{MaxItemBytes: 1 << 10}
	for name, tc := range map[string]struct {
		input     string
		newParser func() parser
	}{
		"text":   {"set k 0 0 3000\r\n" + strings.Repeat("x", 3000) + "\r\nget a\r\n", func() parser { return NewTextParser(limits) }},
		"meta":   {"ms k 3000 q\r\n" + strings.Repeat("x", 3000) + "\r\nmn\r\n", func() parser { return NewTextParser(limits) }},
		"flag":   {"ms k 10 ?\r\n" + strings.Repeat("x", 10) + "\r\nmn\r\n", func() parser { return NewTextParser(limits) }},
		"binary": {string(mustBinary(t, "op=11 ext=0000000000000000 key=k val=*3000")) + string(mustBinary(t, "op=0a")), func() parser { return NewBinaryParser(limits) }},
	} {
		t.Run(name, func(t *testing.T) {
			want := feed(t, tc.newParser(), []byte(tc.input), whole)
			if len(want) != 2 || !strings.HasPrefix(want[0], "fault") || strings.HasPrefix(want[1], "fault") {
				t.Fatalf("got %q, want a fault and then the next request", want)
			}
			for cut := 1; cut < len(tc.input); cut++ {
				sizes := []int{cut, len(tc.input)}
				got := feed(t, tc.newParser(), []byte(tc.input), func() int { n := sizes[0]; sizes = sizes[1:]; return n })
				if !slices.Equal(got, want) {
					t.Fatalf("cut at %d: got %q, want %q", cut, got, want)
				}
			}
		})
	}
}

func mustBinary(t testing.TB, fields string) []byte {
	t.Helper()
	b, err := decodeBinary(fields)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestItemLimit checks the largest value against what memcached 1.6.18 takes
// with its default limit.
func TestItemLimit(t *testing.T) {
	for _, tc := range []struct {
		key, flags string
		largest    int
	}{{"a", "0", 1048516}, {"a", "5", 1048512}, {"kkkkkkkkkk", "0", 1048507}} {
		for _, n := range []int{tc.largest, tc.largest + 1} {
			p := NewTextParser(Limits{})
			line := fmt.Sprintf("set %s %s 0 %d\r\n", tc.key, tc.flags, n)
			var r Request
			used, ok := p.Next([]byte(line), &r)
			if n == tc.largest {
				if ok || used != 0 || p.Need() != len(line)+n+2 {
					t.Errorf("%q: used %d, ok %v, need %d", line, used, ok, p.Need())
				}
			} else if !ok || r.Fault != FaultTooLarge || used != len(line) || string(r.Key) != tc.key {
				t.Errorf("%q: used %d, ok %v, fault %v", line, used, ok, r.Fault)
			}
		}
	}
}

func TestLineLimits(t *testing.T) {
	small := Limits{MaxMultigetBytes: 5000}
	for _, tc := range []struct {
		name, input string
		fault       Fault
		ok          bool
	}{
		{"no end, short", strings.Repeat("x", patienceBytes), FaultNone, false},
		{"no end, long", strings.Repeat("x", patienceBytes+1), FaultHangUp, true},
		{"no end, get", "get " + strings.Repeat("a ", 2000), FaultNone, false},
		{"no end, get, too long", "get " + strings.Repeat("a ", 2500), FaultHangUp, true},
		{"no end, indented get", strings.Repeat(" ", 100) + "gets " + strings.Repeat("a ", 2000), FaultNone, false},
		{"no end, far indented get", strings.Repeat(" ", 101) + "gets " + strings.Repeat("a ", 2000), FaultHangUp, true},
		{"complete, long", strings.Repeat("x", maxLineBytes) + "\n", FaultUnknown, true},
		{"complete, too long", strings.Repeat("x", maxLineBytes+1) + "\n", FaultHangUp, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := NewTextParser(small)
			var r Request
			used, ok := p.Next([]byte(tc.input), &r)
			if ok != tc.ok || ok && (r.Fault != tc.fault || used != len(tc.input)) {
				t.Fatalf("used %d of %d, ok %v, fault %v", used, len(tc.input), ok, r.Fault)
			}
			if tc.fault == FaultHangUp {
				if used, ok := p.Next([]byte("mn\r\n"), &r); used != 4 || ok {
					t.Fatalf("after a hang-up: used %d, ok %v", used, ok)
				}
			}
		})
	}
}

// TestSlowSender bounds the work for a sender of single bytes: looking at every
// byte of what is there again and again would take minutes here.
func TestSlowSender(t *testing.T) {
	for _, input := range []string{
		"get " + strings.Repeat("k ", 2<<20) + "\r\n",
		"set k 0 0 1000000\r\n" + strings.Repeat("x", 1_000_000) + "\r\n",
	} {
		p := NewTextParser(Limits{})
		var r Request
		buf, looked := []byte(input), 0
		for i := 1; ; i++ {
			before := p.scanned
			used, ok := p.Next(buf[:i:i], &r)
			if ok {
				if used != len(input) || r.Fault != FaultNone {
					t.Fatalf("used %d of %d, fault %v", used, len(input), r.Fault)
				}
				break
			}
			if p.need == 0 {
				looked += i - before
			}
			if i == len(input) {
				t.Fatal("no request at the end of the input")
			}
		}
		if looked > 2*len(input) {
			t.Fatalf("looked at %d bytes of %d", looked, len(input))
		}
	}
}

// TestResetLeavesNothing fails when a field is added to Request that reset
// forgets.
func TestResetLeavesNothing(t *testing.T) {
	var dirty Request
	p := NewTextParser(Limits{})
	if _, ok := p.Next([]byte("ms YQ== 1 b F3 T4 C5 E6 N7 R8 D9 J10 MS q k\r\nx\r\n"), &dirty); !ok || dirty.Fault != FaultNone {
		t.Fatalf("ok %v, fault %v", ok, dirty.Fault)
	}
	dirty.Fault, dirty.WithCAS, dirty.WithKey, dirty.Opcode, dirty.Opaque, dirty.Keys = 1, true, true, 1, 1, 1
	dirty.Args, dirty.Proto = Tokens{rest: []byte("x")}, Meta
	v := reflect.ValueOf(&dirty).Elem()
	for i := range v.NumField() {
		if v.Field(i).IsZero() {
			t.Errorf("this test leaves %s empty", v.Type().Field(i).Name)
		}
	}
	dirty.reset(Text, OpNone)
	for i := range v.NumField() {
		if f := v.Type().Field(i); f.Name != "keyScratch" && !v.Field(i).IsZero() {
			t.Errorf("reset leaves %s", f.Name)
		}
	}
}

func TestMetaRequest(t *testing.T) {
	p := NewTextParser(Limits{})
	var r Request
	if _, ok := p.Next([]byte("ms AGE= 1 b F3 T4 C5 E6 N7 R-8 D9 J10 MS q k\r\nx\r\n"), &r); !ok || r.Fault != FaultNone {
		t.Fatalf("ok %v, fault %q", ok, r.Fault.Line())
	}
	if string(r.Key) != "\x00a" || string(r.Meta.SentKey) != "AGE=" || r.Flags != 3 || r.Exptime != 4 ||
		r.CAS != 5 || r.Meta.NewCAS != 6 || r.Meta.Vivify != 7 || r.Meta.Recache != -8 || r.Delta != 9 ||
		r.Initial != 10 || r.Meta.Mode != 'S' || !r.NoReply || string(r.Value) != "x" {
		t.Errorf("got %s", describe(&r))
	}
	for c := 0; c < 256; c++ {
		if want := strings.IndexByte("bFTCENRDJMqk", byte(c)) >= 0; r.Meta.Has(byte(c)) != want {
			t.Errorf("Has(%q) = %v", byte(c), !want)
		}
	}
}
