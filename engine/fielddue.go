package engine

// Fields with a deadline. A field is absent from its deadline on: whatever
// looks at a hash drops what has expired first (DropFields), which costs
// nothing while the earliest deadline is to come. What nobody looks at is
// found by a heap of times, one a database and shard: it holds, for each hash
// that has deadlines, a time that is not later than its earliest one, and
// names the hash by its key's hash. An item of the heap that is out of date,
// because the hash has gone or lives longer, is found out when its time comes.
// The heap lies in the Go heap, without pointers: 16 bytes a hash.

// fieldDue says that fields of a hash may expire at ms.
type fieldDue struct {
	ms   int64
	hash uint64 // of the key
}

// fieldDues is a binary heap, the earliest time first.
type fieldDues struct {
	items []fieldDue
	tidy  int // how many there were after the last tidying
}

// dueSlack is how many items a heap may have beyond twice those that are known
// to be needed: setting deadlines ever earlier adds an item each time.
const dueSlack = 1024

func (d *fieldDues) less(i, j int) bool { return d.items[i].ms < d.items[j].ms }

// note adds an item.
func (d *fieldDues) note(hash uint64, ms int64) {
	d.items = append(d.items, fieldDue{ms, hash})
	for i := len(d.items) - 1; i > 0; {
		up := (i - 1) / 2
		if !d.less(i, up) {
			return
		}
		d.items[i], d.items[up] = d.items[up], d.items[i]
		i = up
	}
}

// take removes the earliest item and others that say the same.
func (d *fieldDues) take() fieldDue {
	first := d.items[0]
	for len(d.items) > 0 && d.items[0] == first {
		last := len(d.items) - 1
		d.items[0] = d.items[last]
		d.items = d.items[:last]
		d.sink(0)
	}
	if len(d.items) == 0 {
		d.items = nil
	}
	return first
}

func (d *fieldDues) sink(i int) {
	for {
		least := i
		for _, child := range [2]int{2*i + 1, 2*i + 2} {
			if child < len(d.items) && d.less(child, least) {
				least = child
			}
		}
		if least == i {
			return
		}
		d.items[i], d.items[least] = d.items[least], d.items[i]
		i = least
	}
}

// overgrown tells that many items may be out of date.
func (d *fieldDues) overgrown() bool { return len(d.items) > 2*d.tidy+dueSlack }

// tidyFields leaves one item for each hash that needs one.
func (s *Shard) tidyFields(sp *space) {
	old := sp.due.items
	sp.due = fieldDues{}
	seen := make(map[uint64]struct{}, len(old)/2)
	for _, d := range old {
		if _, twice := seen[d.hash]; twice {
			continue
		}
		seen[d.hash] = struct{}{}
		if it, ok := s.itemByHash(sp, d.hash); ok {
			if due := it.fieldsDue(); due != never {
				sp.due.note(d.hash, due)
			}
		}
	}
	sp.due.tidy = len(sp.due.items)
}

// itemByHash finds the key with hash h.
func (s *Shard) itemByHash(sp *space, h uint64) (Item, bool) {
	if sp.t == nil {
		return Item{}, false
	}
	seg := sp.t.segment(h)
	pos, at := hashPos(h), seg.home(hashPos(h))
	for range seg.buckets {
		b := seg.bucket(at)
		for m := b.match(hashTag(h)); m != 0; m &= m - 1 {
			i := matchIndex(m)
			if slotPos(b.slots[i]) != pos {
				continue
			}
			if e := entryAt(s.region, slotRef(b.slots[i])); s.engine.seed.Hash(e.key()) == h {
				return Item{s, sp, positionIn(seg, at, b, i), e, e.layout()}, true
			}
		}
		if b.overflow() == 0 {
			break
		}
		at = seg.next(at)
	}
	return Item{}, false
}

// fieldsDue is a time in ms before which no field of the item expires; never
// for what is no hash with deadlines.
func (it *Item) fieldsDue() int64 {
	if it.Type() != TypeHash {
		return never
	}
	switch it.Encoding() {
	case EncPackedTTL:
		due := oneway(it.Raw()).item(packedHeader)
		return due.n
	case EncLarge:
		return it.shard.tableAt(it.root()).due()
	}
	return never
}

// FieldsDue tells whether the item is a hash with fields that have expired and
// are not dropped yet.
func (it *Item) FieldsDue(nowMs int64) bool {
	return Type(it.l.kind&kindType) == TypeHash && it.l.kind&kindEncMask != 0 && it.fieldsDue() <= nowMs
}

// alive tells whether neither the item's deadline nor those of all its fields
// have passed.
func (it *Item) alive(nowMs int64) bool {
	return it.Deadline() > nowMs && !(it.FieldsDue(nowMs) && it.liveFields(nowMs) == 0)
}

// DropFields removes the fields of a hash that have expired. It returns how
// many there were and whether they were the last ones: then the key is removed,
// and the item is not valid any more.
// REQUIRES: the shard is locked.
func (it *Item) DropFields(nowMs int64) (dropped int, gone bool) {
	dropped, gone, _ = it.dropFields(nowMs, never)
	it.fieldsDropped(dropped, gone)
	return dropped, gone
}

// fieldsDropped tells the observer of fields that have expired, and removes
// the key if no field is left.
func (it *Item) fieldsDropped(dropped int, gone bool) {
	if o := it.shard.engine.observation.observer; o != nil && dropped > 0 {
		o.FieldsExpired(it.shard.database(it.sp), it.Key(), gone)
	}
	if gone {
		it.remove()
	}
}

// dropFields is DropFields for about so many slots of a large hash; more tells
// that it goes on. gone tells that no field is left; the key stays.
func (it *Item) dropFields(nowMs int64, slots int) (dropped int, gone, more bool) {
	if it.Encoding() == EncLarge {
		n := it.shard.tableAt(it.root())
		dropped, more = n.reclaim(nowMs, slots)
		return dropped, n.count() == 0, more
	}
	r := hashRunOf(oneway(it.edit()), it.Encoding())
	for off := r.start; off < len(r.oneway); {
		due := r.item(r.next(r.next(off)))
		if due.n == 0 || due.n > nowMs {
			off = due.next
			continue
		}
		r.oneway = r.remove(off, r.each)
		dropped++
	}
	if r.len() == 0 {
		return dropped, true, false
	}
	if it.putHashRun(r) != nil {
		return 0, false, false // they stay until there is room for the shorter run
	}
	return dropped, false, false
}

// SweepFields drops fields that have expired, visiting about so many slots, and
// tells how many that were and whether more are due at once.
// REQUIRES: s is locked.
func (s *Shard) SweepFields(nowMs int64, slots int) (dropped int, more bool) {
	for db := range s.spaces {
		sp := &s.spaces[db]
		if sp.due.overgrown() {
			s.tidyFields(sp)
		}
		for len(sp.due.items) > 0 && sp.due.items[0].ms <= nowMs {
			if slots <= 0 {
				return dropped, true
			}
			n, visited := s.sweepHash(sp, nowMs, slots)
			dropped, slots = dropped+n, slots-visited
		}
	}
	return dropped, false
}

// sweepHash drops fields of the hash that is due first.
func (s *Shard) sweepHash(sp *space, nowMs int64, slots int) (dropped, visited int) {
	d := sp.due.take()
	it, ok := s.itemByHash(sp, d.hash)
	if !ok {
		return 0, 1
	}
	due := it.fieldsDue()
	if due == never {
		return 0, 1
	}
	if due > nowMs {
		sp.due.note(d.hash, due)
		return 0, 1
	}
	dropped, gone, more := it.dropFields(nowMs, slots)
	it.fieldsDropped(dropped, gone)
	switch {
	case gone:
	case more:
		sp.due.note(d.hash, nowMs)
		return dropped, slots
	default:
		if due := it.fieldsDue(); due != never {
			sp.due.note(d.hash, max(due, nowMs+1))
		}
	}
	return dropped, 1 + dropped
}

// followFields keeps track of the fields of an item that has been copied to k.
func (e *Engine) followFields(db int, k Key, due int64) {
	if due != never {
		k.Shard.spaces[db].due.note(k.Hash, due)
	}
}
