package engine

import (
	"encoding/binary"

	"larder/engine/mem"
)

// Writes in two steps: the new entry is laid out beside the old one, which may
// be read meanwhile, and then takes its place, which cannot fail. So a value
// can be computed from the one that it replaces, and several keys change
// together or not at all.

// Staged is a string that is ready to become the value of a key.
type Staged struct {
	// Value is the content for the caller to fill in; it starts as garbage.
	Value []byte

	shard    *Shard
	sp       *space
	key      Key
	ref      mem.Ref
	deadline int64
}

// Stage lays out a string of size bytes for k. What k holds stays as it is
// until Commit.
// REQUIRES: k.Shard is locked until Commit, and no other key is written in
// between; enc is not EncInt.
func (e *Engine) Stage(db int, k Key, size int, enc Encoding, a Attrs, nowMs int64) (Staged, error) {
	sp, _, _, found, err := e.place(db, k, nowMs)
	if err != nil {
		return Staged{}, err
	}
	if !found && !sp.t.reserve(k.Hash) {
		return Staged{}, ErrNoRoom
	}
	h := a.header(enc)
	ref, value, ok := k.Shard.layOut(k, &h, size)
	if !ok {
		return Staged{}, ErrNoRoom
	}
	return Staged{value, k.Shard, sp, k, ref, a.Deadline}, nil
}

// layOut allocates an entry for k with room for a value of n bytes.
func (s *Shard) layOut(k Key, h *header, n int) (ref mem.Ref, value []byte, ok bool) {
	size := h.size(len(k.Name), n)
	ref, ok = s.heap.Alloc(allocFor(size, h.enc), mem.Movable)
	if !ok {
		return 0, nil, false
	}
	en := entryAt(s.region, ref)
	off := h.write(en.bytes(0, size), k.Name, n)
	return ref, en.bytes(off, n), true
}

// Commit makes the staged string the value of its key.
func (w *Staged) Commit() {
	t := w.sp.t
	if p, en, found := t.find(w.key.Hash, w.key.Name); found {
		t.preserve(p.seg, int(p.at))
		w.shard.free(en)
		*p.slot = *p.slot&^(slotRefMask|uint64(MetaFetched)<<metaShift) | uint64(w.ref)
		w.shard.markDeadline(w.sp, p.seg, p.slot, w.deadline)
		return
	}
	m := w.shard.noteInserted(w.key.Hash)
	slot := t.insert(w.key.Hash, w.ref, m)
	w.shard.markDeadline(w.sp, t.segment(w.key.Hash), slot, w.deadline)
	w.shard.noteCreated(w.sp, w.key.Hash)
}

// SetBytes is SetString for a value that is stored as bytes even when it reads
// as an integer. enc is EncBytes or EncGrown.
// REQUIRES: k.Shard is locked; value is not a view of k's own entry.
func (e *Engine) SetBytes(db int, k Key, value []byte, enc Encoding, a Attrs, nowMs int64) error {
	return e.setBytes(db, k, value, enc, a, nowMs)
}

// SetStrings sets all of keys, as SetString does one after the other, or
// changes nothing. pair returns the value of keys[i] and its attributes.
// REQUIRES: the shards of all keys are locked; no deadline has passed; no
// value is a view of an entry.
func (e *Engine) SetStrings(db int, keys []Key, pair func(i int) ([]byte, Attrs), nowMs int64) error {
	// Keys that are absent are inserted at once: deleting them again undoes
	// that. Those that are there get their new entry beside the old one.
	var few [16]stagedAt
	staged := few[:0]
	for i, k := range keys {
		value, a := pair(i)
		_, _, _, found, err := e.place(db, k, nowMs)
		if err == nil && !found {
			err = e.SetString(db, k, value, a, nowMs)
		} else if err == nil {
			var w Staged
			if w, err = e.stageString(db, k, value, a, nowMs); err == nil {
				staged = append(staged, stagedAt{w, i})
			}
		}
		if err != nil {
			e.unstage(db, keys[:i], staged, nowMs)
			return err
		}
	}
	for i := range staged {
		staged[i].Commit()
	}
	return nil
}

// stagedAt is the staged value of the at-th key.
type stagedAt struct {
	Staged
	at int
}

// stageString stages value in the encoding that SetString would give it.
func (e *Engine) stageString(db int, k Key, value []byte, a Attrs, nowMs int64) (Staged, error) {
	n, isInt := canonicalInt(value)
	if !isInt {
		w, err := e.Stage(db, k, len(value), EncBytes, a, nowMs)
		copy(w.Value, value)
		return w, err
	}
	h := a.header(EncInt)
	ref, dst, ok := k.Shard.layOut(k, &h, 8)
	if !ok {
		return Staged{}, ErrNoRoom
	}
	binary.LittleEndian.PutUint64(dst, uint64(n))
	return Staged{dst, k.Shard, &k.Shard.spaces[db], k, ref, a.Deadline}, nil
}

// unstage takes back what SetStrings did for keys: the staged are freed, the
// others were absent and become so again.
func (e *Engine) unstage(db int, keys []Key, staged []stagedAt, nowMs int64) {
	for i, k := range keys {
		if len(staged) > 0 && staged[0].at == i {
			k.Shard.free(entryAt(k.Shard.region, staged[0].ref))
			staged = staged[1:]
			continue
		}
		e.Delete(db, k, nowMs)
	}
}
