package engine

import "strconv"

// members is a small set: the value of an entry, or one that is being built.
// The rules by which it changes its form are Redis's.
type members struct {
	enc Encoding // EncIntset or EncPacked
	b   []byte
}

func (m members) ints() intset { return intset(m.b) }
func (m members) run() oneway  { return oneway(m.b) }

func (m members) len() int {
	if m.enc == EncIntset {
		return m.ints().len()
	}
	return m.run().count()
}

// find returns where the member is: its place among integers, or its offset in
// the run; -1 if it is absent.
func (m members) find(c content) int {
	if m.enc == EncPacked {
		return m.run().find(packedHeader, c, 0)
	}
	if !c.isInt {
		return -1
	}
	if i, ok := m.ints().find(c.n); ok {
		return i
	}
	return -1
}

// takes tells whether a member that is absent may be added.
func (m members) takes(c content, lim *Limits) bool {
	if m.enc == EncIntset && c.isInt {
		return m.len() < lim.SetInts
	}
	size := c.len()
	if m.enc == EncIntset {
		size = max(size, m.ints().longest())
	}
	return m.len() < min(lim.SetItems, maxPackedItems) && size <= lim.SetItemBytes
}

// add adds a member that is absent, in m's memory as far as its capacity allows.
// REQUIRES: takes(c); c is no view of m.
func (m members) add(c content) members {
	if m.enc == EncIntset && c.isInt {
		i, _ := m.ints().find(c.n)
		return members{EncIntset, m.ints().insert(i, c.n)}
	}
	if m.enc == EncIntset {
		m = members{EncPacked, m.ints().pack(newOneway(nil))}
	}
	return members{EncPacked, m.run().append(c)}
}

// remove takes out the member that find has found.
func (m members) remove(at int) members {
	if m.enc == EncIntset {
		return members{EncIntset, m.ints().remove(at)}
	}
	return members{EncPacked, m.run().remove(at, 1)}
}

// each calls f for each member in order until it returns false.
func (m members) each(f func(member []byte) bool) {
	var digits [20]byte
	if m.enc == EncIntset {
		for i := range m.len() {
			if !f(strconv.AppendInt(digits[:0], m.ints().at(i), 10)) {
				return
			}
		}
		return
	}
	b := m.run()
	for off := packedHeader; off < len(b); {
		it := b.item(off)
		if !f(it.bytes(digits[:0])) {
			return
		}
		off = it.next
	}
}

// at returns the i-th member, with digits written to scratch.
func (m members) at(i int, scratch []byte) []byte {
	if m.enc == EncIntset {
		return strconv.AppendInt(scratch[:0], m.ints().at(i), 10)
	}
	it := m.run().item(m.run().seek(i))
	return it.bytes(scratch)
}

// offset is what find returns for the i-th member.
func (m members) offset(i int) int {
	if m.enc == EncIntset {
		return i
	}
	return m.run().seek(i)
}

// insertAll inserts the members of m into a table.
func (n nested) insertAll(m members) (err error) {
	m.each(func(member []byte) bool {
		err = n.addMember(n.s.engine.seed.Hash(member), member)
		return err == nil
	})
	return err
}

// addMember inserts a member that is absent.
func (n nested) addMember(h uint64, member []byte) error {
	hd := fieldHeader(never)
	_, _, err := n.insert(h, member, &hd, 0)
	return err
}
