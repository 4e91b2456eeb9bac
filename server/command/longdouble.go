package command

import (
	"bytes"
	"math/big"
)

// longDouble is a number as the x87 unit keeps it: a mantissa of 64 bits and
// an exponent of 15. Go has no such type; a big.Float of that precision rounds
// alike, to nearest even. What it does not have is the exponent's limits,
// which are checked here. Subnormal numbers keep all 64 bits: the 17 decimals
// that are printed do not show a difference.
type longDouble struct{ f big.Float }

const (
	longDoubleBits    = 64
	longDoubleMaxExp  = 16384  // numbers are below 2^16384
	longDoubleTinyExp = -16446 // numbers below 2^-16446 round to 0
	// maxLongDoubleText bounds the length of a number's text, in bytes.
	maxLongDoubleText = 5 << 10
)

// parseLongDouble reads b as C's strtold does, all of it: decimal or
// hexadecimal, with or without exponent, or an infinity. NaN, a number beyond
// the range, leading space and an overlong text are refused.
func parseLongDouble(b []byte) (x longDouble, ok bool) {
	x.f.SetPrec(longDoubleBits)
	if len(b) == 0 || len(b) >= maxLongDoubleText {
		return x, false
	}
	neg := b[0] == '-'
	if neg || b[0] == '+' {
		b = b[1:]
	}
	switch {
	case isFold(b, "inf"), isFold(b, "infinity"):
		x.f.SetInf(neg)
		return x, true
	case len(b) > 1 && b[0] == '0' && b[1]|0x20 == 'x':
		ok = x.parseDigits(b[2:], 16)
	default:
		ok = x.parseDigits(b, 10)
	}
	if neg {
		x.f.Neg(&x.f)
	}
	return x, ok
}

func isFold(b []byte, lower string) bool {
	return len(b) == len(lower) && string(bytes.ToLower(b)) == lower
}

// parseDigits reads digits with at most one point and an exponent: of 10 behind
// 'e', or for base 16 of 2 behind 'p'.
func (x *longDouble) parseDigits(b []byte, base int) bool {
	digits := make([]byte, 0, len(b))
	exp, seen, point := 0, false, false
	mark := byte('e')
	if base == 16 {
		mark = 'p'
	}
	i := 0
	for ; i < len(b); i++ {
		if b[i] == '.' && !point {
			point = true
			continue
		}
		if !isDigit(b[i], base) {
			break
		}
		seen = true
		if point {
			exp--
		}
		if len(digits) > 0 || b[i] != '0' {
			digits = append(digits, b[i])
		}
	}
	if !seen {
		return false
	}
	if base == 16 {
		exp *= 4
	}
	if i < len(b) {
		if b[i]|0x20 != mark {
			return false
		}
		e, ok := parseExponent(b[i+1:])
		if !ok {
			return false
		}
		exp += e
	}
	if len(digits) == 0 {
		return true // zero, whatever the exponent
	}
	return x.scale(digits, base, exp)
}

func isDigit(c byte, base int) bool {
	return c >= '0' && c <= '9' || base == 16 && c|0x20 >= 'a' && c|0x20 <= 'f'
}

// parseExponent reads a signed exponent; what is beyond ±1,000,000 counts as
// that, which is beyond the range in any case.
func parseExponent(b []byte) (e int, ok bool) {
	neg := len(b) > 0 && b[0] == '-'
	if neg || len(b) > 0 && b[0] == '+' {
		b = b[1:]
	}
	for _, c := range b {
		if !isDigit(c, 10) {
			return 0, false
		}
		e = min(e*10+int(c-'0'), 1_000_000)
	}
	if neg {
		e = -e
	}
	return e, len(b) > 0
}

// scale makes x digits × 10^exp, or digits × 2^exp for base 16, rounded once.
// It reports false if that is not in the range.
func (x *longDouble) scale(digits []byte, base, exp int) bool {
	const decimalRange = 5000 // more than either limit of the exponent
	if base == 10 && (len(digits)+exp > decimalRange || len(digits)+exp < -decimalRange) {
		return false
	}
	n, _ := new(big.Int).SetString(string(digits), base)
	switch {
	case base == 16:
		x.f.SetInt(n)
		x.f.SetMantExp(&x.f, exp)
	case exp >= 0:
		x.f.SetInt(n.Mul(n, powerOf10(exp)))
	default:
		// Without a precision of their own both operands are exact.
		x.f.Quo(new(big.Float).SetInt(n), new(big.Float).SetInt(powerOf10(-exp)))
	}
	return x.inRange() && x.f.MantExp(nil) > longDoubleTinyExp
}

func powerOf10(n int) *big.Int {
	return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil)
}

func (x *longDouble) inRange() bool {
	return !x.f.IsInf() && x.f.MantExp(nil) <= longDoubleMaxExp
}

// add adds y to x. It reports false if the sum is no finite number.
func (x *longDouble) add(y *longDouble) bool {
	if x.f.IsInf() || y.f.IsInf() {
		return false
	}
	x.f.SetPrec(longDoubleBits).Add(&x.f, &y.f)
	return x.inRange()
}

// text prints x with up to 17 decimals and without trailing zeros.
func (x *longDouble) text() []byte {
	b := x.f.Append(make([]byte, 0, 48), 'f', 17)
	b = bytes.TrimRight(b, "0")
	b = bytes.TrimSuffix(b, []byte("."))
	if string(b) == "-0" {
		return b[1:]
	}
	return b
}
