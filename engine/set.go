package engine

// Sets: members without order.
//
//	EncIntset   integers in ascending order, 8 bytes each (intset.go)
//	EncPacked   run of the members in order of insertion
//	EncLarge    nested table: an entry a member, with an empty value
//
// A set of integers is an intset up to Limits.SetInts members; another one is
// packed up to Limits.SetItems members of up to Limits.SetItemBytes. A set that
// has become large stays so. These are the rules of Redis 7.2, see setmembers.go.

// Set is a view of the set at a key, or of the absence of one. It is valid
// while the shard stays locked and nothing else is written; its own methods
// keep it valid.
type Set struct {
	e     *Engine
	db    int
	key   Key
	nowMs int64
	it    Item // if there
	there bool
	n     nested // if large
	was   tableState
}

// OpenSet makes x the set at k. It tells whether there is one, and returns
// ErrWrongType if k holds something else.
// REQUIRES: k.Shard is locked.
func (e *Engine) OpenSet(x *Set, db int, k *Key, nowMs int64) (there bool, err error) {
	x.e, x.db, x.key, x.nowMs = e, db, *k, nowMs
	if x.there = x.it.Load(db, k, nowMs); !x.there {
		return false, nil
	}
	if x.it.Type() != TypeSet {
		x.there = false
		return false, ErrWrongType
	}
	if x.large() {
		x.n = x.it.shard.tableAt(x.it.root())
	}
	return true, nil
}

// Item is the key's entry. REQUIRES: there is one.
func (x *Set) Item() *Item { return &x.it }

// There tells whether the key holds a set. One that has lost its last member
// is gone.
func (x *Set) There() bool { return x.there }

func (x *Set) large() bool { return x.it.Encoding() == EncLarge }

func (x *Set) members() members { return members{x.it.Encoding(), x.it.Raw()} }

// Len returns the number of members.
func (x *Set) Len() int {
	switch {
	case !x.there:
		return 0
	case x.large():
		return x.n.count()
	}
	return x.members().len()
}

// Has tells whether member is one.
func (x *Set) Has(member []byte) bool {
	switch {
	case !x.there:
		return false
	case x.large():
		_, _, ok := x.n.find(x.e.seed.Hash(member), member)
		return ok
	}
	return x.members().find(contentOf(member)) >= 0
}

// Each calls f for each member until it returns false: integers in ascending
// order, packed ones in order of insertion, those of a large set in no order
// that means anything. What f gets is valid until it returns. f does not write.
func (x *Set) Each(f func(member []byte) bool) {
	switch {
	case !x.there:
	case x.large():
		x.n.each(func(e entry) bool { return f(e.key()) })
	default:
		x.members().each(f)
	}
}

// EachMember calls f for each member of a set, see Each.
// REQUIRES: the item is one.
func (it *Item) EachMember(f func(member []byte)) {
	x := Set{e: it.shard.engine, it: *it, there: true}
	if x.large() {
		x.n = it.shard.tableAt(it.root())
	}
	x.Each(func(member []byte) bool { f(member); return true })
}

// Scan calls f for members from cursor c on, at least about count of them, and
// returns the cursor to go on with, 0 at the end. A member that is there
// throughout an iteration is returned at least once. A small set is returned
// at once.
func (x *Set) Scan(c Cursor, count int, f func(member []byte)) Cursor {
	if x.there && x.large() {
		return x.n.scan(c, count, x.nowMs, func(e entry) { f(e.key()) })
	}
	x.Each(func(member []byte) bool { f(member); return true })
	return 0
}

// Pick returns the member that seed chooses, each with the same chance; an
// integer's digits are written to scratch, which should have a capacity of 20.
// REQUIRES: the set is there.
func (x *Set) Pick(seed uint64, scratch []byte) []byte {
	if x.large() {
		_, _, e := x.n.pick(seed)
		return e.key()
	}
	m := x.members()
	return m.at(int(mix(seed)%uint64(m.len())), scratch)
}

// Add adds a member and tells whether it is new. The key is created with its
// first member; hint is about how many members the command will add.
// REQUIRES: member is no view of the set.
func (x *Set) Add(member []byte, hint int, lim *Limits) (added bool, err error) {
	c := contentOf(member)
	if !x.there {
		return true, x.create(c, member, hint, lim)
	}
	if x.large() {
		h := x.e.seed.Hash(member)
		if _, _, ok := x.n.find(h, member); ok {
			return false, nil
		}
		return true, x.n.addMember(h, member)
	}
	m := x.members()
	if m.find(c) >= 0 {
		return false, nil
	}
	if !m.takes(c, lim) {
		if err := x.enlarge(hint); err != nil {
			return true, err
		}
		return true, x.n.addMember(x.e.seed.Hash(member), member)
	}
	return true, x.put(members{m.enc, x.it.edit()}.add(c))
}

// put makes m, which lies in the shard's buffer, the set.
func (x *Set) put(m members) error {
	x.key.Shard.keepBuffer(m.b)
	return x.it.replace(m.enc, m.b)
}

// Expect makes an existing set ready for so many members of one command, of
// which some may be there already.
func (x *Set) Expect(hint int, lim *Limits) error {
	if !x.there || x.large() {
		return nil
	}
	if enc := x.it.Encoding(); enc == EncPacked && hint > lim.SetItems || enc == EncIntset && hint > lim.SetInts {
		return x.enlarge(hint)
	}
	return nil
}

// create makes the key with its first member.
func (x *Set) create(c content, member []byte, hint int, lim *Limits) error {
	s := x.key.Shard
	m := members{EncPacked, newOneway(s.buffer())}
	if c.isInt && hint <= lim.SetInts {
		m = members{EncIntset, s.buffer()}
	}
	if m.enc == EncPacked && hint > lim.SetItems || !m.takes(c, lim) {
		return x.createLarge(member, hint)
	}
	m = m.add(c)
	s.keepBuffer(m.b)
	if err := x.e.setContainer(x.db, x.key, TypeSet, m.enc, m.b, never, x.nowMs); err != nil {
		return err
	}
	x.there = x.it.Load(x.db, &x.key, x.nowMs)
	return nil
}

// createLarge makes the key with the first of many members.
func (x *Set) createLarge(member []byte, hint int) error {
	s := x.key.Shard
	root, err := s.newTableRoot(TypeSet, hint)
	if err != nil {
		return err
	}
	n := s.tableAt(root)
	if err = n.addMember(x.e.seed.Hash(member), member); err == nil {
		err = x.e.setRoot(x.db, x.key, TypeSet, root, never, x.nowMs)
	}
	if err != nil {
		s.dropTable(root)
		return err
	}
	x.there, x.n = x.it.Load(x.db, &x.key, x.nowMs), n
	return nil
}

// enlarge makes a small set large, with room for about so many members more.
func (x *Set) enlarge(more int) error {
	s, m := x.key.Shard, x.members()
	root, err := s.newTableRoot(TypeSet, m.len()+more)
	if err != nil {
		return err
	}
	n := s.tableAt(root)
	if err = n.insertAll(m); err == nil {
		err = x.it.replaceRoot(root)
	}
	if err != nil {
		s.dropTable(root)
		return err
	}
	x.n = n
	return nil
}

// Remove takes a member out and tells whether it was there. With its last
// member the key goes too. member may be what Pick has returned.
func (x *Set) Remove(member []byte) (was bool, err error) {
	if !x.there {
		return false, nil
	}
	if x.large() {
		p, e, ok := x.n.find(x.e.seed.Hash(member), member)
		if !ok {
			return false, nil
		}
		x.n.remove(p, e)
		if x.n.count() == 0 {
			x.gone()
		}
		return true, nil
	}
	m := x.members()
	at := m.find(contentOf(member))
	if at < 0 {
		return false, nil
	}
	if m.len() == 1 {
		x.gone()
		return true, nil
	}
	return true, x.put(members{m.enc, x.it.edit()}.remove(at))
}

func (x *Set) gone() {
	x.it.remove()
	x.there = false
}

// Pop removes count members that seed chooses, each with the same chance, and
// calls f with each before. With the last member the key goes too. On
// ErrNoRoom nothing has changed, although f was called.
// REQUIRES: 0 < count <= Len().
func (x *Set) Pop(seed uint64, count int, f func(member []byte)) error {
	if x.large() {
		for range count {
			seed = mix(seed)
			_, p, e := x.n.pick(seed)
			f(e.key())
			x.n.remove(p, e)
		}
		if x.n.count() == 0 {
			x.gone()
		}
		return nil
	}
	digits := &x.key.Shard.digits
	m := members{x.it.Encoding(), x.it.edit()}
	all := count == m.len()
	for range count {
		i := int(mix(seed) % uint64(m.len()))
		f(m.at(i, digits[:0]))
		m = m.remove(m.offset(i))
		seed = mix(seed)
	}
	if all {
		x.gone()
		return nil
	}
	return x.put(m)
}
