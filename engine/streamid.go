package engine

import (
	"cmp"
	"encoding/binary"
	"math"
)

// StreamID names an entry of a stream: the time in ms at which it was added
// and a number among those of the same ms. IDs are ordered by time, then by
// number; 0-0 names no entry.
type StreamID struct{ Ms, Seq uint64 }

// MaxStreamID is the last ID that there can be.
var MaxStreamID = StreamID{math.MaxUint64, math.MaxUint64}

// Compare returns a negative number, 0 or a positive one as id comes before
// other, is the same, or comes behind it.
func (id StreamID) Compare(other StreamID) int {
	if c := cmp.Compare(id.Ms, other.Ms); c != 0 {
		return c
	}
	return cmp.Compare(id.Seq, other.Seq)
}

// Less tells whether id comes before other.
func (id StreamID) Less(other StreamID) bool {
	return id.Ms < other.Ms || id.Ms == other.Ms && id.Seq < other.Seq
}

// IsZero tells whether id is 0-0.
func (id StreamID) IsZero() bool { return id == StreamID{} }

// Next returns the ID behind id, false if id is the last one.
func (id StreamID) Next() (StreamID, bool) {
	id.Seq++
	if id.Seq == 0 {
		id.Ms++
	}
	return id, id != StreamID{}
}

// Prev returns the ID before id, false if id is 0-0.
func (id StreamID) Prev() (StreamID, bool) {
	if id.IsZero() {
		return id, false
	}
	if id.Seq == 0 {
		id.Ms--
	}
	id.Seq--
	return id, true
}

// streamIDBytes is the length of an ID in memory: ms, then number, both
// big-endian, so that IDs are ordered as bytes.
const streamIDBytes = 16

func (id StreamID) put(dst []byte) {
	binary.BigEndian.PutUint64(dst, id.Ms)
	binary.BigEndian.PutUint64(dst[8:], id.Seq)
}

func streamIDAt(b []byte) StreamID {
	return StreamID{binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:])}
}
