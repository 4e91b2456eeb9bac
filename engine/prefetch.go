//go:build !heapmem && (amd64 || arm64)

package engine

import "unsafe"

// Prefetching lets the cache misses of a pipeline's commands overlap: first
// the buckets of all their keys are asked for, then the entries that these
// buckets name, then the commands run. Both steps read the index without the
// shard's lock: what they read may be stale or torn, and they only derive
// addresses to prefetch from it, which never fault and change nothing. A
// directory is replaced and not resized, and memory of the region that was
// once in use stays readable, so the reads themselves are safe too. The race
// detector is told to look away for these functions alone.

// prefetchLine asks for the cache line at p. Any address will do.
//
//go:noescape
func prefetchLine(p unsafe.Pointer)

// prefetchTwo asks for the cache line at p and the one behind it.
//
//go:noescape
func prefetchTwo(p unsafe.Pointer)

// PrefetchBucket asks for the bucket where a key with hash h may be.
//
//go:norace
func (e *Engine) PrefetchBucket(db int, h uint64) {
	t := e.shards[hashShard(h)&e.shardMask].spaces[db].t
	if t == nil {
		return
	}
	s := t.segment(h)
	prefetchLine(unsafe.Pointer(s.bucket(s.home(hashPos(h)))))
}

// PrefetchEntry asks for the entry of the key with hash h, if its home bucket,
// which PrefetchBucket has asked for, seems to name it.
//
//go:norace
func (e *Engine) PrefetchEntry(db int, h uint64) {
	t := e.shards[hashShard(h)&e.shardMask].spaces[db].t
	if t == nil {
		return
	}
	s := t.segment(h)
	b := s.bucket(s.home(hashPos(h)))
	if m := b.match(hashTag(h)); m != 0 {
		slot := b.slots[matchIndex(m)%slotsPerBucket]
		prefetchTwo(t.region.Ptr(slotRef(slot)))
	}
}
