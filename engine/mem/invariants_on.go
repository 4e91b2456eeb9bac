//go:build invariants

package mem

import (
	"bytes"
	"fmt"
)

// invariants switches the expensive checks on: freed objects are filled with poison that Alloc checks, new ones with
// rubbish; double frees, refs inside objects and wrong counters panic.
const invariants = true

const (
	poison  = 0xdb // freed memory, except the two bytes of the free list
	rubbish = 0xa5 // memory handed out
)

// checkTake checks span s, from which Alloc is about to take, and the object that it will give.
func (h *Heap) checkTake(s *span, base Ref) {
	if s.list != listRoom || s.bump > s.limit || s.bump%s.size != 0 || int(s.live) > int(s.limit/s.size) {
		panic(fmt.Sprintf("mem: heap %d: span at %#x is damaged: %+v", h.id, uint64(base), *s))
	}
	if s.free == noFree {
		if used := uint32(s.bump / s.size); s.live != used {
			panic(fmt.Sprintf("mem: heap %d: span at %#x counts %d objects, has %d", h.id, uint64(base), s.live, used))
		}
		return
	}
	ref := base + Ref(s.free)
	if !h.poisoned(ref, s) {
		panic(fmt.Sprintf("mem: heap %d: the object at %#x was written to after it was freed: % x", h.id, uint64(ref),
			h.r.Bytes(ref, int(s.size)<<unitShift)))
	}
}

// checkFree checks that ref is an object of span s that is handed out, and poisons it.
func (h *Heap) checkFree(s *span, b uint32, ref Ref, n int, k Kind) {
	off := uint16(ref - Ref(b)<<refBlockShift)
	if off%s.size != 0 || off >= s.bump {
		misuse(h, ref, n, k)
	}
	// The list is long, so it is walked only when the object looks freed, and now and then to check the counter.
	if h.poisoned(ref, s) || s.live%64 == 0 {
		h.checkList(s, b, off)
	}
	fill(h.r.Bytes(ref, int(s.size)<<unitShift), poison)
}

// poisoned reports whether the object at ref has the content of a freed one.
func (h *Heap) poisoned(ref Ref, s *span) bool {
	b := h.r.Bytes(ref, int(s.size)<<unitShift)[2:]
	return bytes.Count(b, []byte{poison}) == len(b)
}

// checkList checks that off is not in the list of freed objects of span s, and that all others are counted.
func (h *Heap) checkList(s *span, b uint32, off uint16) {
	base := Ref(b) << refBlockShift
	freed := uint32(0)
	for f := s.free; f != noFree; f = *(*uint16)(h.r.Ptr(base + Ref(f))) {
		if f == off {
			panic(fmt.Sprintf("mem: heap %d: the object at %#x is freed twice", h.id, uint64(base+Ref(off))))
		}
		freed++
	}
	if handed := uint32(s.bump/s.size) - freed; handed != s.live {
		panic(fmt.Sprintf("mem: heap %d: span at %#x counts %d objects, has %d", h.id, uint64(base), s.live, handed))
	}
}

// poisonRun overwrites a run that is about to be taken back. Nothing checks it again, but who still reads it notices.
func (h *Heap) poisonRun(ref Ref, n int) { fill(h.r.Bytes(ref, n), poison) }

// spoil fills memory that is handed out, so that code that takes it for zeroed fails.
func (h *Heap) spoil(ref Ref, n int) { fill(h.r.Bytes(ref, n), rubbish) }

// fill copies in doubling steps, because the race detector looks at a copy once and at a loop for each byte.
func fill(b []byte, v byte) {
	b[0] = v
	for n := 1; n < len(b); n *= 2 {
		copy(b[n:], b[:n])
	}
}
