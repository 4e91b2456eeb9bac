package mem

import (
	"fmt"
	"sync/atomic"
)

// ownerSet distinguishes the owner word of heap 0, class 0 from that of no span. The bits below it number kind and
// class.
const ownerSet = 1 << 8

// A larger number of classes would need a wider field.
var _ [ownerSet - kinds*classCount]struct{}

// classState is what a heap knows of one kind and class.
type classState struct {
	room  uint32 // block number of the first span with room, 0 = none
	spans uint32 // spans that the heap has; read without the lock to estimate
	live  uint64 // objects handed out; read without the lock to estimate
}

// Heap hands out memory to one shard.
//
// REQUIRES: the shard's lock for every method. A Heap has no lock of its own.
type Heap struct {
	r       *Region
	owner   uint32 // its spans' owner word without kind and class
	id      uint16
	parked  uint32 // first span that has room but was passed over because its chunk was being evacuated
	used    uint64 // bytes handed out; read without the lock by Stats
	classes [kinds * classCount]classState
}

// ID is the number that the heap was made with.
func (h *Heap) ID() uint16 { return h.id }

// Used is the bytes handed out by this heap, rounded up as RoundUp does.
func (h *Heap) Used() uint64 { return h.used }

// Alloc hands out n bytes, n >= 1, at a multiple of 8 bytes; of a size that is a power of two from 8 to 8192, at a
// multiple of it, and above 8 KiB at a multiple of 1 KiB. The memory is not zeroed. false: the region's limit is
// reached or the system has no more memory; freeing or compacting may help, and the heap is as before.
func (h *Heap) Alloc(n int, k Kind) (Ref, bool) {
	if uint(n-1) >= maxSmall {
		return h.allocRun(n, k)
	}
	kc := uint32(k)*classCount + uint32(classOf[uint(n+7)>>unitShift])
	cs := &h.classes[kc]
	var s *span
	if cs.room != 0 {
		s = h.r.span(cs.room)
	}
	if s == nil || atomic.LoadUint32(&s.evac) != 0 {
		if s = h.refill(kc); s == nil {
			return 0, false
		}
	}
	ref := Ref(cs.room) << refBlockShift
	if invariants {
		h.checkTake(s, ref)
	}
	if s.free != noFree {
		ref += Ref(s.free)
		s.free = *(*uint16)(h.r.Ptr(ref))
	} else {
		ref += Ref(s.bump)
		s.bump += s.size
	}
	setU32(&s.live, s.live+1)
	setU64(&cs.live, cs.live+1)
	setU64(&h.used, h.used+uint64(s.size)<<unitShift)
	if s.free == noFree && s.bump == s.limit {
		h.unlink(&cs.room, cs.room, s)
	}
	if invariants {
		h.spoil(ref, int(s.size)<<unitShift)
	}
	return ref, true
}

// Free takes back what Alloc(n, k) handed out as ref. n may be any size of the same class: RoundUp(n) must be the
// same. It panics when ref is not an object of this heap, kind and class, as far as the span's header tells; with the
// tag invariants also when ref was freed before.
func (h *Heap) Free(ref Ref, n int, k Kind) {
	if uint(n-1) >= maxSmall {
		h.freeRun(ref, n, k)
		return
	}
	class := uint32(classOf[uint(n+7)>>unitShift])
	kc := uint32(k)*classCount + class
	b := uint32(ref>>refBlockShift) &^ uint32(classes[class].blocks-1)
	s := h.r.span(b)
	if s.owner != h.owner|kc {
		misuse(h, ref, n, k)
	}
	off := uint16(ref - Ref(b)<<refBlockShift)
	if invariants {
		h.checkFree(s, b, ref, n, k)
	}
	cs := &h.classes[kc]
	setU64(&cs.live, cs.live-1)
	setU64(&h.used, h.used-uint64(s.size)<<unitShift)
	setU32(&s.live, s.live-1)
	*(*uint16)(h.r.Ptr(ref)) = s.free
	s.free = off
	if s.live == 0 {
		h.dropSpan(b, s, cs)
		return
	}
	if s.list == listNone {
		h.relink(b, s, cs)
	}
}

// misuse reports a call that only a bug can make.
func misuse(h *Heap, ref Ref, n int, k Kind) {
	panic(fmt.Sprintf("mem: heap %d: Free(%#x, %d, kind %d): no such object", h.id, uint64(ref), n, k))
}

// refill makes a span with room the first of its class and returns it; nil when there is no memory for one.
func (h *Heap) refill(kc uint32) *span {
	cs := &h.classes[kc]
	h.unpark()
	for cs.room != 0 {
		s := h.r.span(cs.room)
		if atomic.LoadUint32(&s.evac) == 0 {
			return s
		}
		b := cs.room
		h.unlink(&cs.room, b, s)
		h.link(&h.parked, b, s, listParked)
	}
	b, ok := h.r.takeSpan(h, kc)
	if !ok {
		return nil
	}
	s := h.r.span(b)
	h.link(&cs.room, b, s, listRoom)
	setU32(&cs.spans, cs.spans+1)
	return s
}

// unpark puts the spans whose evacuation has ended back among those with room. The list is as long as the chunks under
// evacuation have spans, 128 each.
func (h *Heap) unpark() {
	for b := h.parked; b != 0; {
		s := h.r.span(b)
		next := s.next
		if atomic.LoadUint32(&s.evac) == 0 {
			h.unlink(&h.parked, b, s)
			h.link(&h.classes[s.owner%ownerSet].room, b, s, listRoom)
		}
		b = next
	}
}

// relink puts a span that was full into the list that it belongs to now.
func (h *Heap) relink(b uint32, s *span, cs *classState) {
	if atomic.LoadUint32(&s.evac) != 0 {
		h.link(&h.parked, b, s, listParked)
	} else {
		h.link(&cs.room, b, s, listRoom)
	}
}

// dropSpan returns an empty span to the region.
func (h *Heap) dropSpan(b uint32, s *span, cs *classState) {
	switch s.list {
	case listRoom:
		h.unlink(&cs.room, b, s)
	case listParked:
		h.unlink(&h.parked, b, s)
	}
	setU32(&cs.spans, cs.spans-1)
	h.r.giveSpan(b, s)
}

func (h *Heap) link(head *uint32, b uint32, s *span, list spanList) {
	s.list, s.prev, s.next = list, 0, *head
	if *head != 0 {
		h.r.span(*head).prev = b
	}
	*head = b
}

// unlink takes span s with block number b out of the list that starts at head.
func (h *Heap) unlink(head *uint32, b uint32, s *span) {
	if s.prev != 0 {
		h.r.span(s.prev).next = s.next
	} else {
		*head = s.next
	}
	if s.next != 0 {
		h.r.span(s.next).prev = s.prev
	}
	s.list = listNone
}

// allocRun is Alloc for more than maxSmall bytes.
func (h *Heap) allocRun(n int, k Kind) (Ref, bool) {
	if n < 1 {
		panic(fmt.Sprintf("mem: Alloc(%d): a size must be positive", n))
	}
	if uint64(n) > maxReserveBytes {
		return 0, false
	}
	granules := granulesFor(n)
	ref, ok := h.r.takeRun(h, granules, k)
	if !ok {
		return 0, false
	}
	setU64(&h.used, h.used+uint64(granules)<<granuleShift)
	if invariants {
		h.spoil(ref, granules<<granuleShift)
	}
	return ref, true
}

// freeRun is Free for more than maxSmall bytes.
func (h *Heap) freeRun(ref Ref, n int, k Kind) {
	if n < 1 {
		misuse(h, ref, n, k)
	}
	granules := granulesFor(n)
	h.r.giveRun(h, ref, granules, k)
	setU64(&h.used, h.used-uint64(granules)<<granuleShift)
}
