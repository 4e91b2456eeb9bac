package engine

import (
	"encoding/binary"
	"strconv"

	"github.com/cespare/xxhash/v2"
)

// Item is a view of a key's entry. It is valid while the shard stays locked
// and the key is not written.
type Item struct {
	shard *Shard
	sp    *space
	pos   position
	e     entry
	l     layout
}

// Find looks a key up. Expired keys are absent. A hit is noted for eviction.
// REQUIRES: k.Shard is locked.
func (e *Engine) Find(db int, k Key, nowMs int64) (it Item, ok bool) {
	if ok = it.Load(db, &k, nowMs); ok {
		it.touch()
	}
	return it, ok
}

// Peek is Find without a note for eviction.
// REQUIRES: k.Shard is locked.
func (e *Engine) Peek(db int, k Key, nowMs int64) (it Item, ok bool) {
	ok = it.Load(db, &k, nowMs)
	return it, ok
}

// Load makes it the item at k, as Peek does; where it reports false, it is not
// valid. Hot paths use it to spare the copies.
// REQUIRES: k.Shard is locked.
func (it *Item) Load(db int, k *Key, nowMs int64) bool {
	sp := &k.Shard.spaces[db]
	if sp.t == nil {
		return false
	}
	var ok bool
	if it.pos, it.e, ok = sp.t.find(k.Hash, k.Name); !ok {
		return false
	}
	it.shard, it.sp, it.l = k.Shard, sp, it.e.layout()
	return it.l.kind&kindDeadline == 0 || it.Deadline() > nowMs
}

// touch notes a hit in the slot: at most one conditional store.
func (it *Item) touch() {
	const seen = uint64(MetaFreq|MetaFetched) << metaShift
	s := *it.pos.slot
	if s&seen == seen {
		return
	}
	if s>>metaShift&uint64(MetaFreq) < uint64(MetaFreq) {
		s += 1 << metaShift
	}
	*it.pos.slot = s | uint64(MetaFetched)<<metaShift
}

// Touch notes a hit of an item that Peek has found.
func (it *Item) Touch() { it.touch() }

// Fetched tells whether a command has read the value since it was stored.
func (it *Item) Fetched() bool { return it.Meta()&MetaFetched != 0 }

// Type returns the value's type.
func (it *Item) Type() Type { return Type(it.l.kind & kindType) }

// Encoding returns how the value is laid out.
func (it *Item) Encoding() Encoding { return Encoding(it.l.kind & kindEncMask >> kindEncShift) }

// Key returns a view of the key's name.
func (it *Item) Key() []byte { return it.e.key() }

// Meta returns the slot's eviction and expiry bits.
func (it *Item) Meta() Meta { return slotMeta(*it.pos.slot) }

// Deadline returns the deadline in ms since 1970, NoDeadline if there is none.
func (it *Item) Deadline() int64 {
	if it.l.kind&kindDeadline == 0 {
		return NoDeadline
	}
	return int64(binary.LittleEndian.Uint64(it.e.bytes(it.l.deadlineAt(), 8)))
}

// Raw returns a view of the stored value: the content of a string, or 8 bytes
// of an EncInt.
func (it *Item) Raw() []byte { return it.e.bytes(it.l.value, it.l.valueLen) }

// Int returns the value of an EncInt string; ok is false for all others.
func (it *Item) Int() (n int64, ok bool) {
	if it.Encoding() != EncInt {
		return 0, false
	}
	return int64(binary.LittleEndian.Uint64(it.Raw())), true
}

// AppendBytes appends the content of a string to dst.
func (it *Item) AppendBytes(dst []byte) []byte {
	if n, ok := it.Int(); ok {
		return strconv.AppendInt(dst, n, 10)
	}
	return append(dst, it.Raw()...)
}

// Bytes returns the content of a string: a view of it, or for integers digits
// written to scratch, which should have a capacity of 20.
func (it *Item) Bytes(scratch []byte) []byte {
	if n, ok := it.Int(); ok {
		return strconv.AppendInt(scratch[:0], n, 10)
	}
	return it.Raw()
}

// Len returns the length of a string in bytes.
func (it *Item) Len() int {
	if n, ok := it.Int(); ok {
		var digits [20]byte
		return len(strconv.AppendInt(digits[:0], n, 10))
	}
	return it.l.valueLen
}

// IsItem tells whether a memcached command wrote the value, so that it carries
// client flags and a CAS value.
func (it *Item) IsItem() bool { return it.l.kind&kindItem != 0 }

// Flags returns the memcached client flags; 0 for what Redis commands wrote.
func (it *Item) Flags() uint32 {
	if !it.IsItem() {
		return 0
	}
	return binary.LittleEndian.Uint32(it.e.bytes(it.l.itemAt(), 4))
}

// CAS returns the memcached CAS value. For a string that Redis commands wrote
// it is derived from the content (see cas.go), so that plain keys need not
// store one.
func (it *Item) CAS() uint64 {
	if it.IsItem() {
		return binary.LittleEndian.Uint64(it.e.bytes(it.l.itemAt()+4, 8))
	}
	return derivedCAS(xxhash.Sum64(it.Raw()))
}

// EntryBytes is the memory that the entry takes, rounding of the allocator
// included, in bytes.
func (it *Item) EntryBytes() int { return roundUp(it.e.allocBytes()) }
