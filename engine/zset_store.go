package engine

// ZMember is a member of a sorted set with its score.
type ZMember struct {
	Member []byte
	Score  float64 // not NaN
}

// StoreZSet makes the members the sorted set at k, whatever was there. It has
// no deadline. On ErrNoRoom nothing has changed.
// REQUIRES: k.Shard is locked; there are members, all different and in order;
// none is a view of k's own entry.
func (e *Engine) StoreZSet(db int, k Key, members []ZMember, lim *Limits, nowMs int64) error {
	longest := 0
	for _, m := range members {
		longest = max(longest, len(m.Member))
	}
	if !lim.packsZSet(len(members), longest) {
		return e.storeLargeZSet(db, k, members, nowMs)
	}
	s := k.Shard
	run := newOneway(s.buffer())
	var buf [8]byte
	for _, m := range members {
		run = run.append(contentOf(m.Member)).append(scoreContent(m.Score, &buf))
	}
	s.keepBuffer(run)
	return e.setContainer(db, k, TypeZSet, EncPacked, run, NoDeadline, nowMs)
}

func (e *Engine) storeLargeZSet(db int, k Key, members []ZMember, nowMs int64) error {
	s := k.Shard
	ref, err := s.newZSetRoot(len(members))
	if err != nil {
		return err
	}
	z := ZSet{s: s}
	z.setRoot(ref)
	for _, m := range members {
		if err := z.append(m.Member, m.Score); err != nil {
			s.dropZSet(ref)
			return err
		}
	}
	if err := e.setRoot(db, k, TypeZSet, ref, NoDeadline, nowMs); err != nil {
		s.dropZSet(ref)
		return err
	}
	return nil
}

// Scan calls f for members from cursor c on until it has visited about so many
// slots, and returns the cursor to go on with, 0 at the end: see Engine.Scan
// for what it promises. A packed set comes at once.
// REQUIRES: f does not write.
func (z *ZSet) Scan(c Cursor, slots int, f func(member []byte, score float64)) Cursor {
	if z.root != nil {
		return z.table().scan(c, slots, 0, func(e entry) { f(e.key(), getScore(e.scoreBytes())) })
	}
	var cur ZCursor
	for z.Seek(&cur, 0, false); cur.Next(); {
		f(cur.Member(), cur.Score())
	}
	return 0
}
