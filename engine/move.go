package engine

// Rename moves the item to key dst of database db, replacing what is there.
// The value is not copied for what lies outside of the entry, and the item is
// not valid afterwards.
// REQUIRES: the shards of both keys are locked; the two keys differ.
func (e *Engine) Rename(it *Item, db int, dst Key, nowMs int64) error {
	move, due := it.shard == dst.Shard, it.fieldsDue()
	if err := e.clone(it, db, dst, move, nowMs); err != nil {
		return err
	}
	e.followFields(db, dst, due)
	// The clone may have changed the source's table, if it is the same.
	hash := e.seed.Hash(it.e.key())
	if p, ok := it.sp.t.findRef(hash, it.e.ref); ok {
		if move && isLarge(it.l.kind) {
			it.shard.dropEntry(it.sp, p, it.e)
		} else {
			it.shard.drop(it.sp, p, it.e)
		}
	}
	return nil
}

// Copy makes key dst of database db a copy of the item, replacing what is
// there, deadline and memcached attributes included.
// REQUIRES: the shards of both keys are locked; the two keys differ.
func (e *Engine) Copy(it *Item, db int, dst Key, nowMs int64) error {
	due := it.fieldsDue()
	err := e.clone(it, db, dst, false, nowMs)
	if err == nil {
		e.followFields(db, dst, due)
	}
	return err
}

// clone writes the item's header and value as the entry of dst. With share, a
// large container is not copied: the caller makes the item's entry forget it.
func (e *Engine) clone(it *Item, db int, dst Key, share bool, nowMs int64) error {
	if isLarge(it.l.kind) && !share {
		return e.cloneContainer(it, db, dst, nowMs)
	}
	sp, p, en, found, err := e.place(db, dst, nowMs)
	if err != nil {
		return err
	}
	h := it.e.headerOf(it.l)
	value, err := dst.Shard.store(sp, dst, p, en, found, &h, it.l.valueLen)
	if err != nil {
		return err
	}
	copy(value, it.Raw())
	return nil
}

// cloneContainer is clone for a large container that is copied.
func (e *Engine) cloneContainer(it *Item, db int, dst Key, nowMs int64) error {
	typ, deadline := it.Type(), it.Deadline()
	c, ok := it.CopyLarge(dst.Shard, nil)
	if !ok {
		return ErrNoRoom
	}
	err := e.setRoot(db, dst, typ, c.root, deadline, nowMs)
	if err != nil {
		c.Discard()
	}
	return err
}

// dropEntry removes an entry whose container another one has taken over.
func (s *Shard) dropEntry(sp *space, p position, en entry) {
	s.noteRemoved(1)
	s.unlink(sp, p)
	s.freeEntry(en)
	sp.t.shrink(p.seg)
}

// SwapDatabases exchanges the content of two databases.
// REQUIRES: all shards are locked.
func (e *Engine) SwapDatabases(a, b int) {
	for _, s := range e.shards {
		s.spaces[a], s.spaces[b] = s.spaces[b], s.spaces[a]
	}
}

// Flush empties a database at once and returns what is left to free: the
// keys are gone for every command, their memory comes back with Discard, which
// the caller owes.
// REQUIRES: all shards are locked.
func (e *Engine) Flush(db int) *Garbage {
	g := &Garbage{engine: e}
	for _, s := range e.shards {
		if t := s.spaces[db].t; t != nil {
			if s.cut == nil || !s.cut.keeps(t) {
				g.tables = append(g.tables, garbageTable{s: s, t: t})
			}
			g.Keys += t.count
			s.noteRemoved(t.count)
		}
		s.spaces[db] = space{}
	}
	if g.Keys > 0 && e.policy.Entries() == 0 {
		e.policy.Reset() // what it knows is about keys that are gone
	}
	e.discarding.Add(1)
	return g
}

// Discarding tells whether flushed data waits to be freed. Until it is, Used
// counts it, and there may be nothing to evict although the limit is passed.
func (e *Engine) Discarding() bool { return e.discarding.Load() > 0 }
