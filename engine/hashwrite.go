package engine

import "strconv"

// Writes of hashes. Each allocates before it changes anything, so one that
// returns ErrNoRoom has not begun.

// KeepDeadline, as a field's deadline, stands for the one that it has.
const KeepDeadline = -1

// Set gives a field a value and a deadline in ms since 1970, NoDeadline or
// KeepDeadline, and tells whether the field is new. The key is created with
// its first field.
// REQUIRES: field and value are no views of the hash; deadline > nowMs.
func (x *Hash) Set(field, value []byte, deadline int64, lim *Limits) (created bool, err error) {
	before := x.due()
	switch {
	case !x.there:
		created, err = true, x.create(field, value, deadline, lim)
	case x.large():
		created, err = x.n.setField(field, value, deadline)
	default:
		created, err = x.setPacked(field, value, deadline, lim)
	}
	if after := x.due(); err == nil && after < before {
		x.it.sp.due.note(x.key.Hash, after)
	}
	return created, err
}

// SetInt is Set for a value that is an integer.
func (x *Hash) SetInt(field []byte, n, deadline int64, lim *Limits) error {
	s := x.key.Shard
	digits := strconv.AppendInt(s.digits[:0], n, 10)
	_, err := x.Set(field, digits, deadline, lim)
	return err
}

// due is a time before which no field expires.
func (x *Hash) due() int64 {
	if !x.there {
		return never
	}
	return x.it.fieldsDue()
}

// Expect makes an existing hash ready for about so many fields of one command.
func (x *Hash) Expect(fields int, lim *Limits) error {
	if x.there && !x.large() && fields > lim.HashItems {
		return x.enlarge(fields)
	}
	return nil
}

// short tells whether field and value may be packed.
func (lim *Limits) short(field, value []byte) bool {
	return len(field) <= lim.HashItemBytes && len(value) <= lim.HashItemBytes
}

// create makes the key with its first field.
func (x *Hash) create(field, value []byte, deadline int64, lim *Limits) error {
	s := x.key.Shard
	if !lim.short(field, value) || lim.HashItems < 1 {
		return x.createLarge(field, value, deadline)
	}
	b, enc := newOneway(s.buffer()), EncPacked
	if deadline >= 0 && deadline != never {
		b, enc = b.append(contentOfInt(deadline)), EncPackedTTL
	}
	b = b.append(contentOf(field)).append(contentOf(value))
	if enc == EncPackedTTL {
		b = b.append(contentOfInt(deadline))
	}
	s.keepBuffer(b)
	if err := x.e.setContainer(x.db, x.key, TypeHash, enc, b, never, x.nowMs); err != nil {
		return err
	}
	x.there = x.it.Load(x.db, &x.key, x.nowMs)
	return nil
}

// createLarge makes the key with a first field that is too long to be packed.
func (x *Hash) createLarge(field, value []byte, deadline int64) error {
	s := x.key.Shard
	root, err := s.newTableRoot(TypeHash, 1)
	if err != nil {
		return err
	}
	if _, err = s.tableAt(root).setField(field, value, deadline); err == nil {
		err = x.e.setRoot(x.db, x.key, TypeHash, root, never, x.nowMs)
	}
	if err != nil {
		s.dropTable(root)
		return err
	}
	x.there, x.n = x.it.Load(x.db, &x.key, x.nowMs), s.tableAt(root)
	return nil
}

// setField is Set for a large hash.
func (n nested) setField(field, value []byte, deadline int64) (created bool, err error) {
	h := n.s.engine.seed.Hash(field)
	hd := fieldHeader(deadline)
	p, e, ok := n.find(h, field)
	if deadline == KeepDeadline {
		hd.deadline = never
		if ok {
			hd.deadline = e.deadline()
		}
	}
	var dst []byte
	if ok {
		_, dst, err = n.replace(p, e, field, &hd, len(value))
	} else {
		_, dst, err = n.insert(h, field, &hd, len(value))
	}
	copy(dst, value)
	return !ok, err
}

// setPacked is Set for a packed hash, which may become large by it.
func (x *Hash) setPacked(field, value []byte, deadline int64, lim *Limits) (created bool, err error) {
	b, key := x.it.hashRun(), contentOf(field)
	off := b.find(key)
	if !lim.short(field, value) || off < 0 && (b.len() >= lim.HashItems || b.count()+3 > maxPackedItems) {
		if err := x.enlarge(1); err != nil {
			return false, err
		}
		return x.n.setField(field, value, deadline)
	}
	val := contentOf(value)
	if off >= 0 && (deadline == KeepDeadline || deadline == never && b.each == 2) {
		at := b.next(off)
		if val.size() == b.next(at)-at {
			x.it.preserve()
			val.write(b.oneway[at:])
			return false, nil
		}
	}
	r := x.edit(deadline >= 0 && deadline != never)
	if off = r.find(key); off < 0 {
		r.oneway = r.append(key).append(val)
		if r.each == 3 {
			r.oneway = r.append(contentOfInt(storedDeadline(deadline)))
		}
		return true, x.putRun(r)
	}
	at := r.next(off)
	r.oneway = r.replace(at, val)
	if r.each == 3 && deadline != KeepDeadline {
		r.oneway = r.replace(r.next(at), contentOfInt(storedDeadline(deadline)))
	}
	return false, x.putRun(r)
}

// storedDeadline is how a packed hash writes a deadline.
func storedDeadline(ms int64) int64 {
	if ms == never || ms == KeepDeadline {
		return 0
	}
	return ms
}

// edit returns a copy of the packed hash to be changed and given to putRun, in
// the form with deadlines if it has or needs them.
func (x *Hash) edit(deadlines bool) hashRun {
	s, b := x.key.Shard, x.it.hashRun()
	if !deadlines || b.each == 3 {
		return hashRunOf(oneway(x.it.edit()), x.it.Encoding())
	}
	wide := newOneway(s.buffer()).append(contentOfInt(never))
	for off := b.start; off < len(b.oneway); {
		field := b.item(off)
		value := b.item(field.next)
		wide = wide.append(field.content()).append(value.content()).append(contentOfInt(0))
		off = value.next
	}
	return hashRunOf(wide, EncPackedTTL)
}

// putRun makes an edited run the hash.
func (x *Hash) putRun(r hashRun) error { return x.it.putHashRun(r) }

func (it *Item) putHashRun(r hashRun) error {
	enc := EncPacked
	if r.each == 3 {
		enc = EncPackedTTL
		r.oneway = r.replace(packedHeader, contentOfInt(r.earliest()))
	}
	it.shard.keepBuffer(r.oneway)
	return it.replace(enc, r.oneway)
}

// earliest is the first deadline of a run with deadlines.
func (b hashRun) earliest() int64 {
	first := int64(never)
	for off := b.next(packedHeader); off < len(b.oneway); {
		due := b.item(b.next(b.next(off)))
		if due.n != 0 {
			first = min(first, due.n)
		}
		off = due.next
	}
	return first
}

// enlarge makes a packed hash large, with room for about so many fields more.
func (x *Hash) enlarge(more int) error {
	s, b := x.key.Shard, x.it.hashRun()
	root, err := s.newTableRoot(TypeHash, b.len()+more)
	if err != nil {
		return err
	}
	n := s.tableAt(root)
	if err = n.takeFields(b); err == nil {
		err = x.it.replaceRoot(root)
	}
	if err != nil {
		s.dropTable(root)
		return err
	}
	x.n = n
	return nil
}

// takeFields inserts the fields of a packed hash.
func (n nested) takeFields(b hashRun) error {
	var a, v [20]byte
	for off := b.start; off < len(b.oneway); {
		field := b.item(off)
		value := b.item(field.next)
		off = value.next
		deadline := int64(never)
		if b.each == 3 {
			due := b.item(off)
			if due.n != 0 {
				deadline = due.n
			}
			off = due.next
		}
		if _, err := n.setField(field.bytes(a[:0]), value.bytes(v[:0]), deadline); err != nil {
			return err
		}
	}
	return nil
}

// Delete removes a field and tells whether it was there. With its last field
// the key goes too.
func (x *Hash) Delete(field []byte) (was bool, err error) {
	n, err := x.DeleteAll([][]byte{field})
	return n == 1, err
}

// DeleteAll removes those of the fields that are there, or on ErrNoRoom none,
// and tells how many. With the last field of the hash the key goes too.
func (x *Hash) DeleteAll(fields [][]byte) (removed int, err error) {
	switch {
	case !x.there:
		return 0, nil
	case x.large():
		removed = x.deleteLarge(fields)
		return removed, nil
	}
	b := x.it.hashRun()
	edited := false
	for _, field := range fields {
		off := b.find(contentOf(field))
		if off < 0 {
			continue
		}
		if !edited {
			b, edited = x.edit(false), true
		}
		b.oneway = b.remove(off, b.each)
		removed++
	}
	switch {
	case removed == 0:
		return 0, nil
	case b.len() == 0:
		x.gone()
		return removed, nil
	}
	return removed, x.putRun(b)
}

func (x *Hash) deleteLarge(fields [][]byte) (removed int) {
	for _, field := range fields {
		if p, e, ok := x.n.find(x.e.seed.Hash(field), field); ok {
			x.n.remove(p, e)
			removed++
		}
	}
	if x.n.count() == 0 {
		x.gone()
	}
	return removed
}

func (x *Hash) gone() {
	x.it.remove()
	x.there = false
}
