package engine

import (
	"encoding/binary"

	"larder/engine/mem"
)

// What code that knows containers only does with streams.

var streamOps = containerOps{free: freeStream, copy: copyStream, state: streamState}

func freeStream(s *Shard, root mem.Ref, budget int) (freed int, done bool) {
	st := s.stream(root)
	for freed < budget {
		groups := st.r.groups.len(s)
		switch {
		case st.r.entries.leaves > 0:
			var p treePath
			st.tree().end(&p)
			st.freeLeaf(&p)
			freed++
		case groups > 0:
			g := st.GroupAt(groups - 1)
			n, all := g.free(budget - freed)
			freed += n
			if all {
				st.r.groups.remove(s, st.hd(), groups-1)
			}
		default:
			s.freeRoot(root, streamRootBytes)
			return freed + 1, true
		}
	}
	return freed, false
}

func copyStream(from *Shard, root mem.Ref, to *Shard, pause pauseFunc) (mem.Ref, bool) {
	copied, ok := to.newRoot(TypeStream, streamRootBytes)
	if !ok {
		return 0, false
	}
	src, dst := from.stream(root), to.stream(copied)
	dst.r.count, dst.r.added = src.r.count, src.r.added
	dst.changed()
	dst.r.last, dst.r.first, dst.r.maxDeleted = src.r.last, src.r.first, src.r.maxDeleted
	return copied, dst.copyLeaves(&src, pause) && dst.copyGroups(&src)
}

func (st *Stream) copyLeaves(src *Stream, pause pauseFunc) bool {
	if src.r.entries.leaves == 0 {
		return true
	}
	var p treePath
	src.tree().first(&p)
	for i := 1; ; i++ {
		if i%copyLeaves == 0 && !pause.goOn() {
			return false
		}
		l := src.leafOf(&p)
		ref, nl, ok := st.s.newStreamLeaf(st.hd(), l.id(), len(l.run()))
		if !ok {
			return false
		}
		copy(nl[streamLeafHeader:], l.run())
		nl.setRun(nl.run()[:len(l.run())])
		if !st.tree().append(ref, 1, leafKeyOf(l.id())) {
			st.s.freeNode(st.hd(), ref, len(nl))
			return false
		}
		if !src.tree().next(&p) {
			return true
		}
	}
}

// append adds a leaf behind all others. It returns false when there is no
// memory, and nothing has changed.
func (t tree) append(ref mem.Ref, items uint64, key treeKey) bool {
	if t.r.leaves == 0 {
		t.start(ref, items, key)
		return true
	}
	var p treePath
	t.end(&p)
	return t.insert(&p, ref, items, key, false)
}

func (st *Stream) copyGroups(src *Stream) bool {
	for i := range src.Groups() {
		g := src.GroupAt(i)
		if _, err := st.CreateGroup(g.Name(), g.LastID(), g.Read()); err != nil {
			return false
		}
		ng := st.GroupAt(i)
		if !ng.copyConsumers(&g) {
			return false
		}
	}
	return true
}

func (g *StreamGroup) copyConsumers(src *StreamGroup) bool {
	for i := range src.Consumers() {
		c := src.ConsumerAt(i)
		nc, err := g.CreateConsumer(c.Name(), c.SeenMs())
		if err != nil {
			return false
		}
		nc.SetActiveMs(c.ActiveMs())
	}
	cur := src.PendingRange(StreamID{}, MaxStreamID, nil)
	for cur.Next() {
		p := cur.Entry()
		c, ok := g.Consumer(src.OwnerName(&p))
		if !ok || g.Reserve(p.ID) != nil {
			return false
		}
		g.Assign(p.ID, &c, p.DeliveredMs, p.Deliveries)
	}
	return true
}

// streamState leaves out when consumers were seen: reads that deliver nothing
// change that, and are not logged.
func streamState(s *Shard, root mem.Ref, dst []byte) []byte {
	st := s.stream(root)
	dst = appendIDs(dst, st.r.last, st.r.first, st.r.maxDeleted)
	dst = binary.AppendVarint(dst, st.r.added)
	dst = binary.AppendUvarint(dst, st.r.entries.leaves)
	if st.r.entries.leaves > 0 {
		var p treePath
		for st.tree().first(&p); ; {
			l := st.leafOf(&p)
			dst = appendIDs(dst, l.id())
			dst = appendSized(dst, l.run())
			if !st.tree().next(&p) {
				break
			}
		}
	}
	dst = binary.AppendUvarint(dst, uint64(st.Groups()))
	for i := range st.Groups() {
		g := st.GroupAt(i)
		dst = g.appendState(dst)
	}
	return dst
}

func (g *StreamGroup) appendState(dst []byte) []byte {
	dst = appendSized(dst, g.Name())
	dst = appendIDs(dst, g.LastID())
	dst = binary.AppendVarint(dst, g.Read())
	dst = binary.AppendUvarint(dst, uint64(g.Consumers()))
	for i := range g.Consumers() {
		c := g.ConsumerAt(i)
		dst = appendSized(dst, c.Name())
	}
	dst = binary.AppendVarint(dst, g.Pending())
	cur := g.PendingRange(StreamID{}, MaxStreamID, nil)
	for cur.Next() {
		p := cur.Entry()
		dst = appendIDs(dst, p.ID)
		dst = appendSized(dst, g.OwnerName(&p))
		dst = binary.AppendVarint(dst, p.DeliveredMs)
		dst = binary.AppendVarint(dst, p.Deliveries)
	}
	return dst
}

func appendIDs(dst []byte, ids ...StreamID) []byte {
	for _, id := range ids {
		dst = binary.BigEndian.AppendUint64(dst, id.Ms)
		dst = binary.BigEndian.AppendUint64(dst, id.Seq)
	}
	return dst
}

func appendSized(dst, b []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(b)))
	return append(dst, b...)
}
