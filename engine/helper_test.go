package engine

import (
	"fmt"
	"testing"

	"larder/engine/mem"
)

// testNow is the time at which tests start, in ms since 1970.
const testNow = 1_700_000_000_000

// shardedEngine returns an engine with so many shards and 4 databases, which
// lives as long as the test.
func shardedEngine(t testing.TB, shards int) *Engine {
	t.Helper()
	return newTestEngine(t, Options{Shards: shards, Databases: 4, Seed: 42, Memory: mem.Options{ReserveBytes: 4 << 30}})
}

// checkEngine compares what the engine counts with what it holds.
func checkEngine(e *Engine) error {
	for _, s := range e.shards {
		used := uint64(0)
		for db := range s.spaces {
			sp := &s.spaces[db]
			if sp.t == nil {
				continue
			}
			n, err := checkSpace(s, sp)
			if err != nil {
				return fmt.Errorf("shard %d, database %d: %w", s.index, db, err)
			}
			used += n
		}
		if got := s.heap.Used(); got != used {
			return fmt.Errorf("shard %d: the heap has handed out %d bytes, %d are in use", s.index, got, used)
		}
	}
	return nil
}

// checkSpace returns the bytes that segments and entries take.
func checkSpace(s *Shard, sp *space) (used uint64, err error) {
	count, deadlines, segments := 0, 0, 0
	next := uint64(0) // hash at which the next segment must start
	sp.t.forEachSegment(func(seg segment) bool {
		hd := seg.header()
		if uint64(hd.prefix)<<(64-hd.depth) != next {
			err = fmt.Errorf("a segment has the prefix %x of depth %d where %x was due", hd.prefix, hd.depth, next)
			return false
		}
		next += 1 << (64 - hd.depth)
		var n uint64
		if n, err = checkSegment(s, sp, seg); err != nil {
			err = fmt.Errorf("segment %x of depth %d: %w", hd.prefix, hd.depth, err)
			return false
		}
		used += n + uint64(mem.RoundUp(segmentBytes[hd.size]))
		segments += segmentBytes[hd.size]
		count += int(hd.count)
		deadlines += int(hd.deadline)
		if hd.due() < sp.sweepMs {
			err = fmt.Errorf("a segment is due at %d, the space not before %d", hd.due(), sp.sweepMs)
		}
		return err == nil
	})
	switch {
	case err != nil:
	case next != 0:
		err = fmt.Errorf("the segments end at %x", next)
	case count != sp.t.count || deadlines != sp.deadlines || segments != sp.t.bytes:
		err = fmt.Errorf("%d entries, %d deadlines and %d bytes are there, %d, %d and %d are counted",
			count, deadlines, segments, sp.t.count, sp.deadlines, sp.t.bytes)
	}
	return used, err
}

func checkSegment(s *Shard, sp *space, seg segment) (used uint64, err error) {
	hd := seg.header()
	count, deadlines := uint32(0), uint32(0)
	crossing := make([]uint64, seg.buckets)
	for at := range seg.buckets {
		b := seg.bucket(at)
		for i := range slotsPerBucket {
			if b.tag(i) == 0 {
				if b.slots[i] != 0 {
					return 0, fmt.Errorf("slot %d of bucket %d is empty and not zero", i, at)
				}
				continue
			}
			slot := b.slots[i]
			en := entryAt(s.region, slotRef(slot))
			h := s.engine.seed.Hash(en.key())
			if hashTag(h) != b.tag(i) || hashPos(h) != slotPos(slot) || h>>(64-hd.depth) != uint64(hd.prefix) {
				return 0, fmt.Errorf("slot %d of bucket %d does not fit its key %q", i, at, en.key())
			}
			if (en.deadline() != never) != (slotMeta(slot)&MetaDeadline != 0) {
				return 0, fmt.Errorf("the mark of key %q is not as its deadline %d", en.key(), en.deadline())
			}
			if en.deadline() != never {
				deadlines++
			}
			count++
			used += uint64(mem.RoundUp(en.allocBytes()))
			if isLarge(en.kind()) {
				used += s.container(rootOf(en.value())).bytes
			}
			for c := seg.home(slotPos(slot)); c != at; c = seg.next(c) {
				crossing[c]++
			}
		}
	}
	for at, n := range crossing {
		if has := seg.bucket(at).overflow(); has != n && has != 255 {
			return 0, fmt.Errorf("bucket %d counts %d overflows of %d", at, has, n)
		}
	}
	if count != hd.count || deadlines != hd.deadline {
		return 0, fmt.Errorf("%d entries and %d deadlines are there, %d and %d are counted", count, deadlines, hd.count, hd.deadline)
	}
	return used, nil
}

// keyName is the i-th of the keys that tests use in bulk.
func keyName(i int) []byte { return fmt.Appendf(nil, "key:%d", i) }

// putBulk stores keys from to to-1, each with its number as the value.
func putBulk(t testing.TB, e *Engine, db, from, to int, deadline, nowMs int64) {
	t.Helper()
	for i := from; i < to; i++ {
		k := e.Key(keyName(i))
		k.Shard.Lock()
		err := e.SetString(db, k, fmt.Appendf(nil, "v%d", i), Attrs{Deadline: deadline}, nowMs)
		k.Shard.Unlock()
		if err != nil {
			t.Fatal(err)
		}
	}
}

// dropBulk deletes keys from to to-1.
func dropBulk(e *Engine, db, from, to int, nowMs int64) {
	for i := from; i < to; i++ {
		k := e.Key(keyName(i))
		k.Shard.Lock()
		e.Delete(db, k, nowMs)
		k.Shard.Unlock()
	}
}
