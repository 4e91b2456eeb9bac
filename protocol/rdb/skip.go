package rdb

// Finding where a value ends without decoding it, so that one goroutine can
// cut a file into pieces that others decode.

// skip steps over a value of the given kind, whose kind byte has been read.
func (r *reader) skip(kind Kind) {
	switch kind {
	case KindString, KindZipmap, KindListZiplist, KindIntset, KindZSetZiplist, KindHashZiplist,
		KindHashListpack, KindZSetListpack, KindSetListpack, KindHashListpackTTLEarly:
		r.skipString()
	case KindHashListpackTTL:
		r.take(8, "a hash's first deadline")
		r.skipString()
	case KindList, KindSet, KindQuicklist:
		r.skipStrings(r.count(1, "a container's size"))
	case KindHash:
		for range r.count(2, "a hash's size") {
			if r.skipStrings(2); r.err != nil {
				return
			}
		}
	case KindList2:
		for range r.count(2, "a list's number of nodes") {
			r.length("a list node's container")
			if r.skipString(); r.err != nil {
				return
			}
		}
	case KindZSetText, KindZSet:
		r.skipZSet(kind)
	case KindHashTTL, KindHashTTLEarly:
		if kind == KindHashTTL {
			r.take(8, "a hash's first deadline")
		}
		for range r.count(3, "a hash's size") {
			r.length("a field's deadline")
			if r.skipStrings(2); r.err != nil {
				return
			}
		}
	case KindStream1, KindStream2, KindStream3:
		r.skipStream(kind)
	case kindModule1, kindModule2:
		r.fail("the value belongs to a module; larder has none: remove the key, or export it by means of the module")
	default:
		r.fail("kind %d is none that can be read", kind)
	}
}

// The kinds of values that modules have written.
const (
	kindModule1 Kind = 6
	kindModule2 Kind = 7
)

func (r *reader) skipString() {
	n, special := r.head("a string")
	switch special {
	case 0:
	case strInt8:
		n = 1
	case strInt16:
		n = 2
	case strInt32:
		n = 4
	case strLZF:
		n = r.length("a compressed string")
		r.length("a compressed string")
	default:
		r.fail("a string begins with %#x at offset %d", special, r.at-1)
	}
	r.take(n, "a string")
}

func (r *reader) skipStrings(n int) {
	for range n {
		if r.skipString(); r.err != nil {
			return
		}
	}
}

func (r *reader) skipZSet(kind Kind) {
	for range r.count(2, "a sorted set's size") {
		r.skipString()
		n := uint64(8)
		if kind == KindZSetText {
			if n = uint64(r.byte("a score")); n >= scoreNaN {
				n = 0
			}
		}
		if r.take(n, "a score"); r.err != nil {
			return
		}
	}
}

func (r *reader) skipLengths(n int) {
	for range n {
		r.length("a number of a stream")
	}
}

func (r *reader) skipStream(kind Kind) {
	for range r.count(2, "a stream's number of nodes") {
		if r.skipStrings(2); r.err != nil {
			return
		}
	}
	r.skipLengths(3) // length, last ID
	if kind != KindStream1 {
		r.skipLengths(5) // first ID, highest deleted ID, added
	}
	for range r.count(2, "a stream's number of groups") {
		if r.skipGroup(kind); r.err != nil {
			return
		}
	}
}

func (r *reader) skipGroup(kind Kind) {
	r.skipString()
	r.skipLengths(2) // last ID
	if kind != KindStream1 {
		r.skipLengths(1) // entries read
	}
	for range r.count(25, "a group's number of pending entries") {
		r.take(24, "a pending entry")
		if r.skipLengths(1); r.err != nil {
			return
		}
	}
	for range r.count(10, "a group's number of consumers") {
		r.skipString()
		r.take(8, "a consumer's time")
		if kind == KindStream3 {
			r.take(8, "a consumer's time")
		}
		if n := r.count(16, "a consumer's number of pending entries"); r.err == nil {
			r.take(16*uint64(n), "a consumer's pending entries")
		}
		if r.err != nil {
			return
		}
	}
}
