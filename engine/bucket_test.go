package engine

import (
	"math/rand/v2"
	"testing"
)

// A match is exact: for random headers, tags that differ in one bit and empty
// slots in between included, match names the slots with the tag and no other,
// and occupied those with any.
func TestMatchIsExact(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	near := []uint64{0, 1, 2, 3, 0x7f, 0x80, 0x81, 0xfe, 0xff}
	for range 200_000 {
		var b bucket
		b.header = uint64(rng.IntN(256)) << 56
		for i := range slotsPerBucket {
			if tag := near[rng.IntN(len(near))]; tag != 0 {
				b.put(i, tag, 1)
			}
		}
		want, full := uint64(0), uint64(0)
		tag := near[rng.IntN(len(near))]
		for i := range slotsPerBucket {
			bit := uint64(0x80) << (8 * i)
			if b.tag(i) == tag {
				want |= bit
			}
			if b.tag(i) != 0 {
				full |= bit
			}
		}
		if got := b.match(tag); got != want {
			t.Fatalf("header %#x: match(%#x) = %#x, want %#x", b.header, tag, got, want)
		}
		if got := b.occupied(); got != full {
			t.Fatalf("header %#x: occupied() = %#x, want %#x", b.header, got, full)
		}
	}
}
