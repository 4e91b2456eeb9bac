package engine

import (
	"bytes"
	"math"
	"strconv"
	"testing"

	"larder/engine/mem"
)

// newTestHeap returns a heap for entries that stand alone.
func newTestHeap(t testing.TB) (*mem.Region, *mem.Heap) {
	t.Helper()
	r, err := mem.NewRegion(mem.Options{ReserveBytes: 1 << 30})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r, r.NewHeap(0)
}

// FuzzEntryLayout writes entries and reads back what went in; nothing lies
// outside of the size that the header announces.
func FuzzEntryLayout(f *testing.F) {
	f.Add([]byte("key"), []byte("value"), byte(0), int64(0), uint32(0), uint64(0), byte(0))
	f.Add([]byte(""), []byte("12345678"), byte(kindDeadline|1<<kindEncShift), int64(math.MaxInt64-1), uint32(7), uint64(9), byte(3))
	f.Add(bytes.Repeat([]byte("k"), 128), bytes.Repeat([]byte("v"), 16384), byte(kindItem|2<<kindEncShift), int64(-1), ^uint32(0), ^uint64(0), byte(1))
	r, heap := newTestHeap(f)
	f.Fuzz(func(t *testing.T, key, value []byte, kind byte, deadline int64, flags uint32, cas uint64, marks byte) {
		h := header{
			typ: Type(kind & kindType % byte(len(typeNames))), enc: Encoding(kind & kindEncMask >> kindEncShift % 3), deadline: never,
			item: kind&kindItem != 0, marks: Marks(marks),
		}
		if kind&kindDeadline != 0 {
			h.deadline = deadline
		}
		if h.item {
			h.flags, h.cas = flags, cas
		}
		if h.enc == EncInt {
			value = append(append([]byte(nil), value...), make([]byte, 8)...)[:8]
		}
		size := h.size(len(key), len(value))
		want := allocFor(size, h.enc)
		if want < size || want > size+size/8+8 {
			t.Fatalf("%d bytes are asked for an entry of %d", want, size)
		}
		ref, ok := heap.Alloc(want, mem.Movable)
		if !ok {
			t.Skip("no memory")
		}
		defer heap.Free(ref, want, mem.Movable)
		en := entryAt(r, ref)
		off := h.write(en.bytes(0, size), key, len(value))
		if off+len(value) != size {
			t.Fatalf("the value starts at %d, %d bytes before the end", off, size-off)
		}
		copy(en.bytes(off, len(value)), value)

		l := en.layout()
		switch {
		case !en.hasKey(key) || !bytes.Equal(en.key(), key):
			t.Fatalf("the key is %q, want %q", en.key(), key)
		case en.hasKey(append([]byte("x"), key...)):
			t.Fatal("it has the key of another entry")
		case en.headerOf(l) != h:
			t.Fatalf("the header is %+v, want %+v", en.headerOf(l), h)
		case en.deadline() != h.deadline:
			t.Fatalf("the deadline is %d, want %d", en.deadline(), h.deadline)
		case en.typ() != h.typ || en.encoding() != h.enc:
			t.Fatalf("type and encoding are %d and %d, want %d and %d", en.typ(), en.encoding(), h.typ, h.enc)
		case !bytes.Equal(en.bytes(l.value, l.valueLen), value):
			t.Fatalf("the value is %q, want %q", en.bytes(l.value, l.valueLen), value)
		case en.allocBytes() != want:
			t.Fatalf("the entry thinks that it took %d bytes, not %d", en.allocBytes(), want)
		}
	})
}

// FuzzCanonicalInt compares with what strconv prints.
func FuzzCanonicalInt(f *testing.F) {
	for _, s := range []string{"", "0", "-0", "-", "+1", "007", "12a", "9223372036854775807", "9223372036854775808",
		"-9223372036854775808", "-9223372036854775809", "18446744073709551616", "99999999999999999999", "1 "} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, value []byte) {
		n, err := strconv.ParseInt(string(value), 10, 64)
		canonical := err == nil && strconv.FormatInt(n, 10) == string(value)
		if got, ok := canonicalInt(value); ok != canonical || ok && got != n {
			t.Errorf("%q is the number %d: %v, want %d: %v", value, got, ok, n, canonical)
		}
	})
}
