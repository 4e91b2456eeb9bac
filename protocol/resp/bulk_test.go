package resp

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/tidwall/redcon"
)

// TestBulk compares with redcon's appender, in buffers with all kinds of room.
func TestBulk(t *testing.T) {
	for _, n := range []int{0, 1, 9, 10, 11, 99, 100, 101, 999, 1000, 12345, 1 << 20} {
		b := bytes.Repeat([]byte{'v'}, n)
		for room := range 40 {
			w := Writer{Buf: append(make([]byte, 0, 3+n+room), "+x\n"...)}
			w.Bulk(b)
			w.BulkInt(-int64(n))
			want := redcon.AppendBulk([]byte("+x\n"), b)
			want = redcon.AppendBulkString(want, fmt.Sprint(-n))
			if !bytes.Equal(w.Buf, want) {
				t.Fatalf("%d bytes, room for %d: %.40q, want %.40q", n, room, w.Buf, want)
			}
		}
	}
}

// BenchmarkBulk justifies Bulk: 600 strings of 64 bytes, the reply of a long
// LRANGE, by redcon's appender and by ours.
func BenchmarkBulk(b *testing.B) {
	value := bytes.Repeat([]byte{'v'}, 64)
	w := Writer{Buf: make([]byte, 0, 64<<10)}
	b.Run("redcon", func(b *testing.B) {
		for b.Loop() {
			w.Buf = w.Buf[:0]
			for range 600 {
				w.Buf = redcon.AppendBulk(w.Buf, value)
			}
		}
	})
	b.Run("own", func(b *testing.B) {
		for b.Loop() {
			w.Buf = w.Buf[:0]
			for range 600 {
				w.Bulk(value)
			}
		}
	})
}
