package resp

import (
	"math"
	"strconv"
)

// Numbers with a fraction, as Redis 7.2 prints them: the fewest digits that
// read back as the same number. Where it puts the point is a convention of its
// own, that of the fpconv library:
//
//	digits × 10^e    e >= 0, up to 7 zeros to add      digits, then the zeros
//	                 e <  0, up to 6 digits behind the
//	                 point, or 0.001 <= |f| < 10,000   plain
//	                 all others                        d.ddde±x, x without zeros in front
//
// Redis 7.0 prints 17 digits, so that 0.1 reads 0.10000000000000001 there.

// integralLimit bounds the numbers that are printed as integers: half of what
// an int64 holds.
const integralLimit = 1 << 62

// AppendDouble appends f: inf, -inf, nan, -0, integers without a fraction,
// otherwise the fewest digits that tell f from every other number.
func AppendDouble(dst []byte, f float64) []byte {
	switch {
	case math.IsInf(f, 1):
		return append(dst, "inf"...)
	case math.IsInf(f, -1):
		return append(dst, "-inf"...)
	case math.IsNaN(f):
		return append(dst, "nan"...)
	case f == 0 && math.Signbit(f):
		return append(dst, "-0"...)
	case f == math.Trunc(f) && math.Abs(f) <= integralLimit:
		return strconv.AppendInt(dst, int64(f), 10)
	}
	if f < 0 {
		dst, f = append(dst, '-'), -f
	}
	digits, exp := shortest(f)
	first := exp + digits.n - 1 // power of ten of the first digit
	distance := max(first, -first)
	switch {
	case exp >= 0 && distance < digits.n+7:
		dst = append(dst, digits.d[:digits.n]...)
		for range exp {
			dst = append(dst, '0')
		}
		return dst
	case exp < 0 && (exp > -7 || distance < 4):
		return digits.appendPlain(dst, exp)
	}
	return digits.appendScientific(dst, first)
}

// decimal holds the significant digits of a number.
type decimal struct {
	d [17]byte
	n int
}

// shortest returns the fewest digits whose number × 10^exp reads back as f.
// REQUIRES: f > 0 and finite.
func shortest(f float64) (digits decimal, exp int) {
	var buf [32]byte
	text := strconv.AppendFloat(buf[:0], f, 'e', -1, 64) // d.ddde±xx
	i := 0
	for ; text[i] != 'e'; i++ {
		if text[i] != '.' {
			digits.d[digits.n] = text[i]
			digits.n++
		}
	}
	for _, c := range text[i+2:] {
		exp = exp*10 + int(c-'0')
	}
	if text[i+1] == '-' {
		exp = -exp
	}
	return digits, exp - (digits.n - 1)
}

// appendPlain appends digits × 10^exp without an exponent. REQUIRES: exp < 0.
func (t *decimal) appendPlain(dst []byte, exp int) []byte {
	whole := t.n + exp
	if whole > 0 {
		dst = append(dst, t.d[:whole]...)
		dst = append(dst, '.')
		return append(dst, t.d[whole:t.n]...)
	}
	dst = append(dst, "0."...)
	for range -whole {
		dst = append(dst, '0')
	}
	return append(dst, t.d[:t.n]...)
}

// appendScientific appends d.ddde±x, x being the power of ten of the first digit.
func (t *decimal) appendScientific(dst []byte, x int) []byte {
	dst = append(dst, t.d[0])
	if t.n > 1 {
		dst = append(dst, '.')
		dst = append(dst, t.d[1:t.n]...)
	}
	sign := byte('+')
	if x < 0 {
		sign, x = '-', -x
	}
	return strconv.AppendInt(append(dst, 'e', sign), int64(x), 10)
}
