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

// FieldDeadlines tells whether there may be a hash whose fields have deadlines:
// one whose last deadline was taken back still counts if it is large.
// REQUIRES: all shards are locked.
func (e *Engine) FieldDeadlines() bool {
	for _, s := range e.shards {
		for i := range s.spaces {
			sp := &s.spaces[i]
			for _, d := range sp.due.items {
				if it, ok := s.itemByHash(sp, d.hash); ok && it.fieldsDue() != never {
					return true
				}
			}
		}
	}
	return false
}
