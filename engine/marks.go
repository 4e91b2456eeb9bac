package engine

// Marks are what memcached's meta protocol notes about a value. They take a
// byte in the entries that have any and nothing in all others, and vanish with
// the next write of the value.
type Marks uint8

const (
	// MarkStale tells that the value was declared out of date (md with I).
	MarkStale Marks = 1 << iota
	// MarkSent tells that a client was asked to renew the value.
	MarkSent
)

// Marks returns the marks of a value.
func (it *Item) Marks() Marks {
	if it.l.kind&kindMarks == 0 {
		return 0
	}
	return Marks(*it.e.at(it.l.marksAt()))
}

// SetMarks changes the marks of a value. The item is not valid afterwards.
// REQUIRES: the shard is locked.
func (it *Item) SetMarks(m Marks) error {
	had := it.l.kind&kindMarks != 0
	switch {
	case had && m != 0:
		it.preserve()
		*it.e.at(it.l.marksAt()) = byte(m)
		return nil
	case !had && m == 0:
		return nil
	}
	h := it.e.headerOf(it.l)
	h.marks = m
	return it.relayout(&h)
}
