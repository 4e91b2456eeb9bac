package engine

// Hashes: fields with a value each, and with a deadline if one was set.
//
//	EncPacked     run of field, value, field, value, … in order of insertion
//	EncPackedTTL  run that begins with a time in ms before which no field
//	              expires; then field, value, deadline, …, 0 = no deadline
//	EncLarge      nested table: an entry a field, with the deadline in it
//
// A hash starts packed and becomes large, for good, when it has more fields
// than Limits.HashItems or one that is longer than Limits.HashItemBytes. Most
// hashes are objects of a few fields: packed they cost two bytes and little
// more an item, and are found and read with one cache miss.
//
// Hashes whose fields expire are kept track of in a heap of times, see
// fielddue.go.

// Hash is a view of the hash at a key, or of the absence of one. It is valid
// while the shard stays locked and nothing else is written; its own methods
// keep it valid. Fields that have expired are not seen: whoever opens the item
// of a hash has dropped them (Item.DropFields).
type Hash struct {
	e     *Engine
	db    int
	key   Key
	nowMs int64
	it    Item // if there
	there bool
	n     nested // if large
	was   tableState
}

// OpenHash makes x the hash at k. It tells whether there is one, and returns
// ErrWrongType if k holds something else.
// REQUIRES: k.Shard is locked.
func (e *Engine) OpenHash(x *Hash, db int, k *Key, nowMs int64) (there bool, err error) {
	x.e, x.db, x.key, x.nowMs = e, db, *k, nowMs
	if x.there = x.it.Load(db, k, nowMs); !x.there {
		return false, nil
	}
	if x.it.Type() != TypeHash {
		x.there = false
		return false, ErrWrongType
	}
	if x.it.fieldsDue() <= nowMs {
		if _, gone := x.it.DropFields(nowMs); gone {
			x.there = false
			return false, nil
		}
	}
	if x.large() {
		x.n = x.it.shard.tableAt(x.it.root())
	}
	return true, nil
}

// Item is the key's entry. REQUIRES: there is one.
func (x *Hash) Item() *Item { return &x.it }

// There tells whether the key holds a hash. One that has lost its last field
// is gone.
func (x *Hash) There() bool { return x.there }

func (x *Hash) large() bool { return x.it.Encoding() == EncLarge }

// hashRun is a packed hash.
type hashRun struct {
	oneway
	start int // offset of the first field
	each  int // items a field: 2, or 3 with deadlines
}

// run is the item's packed form.
func (it *Item) hashRun() hashRun { return hashRunOf(oneway(it.Raw()), it.Encoding()) }

func hashRunOf(b oneway, enc Encoding) hashRun {
	if enc == EncPackedTTL {
		return hashRun{b, b.next(packedHeader), 3}
	}
	return hashRun{b, packedHeader, 2}
}

// len is the number of fields.
func (b hashRun) len() int { return b.count() / b.each }

// find returns the offset of a field, -1 if there is none.
func (b hashRun) find(field content) int { return b.oneway.find(b.start, field, b.each-1) }

// Len returns the number of fields.
func (x *Hash) Len() int {
	switch {
	case !x.there:
		return 0
	case x.large():
		return x.n.count()
	}
	return x.it.hashRun().len()
}

// Has tells whether a field is there.
func (x *Hash) Has(field []byte) bool {
	switch {
	case !x.there:
		return false
	case x.large():
		_, _, ok := x.n.find(x.e.seed.Hash(field), field)
		return ok
	}
	return x.it.hashRun().find(contentOf(field)) >= 0
}

// Get returns the value of a field: a view of it, or for integers digits
// written to scratch, which should have a capacity of 20.
func (x *Hash) Get(field, scratch []byte) (value []byte, ok bool) {
	if !x.there {
		return nil, false
	}
	if x.large() {
		_, e, ok := x.n.find(x.e.seed.Hash(field), field)
		if !ok {
			return nil, false
		}
		return e.value(), true
	}
	b := x.it.hashRun()
	off := b.find(contentOf(field))
	if off < 0 {
		return nil, false
	}
	it := b.item(b.next(off))
	return it.bytes(scratch), true
}

// value is the value of an entry that is no integer.
func (e entry) value() []byte {
	l := e.layout()
	return e.bytes(l.value, l.valueLen)
}

// Each calls f for each field until it returns false: in order of insertion
// if the hash is packed, in no order that means anything otherwise. What f gets
// is valid until it returns. f does not write.
func (x *Hash) Each(f func(field, value []byte) bool) {
	if !x.there {
		return
	}
	if x.large() {
		x.n.each(func(e entry) bool { return f(e.key(), e.value()) })
		return
	}
	b := x.it.hashRun()
	var a, v [20]byte
	for off := b.start; off < len(b.oneway); {
		field := b.item(off)
		value := b.item(field.next)
		if !f(field.bytes(a[:0]), value.bytes(v[:0])) {
			return
		}
		if off = value.next; b.each == 3 {
			off = b.next(off)
		}
	}
}

// EachField calls f for each field of a hash, see Each.
// REQUIRES: the item is one.
func (it *Item) EachField(f func(field, value []byte)) {
	x := Hash{e: it.shard.engine, it: *it, there: true}
	if x.large() {
		x.n = it.shard.tableAt(it.root())
	}
	x.Each(func(field, value []byte) bool { f(field, value); return true })
}

// Scan calls f for fields from cursor c on, at least about count of them, and
// returns the cursor to go on with, 0 at the end. A field that is there
// throughout an iteration is returned at least once. A packed hash is returned
// at once.
func (x *Hash) Scan(c Cursor, count int, f func(field, value []byte)) Cursor {
	if x.there && x.large() {
		return x.n.scan(c, count, x.nowMs, func(e entry) { f(e.key(), e.value()) })
	}
	x.Each(func(field, value []byte) bool { f(field, value); return true })
	return 0
}

// Pick returns the field that seed chooses, each with the same chance, and its
// value. a and v are scratch for integers, with a capacity of 20.
// REQUIRES: the hash is there.
func (x *Hash) Pick(seed uint64, a, v []byte) (field, value []byte) {
	if x.large() {
		_, _, e := x.n.pick(seed)
		return e.key(), e.value()
	}
	b := x.it.hashRun()
	off := b.seek(b.count()%b.each + b.each*int(mix(seed)%uint64(b.len())))
	it := b.item(off)
	val := b.item(it.next)
	return it.bytes(a), val.bytes(v)
}

// HashEncoding is how a hash is kept.
type HashEncoding uint8

// The forms of a hash, in the order in which they follow each other.
const (
	HashPacked HashEncoding = iota
	HashPackedTTL
	HashTable
)

// HashEncoding returns how the hash is kept. REQUIRES: the item is one.
func (it *Item) HashEncoding() HashEncoding {
	switch it.Encoding() {
	case EncPackedTTL:
		return HashPackedTTL
	case EncLarge:
		return HashTable
	}
	return HashPacked
}

// appendFields appends what commands can find out about the fields of a hash.
func (it *Item) appendFields(dst []byte, nowMs int64) []byte {
	if it.Encoding() == EncLarge {
		return it.shard.tableAt(it.root()).appendState(dst, nowMs)
	}
	b := it.hashRun()
	if b.each == 2 {
		return append(dst, b.oneway...)
	}
	for off := b.start; off < len(b.oneway); {
		due := b.item(b.next(b.next(off)))
		if due.n == 0 || due.n > nowMs {
			dst = append(dst, b.oneway[off:due.next]...)
		}
		off = due.next
	}
	return dst
}

// liveFields is the number of fields of a hash that do not expire until nowMs.
func (it *Item) liveFields(nowMs int64) (live int) {
	if it.Encoding() == EncLarge {
		it.shard.tableAt(it.root()).each(func(e entry) bool {
			if e.deadline() > nowMs {
				live++
			}
			return true
		})
		return live
	}
	b := it.hashRun()
	if b.each == 2 {
		return b.len()
	}
	for off := b.start; off < len(b.oneway); {
		due := b.item(b.next(b.next(off)))
		if due.n == 0 || due.n > nowMs {
			live++
		}
		off = due.next
	}
	return live
}
