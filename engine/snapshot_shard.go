package engine

// A shard's part of a snapshot: which buckets are recorded, and the walk.

// shardCut is what a snapshot has still to do with a shard. The shard's lock
// guards it.
type shardCut struct {
	sn *Snapshot
	s  *Shard

	tables  []cutTable     // of the cut, in the order of the walk
	walking int            // index in tables
	at      place          // where the walk goes on in that table
	flushed []garbageTable // tables whose database was flushed, to be freed at the end

	owed  map[*containerHeader]*owed // large containers that are not recorded
	queue []*owed                    // those whose record's head is made, oldest first

	buffers []recordBuffer // by database

	// What the encoder is given: it would be allocated for each key otherwise.
	item Item
	part Part
}

// cutTable is the table that a database had at the cut.
type cutTable struct {
	t  *table
	db int
}

// recordBuffer gathers the records of a database.
type recordBuffer struct {
	data []byte
	keys int
}

// beginCut makes all that the shard holds unrecorded, and returns how many keys
// that are.
func (s *Shard) beginCut(sn *Snapshot) (keys int) {
	s.epoch++
	c := &shardCut{sn: sn, s: s, buffers: make([]recordBuffer, len(s.spaces))}
	for db := range s.spaces {
		if t := s.spaces[db].t; t != nil {
			c.tables = append(c.tables, cutTable{t, db})
			keys += t.count
		}
	}
	s.cut = c
	return keys
}

// endCut takes the snapshot from the shard. What is owed and no key refers to
// is freed.
func (s *Shard) endCut() {
	c := s.cut
	s.cut = nil
	for db := range c.buffers {
		c.flush(db)
	}
	for _, o := range c.owed {
		if o.dead {
			s.discardRoot(o.root)
		}
	}
}

// walked tells whether all is recorded.
func (c *shardCut) walked() bool { return c.walking == len(c.tables) && len(c.queue) == 0 }

// next goes on with the record that is begun, or walks for a slice. It returns a
// chunk only of a large container: other records go through their buffer.
func (c *shardCut) next() (chunk Chunk, ok bool) {
	if len(c.queue) > 0 {
		return c.nextPart()
	}
	if c.walking < len(c.tables) {
		c.walk()
	}
	return Chunk{}, false
}

// walk records a slice of buckets.
func (c *shardCut) walk() {
	t := c.tables[c.walking].t
	seg := t.segment(c.at.h)
	to := min(c.at.bucket+c.sn.slice, seg.buckets)
	for ; c.at.bucket < to; c.at.bucket++ {
		t.preserve(seg, c.at.bucket)
	}
	if to < seg.buckets {
		return
	}
	c.at = place{h: behindSegment(seg.header())}
	if c.at.h == 0 {
		c.walking++
	}
}

// bucket records a bucket of the keyspace that has not been.
func (c *shardCut) bucket(t *table, seg segment, at int) {
	db := c.database(t)
	if db < 0 {
		c.sn.fail("shard %d: a table that was made after the cut has buckets from before", c.s.index)
		return
	}
	buf := &c.buffers[db]
	if buf.data == nil {
		buf.data = c.sn.buffer()
	}
	b := seg.bucket(at)
	for m := b.occupied(); m != 0; m &= m - 1 {
		i := matchIndex(m)
		en := entryAt(c.s.region, slotRef(b.slots[i]))
		it := &c.item
		*it = Item{shard: c.s, pos: positionIn(seg, at, b, i), e: en, l: en.layout()}
		if isLarge(it.l.kind) {
			c.begin(db, it)
			continue
		}
		buf.data = c.sn.enc.Record(buf.data, it)
		buf.keys++
	}
	if len(buf.data) >= c.sn.chunk {
		c.flush(db)
	}
}

// flush hands a database's records over.
func (c *shardCut) flush(db int) {
	buf := &c.buffers[db]
	if buf.keys > 0 {
		c.sn.recorded.Add(int64(buf.keys))
		c.sn.hand(Chunk{DB: db, Data: buf.data, Keys: buf.keys})
	}
	*buf = recordBuffer{}
}

// database is the number that a table's database had at the cut, -1 if there
// was no such table.
func (c *shardCut) database(t *table) int {
	for i := range c.tables {
		if c.tables[i].t == t {
			return c.tables[i].db
		}
	}
	return -1
}

// keeps tells whether the snapshot still needs a table of a database that is
// being flushed, and then takes it over.
func (c *shardCut) keeps(t *table) bool {
	for i := c.walking; i < len(c.tables); i++ {
		if c.tables[i].t == t {
			c.flushed = append(c.flushed, garbageTable{s: c.s, t: t})
			c.s.engine.discarding.Add(1)
			return true
		}
	}
	return false
}

// discardTables frees tables that a snapshot has taken over.
// REQUIRES: no shard is locked.
func (e *Engine) discardTables(tables []garbageTable) {
	for i := range tables {
		tables[i].discard(true, nil)
		e.discarding.Add(-1)
	}
}

// visit marks a bucket as recorded in an epoch and tells whether it was not.
func (hd *segmentHeader) visit(epoch uint32, at int) (first bool) {
	if hd.epoch != epoch {
		hd.epoch = epoch
		clear(hd.visited[:])
	}
	bit := byte(1) << (at % 8)
	first = hd.visited[at/8]&bit == 0
	hd.visited[at/8] |= bit
	return first
}

// visitAll marks all buckets.
func (hd *segmentHeader) visitAll(epoch uint32) {
	hd.epoch = epoch
	for i := range hd.visited {
		hd.visited[i] = 0xff
	}
}

// preserve records a bucket that is about to change, or that the walker has
// come to, if a snapshot has still to record it.
func (t *table) preserve(seg segment, at int) {
	if t.cutting() {
		t.record(seg, at)
	}
}

// cutting tells whether a snapshot may have to record something of the table.
func (t *table) cutting() bool {
	return t.s != nil && t.s.cut != nil && (t.owner == nil || t.owner.epoch != t.s.epoch)
}

func (t *table) record(seg segment, at int) {
	switch {
	case !seg.header().visit(t.s.epoch, at):
	case t.owner != nil:
		t.s.cut.owe(t.owner).bucket(t.s.cut, seg, at)
	default:
		t.s.cut.bucket(t, seg, at)
	}
}

// preserveAll records a segment that is about to be replaced.
func (t *table) preserveAll(seg segment) {
	if !t.cutting() {
		return
	}
	for at := range seg.buckets {
		t.record(seg, at)
	}
	seg.header().visitAll(t.s.epoch)
}

// preservePath records the buckets that an insert of hash h may write to.
func (t *table) preservePath(h uint64) {
	seg := t.segment(h)
	for at := seg.home(hashPos(h)); ; at = seg.next(at) {
		t.record(seg, at)
		if seg.bucket(at).free() >= 0 {
			return
		}
	}
}

// preserve records the bucket of an item that is about to change.
func (it *Item) preserve() {
	if it.shard.cut != nil {
		it.sp.t.preserve(it.pos.seg, int(it.pos.at))
	}
}
