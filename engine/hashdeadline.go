package engine

// Deadlines of single fields.

// FieldDeadline returns a field's deadline in ms since 1970, NoDeadline if it
// has none; ok is false if there is no such field.
func (x *Hash) FieldDeadline(field []byte) (ms int64, ok bool) {
	if !x.there {
		return 0, false
	}
	if x.large() {
		_, e, ok := x.n.find(x.e.seed.Hash(field), field)
		if !ok {
			return 0, false
		}
		return e.deadline(), true
	}
	b := x.it.hashRun()
	off := b.find(contentOf(field))
	if off < 0 {
		return 0, false
	}
	if b.each == 3 {
		if due := b.item(b.next(b.next(off))); due.n != 0 {
			return due.n, true
		}
	}
	return NoDeadline, true
}

// SetFieldDeadline gives an existing field another deadline, or none with
// NoDeadline.
// REQUIRES: the field is there; ms > nowMs; field is no view of the hash.
func (x *Hash) SetFieldDeadline(field []byte, ms int64) error {
	before := x.due()
	err := x.setFieldDeadline(field, ms)
	if after := x.due(); err == nil && after < before {
		x.it.sp.due.note(x.key.Hash, after)
	}
	return err
}

func (x *Hash) setFieldDeadline(field []byte, ms int64) error {
	if x.large() {
		p, e, _ := x.n.find(x.e.seed.Hash(field), field)
		return x.n.setDeadline(p, e, ms)
	}
	if ms == never && x.it.hashRun().each == 2 {
		return nil
	}
	r := x.edit(true)
	at := r.next(r.next(r.find(contentOf(field))))
	r.oneway = r.replace(at, contentOfInt(storedDeadline(ms)))
	return x.putRun(r)
}

// setDeadline gives the entry at p another deadline.
func (n nested) setDeadline(p position, e entry, ms int64) error {
	l := e.layout()
	if e.deadline() == ms {
		return nil
	}
	both := append(append(n.s.buffer(), e.value()...), e.key()...)
	n.s.keepBuffer(both)
	value, key := both[:l.valueLen], both[l.valueLen:]
	hd := fieldHeader(ms)
	_, dst, err := n.replace(p, e, key, &hd, len(value))
	if err == nil {
		copy(dst, value)
	}
	return err
}

// fieldHeader is the header of a field's entry.
func fieldHeader(deadline int64) header {
	return header{typ: TypeString, enc: EncBytes, deadline: deadline}
}
