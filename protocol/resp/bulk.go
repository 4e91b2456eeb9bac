package resp

import (
	"slices"
	"strconv"
)

// bulkFrame bounds what a bulk string has around its content, in bytes: $, up to
// 19 digits, and two line ends.
const bulkFrame = 24

// Bulk writes a bulk string. It takes the place of redcon's appender, which
// checks the room of the buffer for each piece: see BenchmarkBulk.
func (w *Writer) Bulk(b []byte) {
	i, n := len(w.Buf), len(b)
	if cap(w.Buf)-i < n+bulkFrame {
		w.Buf = slices.Grow(w.Buf, n+bulkFrame)
	}
	dst := w.Buf[:i+n+bulkFrame]
	dst[i] = '$'
	switch {
	case n < 10:
		dst[i+1] = '0' + byte(n)
		i += 2
	case n < 100:
		dst[i+1], dst[i+2] = '0'+byte(n/10), '0'+byte(n%10)
		i += 3
	default:
		i = len(strconv.AppendInt(dst[:i+1], int64(n), 10))
	}
	dst[i], dst[i+1] = '\r', '\n'
	i += 2
	i += copy(dst[i:], b)
	dst[i], dst[i+1] = '\r', '\n'
	w.Buf = w.Buf[:i+2]
}

// BulkInt writes n as a bulk string of decimal digits.
func (w *Writer) BulkInt(n int64) {
	var digits [20]byte
	w.Bulk(strconv.AppendInt(digits[:0], n, 10))
}
