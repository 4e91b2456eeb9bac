package rdb

import (
	"iter"
	"math"
	"strconv"
)

// Values are written from iterators, in the order in which those yield. What
// is packed is decided by who calls, because it is a property of the value and
// not of the format.

// StringValue writes a string.
func (w *Writer) StringValue(s []byte) {
	w.kind(KindString)
	w.String(s)
}

// IntegerValue writes a string that holds the digits of n.
func (w *Writer) IntegerValue(n int64) {
	w.kind(KindString)
	w.Integer(n)
}

// listpack writes a listpack as a string.
func (w *Writer) listpack(p *Listpack) { w.String(p.Bytes()) }

// Set writes a set of n members as a table, which versions before 7.2 have of
// packed sets too.
func (w *Writer) Set(n int, members iter.Seq[[]byte]) {
	w.BeginSet(n)
	for m := range members {
		w.String(m)
	}
}

// Intset writes a set of integers, which ints yields twice the same in
// ascending order.
func (w *Writer) Intset(ints iter.Seq[int64]) {
	w.kind(KindIntset)
	w.String(appendIntset(nil, ints))
}

// PackedHash writes a small hash.
func (w *Writer) PackedHash(fields iter.Seq2[[]byte, []byte]) {
	w.pack.Reset()
	for field, value := range fields {
		w.pack.String(field)
		w.pack.String(value)
	}
	w.kind(KindHashListpack)
	w.listpack(&w.pack)
}

// Hash writes a hash of n fields.
func (w *Writer) Hash(n int, fields iter.Seq2[[]byte, []byte]) {
	w.BeginHash(n)
	for field, value := range fields {
		w.Pair(field, value)
	}
}

// Field is a field of a hash whose fields have deadlines.
type Field struct {
	Name, Value []byte
	DeadlineMs  int64 // ms since 1970, 0 = none
}

// PackedHashTTL writes a small hash, fields in order of their deadlines, those
// that have none at the end. firstMs is the earliest deadline.
func (w *Writer) PackedHashTTL(firstMs int64, fields iter.Seq[Field]) {
	w.pack.Reset()
	for f := range fields {
		w.pack.String(f.Name)
		w.pack.String(f.Value)
		w.pack.Int(f.DeadlineMs)
	}
	w.kind(KindHashListpackTTL)
	w.Millis(firstMs)
	w.listpack(&w.pack)
}

// HashTTL writes a hash of n fields. firstMs is the earliest deadline.
func (w *Writer) HashTTL(n int, firstMs int64, fields iter.Seq[Field]) {
	w.BeginHashTTL(n, firstMs)
	for f := range fields {
		w.PairTTL(&f, firstMs)
	}
}

// PackedZSet writes a small sorted set, members in ascending order.
func (w *Writer) PackedZSet(members iter.Seq2[[]byte, float64]) {
	var text [32]byte
	w.pack.Reset()
	for member, score := range members {
		w.pack.String(member)
		if n, ok := wholeScore(score); ok {
			w.pack.Int(n)
		} else {
			w.pack.String(appendScore(text[:0], score))
		}
	}
	w.kind(KindZSetListpack)
	w.listpack(&w.pack)
}

// ZSet writes a sorted set of n members, in descending order, as Redis does
// because it is the faster order to insert in.
func (w *Writer) ZSet(n int, members iter.Seq2[[]byte, float64]) {
	w.BeginZSet(n)
	for member, score := range members {
		w.Scored(member, score)
	}
}

// wholeScore tells whether a score is an integer of up to 63 bits.
func wholeScore(score float64) (int64, bool) {
	const most = math.MaxInt64 / 2
	if !(score >= -most && score <= most) {
		return 0, false
	}
	n := int64(score)
	return n, float64(n) == score
}

// appendScore writes a score with 17 digits, as printf does with %.17g.
func appendScore(dst []byte, score float64) []byte {
	switch {
	case math.IsInf(score, 1):
		return append(dst, "inf"...)
	case math.IsInf(score, -1):
		return append(dst, "-inf"...)
	}
	return appendG17(dst, score)
}

// appendG17 is printf's %.17g: 17 significant digits without zeros at the end,
// with an exponent of at least two digits where it is under -4 or over 16.
func appendG17(dst []byte, f float64) []byte {
	var buf [32]byte
	b := strconv.AppendFloat(buf[:0], f, 'e', 16, 64) // [-]d.dddddddddddddddde±dd
	if b[0] == '-' {
		dst, b = append(dst, '-'), b[1:]
	}
	e := len(b) - 1
	for b[e] != 'e' {
		e--
	}
	exp, _ := strconv.Atoi(string(b[e+1:]))
	var digits [17]byte
	digits[0] = b[0]
	copy(digits[1:], b[2:e])
	n := len(digits)
	for n > 1 && digits[n-1] == '0' {
		n--
	}
	switch {
	case exp < -4 || exp > 16:
		dst = append(dst, digits[0])
		if n > 1 {
			dst = append(append(dst, '.'), digits[1:n]...)
		}
		return append(dst, b[e:]...)
	case exp < 0:
		dst = append(dst, "0.0000"[:1-exp]...)
		return append(dst, digits[:n]...)
	case exp+1 >= n:
		return append(dst, digits[:exp+1]...)
	}
	dst = append(dst, digits[:exp+1]...)
	return append(append(dst, '.'), digits[exp+1:n]...)
}

// Sizes of a list's nodes.
const (
	// listItemOverhead is what an element is taken to need besides its bytes.
	listItemOverhead = 8
	// listNodeSafe bounds the bytes of a node whose limit is a number of
	// elements.
	listNodeSafe = 8192
	// listNodeMost bounds the elements of a node.
	listNodeMost = 1<<15 - 1
	// listPlain is the size of an element from which on it is a node itself.
	listPlain = 1 << 30
)

// listNodeBytes are the limits that -1 to -5 stand for.
var listNodeBytes = [5]int{4096, 8192, 16384, 32768, 65536}

// listNodeTakes tells whether a node of count elements and size bytes takes one
// more of n bytes; limit is list-max-listpack-size.
func listNodeTakes(limit, count, size, n int) bool {
	size += n + listItemOverhead
	if limit < 0 {
		return size <= listNodeBytes[min(-limit, len(listNodeBytes))-1]
	}
	return size <= listNodeSafe && count < min(limit, listNodeMost)
}

// List writes a list in nodes that are filled as if the elements had been
// pushed at the end one by one; limit is list-max-listpack-size.
func (w *Writer) List(limit int, elements iter.Seq[[]byte]) {
	w.kind(KindList2)
	// How many nodes there are is known at the end.
	start := len(w.Buf)
	nodes := uint64(0)
	flush := func() {
		if w.pack.Count() > 0 {
			nodes++
			w.Length(nodePacked)
			w.listpack(&w.pack)
			w.pack.Reset()
		}
	}
	w.pack.Reset()
	for e := range elements {
		if len(e) >= listPlain {
			flush()
			nodes++
			w.Length(nodePlain)
			w.String(e)
			continue
		}
		if !listNodeTakes(limit, w.pack.Count(), w.pack.Size(), len(e)) {
			flush()
		}
		w.pack.String(e)
	}
	flush()
	w.insertLength(start, nodes)
}

// insertLength puts a length in front of what was written from start on.
func (w *Writer) insertLength(start int, n uint64) {
	var head [9]byte
	h := appendLength(head[:0], n)
	w.Buf = append(w.Buf, h...) // makes room
	copy(w.Buf[start+len(h):], w.Buf[start:])
	copy(w.Buf[start:], h)
}
