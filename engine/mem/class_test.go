package mem

import "testing"

// TestClasses: the table promises what doc.go says of it.
func TestClasses(t *testing.T) {
	for n := 1; n <= maxSmall; n++ {
		got := RoundUp(n)
		if got < n || got%8 != 0 || RoundUp(got) != got {
			t.Fatalf("RoundUp(%d) = %d", n, got)
		}
		if lost := got - n; lost > 7 && lost*8 > got {
			t.Errorf("RoundUp(%d) = %d loses more than 12.5 %%", n, got)
		}
		if n <= 256 && got-n > 7 {
			t.Errorf("RoundUp(%d) = %d, more than a unit", n, got)
		}
	}
	for n := 8; n <= maxSmall; n *= 2 {
		if RoundUp(n) != n {
			t.Errorf("%d is not a class of its own", n)
		}
	}
	for n := maxSmall + 1; n < 3*ChunkBytes; n += 777 {
		if got := RoundUp(n); got < n || (got-n)*8 > got || got%granuleBytes != 0 {
			t.Errorf("RoundUp(%d) = %d", n, got)
		}
	}
}

// TestSpans: a span's objects fill it to 96 %, are at least eight, and its fields hold their offsets.
func TestSpans(t *testing.T) {
	for i, c := range classes {
		span := int(c.blocks) << blockShift
		if c.blocks != 1 && c.blocks != 2 && c.blocks != 4 {
			t.Errorf("class %d has spans of %d blocks", i, c.blocks)
		}
		if filled := int(c.slots) * c.bytes(); filled > span || filled*1000 < span*960 {
			t.Errorf("class %d: %d objects of %d bytes fill %d of %d bytes", i, c.slots, c.bytes(), filled, span)
		}
		if c.slots < 8 || int(c.slots) > maxSlots || int(c.limit) != int(c.slots)*int(c.size) || c.limit >= noFree {
			t.Errorf("class %d: %+v", i, c)
		}
	}
}
