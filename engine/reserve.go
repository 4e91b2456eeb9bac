package engine

import "larder/engine/mem"

// Reservation is memory that is set aside for a moment, to find out whether
// there is room for what is to be written.
type Reservation struct {
	s    *Shard
	ref  mem.Ref
	size int
}

// Reserve sets n bytes aside for an entry of the shard; ok is false if there is
// no room for it.
// REQUIRES: the shard is locked until Release.
func (s *Shard) Reserve(n int) (r Reservation, ok bool) {
	ref, ok := s.heap.Alloc(n, mem.Movable)
	return Reservation{s, ref, n}, ok
}

// Release gives the memory back.
func (r Reservation) Release() { r.s.heap.Free(r.ref, r.size, mem.Movable) }
