package engine

import "larder/engine/mem"

// Copies of large containers in slices. COPY, and RENAME to a key of another
// shard, whose heap is another one, copy all members. That takes as long as
// there are many, so the copy lies beside the keys while it grows, with pauses
// in which others are let in, and becomes a key's value when it is complete.

// pauseFunc is called while a container is copied, see CopyLarge; nil: there are
// no pauses.
type pauseFunc func() (goOn bool)

func (p pauseFunc) goOn() bool { return p == nil || p() }

// copyBuckets is how many buckets of a table are copied between two pauses: some
// 200 entries.
const copyBuckets = 32

// LargeCopy is a copy of a large container that is no key's value yet: it is
// given to one with CopyInto or MoveInto, or freed with Discard.
type LargeCopy struct {
	s    *Shard
	root mem.Ref
}

// IsLarge tells whether the item is a large container, whose members lie outside
// of its entry.
func (it *Item) IsLarge() bool { return isLarge(it.l.kind) }

// CopyLarge copies the item's container into the memory of shard to. Every now
// and then it calls pause, which may unlock both shards for a moment, and returns
// false if the item's key has another state afterwards: then the copy is given up,
// as when there is no room, and ok is false. The groups of a stream are copied
// without pauses.
// REQUIRES: both shards are locked; the item is large.
func (it *Item) CopyLarge(to *Shard, pause func() (goOn bool)) (c LargeCopy, ok bool) {
	root, ok := containerTypes[it.Type()].copy(it.shard, it.root(), to, pause)
	c = LargeCopy{to, root}
	if !ok && root != 0 {
		c.Discard()
	}
	return c, ok
}

// Discard frees a copy that is not used, in the background.
func (c LargeCopy) Discard() {
	c.s.asideNow(c.root)
	c.s.unlist(c.root)
	c.s.discardRoot(c.root)
}

// CopyInto is Copy with a copy of the item's container that is made already. On
// an error the copy is as it was.
// REQUIRES: as for Copy; c is a copy of what the item is now, in dst's shard.
func (e *Engine) CopyInto(it *Item, c LargeCopy, db int, dst Key, nowMs int64) error {
	c.s.asideNow(c.root)
	due := it.fieldsDue()
	err := e.setRoot(db, dst, it.Type(), c.root, it.Deadline(), nowMs)
	if err == nil {
		e.followFields(db, dst, due)
	}
	return err
}

// MoveInto is Rename with such a copy. The item is not valid afterwards.
// REQUIRES: as for Rename and CopyInto; dst is in another shard than the item.
func (e *Engine) MoveInto(it *Item, c LargeCopy, db int, dst Key, nowMs int64) error {
	if err := e.CopyInto(it, c, db, dst, nowMs); err != nil {
		return err
	}
	it.remove()
	return nil
}
