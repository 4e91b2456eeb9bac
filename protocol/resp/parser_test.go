package resp

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/tidwall/redcon"
)

// parseAll feeds stream in pieces that end at the given offsets, as a session
// does, and returns the requests and the error.
func parseAll(p *Parser, stream []byte, ends []int) (requests [][]string, err error) {
	start := 0
	for _, end := range append(ends, len(stream)) {
		for start < end {
			args, n, err := p.Next(stream[start:end], nil)
			if err != nil {
				return requests, err
			}
			if n == 0 {
				break
			}
			start += n
			if len(args) > 0 {
				requests = append(requests, texts(args))
			}
		}
	}
	return requests, nil
}

func texts(args [][]byte) []string {
	words := make([]string, len(args))
	for i, a := range args {
		words[i] = string(a)
	}
	return words
}

func everyByte(stream []byte) []int {
	ends := make([]int, len(stream))
	for i := range ends {
		ends[i] = i + 1
	}
	return ends
}

// show writes requests and the error in one line.
func show(requests [][]string, err error) string {
	s := fmt.Sprintf("%q", requests)
	if err != nil {
		s += " " + err.Error()
	}
	return s
}

// TestParser holds requests and errors to those of redis-server 7.0.15, with
// the stream in one piece and byte by byte.
func TestParser(t *testing.T) {
	long := strings.Repeat("x", MaxInlineBytes+1)
	for _, c := range []struct {
		name, stream, want string
	}{
		{"array", "*2\r\n$3\r\nGET\r\n$1\r\na\r\n", `[["GET" "a"]]`},
		{"pipeline", "*1\r\n$4\r\nPING\r\nPING\r\n*1\r\n$4\r\nPING\r\n", `[["PING"] ["PING"] ["PING"]]`},
		{"empty argument", "*2\r\n$0\r\n\r\n$0\r\n\r\n", `[["" ""]]`},
		{"binary argument", "*1\r\n$5\r\n\r\n\x00$*\r\n", `[["\r\n\x00$*"]]`},
		{"empty arrays", "*0\r\n*-1\r\n*-5\r\nPING\r\n", `[["PING"]]`},
		{"line ends are not looked at", "*1\rX$4\rXPINGXX", `[["PING"]]`},
		{"unfinished", "*2\r\n$3\r\nGET\r\n$1\r\n", `[]`},
		{"inline", "SET a  b\r\n", `[["SET" "a" "b"]]`},
		{"inline without CR", "SET a b\n", `[["SET" "a" "b"]]`},
		{"blank lines", "\r\n\n  \t\r\nPING\n", `[["PING"]]`},
		{"quotes", `SET "a b" 'c d'` + "\r\n", `[["SET" "a b" "c d"]]`},
		{"escapes", `X "\x41\n\r\t\b\a\\\"\q" '\n\''` + "\r\n", `[["X" "A\n\r\t\b\a\\\"q" "\\n'"]]`},
		{"half a hex escape", `X "\x4" "\xzz"` + "\r\n", `[["X" "x4" "xzz"]]`},
		{"quote inside a word", `a"b c"` + "\r\n", `[["ab c"]]`},
		{"empty quotes", `X "" ''` + "\r\n", `[["X" "" ""]]`},

		{"open quote", `X "a` + "\r\n", `[] Protocol error: unbalanced quotes in request`},
		{"open single quote", `X 'a` + "\r\n", `[] Protocol error: unbalanced quotes in request`},
		{"no space behind a quote", `X "a"b` + "\r\n", `[] Protocol error: unbalanced quotes in request`},
		{"no dollar", "*1\r\nPING\r\n", `[] Protocol error: expected '$', got 'P'`},
		{"no dollar but a control byte", "*1\r\n\r\n", "[] Protocol error: expected '$', got '\r'"},
		{"count is no number", "*x\r\n", `[] Protocol error: invalid multibulk length`},
		{"count is empty", "*\r\n", `[] Protocol error: invalid multibulk length`},
		{"count has a sign", "*+1\r\n", `[] Protocol error: invalid multibulk length`},
		{"count has a leading zero", "*01\r\n", `[] Protocol error: invalid multibulk length`},
		{"count is too large", "*2147483648\r\n", `[] Protocol error: invalid multibulk length`},
		{"count overflows", "*99999999999999999999\r\n", `[] Protocol error: invalid multibulk length`},
		{"length is no number", "*1\r\n$x\r\n", `[] Protocol error: invalid bulk length`},
		{"length is empty", "*1\r\n$\r\n", `[] Protocol error: invalid bulk length`},
		{"length is negative", "*1\r\n$-1\r\n", `[] Protocol error: invalid bulk length`},
		{"length is too large", "*1\r\n$536870913\r\n", `[] Protocol error: invalid bulk length`},
		{"error behind a request", "PING\r\n*1\r\n$-1\r\n", `[["PING"]] Protocol error: invalid bulk length`},
		{"endless inline", long, `[] Protocol error: too big inline request`},
		{"endless count", "*" + long, `[] Protocol error: too big mbulk count string`},
		{"endless length", "*1\r\n$" + long, `[] Protocol error: too big bulk count string`},
	} {
		var whole, pieces Parser
		if got := show(parseAll(&whole, []byte(c.stream), nil)); got != c.want {
			t.Errorf("%s: got %.200s, want %s", c.name, got, c.want)
		}
		if got := show(parseAll(&pieces, []byte(c.stream), everyByte([]byte(c.stream)))); got != c.want {
			t.Errorf("%s, byte by byte: got %.200s, want %s", c.name, got, c.want)
		}
	}
}

// TestParserLimits raises and lowers the limits that a session sets.
func TestParserLimits(t *testing.T) {
	stranger := Parser{Unauthenticated: true}
	for _, c := range []struct {
		p            Parser
		stream, want string
	}{
		{Parser{MaxBulkBytes: 4}, "*1\r\n$4\r\nPING\r\n", `[["PING"]]`},
		{Parser{MaxBulkBytes: 4}, "*1\r\n$5\r\nPINGG\r\n", `[] Protocol error: invalid bulk length`},
		{stranger, "*10\r\n", `[]`},
		{stranger, "*11\r\n", `[] Protocol error: unauthenticated multibulk length`},
		{stranger, "*1\r\n$16384\r\n", `[]`},
		{stranger, "*1\r\n$16385\r\n", `[] Protocol error: unauthenticated bulk length`},
	} {
		if got := show(parseAll(&c.p, []byte(c.stream), nil)); got != c.want {
			t.Errorf("%q: got %s, want %s", c.stream, got, c.want)
		}
	}
}

// TestNeedSparesCalls shows that a large argument which comes in pieces costs
// no work until it is complete, and that Need says when that is.
func TestNeedSparesCalls(t *testing.T) {
	var p Parser
	head := "*2\r\n$3\r\nGET\r\n$100000\r\n"
	stream := []byte(head + strings.Repeat("v", 100000) + "\r\n")
	if _, n, err := p.Next(stream[:len(head)], nil); n != 0 || err != nil || p.Need() != len(stream) {
		t.Fatalf("Next takes %d bytes (%v) and needs %d, want %d", n, err, p.Need(), len(stream))
	}
	if n := testing.AllocsPerRun(100, func() { _, _, _ = p.Next(stream[:len(stream)-1], nil) }); n != 0 {
		t.Errorf("waiting allocates %v times", n)
	}
	args, n, err := p.Next(stream, nil)
	if n != len(stream) || err != nil || len(args) != 2 || len(args[1]) != 100000 {
		t.Fatalf("the whole request takes %d of %d bytes (%v)", n, len(stream), err)
	}
	if p.Need() != 0 {
		t.Errorf("between requests %d bytes are needed", p.Need())
	}
	p.Next(stream[:len(head)], nil)
	p.Reset()
	if args, n, err := p.Next([]byte("PING\r\n"), nil); n != 6 || err != nil || len(args) != 1 {
		t.Errorf("after Reset a request takes %d bytes (%v)", n, err)
	}
}

// TestParsingAllocatesNothing covers what clients send all the time.
func TestParsingAllocatesNothing(t *testing.T) {
	for _, text := range []string{"*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$5\r\nvalue\r\n", "PING\r\n", "SET \"a b\" c\r\n"} {
		var p Parser
		stream, args := []byte(text), make([][]byte, 0, 8)
		if n := testing.AllocsPerRun(100, func() {
			if _, n, err := p.Next(stream, args[:0]); n != len(stream) || err != nil {
				t.Fatal(n, err)
			}
		}); n != 0 {
			t.Errorf("%q allocates %v times", stream, n)
		}
	}
}

// FuzzParser feeds any bytes whole, byte by byte and in random pieces: the
// requests and the error are the same, and what redcon parses is the same.
func FuzzParser(f *testing.F) {
	for _, s := range []string{"*2\r\n$3\r\nGET\r\n$1\r\na\r\n", "PING\r\n", "SET 'a b' \"\\x00\"\r\n*1\r\n$0\r\n\r\n", "*-1\r\n*0\r\n\r\nX\n",
		"*1\r\n$-1\r\n", "*3\r\n$1\r\n", "\"", "*\r", "*1\r\n$1\rXaXX"} {
		f.Add([]byte(s), uint64(1))
	}
	f.Fuzz(func(t *testing.T, stream []byte, seed uint64) {
		p := [3]Parser{{MaxBulkBytes: 1 << 20}, {MaxBulkBytes: 1 << 20}, {MaxBulkBytes: 1 << 20}}
		var ends []int
		for r, at := rand.New(rand.NewPCG(seed, 1)), 0; at < len(stream); {
			at = min(at+1+r.IntN(20), len(stream))
			ends = append(ends, at)
		}
		requests, err := parseAll(&p[0], stream, nil)
		var protocol ProtocolError
		if err != nil && !errors.As(err, &protocol) {
			t.Fatalf("%v is no ProtocolError", err)
		}
		want := show(requests, err)
		if got := show(parseAll(&p[1], stream, everyByte(stream))); got != want {
			t.Fatalf("byte by byte: %s\nwhole: %s", got, want)
		}
		if got := show(parseAll(&p[2], stream, ends)); got != want {
			t.Fatalf("in pieces: %s\nwhole: %s", got, want)
		}
		// What was parsed, sent again as arrays, is parsed as the same.
		var again []byte
		for _, args := range requests {
			again = redcon.AppendArray(again, len(args))
			for _, a := range args {
				again = redcon.AppendBulkString(again, a)
			}
		}
		var fresh Parser
		if got, wantAgain := show(parseAll(&fresh, again, nil)), show(requests, nil); got != wantAgain {
			t.Fatalf("sent again: %s\nfirst: %s", got, wantAgain)
		}
	})
}

// BenchmarkParse compares with redcon's parser, on pipelines of 16.
func BenchmarkParse(b *testing.B) {
	request := []byte("*3\r\n$3\r\nSET\r\n$16\r\nkey:000000000042\r\n$64\r\n" + strings.Repeat("v", 64) + "\r\n")
	stream := bytes.Repeat(request, 16)
	b.Run("larder", func(b *testing.B) {
		b.ReportAllocs()
		var p Parser
		args := make([][]byte, 0, 8)
		for b.Loop() {
			for rest := stream; len(rest) > 0; {
				_, n, err := p.Next(rest, args[:0])
				if err != nil || n == 0 {
					b.Fatal(n, err)
				}
				rest = rest[n:]
			}
		}
	})
	b.Run("redcon", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			args := make([][]byte, 0, 8)
			for rest := stream; len(rest) > 0; {
				complete, _, _, left, err := redcon.ReadNextCommand(rest, args[:0])
				if err != nil || !complete {
					b.Fatal(complete, err)
				}
				rest = left
			}
		}
	})
}
