package command

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

func bitAt(p []byte, i int) bool { return p[i>>3]&(0x80>>(i&7)) != 0 }

// randomBits makes strings with long runs of equal bits.
func randomBits(r *rand.Rand) []byte {
	p := make([]byte, r.IntN(90))
	for i := range p {
		switch r.IntN(4) {
		case 0:
			p[i] = 0xff
		case 1:
			p[i] = byte(r.Uint32())
		}
		if r.IntN(3) == 0 && i > 0 {
			p[i] = p[i-1]
		}
	}
	return p
}

// TestBitLoops compares counting and searching with loops over single bits.
func TestBitLoops(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 20_000 {
		p := randomBits(r)
		to := r.IntN(8*len(p) + 1)
		from := r.IntN(to + 1)
		ones, first := 0, map[bool]int{true: -1, false: -1}
		for i := to - 1; i >= from; i-- {
			first[bitAt(p, i)] = i
			if bitAt(p, i) {
				ones++
			}
		}
		if n := countBitRange(p, from, to); n != ones {
			t.Fatalf("countBitRange(%x, %d, %d) = %d, want %d", p, from, to, n, ones)
		}
		for one, want := range first {
			if at := findBit(p, one, from, to); at != want {
				t.Fatalf("findBit(%x, %v, %d, %d) = %d, want %d", p, one, from, to, at, want)
			}
		}
	}
}

// TestFields compares fields of every width at every shift with a big number
// of the same bits.
func TestFields(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for width := 1; width <= 64; width++ {
		for at := range 24 {
			for _, signed := range []bool{true, false} {
				if width == 64 && !signed {
					continue
				}
				checkField(t, r, field{at: at, width: width, signed: signed})
			}
		}
	}
}

func checkField(t *testing.T, r *rand.Rand, f field) {
	t.Helper()
	p := make([]byte, (f.at+f.width+7)/8+r.IntN(3))
	for i := range p {
		p[i] = byte(r.Uint32())
	}
	v := r.Uint64()
	low := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), uint(f.width)), big.NewInt(1))
	below := uint(8*len(p) - f.at - f.width) // bits behind the field
	whole := new(big.Int).SetBytes(p)

	want := new(big.Int).And(new(big.Int).Rsh(whole, below), low)
	if f.signed && want.Bit(f.width-1) == 1 {
		want.Sub(want, new(big.Int).Add(low, big.NewInt(1)))
	}
	if got := f.get(p); got != want.Int64() {
		t.Fatalf("%+v of %x is %d, want %d", f, p, got, want)
	}

	whole.AndNot(whole, new(big.Int).Lsh(low, below))
	whole.Or(whole, new(big.Int).Lsh(new(big.Int).And(new(big.Int).SetUint64(v), low), below))
	after := append([]byte(nil), p...)
	f.put(after, v)
	if got := new(big.Int).SetBytes(after); got.Cmp(whole) != 0 {
		t.Fatalf("%+v = %#x in %x gives %x, want %x", f, v, p, after, whole)
	}
}

// TestFieldOverflow compares the three ways to treat a value that does not fit
// with the exact sum.
func TestFieldOverflow(t *testing.T) {
	edges := []int64{0, 1, -1, 2, 3, -4, 100, -128, 127, 255, math.MaxInt64, math.MinInt64, math.MaxInt64 - 1, math.MinInt64 + 1, 1 << 40, -1 << 40}
	for _, f := range []field{{0, 1, true}, {0, 1, false}, {0, 8, true}, {0, 8, false}, {0, 63, false}, {0, 63, true}, {0, 64, true}} {
		low, high := f.limits()
		for _, was := range edges {
			if was < low || was > high {
				continue
			}
			for _, n := range edges {
				checkOverflow(t, f, was, n)
			}
		}
	}
}

func checkOverflow(t *testing.T, f field, was, n int64) {
	t.Helper()
	low, high := f.limits()
	sum := new(big.Int).Add(big.NewInt(was), big.NewInt(n))
	fits := sum.Cmp(big.NewInt(low)) >= 0 && sum.Cmp(big.NewInt(high)) <= 0
	nearest := high
	if sum.Sign() < 0 || sum.Cmp(big.NewInt(low)) < 0 {
		nearest = low
	}
	wrapped := new(big.Int).Mod(sum, new(big.Int).Lsh(big.NewInt(1), uint(f.width)))
	if f.signed && wrapped.Bit(f.width-1) == 1 {
		wrapped.Sub(wrapped, new(big.Int).Lsh(big.NewInt(1), uint(f.width)))
	}
	for over, want := range map[overflow]int64{overflowWrap: wrapped.Int64(), overflowSat: nearest, overflowFail: 0} {
		if fits {
			want = sum.Int64()
		}
		op := fieldOp{field: f, kind: 'i', overflow: over, value: n}
		got, ok := op.next(was)
		if got != want || ok != (fits || over != overflowFail) {
			t.Errorf("%+v: %d + %d with overflow %d gives %d %v, want %d", f, was, n, over, got, ok, want)
		}
	}
}

// TestBitCombinations compares the word loops with loops over bytes.
func TestBitCombinations(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for name, test := range map[string]struct {
		loop func(dst, src []byte)
		one  func(a, b byte) byte
	}{
		"and": {andBits, func(a, b byte) byte { return a & b }},
		"or":  {orBits, func(a, b byte) byte { return a | b }},
		"xor": {xorBits, func(a, b byte) byte { return a ^ b }},
		"not": {func(dst, _ []byte) { notBits(dst) }, func(a, _ byte) byte { return ^a }},
	} {
		for range 500 {
			a := randomBits(r)
			b := make([]byte, len(a))
			want := make([]byte, len(a))
			for i := range a {
				b[i] = byte(r.Uint32())
				want[i] = test.one(a[i], b[i])
			}
			test.loop(a, b)
			if string(a) != string(want) {
				t.Fatalf("%s: got %x, want %x", name, a, want)
			}
		}
	}
}

func BenchmarkBits(b *testing.B) {
	p, q := make([]byte, 1<<20), make([]byte, 1<<20)
	b.Run("count", func(b *testing.B) {
		b.SetBytes(1 << 20)
		for b.Loop() {
			countBits(p)
		}
	})
	b.Run("find", func(b *testing.B) {
		b.SetBytes(1 << 20)
		for b.Loop() {
			findBit(p, true, 0, 8<<20)
		}
	})
	b.Run("xor", func(b *testing.B) {
		b.SetBytes(1 << 20)
		for b.Loop() {
			xorBits(p, q)
		}
	})
}
