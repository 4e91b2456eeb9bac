package engine

import (
	"encoding/binary"

	"larder/engine/mem"
)

// NoDeadline stands for "does not expire".
const NoDeadline = never

func roundUp(n int) int { return mem.RoundUp(n) }

// place finds where k is or will be, and removes an expired entry of it on the
// way. found tells whether there is a live entry.
func (e *Engine) place(db int, k Key, nowMs int64) (sp *space, p position, en entry, found bool, err error) {
	sp, err = k.Shard.space(db)
	if err != nil {
		return nil, position{}, entry{}, false, err
	}
	p, en, found = sp.t.find(k.Hash, k.Name)
	if found && en.kind()&kindDeadline != 0 && en.deadline() <= nowMs {
		k.Shard.expire(sp, p, en)
		found = false
	}
	return sp, p, en, found, nil
}

// drop removes an entry and frees its memory.
func (s *Shard) drop(sp *space, p position, en entry) {
	s.noteRemoved(1)
	s.unlink(sp, p)
	s.free(en)
	sp.t.shrink(p.seg)
}

// unlink takes an entry out of the index; its memory stays.
func (s *Shard) unlink(sp *space, p position) {
	sp.t.preserve(p.seg, int(p.at))
	if slotMeta(*p.slot)&MetaDeadline != 0 {
		sp.deadlines--
	}
	sp.t.remove(p)
}

// free frees an entry with all that it refers to.
func (s *Shard) free(en entry) {
	s.release(en)
	s.freeEntry(en)
}

// freeEntry frees an entry alone.
func (s *Shard) freeEntry(en entry) { s.heap.Free(en.ref, en.allocBytes(), mem.Movable) }

// store makes h and a value of n bytes the entry of k and returns the value's
// bytes for the caller to fill in. An entry of the same size class is written
// over in place. What the caller fills in must not come from the old entry:
// that is gone.
// REQUIRES: sp, p, en and found are from place(k).
func (s *Shard) store(sp *space, k Key, p position, en entry, found bool, h *header, n int) ([]byte, error) {
	size := h.size(len(k.Name), n)
	want := allocFor(size, h.enc)
	if found {
		sp.t.preserve(p.seg, int(p.at))
	}
	if found && roundUp(want) == roundUp(en.allocBytes()) {
		s.release(en)
		off := h.write(en.bytes(0, size), k.Name, n)
		*p.slot &^= uint64(MetaFetched) << metaShift
		s.markDeadline(sp, p.seg, p.slot, h.deadline)
		return en.bytes(off, n), nil
	}
	if !found && !sp.t.reserve(k.Hash) {
		return nil, ErrNoRoom
	}
	ref, ok := s.heap.Alloc(want, mem.Movable)
	if !ok {
		return nil, ErrNoRoom
	}
	ne := entryAt(s.region, ref)
	off := h.write(ne.bytes(0, size), k.Name, n)
	if found {
		s.free(en)
		*p.slot = *p.slot&^(slotRefMask|uint64(MetaFetched)<<metaShift) | uint64(ref)
		s.markDeadline(sp, p.seg, p.slot, h.deadline)
	} else {
		m := s.noteInserted(k.Hash)
		slot := sp.t.insert(k.Hash, ref, m)
		s.markDeadline(sp, sp.t.segment(k.Hash), slot, h.deadline)
		s.noteCreated(sp, k.Hash)
	}
	return ne.bytes(off, n), nil
}

// Attrs are what a write of a string sets besides its content.
type Attrs struct {
	Deadline int64  // ms since 1970, NoDeadline = none
	Item     bool   // written by memcached: carries Flags and CAS
	Flags    uint32 // memcached client flags
	CAS      uint64 // memcached CAS value
	Marks    Marks  // what the meta protocol notes about the value
}

// Attrs returns the attributes of a value, for writes that keep them and
// change the content: its CAS value is already that of the next content.
func (it *Item) Attrs() Attrs {
	h := it.e.headerOf(it.l)
	if h.item {
		h.cas = nextCAS(h.cas)
	}
	return Attrs{h.deadline, h.item, h.flags, h.cas, h.marks}
}

func (a *Attrs) header(enc Encoding) header {
	return header{TypeString, enc, a.Deadline, a.Item, a.Flags, a.CAS, a.Marks}
}

// SetString makes value the string at k, whatever was there. A value that is
// the canonical form of an int64 is stored as one.
// REQUIRES: k.Shard is locked; value is not a view of k's own entry.
func (e *Engine) SetString(db int, k Key, value []byte, a Attrs, nowMs int64) error {
	if n, ok := canonicalInt(value); ok {
		return e.SetInt(db, k, n, a, nowMs)
	}
	return e.setBytes(db, k, value, EncBytes, a, nowMs)
}

func (e *Engine) setBytes(db int, k Key, value []byte, enc Encoding, a Attrs, nowMs int64) error {
	sp, p, en, found, err := e.place(db, k, nowMs)
	if err != nil {
		return err
	}
	h := a.header(enc)
	dst, err := k.Shard.store(sp, k, p, en, found, &h, len(value))
	if err != nil {
		return err
	}
	copy(dst, value)
	return nil
}

// AddString is SetString for a key that must be new: where one is, it returns
// ErrExists and has changed nothing.
// REQUIRES: k.Shard is locked.
func (e *Engine) AddString(db int, k Key, value []byte, a Attrs, nowMs int64) error {
	sp, p, en, found, err := e.place(db, k, nowMs)
	switch {
	case err != nil:
		return err
	case found:
		return ErrExists
	}
	enc, size := EncBytes, len(value)
	n, isInt := canonicalInt(value)
	if isInt {
		enc, size = EncInt, 8
	}
	h := a.header(enc)
	dst, err := k.Shard.store(sp, k, p, en, false, &h, size)
	if err != nil {
		return err
	}
	if isInt {
		binary.LittleEndian.PutUint64(dst, uint64(n))
	} else {
		copy(dst, value)
	}
	return nil
}

// SetInt makes n the string at k.
// REQUIRES: k.Shard is locked.
func (e *Engine) SetInt(db int, k Key, n int64, a Attrs, nowMs int64) error {
	sp, p, en, found, err := e.place(db, k, nowMs)
	if err != nil {
		return err
	}
	h := a.header(EncInt)
	dst, err := k.Shard.store(sp, k, p, en, found, &h, 8)
	if err != nil {
		return err
	}
	binary.LittleEndian.PutUint64(dst, uint64(n))
	return nil
}

// UpdateInt replaces the integer of an EncInt item where it lies.
func (it *Item) UpdateInt(n int64) {
	it.preserve()
	it.renewCAS()
	binary.LittleEndian.PutUint64(it.Raw(), uint64(n))
}

// EditString makes the string at k size bytes long, keeping its content and
// attributes (a then only serves a key that is absent) and padding with zero
// bytes, and returns the content for the caller to change in place.
// It returns ErrWrongType if k holds another type.
// REQUIRES: k.Shard is locked.
func (e *Engine) EditString(db int, k Key, size int, a Attrs, nowMs int64) ([]byte, error) {
	s := k.Shard
	sp, p, en, found, err := e.place(db, k, nowMs)
	if err != nil {
		return nil, err
	}
	if !found {
		h := a.header(EncGrown)
		dst, err := s.store(sp, k, p, en, false, &h, size)
		clear(dst)
		return dst, err
	}
	l := en.layout()
	if Type(l.kind&kindType) != TypeString {
		return nil, ErrWrongType
	}
	it := Item{s, sp, p, en, l}
	it.preserve()
	h := en.headerOf(l)
	if h.enc == EncGrown && l.valueLen == size {
		it.renewCAS()
		return en.bytes(l.value, size), nil
	}
	if h.item {
		h.cas = nextCAS(h.cas)
	}
	// The header may change its length, so the content is moved by way of a
	// new entry unless the class is the same and the content stays in place.
	var digits [20]byte
	old := it.Bytes(digits[:0])
	keep := min(len(old), size)
	h.enc = EncGrown
	total := h.size(len(k.Name), size)
	want := allocFor(total, EncGrown)
	if roundUp(want) == roundUp(en.allocBytes()) && l.kind&kindEncMask != uint8(EncInt)<<kindEncShift &&
		uvarintLen(size) == uvarintLen(l.valueLen) {
		off := h.write(en.bytes(0, total), k.Name, size)
		dst := en.bytes(off, size)
		clear(dst[keep:])
		return dst, nil
	}
	ref, ok := s.heap.Alloc(want, mem.Movable)
	if !ok {
		return nil, ErrNoRoom
	}
	ne := entryAt(s.region, ref)
	off := h.write(ne.bytes(0, total), k.Name, size)
	dst := ne.bytes(off, size)
	copy(dst, old[:keep])
	clear(dst[keep:])
	s.free(en)
	*p.slot = *p.slot&^slotRefMask | uint64(ref)
	return dst, nil
}

// Delete removes k and tells whether it was there.
// REQUIRES: k.Shard is locked.
func (e *Engine) Delete(db int, k Key, nowMs int64) bool {
	s := k.Shard
	sp := &s.spaces[db]
	if sp.t == nil {
		return false
	}
	p, en, ok := sp.t.find(k.Hash, k.Name)
	if !ok {
		return false
	}
	if en.kind()&kindDeadline != 0 && en.deadline() <= nowMs {
		s.expire(sp, p, en)
		return false
	}
	it := Item{s, sp, p, en, en.layout()}
	if it.FieldsDue(nowMs) {
		if _, gone := it.DropFields(nowMs); gone {
			return false
		}
		p, en = it.pos, it.e
	}
	s.drop(sp, p, en)
	return true
}

// SetDeadline gives the item another deadline, or none with NoDeadline.
// The item is not valid afterwards.
// REQUIRES: the shard is locked.
func (it *Item) SetDeadline(ms int64) error {
	it.preserve()
	if it.l.kind&kindDeadline != 0 && ms != never {
		binary.LittleEndian.PutUint64(it.e.bytes(it.l.deadlineAt(), 8), uint64(ms))
		it.shard.markDeadline(it.sp, it.pos.seg, it.pos.slot, ms)
		return nil
	}
	h := it.e.headerOf(it.l)
	if h.deadline == ms {
		return nil
	}
	h.deadline = ms
	return it.relayout(&h)
}

// relayout moves the value to a new entry with another header.
func (it *Item) relayout(h *header) error {
	it.preserve()
	s, key := it.shard, it.e.key()
	total := h.size(len(key), it.l.valueLen)
	ref, ok := s.heap.Alloc(allocFor(total, h.enc), mem.Movable)
	if !ok {
		return ErrNoRoom
	}
	ne := entryAt(s.region, ref)
	off := h.write(ne.bytes(0, total), key, it.l.valueLen)
	copy(ne.bytes(off, it.l.valueLen), it.Raw())
	s.freeEntry(it.e)
	*it.pos.slot = *it.pos.slot&^slotRefMask | uint64(ref)
	s.markDeadline(it.sp, it.pos.seg, it.pos.slot, h.deadline)
	return nil
}

// canonicalInt parses value if it is exactly how an int64 is printed.
func canonicalInt(value []byte) (int64, bool) {
	if len(value) == 0 || len(value) > 20 {
		return 0, false
	}
	digits := value
	neg := value[0] == '-'
	if neg {
		digits = value[1:]
	}
	if len(digits) == 0 || digits[0] < '0' || digits[0] > '9' || digits[0] == '0' && len(value) > 1 {
		return 0, false
	}
	var u uint64
	for i, c := range digits {
		d := uint64(c - '0')
		if d > 9 || i == 19 || i == 18 && u > (1<<63-d)/10 {
			return 0, false
		}
		u = u*10 + d
	}
	if neg {
		return -int64(u), u <= 1<<63
	}
	return int64(u), u < 1<<63
}
