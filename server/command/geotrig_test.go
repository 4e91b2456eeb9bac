package command

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

// TestSinesAreNearest compares with a series of 200 bits.
func TestSinesAreNearest(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 3000 {
		x := (2*r.Float64() - 1) * math.Pi / math.Pow(10, float64(r.IntN(9)))
		if want := bigSine(x); sine(x) != want {
			t.Fatalf("the sine of %v is %v, want %v", x, sine(x), want)
		}
		if y := x / 2; math.Abs(cosine(y)-math.Cos(y)) > 2e-16 {
			t.Fatalf("the cosine of %v is %v, about %v", y, cosine(y), math.Cos(y))
		}
		v := math.Abs(x) / math.Pi
		a := arcsine(v)
		if low, high := bigSine(math.Nextafter(a, 0)), bigSine(math.Nextafter(a, 2)); low > v || high < v || math.Abs(a-math.Asin(v)) > 4e-16 {
			t.Fatalf("the arc sine of %v is %v", v, a)
		}
	}
	if arcsine(1) != math.Pi/2 || arcsine(0) != 0 || sine(0) != 0 || cosine(0) != 1 {
		t.Error("the ends are not exact")
	}
}

// bigSine sums up the sine of x in 200 bits.
func bigSine(x float64) float64 {
	number := func(f float64) *big.Float { return new(big.Float).SetPrec(200).SetFloat64(f) }
	sum, term := number(x), number(x)
	square := number(-x)
	square.Mul(square, number(x))
	for k := 2.0; k < 80; k += 2 {
		term.Mul(term, square).Quo(term, number(k*(k+1)))
		sum.Add(sum, term)
	}
	f, _ := sum.Float64()
	return f
}
