package rdb

import "encoding/binary"

// Large values in parts: the head says how many parts come, then each is
// written by itself, maybe to another buffer and much later. So a value of
// millions of members is never held as a whole.

// BeginSet begins a set of n members; String writes each.
func (w *Writer) BeginSet(n int) { w.begin(KindSet, n) }

// BeginHash begins a hash of n fields; Pair writes each.
func (w *Writer) BeginHash(n int) { w.begin(KindHash, n) }

// BeginHashTTL begins a hash of n fields, none of which expires before firstMs;
// PairTTL writes each.
func (w *Writer) BeginHashTTL(n int, firstMs int64) {
	w.kind(KindHashTTL)
	w.Millis(firstMs)
	w.Length(uint64(n))
}

// BeginZSet begins a sorted set of n members; Scored writes each.
func (w *Writer) BeginZSet(n int) { w.begin(KindZSet, n) }

// BeginList begins a list of n nodes; ListNode writes each, in their order.
func (w *Writer) BeginList(n int) { w.begin(KindList2, n) }

// BeginStream begins a stream of n nodes; StreamNode writes each, in their
// order, and StreamWriter.Info what follows.
func (w *Writer) BeginStream(n int) { w.begin(KindStream2, n) }

func (w *Writer) begin(k Kind, n int) {
	w.kind(k)
	w.Length(uint64(n))
}

// Pair writes a field of a hash.
func (w *Writer) Pair(field, value []byte) {
	w.String(field)
	w.String(value)
}

// PairTTL writes a field of a hash that was begun with BeginHashTTL and firstMs.
func (w *Writer) PairTTL(f *Field, firstMs int64) {
	if f.DeadlineMs == 0 {
		w.Length(0)
	} else {
		w.Length(uint64(f.DeadlineMs - firstMs + 1))
	}
	w.Pair(f.Name, f.Value)
}

// Scored writes a member of a sorted set.
func (w *Writer) Scored(member []byte, score float64) {
	w.String(member)
	w.Double(score)
}

// ListNode writes a node of a list by the items of its listpack, encoded
// already. One item that is too long for a listpack is a node itself.
func (w *Writer) ListNode(count int, items []byte) {
	if len(items) >= listPlain && count == 1 {
		if it, _, ok := nextListpack(items); ok {
			w.Length(nodePlain)
			w.String(it.bytes())
			return
		}
	}
	w.Length(nodePacked)
	w.encoded(count, items)
}

// StreamNode writes a node of a stream by its ID and the items of its listpack,
// encoded already: only so can entries be told that are deleted and still there.
func (w *Writer) StreamNode(id StreamID, count int, items []byte) {
	var key [16]byte
	binary.BigEndian.PutUint64(key[:], id.Ms)
	binary.BigEndian.PutUint64(key[8:], id.Seq)
	w.String(key[:])
	w.encoded(count, items)
}

// encoded writes a listpack of items that are encoded already.
func (w *Writer) encoded(count int, items []byte) {
	w.pack.Reset()
	w.pack.Encoded(count, items)
	w.listpack(&w.pack)
}
