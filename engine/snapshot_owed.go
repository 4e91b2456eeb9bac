package engine

import "larder/engine/mem"

// Large containers in a snapshot. The snapshot owes one from the moment when a
// command is about to change it, or when its key's bucket is recorded, until its
// record is complete. Parts that commands are about to change are encoded first
// and wait with the container; the walker takes those and encodes the others
// where they lie.
//
// A container that was made after the cut, or that is recorded, has the epoch of
// its shard: then none of this concerns it.

// owed is a large container of which something is still to be recorded.
type owed struct {
	large Large
	hd    *containerHeader
	root  mem.Ref
	db    int
	head  []byte // the record as far as its first part; nil: its key is not recorded yet
	begun bool   // head is handed out
	dead  bool   // no key refers to it any more: it is freed when it is recorded
	n     int    // parts encoded so far

	parts []byte // tables: encoded parts that wait
	at    place  // tables: where the walk goes on

	leaves []owedLeaf      // lists and streams, in order
	where  map[mem.Ref]int // leaves that are not encoded
	next   int             // leaf that the walk goes on with
	end    []byte          // streams
}

// owedLeaf is a leaf as it was at the cut.
type owedLeaf struct {
	ref  mem.Ref
	part []byte // encoded, nil if not yet
}

// owes tells whether a snapshot has still to record the container.
func (s *Shard) owes(hd *containerHeader) bool { return s.cut != nil && hd.epoch != s.epoch }

// owe returns what is owed of a container; for one that is met for the first
// time that is all of it.
// REQUIRES: owes(hd); it has not changed since the cut if it is met for the
// first time.
func (c *shardCut) owe(hd *containerHeader) *owed {
	if o := c.owed[hd]; o != nil {
		return o
	}
	o := &owed{hd: hd, large: Large{Type: hd.typ, Parts: int(hd.count), FirstMs: NoDeadline}}
	switch hd.typ {
	case TypeHash:
		n := nested{c.s, nestedOf(hd), hd}
		o.large.FirstMs = n.due()
	case TypeList:
		c.listLeaves(o)
	case TypeStream:
		c.streamLeaves(o)
	}
	if c.owed == nil {
		c.owed = map[*containerHeader]*owed{}
	}
	c.owed[hd] = o
	return o
}

// nestedOf is the table of a large hash, set or sorted set.
func nestedOf(hd *containerHeader) *nestedRoot {
	if hd.typ == TypeZSet {
		return &(*zsetRoot)(hd.self()).table
	}
	return &(*tableRoot)(hd.self()).nestedRoot
}

// begin encodes the head of the record of a large container's key.
func (c *shardCut) begin(db int, it *Item) {
	hd := c.s.container(it.root())
	if !c.s.owes(hd) {
		c.sn.fail("shard %d: key %q of before the cut has a container of after it", c.s.index, it.Key())
		return
	}
	o := c.owe(hd)
	o.root, o.db = it.root(), db
	o.head = c.sn.enc.Begin(nil, it, &o.large)
	c.queue = append(c.queue, o)
}

// bucket encodes the members in a bucket of a container's table.
func (o *owed) bucket(c *shardCut, seg segment, at int) {
	before := len(o.parts)
	b := seg.bucket(at)
	for m := b.occupied(); m != 0; m &= m - 1 {
		e := entryAt(c.s.region, slotRef(b.slots[matchIndex(m)]))
		p := &c.part
		*p = Part{Key: e.key()}
		switch o.large.Type {
		case TypeHash:
			p.Value, p.DeadlineMs = e.value(), e.deadline()
		case TypeZSet:
			p.Score = getScore(e.scoreBytes())
		}
		o.parts = c.sn.enc.Part(o.parts, &o.large, p)
		o.n++
	}
	c.sn.pending.Add(int64(len(o.parts) - before))
}

// nextPart goes on with the record of the first container of the queue.
func (c *shardCut) nextPart() (chunk Chunk, ok bool) {
	o := c.queue[0]
	chunk = Chunk{DB: o.db, Data: c.sn.buffer(), Continued: o.begun}
	if !o.begun {
		o.begun = true
		chunk.Data, chunk.Keys = append(chunk.Data, o.head...), 1
		c.sn.recorded.Add(1)
	}
	done := false
	if o.large.Type == TypeList || o.large.Type == TypeStream {
		chunk.Data, done = o.walkLeaves(c, chunk.Data)
	} else {
		done = o.walkTable(c)
		chunk.Data = append(chunk.Data, o.parts...)
		c.sn.pending.Add(-int64(len(o.parts)))
		o.parts = o.parts[:0]
	}
	if done {
		c.finish(o)
	}
	return chunk, len(chunk.Data) > 0 // a slice of a table may be without members
}

// walkTable encodes a slice of a table's members.
func (o *owed) walkTable(c *shardCut) (done bool) {
	t := nested{c.s, nestedOf(o.hd), o.hd}.open().t
	for len(o.parts) <= c.sn.chunk/2 {
		seg := t.segment(o.at.h)
		to := min(o.at.bucket+c.sn.slice, seg.buckets)
		for ; o.at.bucket < to; o.at.bucket++ {
			t.preserve(seg, o.at.bucket)
		}
		if to < seg.buckets {
			continue
		}
		if o.at = (place{h: behindSegment(seg.header())}); o.at.h == 0 {
			return true
		}
	}
	return false
}

// walkLeaves appends a slice of the leaves to dst.
func (o *owed) walkLeaves(c *shardCut, dst []byte) (_ []byte, done bool) {
	from := len(dst)
	for o.next < len(o.leaves) && len(dst)-from <= c.sn.chunk/2 {
		leaf := &o.leaves[o.next]
		if leaf.part != nil {
			dst = append(dst, leaf.part...)
			c.sn.pending.Add(-int64(len(leaf.part)))
			leaf.part = nil
		} else {
			dst = o.encodeLeaf(c, dst, leaf.ref)
			delete(o.where, leaf.ref)
		}
		o.next++
	}
	if o.next < len(o.leaves) {
		return dst, false
	}
	return append(dst, o.end...), true
}

// finish is called when the record of the first container of the queue is
// complete.
func (c *shardCut) finish(o *owed) {
	if o.n != o.large.Parts {
		c.sn.fail("shard %d: %d parts of a container of type %d are recorded, it had %d", c.s.index, o.n, o.large.Type, o.large.Parts)
	}
	c.queue[0] = nil
	c.queue = c.queue[1:]
	c.forget(o.hd)
	o.hd.epoch = c.s.epoch
	if o.dead {
		c.s.discardRoot(o.root)
	}
}

// listLeaves notes the leaves of a list that is met for the first time.
func (c *shardCut) listLeaves(o *owed) {
	r := (*listRoot)(o.hd.self())
	g := largeList{s: c.s, r: r}
	end := func(ref mem.Ref) {
		if ref != 0 && g.run(ref).count() > 0 {
			o.leaves = append(o.leaves, owedLeaf{ref: ref})
		}
	}
	end(r.ends[Head])
	o.treeLeaves(g.tree())
	end(r.ends[Tail])
	o.noteLeaves()
}

// streamLeaves notes the leaves of a stream that is met for the first time, and
// encodes the rest of it.
func (c *shardCut) streamLeaves(o *owed) {
	st := Stream{s: c.s, r: (*streamRoot)(o.hd.self())}
	o.treeLeaves(st.tree())
	o.end = c.sn.enc.End(nil, &st)
	o.noteLeaves()
}

func (o *owed) treeLeaves(t tree) {
	if t.r.top == 0 {
		return
	}
	var p treePath
	t.first(&p)
	for more := true; more; more = t.next(&p) {
		ref, _ := t.leaf(&p)
		o.leaves = append(o.leaves, owedLeaf{ref: ref})
	}
}

func (o *owed) noteLeaves() {
	o.large.Parts = len(o.leaves)
	o.where = make(map[mem.Ref]int, len(o.leaves))
	for i := range o.leaves {
		o.where[o.leaves[i].ref] = i
	}
}

// encodeLeaf appends a leaf of a list or of a stream.
func (o *owed) encodeLeaf(c *shardCut, dst []byte, ref mem.Ref) []byte {
	var p Part
	if o.large.Type == TypeList {
		g := largeList{s: c.s}
		run := g.run(ref)
		p.Count, p.Items = run.count(), run[packedHeader:]
	} else {
		l := c.s.streamLeaf(ref)
		p.ID, p.Count, p.Items = l.id(), l.items(), l.run()[packedHeader:]
	}
	o.n++
	return c.sn.enc.Part(dst, &o.large, &p)
}

// preserveLeaf records a leaf of a list or of a stream that is about to change
// or to be freed.
func (s *Shard) preserveLeaf(hd *containerHeader, ref mem.Ref) {
	if !s.owes(hd) {
		return
	}
	o := s.cut.owe(hd)
	i, ok := o.where[ref]
	if !ok {
		return // it is encoded, or was made after the cut
	}
	delete(o.where, ref)
	o.leaves[i].part = o.encodeLeaf(s.cut, nil, ref)
	s.cut.sn.pending.Add(int64(len(o.leaves[i].part)))
}

// preserveContainer is called before anything of a stream is changed.
func (s *Shard) preserveContainer(hd *containerHeader) {
	if s.owes(hd) {
		s.cut.owe(hd)
	}
}

// keepDead takes over a container that no key refers to any more, if it is still
// to be recorded.
func (s *Shard) keepDead(root mem.Ref) bool {
	hd := s.container(root)
	if !s.owes(hd) {
		return false
	}
	o := s.cut.owed[hd]
	if o == nil || o.head == nil {
		// No key referred to it at the cut, or that key's bucket were recorded by
		// now: a command has begun it before the cut and gives it up.
		s.cut.forget(hd)
		hd.epoch = s.epoch
		return false
	}
	o.root, o.dead = root, true
	return true
}

// forget drops what is owed of a container that is being freed.
func (c *shardCut) forget(hd *containerHeader) {
	o := c.owed[hd]
	if o == nil {
		return
	}
	left := len(o.parts)
	for i := range o.leaves {
		left += len(o.leaves[i].part)
	}
	c.sn.pending.Add(-int64(left))
	delete(c.owed, hd)
}
