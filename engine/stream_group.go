package engine

import (
	"math/bits"
	"unsafe"

	"larder/engine/mem"
)

// StreamGroup is a group of consumers of a stream: it remembers up to which ID
// entries were delivered, and which of them are not acknowledged. It stays
// valid until the group or the stream is deleted.
type StreamGroup struct {
	st  Stream
	ref mem.Ref
	g   *groupObject
}

// groupObject is what a group is in memory: a named object, see
// stream_names.go.
type groupObject struct {
	size, nameLen uint32
	last          StreamID
	read          int64
	pending       treeRoot
	consumers     nameList
}

// StreamConsumer is a consumer of a group, valid until it is deleted.
type StreamConsumer struct {
	s   *Shard
	ref mem.Ref
	c   *consumerObject
}

// consumerObject is what a consumer is in memory.
type consumerObject struct {
	size, nameLen    uint32
	seenMs, activeMs int64
	pending          int64
}

const (
	groupBytes    = int(unsafe.Sizeof(groupObject{}))
	consumerBytes = int(unsafe.Sizeof(consumerObject{}))
)

// ReadUnknown stands for a number of entries read that nobody knows.
const ReadUnknown = -1

func (st *Stream) groupAt(ref mem.Ref) StreamGroup {
	return StreamGroup{*st, ref, (*groupObject)(st.s.region.Ptr(ref))}
}

// Groups is the number of groups; GroupAt returns the i-th by name.
func (st *Stream) Groups() int { return st.r.groups.len(st.s) }

// GroupAt returns the i-th group in the order of their names.
func (st *Stream) GroupAt(i int) StreamGroup { return st.groupAt(st.r.groups.at(st.s, i)) }

// Group finds a group by its name.
func (st *Stream) Group(name []byte) (StreamGroup, bool) {
	i, ok := st.r.groups.find(st.s, name)
	if !ok {
		return StreamGroup{}, false
	}
	return st.GroupAt(i), true
}

// CreateGroup makes a group that has delivered what is not behind id, which
// are read entries, ReadUnknown if that is not known. It reports false if there
// is one of that name.
func (st *Stream) CreateGroup(name []byte, id StreamID, read int64) (created bool, err error) {
	i, exists := st.r.groups.find(st.s, name)
	if exists {
		return false, nil
	}
	st.preserve()
	if !st.r.groups.reserve(st.s, st.hd()) {
		return false, ErrNoRoom
	}
	ref, ok := st.s.newNamed(st.hd(), groupBytes, name)
	if !ok {
		return false, ErrNoRoom
	}
	g := st.groupAt(ref)
	g.g.last, g.g.read = id, read
	st.r.groups.insert(st.s, i, ref)
	return true, nil
}

// DeleteGroup deletes a group and tells whether it was there.
func (st *Stream) DeleteGroup(name []byte) bool {
	i, ok := st.r.groups.find(st.s, name)
	if !ok {
		return false
	}
	st.preserve()
	g := st.GroupAt(i)
	for done := false; !done; {
		_, done = g.free(1 << 20)
	}
	st.r.groups.remove(st.s, st.hd(), i)
	return true
}

// free frees up to budget objects of the group, itself last.
func (g *StreamGroup) free(budget int) (freed int, done bool) {
	s, hd := g.st.s, g.st.hd()
	for ; g.g.pending.leaves > 0; freed++ {
		if freed == budget {
			return freed, false
		}
		var p treePath
		g.tree().end(&p)
		g.freeLeaf(&p)
	}
	for n := g.g.consumers.len(s); n > 0; freed++ {
		if freed == budget {
			return freed, false
		}
		n--
		s.freeNamed(hd, g.g.consumers.at(s, n))
		g.g.consumers.remove(s, hd, n)
	}
	s.freeNamed(hd, g.ref)
	return freed + 1, true
}

// Name is the group's name: a view.
func (g *StreamGroup) Name() []byte { return g.st.s.nameOf(g.ref) }

// LastID is the last ID that was delivered.
func (g *StreamGroup) LastID() StreamID { return g.g.last }

// SetLastID sets the last ID that was delivered.
func (g *StreamGroup) SetLastID(id StreamID) {
	g.st.preserve()
	g.g.last = id
}

// Read is how many of the entries ever added the group has read, ReadUnknown
// if that is not known.
func (g *StreamGroup) Read() int64 { return g.g.read }

// SetRead sets what Read returns.
func (g *StreamGroup) SetRead(n int64) {
	g.st.preserve()
	g.g.read = n
}

// Pending is how many entries were delivered and not acknowledged.
func (g *StreamGroup) Pending() int64 { return int64(g.g.pending.items) }

// Consumers is the number of consumers.
func (g *StreamGroup) Consumers() int { return g.g.consumers.len(g.st.s) }

// ConsumerAt returns the i-th consumer in the order of their names.
func (g *StreamGroup) ConsumerAt(i int) StreamConsumer {
	return g.st.s.streamConsumer(g.g.consumers.at(g.st.s, i))
}

func (s *Shard) streamConsumer(ref mem.Ref) StreamConsumer {
	return StreamConsumer{s, ref, (*consumerObject)(s.region.Ptr(ref))}
}

// Consumer finds a consumer by its name.
func (g *StreamGroup) Consumer(name []byte) (StreamConsumer, bool) {
	i, ok := g.g.consumers.find(g.st.s, name)
	if !ok {
		return StreamConsumer{}, false
	}
	return g.ConsumerAt(i), true
}

// CreateConsumer makes a consumer that is seen now for the first time.
// REQUIRES: there is none of that name.
func (g *StreamGroup) CreateConsumer(name []byte, nowMs int64) (StreamConsumer, error) {
	g.st.preserve()
	s, hd := g.st.s, g.st.hd()
	if !g.g.consumers.reserve(s, hd) {
		return StreamConsumer{}, ErrNoRoom
	}
	ref, ok := s.newNamed(hd, consumerBytes, name)
	if !ok {
		return StreamConsumer{}, ErrNoRoom
	}
	i, _ := g.g.consumers.find(s, name)
	g.g.consumers.insert(s, i, ref)
	c := s.streamConsumer(ref)
	c.c.seenMs, c.c.activeMs = nowMs, NeverActive
	return c, nil
}

// DeleteConsumer deletes a consumer with what is pending for it. It returns how
// many entries that were, and whether the consumer was there.
func (g *StreamGroup) DeleteConsumer(name []byte) (pending int64, ok bool) {
	i, ok := g.g.consumers.find(g.st.s, name)
	if !ok {
		return 0, false
	}
	g.st.preserve()
	c := g.ConsumerAt(i)
	pending = c.c.pending
	for id := (StreamID{}); c.c.pending > 0; {
		cur := g.PendingRange(id, MaxStreamID, &c)
		if !cur.Next() {
			break
		}
		id = cur.Entry().ID
		g.Ack(id)
	}
	g.st.s.freeNamed(g.st.hd(), c.ref)
	g.g.consumers.remove(g.st.s, g.st.hd(), i)
	return pending, true
}

// Name is the consumer's name: a view.
func (c *StreamConsumer) Name() []byte { return c.s.nameOf(c.ref) }

// Pending is how many entries the consumer has got and not acknowledged.
func (c *StreamConsumer) Pending() int64 { return c.c.pending }

// NeverActive is the ActiveMs of a consumer that has not got an entry.
const NeverActive = -1

// SeenMs is when the consumer was last named by a command that reads or
// claims, ActiveMs when it last got an entry, in ms since 1970.
func (c *StreamConsumer) SeenMs() int64   { return c.c.seenMs }
func (c *StreamConsumer) ActiveMs() int64 { return c.c.activeMs }

// SetSeenMs and SetActiveMs set these times.
func (c *StreamConsumer) SetSeenMs(ms int64)   { c.c.seenMs = ms }
func (c *StreamConsumer) SetActiveMs(ms int64) { c.c.activeMs = ms }

// ownerBit stands for a consumer in a leaf's set of owners.
func ownerBit(ref mem.Ref) uint64 {
	return 1 << (bits.RotateLeft64(uint64(ref)*0x9e3779b97f4a7c15, 6) & 63)
}
