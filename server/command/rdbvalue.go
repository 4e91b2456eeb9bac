package command

import (
	"iter"
	"slices"

	"larder/engine"
	"larder/protocol/rdb"
	"larder/protocol/resp"
)

// Values as the bytes of a snapshot: what DUMP answers and what stands behind
// each key of a file. How a value is kept decides the form: what is packed
// here is packed there. Streams are in rdbstream.go, the way back is in
// restorer.go.

// appendValue writes an item's value, kind included, and returns the oldest
// version of the format that can express it; listSize is
// list-max-listpack-size. Fields of a hash that have expired and are still
// there are written with their deadline: who reads them leaves them out.
// REQUIRES: the item's shard is locked.
func appendValue(w *rdb.Writer, it *engine.Item, listSize int) (version int) {
	switch it.Type() {
	case engine.TypeString:
		if n, isInt := it.Int(); isInt {
			w.IntegerValue(n)
		} else {
			w.StringValue(it.Raw())
		}
	case engine.TypeList:
		appendList(w, it, listSize)
	case engine.TypeHash:
		return appendHash(w, it)
	case engine.TypeSet:
		appendSet(w, it)
	case engine.TypeZSet:
		appendZSet(w, it)
	default:
		appendStream(w, it)
	}
	return rdb.Version
}

func appendList(w *rdb.Writer, it *engine.Item, listSize int) {
	l := it.List()
	w.List(listSize, func(yield func([]byte) bool) {
		var digits [20]byte
		at := l.Walk(0, false)
		for e, ok := at.Next(); ok; e, ok = at.Next() {
			if !yield(e.Bytes(digits[:0])) {
				return
			}
		}
	})
}

// appendHash writes a hash. One whose fields have deadlines can be read by
// Redis 7.4 and later only.
func appendHash(w *rdb.Writer, it *engine.Item) (version int) {
	var x engine.Hash
	it.ViewHash(&x)
	packed := it.HashEncoding() != engine.HashTable
	if x.HasDeadlines() {
		if fields, first := fieldsByDeadline(&x); first != 0 {
			if packed {
				w.PackedHashTTL(first, slices.Values(fields))
			} else {
				w.HashTTL(len(fields), first, slices.Values(fields))
			}
			return rdb.VersionTTL
		}
	}
	if packed {
		w.PackedHash(x.Each)
	} else {
		w.Hash(x.Len(), x.Each)
	}
	return rdb.Version
}

// fieldsByDeadline returns copies of a hash's fields in order of their
// deadlines, those without at the end, and the first deadline, 0 if there is
// none.
func fieldsByDeadline(x *engine.Hash) (fields []rdb.Field, first int64) {
	x.EachField(func(field, value []byte, deadline int64) bool {
		if deadline == engine.NoDeadline {
			deadline = 0
		}
		fields = append(fields, rdb.Field{Name: slices.Clone(field), Value: slices.Clone(value), DeadlineMs: deadline})
		return true
	})
	slices.SortStableFunc(fields, func(a, b rdb.Field) int {
		// As unsigned numbers, 0 less 1 is the largest.
		x, y := uint64(a.DeadlineMs-1), uint64(b.DeadlineMs-1)
		switch {
		case x < y:
			return -1
		case x > y:
			return 1
		}
		return 0
	})
	return fields, fields[0].DeadlineMs
}

func appendSet(w *rdb.Writer, it *engine.Item) {
	var x engine.Set
	it.ViewSet(&x)
	if it.Encoding() != engine.EncIntset {
		w.Set(x.Len(), x.Each)
		return
	}
	w.Intset(func(yield func(int64) bool) {
		for member := range x.Each {
			if n, _ := resp.ParseInt(member); !yield(n) {
				return
			}
		}
	})
}

func appendZSet(w *rdb.Writer, it *engine.Item) {
	var z engine.ZSet
	_ = z.View(it) // it is a sorted set
	if it.Encoding() == engine.EncLarge {
		w.ZSet(z.Len(), scores(&z, true))
	} else {
		w.PackedZSet(scores(&z, false))
	}
}

// scores yields the members of a sorted set in order or in reverse.
func scores(z *engine.ZSet, reverse bool) iter.Seq2[[]byte, float64] {
	return func(yield func([]byte, float64) bool) {
		var at engine.ZCursor
		first := 0
		if reverse {
			first = z.Len() - 1
		}
		z.Seek(&at, first, reverse)
		for at.Next() {
			if !yield(at.Member(), at.Score()) {
				return
			}
		}
	}
}
