package engine

// EachField is Each with the deadline of each field in ms since 1970,
// NoDeadline if it has none.
func (x *Hash) EachField(f func(field, value []byte, deadline int64) bool) {
	if !x.there {
		return
	}
	if x.large() {
		x.n.each(func(e entry) bool { return f(e.key(), e.value(), e.deadline()) })
		return
	}
	b := x.it.hashRun()
	var a, v [20]byte
	for off := b.start; off < len(b.oneway); {
		field := b.item(off)
		value := b.item(field.next)
		deadline := int64(NoDeadline)
		if off = value.next; b.each == 3 {
			due := b.item(off)
			if off = due.next; due.n != 0 {
				deadline = due.n
			}
		}
		if !f(field.bytes(a[:0]), value.bytes(v[:0]), deadline) {
			return
		}
	}
}

// HasDeadlines tells whether a field may have a deadline.
func (x *Hash) HasDeadlines() bool { return x.due() != never }
