package engine

import "encoding/binary"

// SetItem is SetString for memcached: it returns ErrWrongType, having changed
// nothing, if k holds something else than a string.
// REQUIRES: k.Shard is locked; value is not a view of k's own entry.
func (e *Engine) SetItem(db int, k Key, value []byte, a Attrs, nowMs int64) error {
	sp, p, en, found, err := e.place(db, k, nowMs)
	if err != nil {
		return err
	}
	if found && en.typ() != TypeString {
		return ErrWrongType
	}
	enc, size := EncBytes, len(value)
	n, isInt := canonicalInt(value)
	if isInt {
		enc, size = EncInt, 8
	}
	h := a.header(enc)
	dst, err := k.Shard.store(sp, k, p, en, found, &h, size)
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

// Bump notes a use of the item for eviction only: Fetched stays as it is.
func (it *Item) Bump() {
	if f := *it.pos.slot >> metaShift & uint64(MetaFreq); f < uint64(MetaFreq) {
		*it.pos.slot += 1 << metaShift
	}
}

// SetFetched notes whether the value was read since it was stored.
func (it *Item) SetFetched(yes bool) {
	*it.pos.slot &^= uint64(MetaFetched) << metaShift
	if yes {
		*it.pos.slot |= uint64(MetaFetched) << metaShift
	}
}

// SetAttrs replaces all attributes of a value, whose content stays.
// The item is not valid afterwards.
// REQUIRES: the shard is locked.
func (it *Item) SetAttrs(a Attrs) error {
	h := a.header(it.Encoding())
	h.typ = it.Type()
	return it.relayout(&h)
}
