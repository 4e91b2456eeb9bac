package rdb

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strconv"
)

// The elements of the format. A length, or any number that is rarely large:
//
//	00nnnnnn                 up to 63
//	01nnnnnn nnnnnnnn        up to 16,383, high bits first
//	10000000 n n n n         32 bits, big-endian
//	10000001 n n n n n n n n 64 bits, big-endian
//
// A string is a length and its bytes, or
//
//	11000000 n               the digits of an integer of 1 byte
//	11000001 n n             of 2 bytes, little-endian
//	11000010 n n n n         of 4 bytes, little-endian
//	11000011 c n bytes       n bytes, compressed to c bytes; c and n are lengths
//
// Doubles and times in milliseconds have 8 bytes, little-endian.

const (
	len14 = 0x40
	len32 = 0x80
	len64 = 0x81

	strInt8  = 0xc0
	strInt16 = 0xc1
	strInt32 = 0xc2
	strLZF   = 0xc3
)

// compressFrom is the shortest string that is worth compressing, and
// compressGain the fewest bytes that it must save.
const (
	compressFrom = 21
	compressGain = 4
)

// Writer appends values to a buffer.
type Writer struct {
	// Buf is what was written.
	Buf []byte
	// Plain leaves strings uncompressed (rdbcompression no).
	Plain bool
	// CompressFrom is the length from which on strings are compressed, 0 = that
	// of Redis, 21.
	CompressFrom int

	key    []byte // of the value that comes next
	hasKey bool
	lzf    *lzfTable // made when it is first needed
	pack   Listpack  // for packed containers
}

// keepMost is the most memory of a buffer that Reset keeps, in bytes.
const keepMost = 64 << 10

// Reset empties the writer for the next value. What it keeps of its memory is
// bounded, whatever it was used for.
func (w *Writer) Reset() {
	if w.Buf = w.Buf[:0]; cap(w.Buf) > keepMost {
		w.Buf = nil
	}
	if w.pack.Reset(); cap(w.pack.b) > keepMost {
		w.pack = Listpack{}
	}
}

func appendLength(dst []byte, n uint64) []byte {
	switch {
	case n < 1<<6:
		return append(dst, byte(n))
	case n < 1<<14:
		return append(dst, len14|byte(n>>8), byte(n))
	case n <= math.MaxUint32:
		return binary.BigEndian.AppendUint32(append(dst, len32), uint32(n))
	}
	return binary.BigEndian.AppendUint64(append(dst, len64), n)
}

// Length writes a length.
func (w *Writer) Length(n uint64) { w.Buf = appendLength(w.Buf, n) }

// String writes a string, in the shortest way.
func (w *Writer) String(s []byte) {
	if len(s) <= 11 {
		if n, ok := canonicalInt(s); ok && n == int64(int32(n)) {
			w.integer(int32(n))
			return
		}
	}
	if len(s) >= max(compressFrom, w.CompressFrom) && !w.Plain && w.compressed(s) {
		return
	}
	w.Buf = append(appendLength(w.Buf, uint64(len(s))), s...)
}

// Integer writes the digits of n as a string.
func (w *Writer) Integer(n int64) {
	if n == int64(int32(n)) {
		w.integer(int32(n))
		return
	}
	var digits [20]byte
	s := strconv.AppendInt(digits[:0], n, 10)
	w.Buf = append(appendLength(w.Buf, uint64(len(s))), s...)
}

func (w *Writer) integer(n int32) {
	switch {
	case n == int32(int8(n)):
		w.Buf = append(w.Buf, strInt8, byte(n))
	case n == int32(int16(n)):
		w.Buf = binary.LittleEndian.AppendUint16(append(w.Buf, strInt16), uint16(n))
	default:
		w.Buf = binary.LittleEndian.AppendUint32(append(w.Buf, strInt32), uint32(n))
	}
}

// compressed writes s compressed if that makes it shorter. The lengths stand
// in front, and how many bytes they take is known afterwards.
func (w *Writer) compressed(s []byte) bool {
	if w.lzf == nil {
		w.lzf = new(lzfTable)
	}
	start := len(w.Buf)
	b, ok := w.lzf.compress(w.Buf, s, len(s)-compressGain)
	if !ok {
		return false
	}
	var head [19]byte
	h := appendLength(append(head[:0], strLZF), uint64(len(b)-start))
	h = appendLength(h, uint64(len(s)))
	b = append(b, h...) // makes room
	copy(b[start+len(h):], b[start:])
	copy(b[start:], h)
	w.Buf = b
	return true
}

// Double writes a floating point number.
func (w *Writer) Double(f float64) {
	w.Buf = binary.LittleEndian.AppendUint64(w.Buf, math.Float64bits(f))
}

// Millis writes a time in ms since 1970.
func (w *Writer) Millis(ms int64) { w.Buf = binary.LittleEndian.AppendUint64(w.Buf, uint64(ms)) }

// ErrCorrupt is the category of all errors of reading: the bytes are not what
// any version of Redis writes.
var ErrCorrupt = errors.New("corrupt value")

func corrupt(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrCorrupt, fmt.Sprintf(format, args...))
}

// reader reads elements from a slice. After the first fault all reads return
// zeros and err says what was wrong.
type reader struct {
	b   []byte
	at  int
	err error
	// short tells that the fault is only that b has ended: with more bytes
	// behind it there might be none.
	short bool
	// scratch is where the next string is decompressed to, nil = anywhere.
	scratch []byte
}

func (r *reader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = corrupt(format, args...)
	}
}

// take returns a view of the next n bytes, nil if there are fewer.
func (r *reader) take(n uint64, what string) []byte {
	if r.err != nil {
		return nil
	}
	if n > uint64(len(r.b)-r.at) {
		r.fail("%s of %d bytes at offset %d goes beyond the end at %d", what, n, r.at, len(r.b))
		r.short = true
		return nil
	}
	b := r.b[r.at : r.at+int(n) : r.at+int(n)]
	r.at += int(n)
	return b
}

func (r *reader) byte(what string) byte {
	if b := r.take(1, what); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) uint64(what string) uint64 {
	if b := r.take(8, what); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

func (r *reader) millis(what string) int64   { return int64(r.uint64(what)) }
func (r *reader) double(what string) float64 { return math.Float64frombits(r.uint64(what)) }

// head reads a length, or the byte that says how a string is kept.
func (r *reader) head(what string) (n uint64, special byte) {
	c := r.byte(what)
	switch {
	case c >= 0xc0:
		return 0, c
	case c < len14:
		return uint64(c), 0
	case c < len32:
		return uint64(c&0x3f)<<8 | uint64(r.byte(what)), 0
	case c == len32:
		if b := r.take(4, what); b != nil {
			return uint64(binary.BigEndian.Uint32(b)), 0
		}
	case c == len64:
		if b := r.take(8, what); b != nil {
			return binary.BigEndian.Uint64(b), 0
		}
	default:
		r.fail("%s begins with %#x at offset %d", what, c, r.at-1)
	}
	return 0, 0
}

func (r *reader) length(what string) uint64 {
	n, special := r.head(what)
	if special != 0 {
		r.fail("%s is a string at offset %d", what, r.at-1)
	}
	return n
}

// count reads the number of elements that follow, each of which takes at least
// least bytes, so that a false number is found before anything is done for it.
func (r *reader) count(least int, what string) int {
	n := r.length(what)
	if r.err == nil && n > uint64((len(r.b)-r.at)/least) {
		r.fail("%s is %d, which the %d bytes that follow cannot hold", what, n, len(r.b)-r.at)
		r.short = true
		return 0
	}
	return int(n)
}

// string reads a string: a view of the bytes, or memory of its own.
func (r *reader) string(what string) []byte {
	n, special := r.head(what)
	switch special {
	case 0:
		return r.take(n, what)
	case strInt8:
		return strconv.AppendInt(r.scratch, int64(int8(r.byte(what))), 10)
	case strInt16:
		if b := r.take(2, what); b != nil {
			return strconv.AppendInt(r.scratch, int64(int16(binary.LittleEndian.Uint16(b))), 10)
		}
	case strInt32:
		if b := r.take(4, what); b != nil {
			return strconv.AppendInt(r.scratch, int64(int32(binary.LittleEndian.Uint32(b))), 10)
		}
	case strLZF:
		packed := r.length(what)
		size := r.length(what)
		b := r.take(packed, what)
		if r.err != nil {
			return nil
		}
		s, err := decompress(r.scratch, b, int(min(size, math.MaxInt)))
		if err != nil {
			r.fail("%s: %v", what, err)
			return nil
		}
		return s
	default:
		r.fail("%s begins with %#x at offset %d", what, special, r.at-1)
	}
	return nil
}

// canonicalInt parses s if it is exactly how an int64 is printed.
func canonicalInt(s []byte) (n int64, ok bool) {
	if len(s) == 0 || len(s) > 20 {
		return 0, false
	}
	digits := s
	if s[0] == '-' {
		digits = s[1:]
	}
	if len(digits) == 0 || digits[0] == '0' && len(s) > 1 {
		return 0, false
	}
	var u uint64
	for _, c := range digits {
		d := uint64(c - '0')
		if d > 9 || u > (1<<63-d)/10 {
			return 0, false
		}
		u = u*10 + d
	}
	if len(digits) < len(s) {
		return -int64(u), true
	}
	return int64(u), u < 1<<63
}
