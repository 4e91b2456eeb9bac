// Package policy decides which keys leave the cache when memory is short.
//
// It is a pure data structure: no clock, no I/O, nothing of the engine. The
// engine owns the keys; the policy owns six bits of each slot (Meta), a
// queue of handles to young entries and a table of fingerprints of evicted
// ones, at most 2 bytes an entry together (see Bytes).
//
//	           insert                     loses against the hand's choice
//	new key ───────────► window (FIFO) ───────────────────────► evicted ─┐
//	   ▲                    │ wins                                       │
//	   │                    ▼                                            │
//	   │                  main ◄── the hand walks the index in ──► evicted
//	   │                           hash order, folds hits into levels,   │
//	   │                           offers the lowest level it saw        │
//	   └──────────────── ghosts: fingerprint and level of the evicted ◄──┘
//
// A hit raises a 2-bit counter in the slot and touches nothing else. The hand
// turns those counters into a 3-bit level, and every few generations halves
// the levels. An entry that reaches the window's end stays only if its level
// (earlier life included, through the ghosts) is higher than that of the
// hand's choice; a tie keeps the resident, which is what survives scans and
// loops. How long the window is and how fast levels fade is one dial, which a
// hill climber turns by the measured hit ratio (climber.go).
//
// Only the adaptive policy has a window; the other maxmemory policies are the
// same walk with another order of preference (weigh.go).
//
// # Groups
//
// The state is kept in groups of neighbouring shards. There is one group at
// first, so that a small cache spread over many shards is one cache, and a
// group splits in two when it outgrows splitEntries, so that large caches have
// a lock and a hand for each shard.
//
// # Eviction is a dialogue
//
// Locks of shards belong to the engine, so the policy never reaches into a
// shard. It names a shard and what to look at there; the engine locks that
// shard, looks, and tells what it saw:
//
//	var e policy.Eviction
//	p.Begin(&e)
//	for done := false; !done; {
//		switch p.Next(&e) {
//		case policy.Look: // visit buckets of e.Shard from e.Cursor on
//			for each bucket, until !e.More() or the shard ends {
//				for each slot: slot.meta = e.Weigh(meta, place, deadlineMs)
//				e.BucketDone()
//			}
//			if place, ok := p.Looked(&e, cursorBehind, shardEnded); ok {
//				remove the entry at place in e.Shard, before unlocking it;
//				p.OnEvict(e.Shard, hash, meta); done = true
//			}
//		case policy.Find: // the slot in e.Shard with e.Handle whose Meta has Window
//			if no such slot { p.Gone(&e); break }
//			meta, evict := p.Judge(&e, meta)
//			if evict { remove it; p.OnEvict(…); done = true } else { slot.meta = meta }
//		case policy.Take: // the slot at e.Place in e.Shard, if it is still there
//			if it is not { p.Gone(&e); break }
//			if p.Confirm(&e, meta) { remove it; p.OnEvict(…); done = true }
//		case policy.Stop: // nothing can be evicted
//			done = true
//		}
//	}
//
// The shard stays locked from reading the slots to storing or removing what
// the answer says, and is unlocked before the next call of Next. The engine
// has to remember which one it locked: answers move e.Shard on to the next.
//
// A shard that somebody holds for long is not waited for: in place of looking
// there the engine calls p.Busy(&e), and asks for the next step. What was not
// looked at is not forgotten: its turn comes again in the hand's next round, or
// when the window has gone round once.
//
// One dialogue evicts at most one entry; the engine repeats it until enough
// bytes are free. Several goroutines may hold dialogues at once.
//
// # Lock order
//
// group.mu and tuner.mu come after every shard lock and nothing is locked
// under them, so all methods may be called with shards locked. Splitting takes
// Policy.mu first, then group.mu.
package policy
