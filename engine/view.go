package engine

// Views of items that are read and not written. Unlike OpenHash and OpenSet
// they need no key to be looked up, and remove nothing that has expired: so a
// snapshot can read an item that it has come across.

// ViewHash makes x the hash that the item is, to be read only. Fields that have
// expired and are not removed yet are seen. REQUIRES: the item is a hash.
func (it *Item) ViewHash(x *Hash) {
	*x = Hash{e: it.shard.engine, it: *it, there: true}
	if x.large() {
		x.n = it.shard.tableAt(it.root())
	}
}

// ViewSet makes x the set that the item is, to be read only.
// REQUIRES: the item is a set.
func (it *Item) ViewSet(x *Set) {
	*x = Set{e: it.shard.engine, it: *it, there: true}
	if x.large() {
		x.n = it.shard.tableAt(it.root())
	}
}

// FieldDeadlines tells whether there is a hash whose fields have deadlines. It
// locks the shards one at a time.
// REQUIRES: no shard is locked by the caller.
func (e *Engine) FieldDeadlines() bool {
	for _, s := range e.shards {
		s.Lock()
		has := s.fieldDeadlines()
		s.Unlock()
		if has {
			return true
		}
	}
	return false
}

func (s *Shard) fieldDeadlines() (has bool) {
	for i := range s.spaces {
		sp := &s.spaces[i]
		for _, d := range sp.due.items {
			it, ok := s.itemByHash(sp, d.hash)
			if !ok || it.fieldsDue() == never {
				continue
			}
			var x Hash
			it.ViewHash(&x)
			x.EachField(func(_, _ []byte, deadline int64) bool {
				has = deadline != NoDeadline
				return !has
			})
			if has {
				return true
			}
		}
	}
	return false
}
