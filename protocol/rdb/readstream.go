package rdb

import "encoding/binary"

// stream reads entries, what is known besides, and groups. See stream.go for
// the layout.
func (r *reader) stream(kind Kind, build Builder) error {
	s := streamReader{reader: r, build: build, kind: kind}
	for range r.count(2, "a stream's number of nodes") {
		if err := s.node(); err != nil {
			return err
		}
	}
	info := s.info()
	if r.err != nil {
		return r.err
	}
	if err := build.Stream(info); err != nil {
		return err
	}
	for range r.count(2, "a stream's number of groups") {
		if err := s.group(info); err != nil {
			return err
		}
	}
	return r.err
}

// streamReader reads a stream.
type streamReader struct {
	*reader
	build Builder
	kind  Kind
	live  uint64   // entries read
	first StreamID // of them
	last  StreamID // of all, those that were deleted included

	names  [][]byte // of the node's common fields
	fields [][]byte // of the entry
}

// The flags of an entry.
const (
	entryDeleted    = 1
	entrySameFields = 2
)

// node reads entries that are kept together.
func (s *streamReader) node() error {
	key, b := s.string("a stream node's ID"), s.string("a stream node")
	if s.err != nil {
		return s.err
	}
	if len(key) != 16 {
		return corrupt("a stream node's ID has %d bytes", len(key))
	}
	master := StreamID{binary.BigEndian.Uint64(key), binary.BigEndian.Uint64(key[8:])}
	its := readListpack(b)
	n := nodeReader{items: &its}
	live, deleted := n.int(), n.int()
	s.names = s.names[:0]
	for range n.size() {
		s.names = append(s.names, n.bytes())
	}
	n.int() // a zero where entries have their length
	for n.err() == nil && !n.atEnd() {
		if err := s.entry(master, &n, &live, &deleted); err != nil {
			return err
		}
	}
	if err := n.err(); err != nil {
		return err
	}
	if live != 0 || deleted != 0 {
		return corrupt("a stream node's counts are false")
	}
	return nil
}

// entry reads an entry of a node and counts it down.
func (s *streamReader) entry(master StreamID, n *nodeReader, live, deleted *int64) error {
	flags := n.int()
	id := StreamID{master.Ms + uint64(n.int()), master.Seq + uint64(n.int())}
	s.fields = s.fields[:0]
	length := int64(3)
	if flags&entrySameFields != 0 {
		for _, name := range s.names {
			s.fields = append(s.fields, name, n.bytes())
		}
		length += int64(len(s.names))
	} else {
		count := n.size()
		for range 2 * count {
			s.fields = append(s.fields, n.bytes())
		}
		length += int64(2*count) + 1
	}
	if told := n.int(); n.err() == nil && told != length {
		return corrupt("a stream's entry has %d items and says %d", length, told)
	}
	switch {
	case n.err() != nil:
		return n.err()
	case id.Compare(s.last) <= 0:
		return corrupt("a stream's entries are out of order")
	case len(s.fields) == 0:
		return corrupt("a stream's entry has no fields")
	}
	s.last = id
	if flags&entryDeleted != 0 {
		*deleted--
		return nil
	}
	*live--
	if s.live++; s.live == 1 {
		s.first = id
	}
	return s.build.StreamEntry(id, s.fields)
}

// nodeReader reads a stream node's listpack; after the first fault it returns
// zeros.
type nodeReader struct {
	items *items
	fault error
}

func (n *nodeReader) err() error {
	if n.fault != nil {
		return n.fault
	}
	return n.items.err
}

func (n *nodeReader) item() item {
	it, ok := n.items.read()
	if !ok && n.err() == nil {
		n.fault = corrupt("a stream node ends early")
	}
	return it
}

func (n *nodeReader) int() int64 {
	it := n.item()
	if !it.isInt && n.err() == nil {
		n.fault = corrupt("a number in a stream node is a string")
	}
	return it.n
}

// size reads a number of items, or pairs of them, that follow.
func (n *nodeReader) size() int {
	v := n.int()
	if v < 0 || v > int64(len(n.items.b)) {
		if n.err() == nil {
			n.fault = corrupt("a stream node has an impossible number of fields")
		}
		return 0
	}
	return int(v)
}

func (n *nodeReader) bytes() []byte { it := n.item(); return it.bytes() }

// atEnd tells whether no item follows.
func (n *nodeReader) atEnd() bool {
	return len(n.items.b) == 1 && n.items.b[0] == packEnd && n.items.left <= 0
}

// id reads an ID as two lengths.
func (s *streamReader) id(what string) StreamID {
	return StreamID{s.length(what), s.length(what)}
}

// info reads what is known besides the entries.
func (s *streamReader) info() (info StreamInfo) {
	info.Length = s.length("a stream's length")
	info.Last = s.id("a stream's last ID")
	if s.kind == KindStream1 {
		info.First, info.Added = s.first, info.Length
	} else {
		info.First = s.id("a stream's first ID")
		info.MaxDeleted = s.id("a stream's highest deleted ID")
		info.Added = s.length("a stream's number of entries added")
	}
	switch {
	case s.err != nil:
	case info.Length != s.live:
		s.fail("a stream's length is %d with %d entries", info.Length, s.live)
	case info.Last.Compare(s.last) < 0:
		s.fail("a stream has entries behind its last ID")
	}
	return info
}

// delivery is an entry that waits for being acknowledged.
type delivery struct {
	ms    int64
	count uint64
	owned bool
}

// group reads a consumer group. When its entries were delivered stands in
// front of the consumers, and whose they are behind them.
func (s *streamReader) group(info StreamInfo) error {
	name := s.string("a group's name")
	g := StreamGroup{Last: s.id("a group's last ID")}
	if s.kind == KindStream1 {
		g.Read = info.estimateRead(g.Last)
	} else {
		g.Read = int64(s.length("a group's number of entries read"))
	}
	if s.err != nil {
		return s.err
	}
	if err := s.build.Group(name, g); err != nil {
		return err
	}
	pending := map[StreamID]*delivery{}
	for range s.count(25, "a group's number of pending entries") {
		id := s.rawID()
		d := &delivery{ms: s.millis("a delivery's time"), count: s.length("a delivery's count")}
		switch {
		case s.err != nil:
			return s.err
		case pending[id] != nil:
			return ErrTwice
		}
		pending[id] = d
	}
	for range s.count(10, "a group's number of consumers") {
		if err := s.consumer(pending); err != nil {
			return err
		}
	}
	for _, d := range pending {
		if !d.owned && s.err == nil {
			return corrupt("a pending entry has no consumer")
		}
	}
	return s.err
}

// rawID reads an ID of 16 bytes, big-endian.
func (s *streamReader) rawID() StreamID {
	if b := s.take(16, "a pending entry's ID"); b != nil {
		return StreamID{binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:])}
	}
	return StreamID{}
}

// consumer reads a consumer and hands it the entries that are pending.
func (s *streamReader) consumer(pending map[StreamID]*delivery) error {
	name := s.string("a consumer's name")
	seen := s.millis("a consumer's time")
	active := seen
	if s.kind == KindStream3 {
		active = s.millis("a consumer's time")
	}
	if s.err != nil {
		return s.err
	}
	if err := s.build.Consumer(name, seen, active); err != nil {
		return err
	}
	for range s.count(16, "a consumer's number of pending entries") {
		id := s.rawID()
		d := pending[id]
		switch {
		case s.err != nil:
			return s.err
		case d == nil || d.owned:
			return corrupt("a consumer has an entry that is not pending, or another's")
		}
		d.owned = true
		if err := s.build.Pending(id, d.ms, d.count); err != nil {
			return err
		}
	}
	return s.err
}

// estimateRead is how many entries a group has read whose last ID is id, of a
// stream of the first version, which has seen no deletions that are known of.
func (info *StreamInfo) estimateRead(id StreamID) int64 {
	switch {
	case info.Added == 0:
		return 0
	case id == info.Last:
		return int64(info.Added)
	case id.Compare(info.Last) > 0:
		return ReadUnknown
	case id.Compare(info.First) < 0:
		return 0
	case id == info.First:
		return 1
	}
	return ReadUnknown
}
