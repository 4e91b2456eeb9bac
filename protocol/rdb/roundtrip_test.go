package rdb

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// words makes strings that every encoding treats in its own way.
func words(r *rand.Rand, n int) [][]byte {
	list := make([][]byte, n)
	for i := range list {
		switch r.IntN(5) {
		case 0:
			list[i] = fmt.Append(nil, int64(r.Uint64())>>r.IntN(64))
		case 1:
			list[i] = bytes.Repeat([]byte{byte(r.Uint32())}, r.IntN(5000))
		case 2:
			list[i] = fmt.Append(nil, r.IntN(3))
		default:
			list[i] = make([]byte, r.IntN(100))
			for j := range list[i] {
				list[i][j] = byte(r.Uint32())
			}
		}
	}
	return list
}

// What was written is read again as it was.
func TestRoundTrip(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var w Writer
	for round := range 300 {
		list := words(r, 2*(1+r.IntN(200)))
		var want transcript
		pairs := func(yield func(a, b []byte) bool) {
			for i := 0; i < len(list); i += 2 {
				if !yield(list[i], list[i+1]) {
					return
				}
			}
		}
		scores := func(yield func(a []byte, score float64) bool) {
			for i, m := range list {
				if !yield(m, float64(i)*1.1-50) {
					return
				}
			}
		}
		fields := []Field{}
		for i := 0; i < len(list); i += 2 {
			fields = append(fields, Field{list[i], list[i+1], int64(i) * 1000})
		}
		w.Reset()
		w.Plain = round%10 == 9
		switch round % 9 {
		case 0:
			w.StringValue(list[0])
			_ = want.String(list[0])
		case 1:
			w.IntegerValue(int64(round) << round)
			_ = want.String(fmt.Append(nil, int64(round)<<round))
		case 2:
			w.Set(len(list), slices.Values(list))
			for _, m := range list {
				_ = want.SetMember(m)
			}
		case 3, 4:
			if round%9 == 3 {
				w.Hash(len(list)/2, pairs)
			} else {
				w.PackedHash(pairs)
			}
			for f, v := range pairs {
				_ = want.HashField(f, v, 0)
			}
		case 5, 6:
			if round%9 == 5 {
				w.ZSet(len(list), scores)
			} else {
				w.PackedZSet(scores)
			}
			for m, s := range scores {
				_ = want.ZSetMember(m, s)
			}
		case 7:
			if round%2 == 0 {
				w.HashTTL(len(fields), 2000, slices.Values(fields))
			} else {
				w.PackedHashTTL(2000, slices.Values(fields))
			}
			for _, f := range fields {
				_ = want.HashField(f.Name, f.Value, f.DeadlineMs)
			}
		default:
			w.List([]int{-2, -5, 3, 0, 100_000}[r.IntN(5)], slices.Values(list))
			for _, e := range list {
				_ = want.ListItem(e)
			}
		}
		var got transcript
		n, err := Read(w.Buf, &got)
		if err != nil || n != len(w.Buf) || !slices.Equal(got.lines, want.lines) {
			t.Fatalf("round %d: %d of %d bytes, %v\n%.1000q\nwant\n%.1000q", round, n, len(w.Buf), err, got.lines, want.lines)
		}
	}
}

func TestRoundTripIntset(t *testing.T) {
	for _, ints := range [][]int64{{0}, {-32768, 32767}, {-5, 32768}, {math.MinInt64, 0, math.MaxInt64}} {
		var w Writer
		var got, want transcript
		w.Intset(slices.Values(ints))
		for _, n := range ints {
			_ = want.SetMember(fmt.Append(nil, n))
		}
		if _, err := Read(w.Buf, &got); err != nil || !slices.Equal(got.lines, want.lines) {
			t.Errorf("%v is read as %q, %v", ints, got.lines, err)
		}
	}
}

// streamNode is a node as stream.go draws it, of entries of two fields, of
// which every third has other ones and every fifth is deleted. It adds the
// others to want.
func streamNode(id StreamID, entries int, want *transcript) (count int, items []byte, live int) {
	var body Listpack
	for i := range entries {
		value := fmt.Append(nil, "value", i)
		flags := int64(0)
		if i%5 == 4 {
			flags |= entryDeleted
		}
		fields := [][]byte{[]byte("name"), value, []byte("12"), []byte("-12")}
		if i%3 == 2 {
			fields[0] = value
		} else {
			flags |= entrySameFields
		}
		body.Int(flags)
		body.Int(int64(i))
		body.Int(-3)
		if flags&entrySameFields == 0 {
			body.Int(2)
			for _, f := range fields {
				body.String(f)
			}
			body.Int(8)
		} else {
			body.String(fields[1])
			body.String(fields[3])
			body.Int(5)
		}
		if flags&entryDeleted == 0 {
			live++
			_ = want.StreamEntry(StreamID{id.Ms + uint64(i), id.Seq - 3}, fields)
		}
	}
	var head Listpack
	for _, n := range []int64{int64(live), int64(entries - live), 2} {
		head.Int(n)
	}
	head.String([]byte("name"))
	head.String([]byte("12"))
	head.Int(0)
	return head.count + body.count, append(head.b[packHeader:], body.b[packHeader:]...), live
}

// A stream is read as it was written, without the entries that are deleted.
func TestRoundTripStream(t *testing.T) {
	for _, nodes := range []int{0, 1, 40} {
		var w Writer
		var want, got transcript
		s := w.Stream()
		info := StreamInfo{Added: 100_000, MaxDeleted: StreamID{7, 8}, Last: StreamID{1 << 50, 0}}
		for i := range nodes {
			id := StreamID{uint64(1000 * (i + 1)), 5}
			count, items, live := streamNode(id, 1+i, &want)
			s.Node(id, count, items)
			info.Length += uint64(live)
		}
		if nodes > 0 {
			info.First = StreamID{1000, 2}
		}
		s.Info(info, 1)
		_ = want.Stream(info)
		g := StreamGroup{Last: StreamID{1000, 1}, Read: ReadUnknown}
		s.Group([]byte("g"), g, 1)
		_ = want.Group([]byte("g"), g)
		s.Pending(StreamID{1000, 1}, 123, 2)
		s.Consumers(1)
		s.Consumer([]byte("c"), 99, 1)
		s.Owned(StreamID{1000, 1})
		_ = want.Consumer([]byte("c"), 99, 99)
		_ = want.Pending(StreamID{1000, 1}, 123, 2)
		if n, err := Read(w.Buf, &got); err != nil || n != len(w.Buf) || !slices.Equal(got.lines, want.lines) {
			t.Fatalf("%d nodes: %v\n%.2000q\nwant\n%.2000q", nodes, err, got.lines, want.lines)
		}
	}
}

// Scores are written as C's printf does with %.17g.
func TestScoreText(t *testing.T) {
	tests := []struct {
		score float64
		text  string
	}{
		{0.1, "0.10000000000000001"}, {1.5, "1.5"}, {-2.25, "-2.25"}, {1e-4, "0.0001"}, {1e-5, "1.0000000000000001e-05"},
		{123456.789, "123456.789"}, {1e300, "1.0000000000000001e+300"}, {5e18, "5e+18"}, {-1e-300, "-1e-300"},
		{4e15 + 0.5, "4000000000000000.5"}, {math.Inf(1), "inf"}, {math.Inf(-1), "-inf"}, {0.001953125, "0.001953125"},
	}
	for _, tt := range tests {
		if got := string(appendScore(nil, tt.score)); got != tt.text {
			t.Errorf("%v is written as %q, want %q", tt.score, got, tt.text)
		}
	}
}

func TestChecksum(t *testing.T) {
	if sum := Checksum(0, []byte("123456789")); sum != 0xe9c6d914c4b8d9ca {
		t.Errorf("the checksum of 123456789 is %x", sum)
	}
	if sum := Checksum(Checksum(0, []byte("1234")), []byte("56789")); sum != 0xe9c6d914c4b8d9ca {
		t.Errorf("the checksum of 1234 and 56789 is %x", sum)
	}
}

// A few bytes that claim to be a large string take no memory.
func TestCompressedBomb(t *testing.T) {
	bomb := append([]byte{byte(KindString), strLZF, 3}, appendLength(nil, 1<<40)...)
	bomb = append(bomb, 0xe0, 0xff, 0x00)
	if allocated := testing.AllocsPerRun(1, func() {
		if _, err := Read(bomb, new(transcript)); err == nil {
			t.Error("it is read")
		}
	}); allocated > 20 {
		t.Errorf("reading it allocates %v times", allocated)
	}
	long := strings.Repeat("a", 10_000)
	var w Writer
	w.StringValue([]byte(long))
	var got transcript
	if _, err := Read(w.Buf, &got); err != nil || len(w.Buf) > 200 || got.lines[0] != fmt.Sprintf("string %q", long) {
		t.Errorf("a string of one letter takes %d bytes and is read with %v", len(w.Buf), err)
	}
}
