package engine

import (
	"encoding/binary"
	"unsafe"

	"larder/engine/mem"
)

// Containers: lists, sets, sorted sets, hashes and streams. A small one is a
// packed run (packed.go) or a short array and lies in its key's entry, like a
// string. A large one is a root in Node memory with what hangs from it, and the
// entry holds the root's reference:
//
//	entry  EncPacked, EncIntset, EncPackedTTL   the value itself
//	       EncLarge                             mem.Ref of the root, 8 bytes
//
//	root   containerHeader, then what the type needs: a nested table (nested.go),
//	       a counted B+tree (tree.go), or both
//
// All of a large container is memory of its key's shard and is guarded by the
// shard's lock. Nothing but the key's entry refers to the root, and nothing in
// a node leads back to it: what has to reach every container of a shard walks
// the list that the roots form.
//
// Freeing, copying and digesting are the only things that code outside of a
// type's file does with its containers; containerOps names who does them.

// The encodings of containers. Those of strings have the same numbers: the
// type tells them apart, and a reference is laid out as an integer is.
const (
	EncPacked    Encoding = 0 // packed run in the entry
	EncLarge     Encoding = 1 // reference to a root
	EncIntset    Encoding = 2 // sets: sorted integers in the entry
	EncPackedTTL Encoding = 2 // hashes: packed run that has deadlines
)

// containerHeader is what every root begins with.
type containerHeader struct {
	typ   Type
	_     [3]byte
	epoch uint32  // of the last snapshot that has recorded it, or in which it was made
	next  mem.Ref // the shard's list of containers, or of garbage
	prev  mem.Ref
	count uint64 // elements
	bytes uint64 // Node memory of the container, the root included, as it was asked for
}

// containerOps are what a type does for code that knows containers only.
type containerOps struct {
	// free frees up to budget objects of a container that nothing refers to any
	// more, the root last. It returns how many it has freed, and whether that
	// was all.
	free func(s *Shard, root mem.Ref, budget int) (freed int, done bool)
	// copy makes a copy in the memory of shard to; false: no memory, or given
	// up in a pause. Then the root, unless it is 0, is that of a part of a copy,
	// which the caller frees. See CopyLarge for pause.
	copy func(from *Shard, root mem.Ref, to *Shard, pause pauseFunc) (mem.Ref, bool)
	// state appends what commands can find out about the content, in an order
	// that the memory layout has no part in.
	state func(s *Shard, root mem.Ref, dst []byte) []byte
}

// releaseAtOnce is how many bytes a container may have to be freed by the
// command that removes it; larger ones are freed in the background.
const releaseAtOnce = 4 << 10

// self is the root that hd is the beginning of.
func (hd *containerHeader) self() unsafe.Pointer { return unsafe.Pointer(hd) }

// header returns the header of a root.
func (s *Shard) container(root mem.Ref) *containerHeader {
	return (*containerHeader)(s.region.Ptr(root))
}

// node allocates a part of a container. The memory is not zeroed.
func (s *Shard) node(hd *containerHeader, n int) (mem.Ref, bool) {
	ref, ok := s.heap.Alloc(n, mem.Node)
	if ok {
		hd.bytes += uint64(n)
	}
	return ref, ok
}

// freeNode frees what node has returned, of the same size.
func (s *Shard) freeNode(hd *containerHeader, ref mem.Ref, n int) {
	hd.bytes -= uint64(n)
	s.heap.Free(ref, n, mem.Node)
}

// newRoot allocates the zeroed root of a container, size bytes large with its
// header, and adds it to the shard's list.
func (s *Shard) newRoot(typ Type, size int) (mem.Ref, bool) {
	ref, ok := s.heap.Alloc(size, mem.Node)
	if !ok {
		return 0, false
	}
	clear(s.region.Bytes(ref, size))
	hd := s.container(ref)
	hd.typ, hd.bytes, hd.epoch = typ, uint64(size), s.epoch
	hd.next = s.containers
	if hd.next != 0 {
		s.container(hd.next).prev = ref
	}
	s.containers = ref
	return ref, true
}

// freeRoot frees a root of size bytes whose nodes have been freed. The root is
// in no list, as after release.
func (s *Shard) freeRoot(root mem.Ref, size int) {
	if s.cut != nil {
		s.cut.forget(s.container(root))
	}
	s.freeNode(s.container(root), root, size)
}

// dropRoot undoes newRoot for a container that never came into use: its nodes
// have been freed.
func (s *Shard) dropRoot(root mem.Ref, size int) {
	s.unlist(root)
	s.freeRoot(root, size)
}

// unlist takes a root out of the shard's list.
func (s *Shard) unlist(root mem.Ref) {
	hd := s.container(root)
	if hd.prev != 0 {
		s.container(hd.prev).next = hd.next
	} else {
		s.containers = hd.next
	}
	if hd.next != 0 {
		s.container(hd.next).prev = hd.prev
	}
	hd.next, hd.prev = 0, 0
}

// rootOf returns the root of an entry with encoding EncLarge.
func rootOf(value []byte) mem.Ref { return mem.Ref(binary.LittleEndian.Uint64(value)) }

// isLarge tells whether an entry of this kind refers to a root.
func isLarge(kind uint8) bool {
	return kind&kindType != uint8(TypeString) && kind&kindEncMask == uint8(EncLarge)<<kindEncShift
}

// release frees what an entry refers to: at once if it is little, otherwise it
// waits for Reclaim.
func (s *Shard) release(en entry) {
	if !isLarge(en.kind()) {
		return
	}
	l := en.layout()
	root := rootOf(en.bytes(l.value, l.valueLen))
	s.unlist(root)
	s.discardRoot(root)
}

// discardRoot frees a container that is in no list, at once or later.
func (s *Shard) discardRoot(root mem.Ref) {
	if s.keepDead(root) {
		return
	}
	hd := s.container(root)
	if hd.bytes <= releaseAtOnce {
		for {
			if _, done := containerTypes[hd.typ].free(s, root, releaseAtOnce); done {
				return
			}
		}
	}
	hd.next = s.garbage
	if s.garbage == 0 {
		s.engine.discarding.Add(1)
	}
	s.garbage = root
	s.engine.reclaim.signal()
}

// Reclaim frees up to budget objects of containers that were removed, and
// tells whether there are more.
// REQUIRES: the shard is locked.
func (s *Shard) Reclaim(budget int) (more bool) {
	for s.garbage != 0 && budget > 0 {
		root := s.garbage
		hd := s.container(root)
		next := hd.next
		hd.epoch = s.epoch // no snapshot has to do with it
		freed, done := containerTypes[hd.typ].free(s, root, budget)
		budget -= max(1, freed)
		if !done {
			continue
		}
		if s.garbage = next; next == 0 {
			s.engine.discarding.Add(-1)
		}
	}
	return s.garbage != 0
}

// HasGarbage tells whether Reclaim has something to do.
// REQUIRES: the shard is locked.
func (s *Shard) HasGarbage() bool { return s.garbage != 0 }

// Reclaimable yields when containers wait for Reclaim: in some shard there are
// some that were not there at the last time. One goroutine receives from it.
func (e *Engine) Reclaimable() <-chan struct{} { return e.reclaim }

// signal is a channel that remembers one event.
type signal chan struct{}

func (c signal) signal() {
	select {
	case c <- struct{}{}:
	default:
	}
}

// setContainer makes value, laid out as enc says, the container at k, whatever
// was there. The value is copied.
// REQUIRES: k.Shard is locked; value is not a view of k's own entry.
func (e *Engine) setContainer(db int, k Key, typ Type, enc Encoding, value []byte, deadline, nowMs int64) error {
	sp, p, en, found, err := e.place(db, k, nowMs)
	if err != nil {
		return err
	}
	h := header{typ: typ, enc: enc, deadline: deadline}
	dst, err := k.Shard.store(sp, k, p, en, found, &h, len(value))
	if err != nil {
		return err
	}
	copy(dst, value)
	return nil
}

// setRoot is setContainer for a large one.
func (e *Engine) setRoot(db int, k Key, typ Type, root mem.Ref, deadline, nowMs int64) error {
	var value [8]byte
	binary.LittleEndian.PutUint64(value[:], uint64(root))
	return e.setContainer(db, k, typ, EncLarge, value[:], deadline, nowMs)
}

// replace gives the item another value, of the same type, and keeps deadline
// and key. What the old value refers to stays: the caller has freed it or goes
// on using it. The item stays valid. On ErrNoRoom nothing has changed.
// REQUIRES: the shard is locked; value is not a view of the item's entry.
func (it *Item) replace(enc Encoding, value []byte) error {
	sp, ok := it.reserve(enc, len(value))
	if !ok {
		return ErrNoRoom
	}
	it.replaceIn(sp, enc, value)
	return nil
}

// replaceIn is replace with the memory that reserve has set aside for a value
// of this length, and cannot fail.
func (it *Item) replaceIn(sp spare, enc Encoding, value []byte) {
	it.preserve()
	s, key := it.shard, it.e.key()
	h := it.e.headerOf(it.l)
	h.enc = enc
	size := h.size(len(key), len(value))
	if sp.bytes == 0 {
		off := h.writeRest(it.e.bytes(0, size), it.e.afterKey(), len(value))
		copy(it.e.bytes(off, len(value)), value)
		it.l = it.e.layout()
		return
	}
	ne := entryAt(s.region, sp.ref)
	off := h.write(ne.bytes(0, size), key, len(value))
	copy(ne.bytes(off, len(value)), value)
	s.freeEntry(it.e)
	*it.pos.slot = *it.pos.slot&^slotRefMask | uint64(sp.ref)
	it.e, it.l = ne, ne.layout()
}

// spare is memory for an entry that was set aside. The zero value is none.
type spare struct {
	ref   mem.Ref
	bytes int
}

// reserve sets aside what replaceIn needs to give the item a value of n bytes.
func (it *Item) reserve(enc Encoding, n int) (spare, bool) {
	h := it.e.headerOf(it.l)
	h.enc = enc
	want := allocFor(h.size(len(it.e.key()), n), enc)
	if roundUp(want) == roundUp(it.e.allocBytes()) {
		return spare{}, true
	}
	ref, ok := it.shard.heap.Alloc(want, mem.Movable)
	return spare{ref, want}, ok
}

// releaseSpare gives back what was set aside.
func (s *Shard) releaseSpare(sp spare) {
	if sp.bytes > 0 {
		s.heap.Free(sp.ref, sp.bytes, mem.Movable)
	}
}

// replaceRoot is replace for a root.
func (it *Item) replaceRoot(root mem.Ref) error {
	var value [8]byte
	binary.LittleEndian.PutUint64(value[:], uint64(root))
	return it.replace(EncLarge, value[:])
}

// root returns the root of a large container.
// REQUIRES: it.Encoding() == EncLarge, and it is no string.
func (it *Item) root() mem.Ref { return rootOf(it.Raw()) }

// remove deletes the item's key: the container has become empty.
func (it *Item) remove() { it.shard.drop(it.sp, it.pos, it.e) }

// scratchMax is the capacity above which a scratch buffer is not kept, bytes.
const scratchMax = 128 << 10

// edit returns a copy of the item's packed run to be changed, in a buffer of
// the shard: replace takes it back.
// REQUIRES: the shard is locked, and no other edit is under way.
func (it *Item) edit() packed { return append(it.shard.buffer(), it.Raw()...) }

// buffer returns an empty buffer of the shard. What is appended to it must be
// given to keepBuffer for the buffer to grow.
func (s *Shard) buffer() []byte { return s.scratch[:0] }

// keepBuffer keeps what append made of the buffer for the next time.
func (s *Shard) keepBuffer(b []byte) {
	if cap(b) <= scratchMax && cap(b) > cap(s.scratch) {
		s.scratch = b[:0]
	}
}

// ContentBytes is the memory that the item's value takes outside of its entry,
// as it was asked for, in bytes.
func (it *Item) ContentBytes() int {
	if !isLarge(it.l.kind) {
		return 0
	}
	return int(it.shard.container(it.root()).bytes)
}
