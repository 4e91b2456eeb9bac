package memcache

import (
	"bytes"
	"math"
)

// Tokens is the rest of a line, read word by word. Words are separated by one
// or more spaces; nothing else separates them.
type Tokens struct{ rest []byte }

// Next returns the next word, or false at the end.
func (t *Tokens) Next() ([]byte, bool) {
	b := t.rest
	for len(b) > 0 && b[0] == ' ' {
		b = b[1:]
	}
	if len(b) == 0 {
		t.rest = nil
		return nil, false
	}
	if i := bytes.IndexByte(b, ' '); i >= 0 {
		t.rest = b[i+1:]
		return b[:i], true
	}
	t.rest = nil
	return b, true
}

// SkipTo drops words until only the last n bytes are left, n being the length
// of what Rest returned at some time.
func (t *Tokens) SkipTo(n int) { t.rest = t.rest[len(t.rest)-min(n, len(t.rest)):] }

// Rest is what Next has not returned yet, separators included.
func (t Tokens) Rest() []byte { return t.rest }

// isSpace is C's isspace in the C locale, which decides where a number ends.
func isSpace(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }

// magnitude reads a number as C's strtoul does: spaces, a sign, digits, and then
// the end or another space, after which anything may stand. ok is false if there
// is no number or it does not fit into 64 bits.
func magnitude(b []byte) (v uint64, negative, ok bool) {
	for len(b) > 0 && isSpace(b[0]) {
		b = b[1:]
	}
	if len(b) > 0 && (b[0] == '-' || b[0] == '+') {
		negative = b[0] == '-'
		b = b[1:]
	}
	for i, c := range b {
		d := uint64(c - '0')
		if d > 9 {
			return v, negative, i > 0 && isSpace(c)
		}
		if v > math.MaxUint64/10 || v*10 > math.MaxUint64-d {
			return 0, negative, false
		}
		v = v*10 + d
	}
	return v, negative, len(b) > 0
}

// parseUint reads an unsigned number. A minus sign is refused unless the number
// wraps around to one that is not negative: memcached looks at the sign bit.
func parseUint(b []byte) (uint64, bool) {
	v, negative, ok := magnitude(b)
	if negative {
		v = -v
		ok = ok && int64(v) >= 0
	}
	return v, ok
}

// ParseNumber reads the unsigned number that a value holds, for incr and decr:
// spaces and text after it are allowed as in every number of the protocol.
func ParseNumber(value []byte) (uint64, bool) { return parseUint(value) }

// parseInt reads a signed number.
func parseInt(b []byte) (int64, bool) {
	v, negative, ok := magnitude(b)
	if negative {
		return -int64(v), ok && v <= 1<<63
	}
	return int64(v), ok && v <= math.MaxInt64
}

// maxBlockBytes is the longest data block that can be announced; a longer one is
// a bad line, and not merely too large.
const maxBlockBytes = math.MaxInt32 - 2

// parseBlockBytes reads the length of a data block. memcached keeps the low 32
// bits of it before it looks whether the length can be, so do we.
func parseBlockBytes(b []byte) (int, bool) {
	v, ok := parseInt(b)
	n := int(int32(v))
	return n, ok && n >= 0 && n <= maxBlockBytes
}
