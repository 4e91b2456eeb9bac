package command

import (
	"bytes"
	"cmp"
	"slices"

	"larder/engine"
)

// What SORT looks up in other keys, and how it compares.

// pattern names a key for each element: the element stands for its first *. A
// field of a hash may follow, behind "->".
type pattern struct {
	before, after []byte // of the key's name around the *
	star          bool
	field         []byte // nil: the key is a string
	element       bool   // "#": the element itself
}

func newPattern(text []byte) pattern {
	p := pattern{element: string(text) == "#"}
	before, after, star := bytes.Cut(untilZero(text), []byte("*"))
	if p.star = star; !star {
		return p
	}
	p.before, p.after = before, text[len(before)+1:]
	if i := bytes.Index(after, []byte("->")); i >= 0 && i+2 < len(p.after) && p.after[i+2] != 0 {
		p.after, p.field = p.after[:i], p.after[i+2:]
	}
	return p
}

// untilZero is what C takes for the string.
func untilZero(b []byte) []byte {
	if end := bytes.IndexByte(b, 0); end >= 0 {
		return b[:end]
	}
	return b
}

// constant tells whether the pattern names the same key for all elements, so
// that there is nothing to sort by.
func (p *pattern) constant() bool { return !p.star }

// lookUp returns what the pattern says of an element. The result is valid until
// the next one.
func (s *sorting) lookUp(p *pattern, element []byte) (value []byte, ok bool) {
	if p.element {
		return element, true
	}
	if !p.star {
		return nil, false
	}
	c := s.c
	c.scratch = append(append(append(c.scratch[:0], p.before...), element...), p.after...)
	key := c.Engine.Key(c.scratch)
	c.WithShard(key.Shard, func() {
		if p.field == nil {
			ok = s.readString(key)
		} else {
			ok = s.readField(&key, p.field)
		}
		if ok {
			key.Shard.Stats().Hits++
		} else {
			key.Shard.Stats().Misses++
		}
	})
	return s.found, ok
}

// readString makes a key's string what was found.
func (s *sorting) readString(key engine.Key) bool {
	it, ok := s.c.Engine.Find(s.c.DB, key, s.c.NowMs)
	if ok = ok && it.Type() == engine.TypeString; ok {
		s.found = it.AppendBytes(s.found[:0])
	}
	return ok
}

// readField makes a field of a key's hash what was found.
func (s *sorting) readField(key *engine.Key, field []byte) bool {
	var x engine.Hash
	if there, err := s.c.Engine.OpenHash(&x, s.c.DB, key, s.c.NowMs); err != nil || !there {
		return false
	}
	var digits [20]byte
	v, ok := x.Get(field, digits[:0])
	if ok {
		s.found = append(s.found[:0], v...)
	}
	return ok
}

// order brings the elements into the order that was asked for. It returns false
// if one is to be compared as a number and is none.
func (s *sorting) order() bool {
	s.arrange()
	for i := range s.elements {
		e := &s.elements[i]
		by, found := e.value, true
		if s.by != nil {
			s.rest()
			by, found = s.lookUp(s.by, e.value)
		}
		e.found = found
		switch {
		case !found: // it is compared as 0, or as less than everything
		case s.alpha:
			if !s.store {
				by = untilZero(by) // what is only replied, Redis compares as C strings
			}
			if s.by != nil {
				by = s.copied(by)
			}
			e.by = by
		default:
			var ok bool
			if e.score, ok = sortNumber(by); !ok {
				return false
			}
		}
	}
	compare := compareScores
	if s.alpha {
		compare = compareBytes
	}
	if s.desc {
		ascending := compare
		compare = func(a, b *sortElement) int { return -ascending(a, b) }
	}
	compared := 0
	slices.SortStableFunc(s.elements, func(a, b sortElement) int {
		if compared++; compared%sortSlice == 0 {
			s.rest()
		}
		return compare(&a, &b)
	})
	return true
}

// compareScores orders by number, and equal numbers by the elements, so that
// the order does not depend on what it was before.
func compareScores(a, b *sortElement) int {
	if n := cmp.Compare(a.score, b.score); n != 0 {
		return n
	}
	return bytes.Compare(a.value, b.value)
}

// compareBytes orders by bytes. What BY has not found comes first.
func compareBytes(a, b *sortElement) int {
	switch {
	case !a.found && !b.found:
		return 0
	case !a.found:
		return -1
	case !b.found:
		return 1
	}
	return bytes.Compare(a.by, b.by)
}

// arrange brings the members of a set into an order that does not depend on how
// they lie in memory, where it may show: equal ones keep it.
func (s *sorting) arrange() {
	if s.typ != engine.TypeSet || s.by == nil || !s.alpha {
		return
	}
	slices.SortFunc(s.elements, func(a, b sortElement) int { return bytes.Compare(a.value, b.value) })
}
