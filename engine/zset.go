package engine

import (
	"encoding/binary"
	"math"

	"larder/engine/mem"
)

// Sorted sets: members, each once, ordered by score and then by their bytes.
//
// A small one is a packed run of member, score, member, score ... in order. A
// score is kept as an integer if it is one, else as the 8 bytes of the double,
// little-endian: scores are compared at each step of a search, and text would
// have to be parsed for that.
//
// A large one is a nested table that leads from a member to its score and a
// counted tree that has the members in order:
//
//	root   containerHeader | nestedRoot | treeRoot
//	entry  of the table: the member, and as its value the score, 8 bytes
//	leaf   2,040 B: header, then up to 127 items of 16 bytes, in order
//	  item   score 8 bytes, such that unsigned comparison orders it;
//	         mem.Ref of the member's entry 8 bytes
//
// The tree's key of a leaf is its first item. Each member is stored once: a leaf
// has the reference of its entry, and reads the bytes only where two scores are
// equal. Entries of a nested table stay where they are until they are removed,
// so the reference is good for as long as the item is. A member costs its
// length, 10 bytes in the entry, 10.5 to 12 of index and about 24 in the leaves:
// 66 for one of 16 bytes, where a skip list with a dictionary takes 130.
//
// Every range, of scores, of members or of ranks, is one of ranks: the tree
// finds the rank of either limit in O(log n). Writes keep two promises: one that
// has no room changes nothing, and one that removes never lacks room.

// ZSet is a view of the sorted set at a key. It is valid while the shard stays
// locked and nobody else writes the key. The zero value is an empty one.
//
// Writes go to a copy of a packed run, and become the key's value with Commit,
// which must follow them. A large set is changed in place; what was inserted or
// updated before a failure is taken back. So after an error nothing has changed,
// and there is nothing to commit.
type ZSet struct {
	s    *Shard
	run  oneway    // packed: the run, a view of the entry or of the shard's buffer
	root *zsetRoot // large
	ref  mem.Ref   // large: of the root

	// For writes:
	e        *Engine
	db       int
	k        Key
	nowMs    int64
	lim      *Limits
	it       Item
	found    bool // it is the key's entry
	detached bool // run or root is not the entry's
	log      bool // the shard's zlog is in use
}

// zundo is what a failure has to know of an earlier change.
type zundo struct {
	member []byte
	score  float64 // before the change
	had    bool    // there was one
}

// ZPlace is what Find knows about a member, for Insert and Update.
type ZPlace struct {
	hash uint64   // large
	p    position // large, if found
	e    entry    // large, if found
	off  int      // packed: offset of the member
}

// View makes z a view of an item, to be read only. It returns ErrWrongType if
// the item is no sorted set.
func (z *ZSet) View(it *Item) error {
	if it.Type() != TypeZSet {
		return ErrWrongType
	}
	z.attach(it)
	return nil
}

// attach makes z that of an item.
func (z *ZSet) attach(it *Item) {
	z.s, z.run, z.root, z.ref, z.detached = it.shard, nil, nil, 0, false
	if it.Encoding() == EncLarge {
		z.setRoot(it.root())
	} else {
		z.run = oneway(it.Raw())
	}
}

func (z *ZSet) setRoot(ref mem.Ref) {
	z.run, z.ref, z.root = nil, ref, (*zsetRoot)(z.s.region.Ptr(ref))
}

// Open makes z the sorted set at k, for writing, and tells whether there is
// one. lim says what may be packed. It returns ErrWrongType if k holds another
// type.
// REQUIRES: k.Shard is locked.
func (z *ZSet) Open(e *Engine, db int, k Key, nowMs int64, lim *Limits) (found bool, err error) {
	z.e, z.db, z.k, z.nowMs, z.lim, z.s = e, db, k, nowMs, lim, k.Shard
	if !z.it.Load(db, &k, nowMs) {
		return false, nil
	}
	z.it.touch()
	if z.it.Type() != TypeZSet {
		return true, ErrWrongType
	}
	z.found = true
	z.attach(&z.it)
	return true, nil
}

// Len returns the number of members.
func (z *ZSet) Len() int {
	switch {
	case z.root != nil:
		return int(z.root.count)
	case z.run != nil:
		return z.run.count() / 2
	}
	return 0
}

// Find looks a member up.
func (z *ZSet) Find(member []byte) (at ZPlace, score float64, ok bool) {
	switch {
	case z.root != nil:
		return z.findLarge(member)
	case z.run == nil:
		return at, 0, false
	}
	at.off = z.run.find(packedHeader, contentOf(member), 1)
	if at.off < 0 {
		return at, 0, false
	}
	return at, z.run.scoreOf(at.off), true
}

// Score returns a member's score.
func (z *ZSet) Score(member []byte) (score float64, ok bool) {
	_, score, ok = z.Find(member)
	return score, ok
}

// Begin tells how many members the writes up to Commit are about.
func (z *ZSet) Begin(n int) {
	z.log = n > 1 && z.root != nil
	z.s.zlog = z.s.zlog[:0]
}

// note remembers a change of a large set for undo.
func (z *ZSet) note(member []byte, score float64, had bool) {
	if z.log {
		z.s.zlog = append(z.s.zlog, zundo{member, score, had})
	}
}

// Insert adds a member, and the key if there is none.
// REQUIRES: at is what Find has returned, which has not found it; member is no
// view of the sorted set; score is not NaN.
func (z *ZSet) Insert(at ZPlace, member []byte, score float64) error {
	if z.root == nil {
		if z.lim.packsZSet(z.Len()+1, len(member)) {
			z.detach()
			z.run = z.run.insertPair(member, score)
			return nil
		}
		if err := z.convert(); err != nil {
			return z.fail(err)
		}
		at.hash = z.s.engine.seed.Hash(member)
	}
	if err := z.insertLarge(at.hash, member, score); err != nil {
		return z.fail(err)
	}
	z.note(member, 0, false)
	return nil
}

// Update gives a member another score.
// REQUIRES: at is what Find has returned, which has found it; member is no view
// of the sorted set; score is not NaN.
func (z *ZSet) Update(at ZPlace, member []byte, score float64) error {
	if z.root == nil {
		z.updatePacked(at.off, member, score)
		return nil
	}
	old, err := z.updateLarge(at.e, score)
	if err != nil {
		return z.fail(err)
	}
	z.note(member, old, true)
	return nil
}

// Remove takes a member out and tells whether it was there.
func (z *ZSet) Remove(member []byte) bool {
	at, _, ok := z.Find(member)
	switch {
	case !ok:
	case z.root != nil:
		z.removeLarge(at)
	default:
		z.detach()
		z.run = z.run.remove(at.off, 2)
	}
	return ok
}

// RemoveRanks takes the members with ranks from first to before end out.
// REQUIRES: 0 <= first <= end <= Len().
func (z *ZSet) RemoveRanks(first, end int) {
	switch {
	case first == end:
	case z.root == nil:
		z.detach()
		z.run = z.run.remove(z.run.seek(2*first), 2*(end-first))
	case end-first == z.Len() && !z.detached:
		z.drop()
	default:
		z.removeRanksLarge(first, end)
	}
}

// drop removes the key.
func (z *ZSet) drop() {
	z.it.remove()
	z.found, z.detached, z.run, z.root, z.ref = false, false, nil, nil, 0
}

// detach makes the run one that can be edited.
func (z *ZSet) detach() {
	switch {
	case z.detached:
	case z.found:
		z.run, z.detached = oneway(z.it.edit()), true
	default:
		z.run, z.detached = newOneway(z.s.buffer()), true
	}
}

// Commit makes what was written the value of the key; an empty set is none.
// On ErrNoRoom nothing has changed since Begin or Open.
func (z *ZSet) Commit() error {
	switch {
	case z.Len() == 0:
		z.discard()
		if z.found {
			z.drop()
		}
		return nil
	case !z.detached:
		clear(z.s.zlog)
		return nil
	}
	if err := z.put(); err != nil {
		z.discard()
		return err
	}
	z.s.keepBuffer(z.run)
	if z.found || z.it.Load(z.db, &z.k, z.nowMs) {
		z.found = true
		z.attach(&z.it)
	}
	return nil
}

// put writes a detached run or root to the key's entry.
func (z *ZSet) put() error {
	switch {
	case z.found && z.root != nil:
		return z.it.replaceRoot(z.ref)
	case z.found:
		return z.it.replace(EncPacked, z.run)
	case z.root != nil:
		return z.e.setRoot(z.db, z.k, TypeZSet, z.ref, NoDeadline, z.nowMs)
	}
	return z.e.setContainer(z.db, z.k, TypeZSet, EncPacked, z.run, NoDeadline, z.nowMs)
}

// fail takes back what was written since Begin and returns err.
func (z *ZSet) fail(err error) error {
	if z.detached {
		z.discard()
		return err
	}
	log := z.s.zlog
	z.log = false
	for i := len(log) - 1; i >= 0; i-- {
		at, _, ok := z.Find(log[i].member)
		switch {
		case !ok:
		case log[i].had:
			// A score that finds no room at its old place any more keeps the new
			// one. Whoever has run out of room runs again, and sets it again.
			_, _ = z.updateLarge(at.e, log[i].score)
		default:
			z.removeLarge(at)
		}
	}
	clear(log)
	return err
}

// discard gives up what is detached.
func (z *ZSet) discard() {
	if !z.detached {
		return
	}
	if z.root != nil {
		z.s.unlist(z.ref)
		z.s.discardRoot(z.ref)
		z.root, z.ref = nil, 0
	}
	z.run, z.detached = nil, false
	if z.found {
		z.attach(&z.it)
	}
}

// packsZSet tells whether n members, of which the longest has so many bytes,
// are kept as a packed run.
func (l *Limits) packsZSet(n, longest int) bool {
	return n <= l.ZSetItems && longest <= l.ZSetItemBytes && 2*n <= maxPackedItems
}

// Rank returns the number of members before this one, and its score.
func (z *ZSet) Rank(member []byte) (rank int, score float64, ok bool) {
	at, score, ok := z.Find(member)
	switch {
	case !ok:
		return 0, 0, false
	case z.root != nil:
		return z.rankOfEntry(at.e), score, true
	}
	return z.run.indexOf(at.off) / 2, score, true
}

// RankOfScore returns the number of members with a lower score, and, with
// orEqual, with this one.
func (z *ZSet) RankOfScore(score float64, orEqual bool) int {
	switch {
	case z.root != nil:
		return z.rankOfScoreLarge(orderedScore(score), orEqual)
	case z.run == nil:
		return 0
	}
	return z.run.rankOfScore(score, orEqual)
}

// RankOfMember returns the number of members that are less than the given
// bytes, and, with orEqual, not greater. It takes the order of scores for that
// of members: only if all scores are equal that means something.
func (z *ZSet) RankOfMember(member []byte, orEqual bool) int {
	switch {
	case z.root != nil:
		return z.rankOfMemberLarge(member, orEqual)
	case z.run == nil:
		return 0
	}
	return z.run.rankOfMember(member, orEqual)
}

// orderedScore turns a score into bits that, compared as unsigned numbers, are
// in the order of the scores. The two zeros are one.
func orderedScore(f float64) uint64 {
	b := math.Float64bits(f)
	switch {
	case f == 0:
		return 1 << 63
	case b>>63 != 0:
		return ^b
	}
	return b | 1<<63
}

// putScore writes a score as the table's entries keep it.
func putScore(dst []byte, f float64) { binary.LittleEndian.PutUint64(dst, math.Float64bits(f)) }

func getScore(b []byte) float64 { return math.Float64frombits(binary.LittleEndian.Uint64(b)) }
