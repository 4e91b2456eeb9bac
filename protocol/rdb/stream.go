package rdb

import (
	"bytes"
	"encoding/binary"
)

// A stream is nodes, each of them entries with near IDs in a listpack, what is
// known besides, and consumer groups:
//
//	nodes      length; each: the ID of the node as a string of 16 bytes,
//	           big-endian, and the listpack
//	info       lengths: entries, last ID, and from the second version on first
//	           ID, highest ID deleted, entries ever added; an ID is two lengths
//	groups     length; each: name, last ID, from the second version on entries
//	           read, pending entries, consumers
//	pending    length; each: ID of 16 bytes, time, number of deliveries
//	consumers  length; each: name, time seen, in the third version time active,
//	           and the IDs of its pending entries
//
// The listpack of a node begins with the fields that its first entry has, so
// that the others need not repeat them:
//
//	entries, deleted entries, n, field 1 … field n, 0
//
// and goes on with entries, whose IDs are told from the node's:
//
//	flags, ms, sequence, value 1 … value n, items            same fields
//	flags, ms, sequence, n, field 1, value 1 …, items        other fields
//
// where items is how many items came before it in the entry. Entries that were
// deleted stay, with a flag.

// StreamWriter writes a stream: its entries, then Info, then for each group
// Group, for each of its pending entries Pending, Consumers, and for each of
// its consumers Consumer.
type StreamWriter struct {
	w          *Writer
	maxBytes   int // stream-node-max-bytes
	maxEntries int // stream-node-max-entries
	start      int // in w.Buf, where the number of nodes belongs
	nodes      uint64

	master StreamID
	count  int      // entries of the node
	names  Listpack // of the node's common fields
	body   Listpack // the entries
	first  [][]byte // the names, in memory of their own
}

// streamNodeMost bounds a node whatever the directives say, in bytes.
const streamNodeMost = 1 << 30

// Stream starts to write a stream whose nodes are filled as if its entries had
// been added one by one. Limits of 0 are none.
func (w *Writer) Stream(maxBytes, maxEntries int) *StreamWriter {
	if maxBytes <= 0 || maxBytes > streamNodeMost {
		maxBytes = streamNodeMost
	}
	w.kind(KindStream2)
	return &StreamWriter{w: w, maxBytes: maxBytes, maxEntries: maxEntries, start: len(w.Buf)}
}

// Entry adds an entry: fields and values in turn.
func (s *StreamWriter) Entry(id StreamID, fields [][]byte) {
	total := 0
	for _, f := range fields {
		total += len(f)
	}
	if s.count > 0 && (s.nodeBytes()+total >= s.maxBytes || s.maxEntries > 0 && s.count >= s.maxEntries) {
		s.flush()
	}
	if s.count == 0 {
		s.begin(id, fields)
	}
	s.count++
	same := s.sameFields(fields)
	if same {
		s.body.Int(entrySameFields)
	} else {
		s.body.Int(0)
	}
	s.body.Int(int64(id.Ms - s.master.Ms))
	s.body.Int(int64(id.Seq - s.master.Seq))
	n := len(fields) / 2
	items := n + 3
	if !same {
		s.body.Int(int64(n))
		items += n + 1
	}
	for i := 0; i < len(fields); i += 2 {
		if !same {
			s.body.String(fields[i])
		}
		s.body.String(fields[i+1])
	}
	s.body.Int(int64(items))
}

// begin starts a node with an entry's ID and fields.
func (s *StreamWriter) begin(id StreamID, fields [][]byte) {
	s.master, s.count = id, 0
	s.first = s.first[:0]
	s.names.Reset()
	s.body.Reset()
	s.names.Int(int64(len(fields) / 2))
	for i := 0; i < len(fields); i += 2 {
		s.first = append(s.first, bytes.Clone(fields[i]))
		s.names.String(fields[i])
	}
	s.names.Int(0)
}

func (s *StreamWriter) sameFields(fields [][]byte) bool {
	if len(fields) != 2*len(s.first) {
		return false
	}
	for i, name := range s.first {
		if !bytes.Equal(name, fields[2*i]) {
			return false
		}
	}
	return true
}

// head makes the node's listpack as far as its counts.
func (s *StreamWriter) head() *Listpack {
	p := &s.w.pack
	p.Reset()
	p.Int(int64(s.count))
	p.Int(0)
	return p
}

// nodeBytes is the length of the node's listpack.
func (s *StreamWriter) nodeBytes() int {
	return s.head().Size() + len(s.names.b) + len(s.body.b) - 2*packHeader
}

// flush writes the node.
func (s *StreamWriter) flush() {
	if s.count == 0 {
		return
	}
	p := s.head()
	p.Join(&s.names)
	p.Join(&s.body)
	var key [16]byte
	binary.BigEndian.PutUint64(key[:], s.master.Ms)
	binary.BigEndian.PutUint64(key[8:], s.master.Seq)
	s.w.String(key[:])
	s.w.listpack(p)
	s.nodes++
	s.count = 0
}

func (w *Writer) id(id StreamID) {
	w.Length(id.Ms)
	w.Length(id.Seq)
}

func (w *Writer) rawID(id StreamID) {
	w.Buf = binary.BigEndian.AppendUint64(w.Buf, id.Ms)
	w.Buf = binary.BigEndian.AppendUint64(w.Buf, id.Seq)
}

// Info ends the entries and writes what is known besides, and how many groups
// come.
func (s *StreamWriter) Info(info StreamInfo, groups int) {
	s.flush()
	s.w.insertLength(s.start, s.nodes)
	s.w.Length(info.Length)
	s.w.id(info.Last)
	s.w.id(info.First)
	s.w.id(info.MaxDeleted)
	s.w.Length(info.Added)
	s.w.Length(uint64(groups))
}

// Group writes a group, which has so many pending entries.
func (s *StreamWriter) Group(name []byte, g StreamGroup, pending int) {
	s.w.String(name)
	s.w.id(g.Last)
	s.w.Length(uint64(g.Read))
	s.w.Length(uint64(pending))
}

// Pending writes a pending entry of the group, in order of IDs.
func (s *StreamWriter) Pending(id StreamID, deliveredMs int64, deliveries uint64) {
	s.w.rawID(id)
	s.w.Millis(deliveredMs)
	s.w.Length(deliveries)
}

// Consumers writes how many consumers the group has.
func (s *StreamWriter) Consumers(n int) { s.w.Length(uint64(n)) }

// Consumer writes a consumer and how many pending entries it has, whose IDs
// are written next with Owned. When it was active is lost: version 10 has no
// place for that.
func (s *StreamWriter) Consumer(name []byte, seenMs int64, pending int) {
	s.w.String(name)
	s.w.Millis(seenMs)
	s.w.Length(uint64(pending))
}

// Owned writes a pending entry of the consumer, in order of IDs.
func (s *StreamWriter) Owned(id StreamID) { s.w.rawID(id) }
