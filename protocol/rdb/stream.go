package rdb

import "encoding/binary"

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

// StreamWriter writes a stream: its nodes, then Info, then for each group Group,
// for each of its pending entries Pending, Consumers, and for each of its
// consumers Consumer and the IDs that it owns.
type StreamWriter struct {
	w     *Writer
	start int // in w.Buf, where the number of nodes belongs, -1 if it is there
	nodes uint64
}

// Stream starts to write a stream.
func (w *Writer) Stream() StreamWriter {
	w.kind(KindStream2)
	return StreamWriter{w: w, start: len(w.Buf)}
}

// Node writes a node, see Writer.StreamNode.
func (s *StreamWriter) Node(id StreamID, count int, items []byte) {
	s.w.StreamNode(id, count, items)
	s.nodes++
}

func (w *Writer) id(id StreamID) {
	w.Length(id.Ms)
	w.Length(id.Seq)
}

func (w *Writer) rawID(id StreamID) {
	w.Buf = binary.BigEndian.AppendUint64(w.Buf, id.Ms)
	w.Buf = binary.BigEndian.AppendUint64(w.Buf, id.Seq)
}

// StreamEnd returns the writer for what follows the nodes of a stream that was
// begun with BeginStream.
func (w *Writer) StreamEnd() StreamWriter { return StreamWriter{w: w, start: -1} }

// Info ends the nodes and writes what is known besides, and how many groups
// come.
func (s *StreamWriter) Info(info StreamInfo, groups int) {
	if s.start >= 0 {
		s.w.insertLength(s.start, s.nodes)
	}
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
