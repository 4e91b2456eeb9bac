package rdb

import "cmp"

// A Builder takes a value that Read finds, element by element. Which method is
// called first tells the type; all slices are valid during the call only. Any
// error that it returns ends the reading and is what Read returns.
type Builder interface {
	// String takes all of a string.
	String(content []byte) error
	// ListItem takes the next element of a list.
	ListItem(item []byte) error
	// SetMember takes a member. One that comes twice is for the Builder to
	// find: it returns ErrTwice. So do the other two.
	SetMember(member []byte) error
	// ZSetMember takes a member, in no particular order. The score is a number.
	ZSetMember(member []byte, score float64) error
	// HashField takes a field; deadlineMs is when it expires in ms since 1970,
	// 0 = never.
	HashField(field, value []byte, deadlineMs int64) error

	// StreamEntry takes the next entry: fields and values in turn. The IDs
	// ascend.
	StreamEntry(id StreamID, fields [][]byte) error
	// Stream takes what is known of a stream besides its entries, after those.
	Stream(info StreamInfo) error
	// Group, Consumer and Pending take the consumer groups, each followed by
	// its consumers, each followed by the entries that it has to acknowledge.
	Group(name []byte, group StreamGroup) error
	Consumer(name []byte, seenMs, activeMs int64) error
	Pending(id StreamID, deliveredMs int64, deliveries uint64) error
}

// A LargeBuilder is a Builder that is told before the first element that a
// container was kept as a table by who wrote it: such a sorted set has kept
// scores as they are, -0 among them, which packed ones have not.
type LargeBuilder interface {
	Builder
	LargeZSet() error
}

// ErrTwice is what a Builder returns of an element that came before.
var ErrTwice = corrupt("an element stands twice")

// StreamID is the ID of an entry: ms since 1970, and a number for the entries
// of one millisecond.
type StreamID struct{ Ms, Seq uint64 }

// Compare orders IDs.
func (id StreamID) Compare(other StreamID) int {
	if c := cmp.Compare(id.Ms, other.Ms); c != 0 {
		return c
	}
	return cmp.Compare(id.Seq, other.Seq)
}

// StreamInfo is what is known of a stream besides its entries.
type StreamInfo struct {
	Length     uint64   // entries
	Last       StreamID // the highest ID ever added
	First      StreamID // of the first entry, 0-0 if there is none
	MaxDeleted StreamID // the highest ID that was deleted
	Added      uint64   // entries ever added
}

// ReadUnknown is the number of entries that a group has read when nobody
// knows.
const ReadUnknown = -1

// StreamGroup is a consumer group.
type StreamGroup struct {
	Last StreamID // delivered last
	Read int64    // entries ever delivered, or ReadUnknown
}
