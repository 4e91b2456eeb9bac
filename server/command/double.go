package command

import (
	"bytes"
	"math"
	"strconv"
	"unsafe"
)

// Scores, weights, distances and coordinates are doubles, which Redis leaves to
// C's strtod to read. Go's parser differs in what it accepts: hexadecimal
// digits without an exponent are fine for C, underscores and leading space in a
// strict argument are not.

// parseDouble reads all of b as a double, inf and infinity included. It refuses
// NaN, space in front, and what is no zero but too small or too large for a
// double.
func parseDouble(b []byte) (f float64, ok bool) {
	if len(b) == 0 || isSpace(b[0]) || bytes.IndexByte(b, 0) >= 0 {
		return 0, false
	}
	f, ranged, ok := strtod(b)
	if !ok || math.IsNaN(f) || ranged && (f == 0 || math.IsInf(f, 0)) {
		return 0, false
	}
	return f, true
}

// parseBound reads a limit of a range of scores, which Redis takes less
// strictly: up to a zero byte, with space in front, beyond the range as
// infinite, and an empty text as 0.
func parseBound(b []byte) (f float64, ok bool) {
	if end := bytes.IndexByte(b, 0); end >= 0 {
		b = b[:end]
	}
	if len(b) == 0 {
		return 0, true
	}
	for len(b) > 0 && isSpace(b[0]) {
		b = b[1:]
	}
	f, _, ok = strtod(b)
	return f, ok && !math.IsNaN(f)
}

func isSpace(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }

// strtod reads all of b. ranged tells that the number was too large or too
// small, so that f is infinite, or zero or nearly so.
func strtod(b []byte) (f float64, ranged, ok bool) {
	digits := b
	if len(b) > 0 && (b[0] == '-' || b[0] == '+') {
		digits = b[1:]
	}
	if len(digits) == 0 || bytes.IndexByte(b, '_') >= 0 {
		return 0, false, false
	}
	if len(digits) > 2 && digits[0] == '0' && digits[1]|0x20 == 'x' && bytes.IndexByte(b, 'p') < 0 && bytes.IndexByte(b, 'P') < 0 {
		b = append(append(make([]byte, 0, len(b)+2), b...), 'p', '0')
	}
	// The text is not kept: the view ends with the call.
	f, err := strconv.ParseFloat(unsafe.String(&b[0], len(b)), 64)
	if err == nil {
		return f, f == 0 && hasNonZero(digits), true
	}
	return f, true, math.IsInf(f, 0) // out of range is the one error that has a value
}

// hasNonZero tells whether the mantissa of a number that was read as zero has
// a digit that is not: then it was too small.
func hasNonZero(digits []byte) bool {
	for i, c := range digits {
		switch {
		case c == 'e' || c == 'E' || c == 'p' || c == 'P':
			return false
		case c >= '1' && c <= '9':
			return true
		case i > 1 && (c|0x20 >= 'a' && c|0x20 <= 'f'):
			return true
		}
	}
	return false
}

// double parses the i-th argument; on failure it has replied with what.
func (c *Ctx) double(i int, what string) (float64, bool) {
	f, ok := parseDouble(c.Args[i])
	if !ok {
		c.Out.Error(what)
	}
	return f, ok
}
