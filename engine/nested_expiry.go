package engine

import "larder/engine/mem"

// Entries of a nested table with a deadline: fields of a hash. The marks and
// counts are those of the keyspace, with one difference: a segment's sweepMs
// is not when it is worth a visit but a time before which nothing in it
// expires, and so is the table's. So a command that finds that time in the
// future knows that the count of entries is exact.

// markNested is markDeadline for the entry in slot of a nested table.
func (sp *space) markNested(seg segment, slot *uint64, deadline int64) {
	const mark = uint64(MetaDeadline) << metaShift
	had, hd := *slot&mark != 0, seg.header()
	switch {
	case deadline == never:
		if had {
			*slot &^= mark
			hd.deadline--
			sp.deadlines--
		}
		return
	case !had:
		if hd.deadline == 0 {
			hd.sweepMs = never
		}
		if sp.deadlines == 0 {
			sp.sweepMs = never
		}
		*slot |= mark
		hd.deadline++
		sp.deadlines++
	}
	hd.sweepMs = min(hd.sweepMs, deadline)
	sp.sweepMs = min(sp.sweepMs, deadline)
}

// due is a time before which no entry of the table expires.
func (n nested) due() int64 {
	if n.r.deadlines == 0 {
		return never
	}
	return n.r.sweepMs
}

// reclaim removes entries that have expired until it has visited about so many
// slots, and tells how many it has removed and whether more may be due.
func (n nested) reclaim(nowMs int64, slots int) (removed int, more bool) {
	if n.due() > nowMs {
		return 0, false
	}
	sp := n.open()
	next := int64(never)
	for h := uint64(0); ; {
		seg := sp.t.segment(h)
		hd := seg.header()
		behind := behindSegment(hd)
		if hd.due() <= nowMs {
			if slots <= 0 {
				n.save()
				return removed, true
			}
			slots -= seg.buckets * slotsPerBucket
			removed += n.reclaimSegment(sp, seg, nowMs)
			next = min(next, hd.due())
			sp.t.shrink(seg)
		} else {
			next = min(next, hd.due())
		}
		if h = behind; h == 0 {
			break
		}
	}
	sp.sweepMs = next
	n.save()
	return removed, false
}

// reclaimSegment removes the expired entries of one segment.
func (n nested) reclaimSegment(sp *space, seg segment, nowMs int64) (removed int) {
	next := int64(never)
	for at := range seg.buckets {
		b := seg.bucket(at)
		for m := b.occupied(); m != 0; m &= m - 1 {
			i := matchIndex(m)
			if slotMeta(b.slots[i])&MetaDeadline == 0 {
				continue
			}
			e := entryAt(n.s.region, slotRef(b.slots[i]))
			if d := e.deadline(); d > nowMs {
				next = min(next, d)
				continue
			}
			n.s.unlink(sp, positionIn(seg, at, b, i))
			n.s.heap.Free(e.ref, e.allocBytes(), mem.Node)
			removed++
		}
	}
	seg.header().sweepMs = next
	return removed
}
