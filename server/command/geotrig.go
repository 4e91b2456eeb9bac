package command

import "math"

// Sines for distances on the sphere. Those of package math are off by a last
// digit here and there, and by another one on another processor, because
// compilers may fuse products and sums. A distance can become a score
// (STOREDIST), so it has to be the same on every machine, and should be what C's
// library gives. Here sums are carried in pairs of doubles, some 106 bits, and
// rounded once at the end: the nearest double, but for one case in 10^14. C's
// library is off by a digit in one case in some hundred.

// pair is the number hi + lo. INVARIANT: hi is the double nearest to it.
type pair struct{ hi, lo float64 }

// half circle: the double nearest to pi, and what that lacks.
var halfTurn = pair{math.Pi, 1.2246467991473532e-16}

// sumOf2 is a + b without an error.
func sumOf2(a, b float64) pair {
	s := a + b
	t := s - a
	return pair{s, (a - (s - t)) + (b - t)}
}

func (a pair) add(b pair) pair {
	s := sumOf2(a.hi, b.hi)
	return sumOf2(s.hi, s.lo+(a.lo+b.lo))
}

func (a pair) neg() pair { return pair{-a.hi, -a.lo} }

func (a pair) mul(b pair) pair {
	p := a.hi * b.hi
	rest := math.FMA(a.hi, b.hi, -p)
	return sumOf2(p, rest+(float64(a.hi*b.lo)+float64(a.lo*b.hi)))
}

// over is a / d.
func (a pair) over(d float64) pair {
	q := a.hi / d
	return sumOf2(q, (math.FMA(-q, d, a.hi)+a.lo)/d)
}

// seriesTerms bounds the sums: for a quarter turn the 20th term is below 2^-110.
const seriesTerms = 24

// series is first + first × -x²/(k (k+1)) + ..., k growing by 2 from term to
// term: the series of the sine (k = 2) and the cosine (k = 1).
func series(first, x pair, k float64) pair {
	square := x.mul(x).neg()
	sum, term := first, first
	for range seriesTerms {
		term = term.mul(square).over(k * (k + 1))
		if math.Abs(term.hi) < math.Abs(sum.hi)*0x1p-110 {
			break
		}
		sum = sum.add(term)
		k += 2
	}
	return sum
}

// sine returns the sine of x, in radians. REQUIRES: |x| <= pi.
func sine(x float64) float64 {
	if math.Abs(x) <= math.Pi/2 {
		return series(pair{hi: x}, pair{hi: x}, 2).hi
	}
	y := halfTurn.add(pair{hi: -math.Abs(x)})
	return math.Copysign(series(y, y, 2).hi, x)
}

// cosine returns the cosine of x, in radians. REQUIRES: |x| <= pi/2.
func cosine(x float64) float64 { return series(pair{hi: 1}, pair{hi: x}, 1).hi }

// arcsine returns the angle whose sine is v: a first guess, and one step of
// Newton's method, which doubles the number of right digits.
// REQUIRES: v >= 0.
func arcsine(v float64) float64 {
	if v >= 1 {
		return math.Pi / 2
	}
	guess := pair{hi: math.Asin(v)}
	wrong := pair{hi: v}.add(series(guess, guess, 2).neg())
	return guess.add(wrong.over(series(pair{hi: 1}, guess, 1).hi)).hi
}
