package engine

// oneway is a packed run whose items do without the back length: the form of
// small hashes, sets and sorted sets, which are searched from the front. That
// saves a byte an item: a hash of ten short fields takes 182 bytes and not 202.
// Lists and streams, which are walked and popped from both ends, stay with
// packed.
//
//	offset 0   count   2 bytes, little-endian: number of items, at most maxPackedItems
//	offset 2   item ... head and content, as in packed
//
// Content has one encoding only, so items are equal if their bytes are: a search
// compares bytes and decodes nothing.
type oneway []byte

// newOneway returns an empty run that begins in dst's memory.
func newOneway(dst []byte) oneway { return append(dst[:0], 0, 0) }

// count is the number of items.
func (b oneway) count() int { return packed(b).count() }

// item reads the item at off. REQUIRES: off is that of an item.
func (b oneway) item(off int) packedItem { return readItem(b, off) }

// next returns the offset of the item behind the one at off; it is len(b)
// behind the last.
func (b oneway) next(off int) int { return off + itemSize(b, off) }

// seek returns the offset of an item by its index, len(b) for the number of
// items. REQUIRES: 0 <= index <= count().
func (b oneway) seek(index int) int {
	off := packedHeader
	for range index {
		off = b.next(off)
	}
	return off
}

// indexOf is the number of items before the one at off.
func (b oneway) indexOf(off int) (n int) {
	for at := packedHeader; at < off; at = b.next(at) {
		n++
	}
	return n
}

// append adds an item at the end. As with the other edits, the result lies in
// b's memory if its capacity allows.
// REQUIRES: b.count() < maxPackedItems; c is no view of b.
func (b oneway) append(c content) oneway { return b.insert(len(b), c) }

// insert adds an item before the one at off.
// REQUIRES: b.count() < maxPackedItems; c is no view of b.
func (b oneway) insert(off int, c content) oneway {
	b = oneway(packed(b).resize(off, 0, c.size()))
	c.write(b[off:])
	packed(b).addCount(1)
	return b
}

// replace puts another item in the place of the one at off.
// REQUIRES: c is no view of b.
func (b oneway) replace(off int, c content) oneway {
	b = oneway(packed(b).resize(off, itemSize(b, off), c.size()))
	c.write(b[off:])
	return b
}

// remove takes n items out, the first of which is at off.
// REQUIRES: there are so many.
func (b oneway) remove(off, n int) oneway {
	end := off
	for range n {
		end = b.next(end)
	}
	packed(b).addCount(-n)
	return append(b[:off], b[end:]...)
}

// find returns the offset of the first item that holds c, looking at off and
// then at every (skip+1)-th item; -1 if there is none.
func (b oneway) find(off int, c content, skip int) int {
	var buf [headMax]byte
	head := buf[:c.writeHead(buf[:])]
	var str []byte
	if !c.isInt {
		str = c.str()
	}
	for off < len(b) {
		size := itemSize(b, off)
		if b[off] == head[0] && size == len(head)+len(str) &&
			string(b[off:off+len(head)]) == string(head) && string(b[off+len(head):off+size]) == string(str) {
			return off
		}
		off += size
		for range skip {
			if off == len(b) {
				return -1
			}
			off = b.next(off)
		}
	}
	return -1
}
