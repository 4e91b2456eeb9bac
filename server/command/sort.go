package command

import (
	"bytes"
	"math"

	"larder/engine"
)

// SORT orders the elements of a list, a set or a sorted set: by themselves or by
// what other keys say of them, as numbers or as bytes; and returns or stores
// them, or what other keys say of them. Those keys follow from the elements. So
// if the result is stored, every shard is locked: what is stored is of one state,
// and the same on every machine. If it is only replied, no shard is but for as
// long as a key is read: a million elements take a second to order, for which
// nobody else has to wait. Other keys may then be of a later state than the
// elements.
//
// A stored result that depends on no other key is made with pauses, though.
//
// The steps are: parse, copy the elements, look up what to compare (sort_by.go),
// order them, and write or store a part of them. Elements that are equal in all
// that is compared keep their order; those of a set, which have none, are brought
// into one first.

// sorting is a SORT that is under way.
type sorting struct {
	c *Ctx

	desc, alpha bool
	by          *pattern // nil: the elements themselves
	unsorted    bool     // BY has no *: what is there is returned as it is
	gets        []pattern
	offset      int64 // of LIMIT
	count       int64
	store       bool

	typ engine.Type
	// alone tells that the result is stored and depends on the key alone: others
	// are let in, and if it has changed then, all begins anew.
	alone bool
	was   engine.State // of the key when it was read

	from     int          // element that read goes on with
	place    engine.Place // the same in a set
	elements []sortElement
	kept     []byte // what elements and their keys refer to, see copied
	found    []byte // what was looked up last
}

// sortElement is an element and what it is compared by.
type sortElement struct {
	value []byte
	score float64
	by    []byte // what BY found, if alpha
	found bool   // BY has found something
}

const errSortScores = "ERR One or more scores can't be converted into double"

func sortCommand(c *Ctx) { c.sort(false) }
func sortRO(c *Ctx)      { c.sort(true) }

func (c *Ctx) sort(readOnly bool) {
	s := sorting{c: c, count: -1}
	if !s.parse(readOnly) {
		return
	}
	s.alone = c.Pause != nil && s.store && !s.looksUp()
	for restarts := 0; ; restarts++ {
		s.alone = s.alone && restarts < maxRestarts
		if !s.read() {
			return
		}
		if !s.unsorted && !s.order() {
			c.Out.Error(errSortScores)
			return
		}
		if !s.alone || c.Engine.StateOf(c.DB, c.Keys[0], c.NowMs) == s.was {
			break
		}
	}
	from, to := s.limits()
	if s.store {
		s.storeResult(s.elements[from:to])
	} else {
		s.writeResult(s.elements[from:to])
	}
}

// parse parses the options; on failure it has replied.
func (s *sorting) parse(readOnly bool) (ok bool) {
	c := s.c
	for i := 2; i < len(c.Args); i++ {
		left := len(c.Args) - i - 1
		switch {
		case c.Is(i, "ASC"):
			s.desc = false
		case c.Is(i, "DESC"):
			s.desc = true
		case c.Is(i, "ALPHA"):
			s.alpha = true
		case c.Is(i, "LIMIT") && left >= 2:
			if s.offset, ok = c.Int(i + 1); !ok {
				return false
			}
			if s.count, ok = c.Int(i + 2); !ok {
				return false
			}
			i += 2
		case c.Is(i, "STORE") && !readOnly && left >= 1:
			s.store = true // the key is the second of c.Keys
			i++
		case c.Is(i, "BY") && left >= 1:
			p := newPattern(c.Args[i+1])
			s.by = &p
			if p.constant() {
				s.unsorted = true
			}
			i++
		case c.Is(i, "GET") && left >= 1:
			s.gets = append(s.gets, newPattern(c.Args[i+1]))
			i++
		default:
			c.Out.Error(ErrSyntax)
			return false
		}
	}
	return true
}

// limits returns the range of elements that LIMIT leaves.
func (s *sorting) limits() (from, to int) {
	n := int64(len(s.elements))
	start := min(max(s.offset, 0), n)
	count := min(max(s.count, -1), n)
	if count < 0 {
		count = n
	}
	return int(start), int(min(start+count, n))
}

func (s *sorting) add(value []byte) { s.elements = append(s.elements, sortElement{value: value}) }

// keptBytes is the size of the pieces in which copies are kept.
const keptBytes = 64 << 10

// copied returns a copy of b. Pieces are never moved: what lies in them is
// referred to.
func (s *sorting) copied(b []byte) []byte {
	if len(b) > cap(s.kept)-len(s.kept) {
		size := max(1<<10, min(2*cap(s.kept), keptBytes))
		s.kept = make([]byte, 0, max(size, len(b)))
	}
	from := len(s.kept)
	s.kept = append(s.kept, b...)
	return s.kept[from:len(s.kept):len(s.kept)]
}

// writeResult replies the elements, or what GET finds for each.
func (s *sorting) writeResult(elements []sortElement) {
	out := s.c.Out
	out.Array(len(elements) * max(1, len(s.gets)))
	for i := range elements {
		if i%sortSlice == sortSlice-1 {
			s.c.rest()
		}
		if len(s.gets) == 0 {
			out.Bulk(elements[i].value)
		}
		for g := range s.gets {
			if v, ok := s.lookUp(&s.gets[g], elements[i].value); ok {
				out.Bulk(v)
			} else {
				out.Null()
			}
		}
	}
}

// storeResult makes what writeResult would reply the list at the second key;
// what GET does not find is an empty element.
func (s *sorting) storeResult(elements []sortElement) {
	c := s.c
	values := make([][]byte, 0, len(elements)*max(1, len(s.gets)))
	for i := range elements {
		if len(s.gets) == 0 {
			values = append(values, elements[i].value)
		}
		for g := range s.gets {
			v, _ := s.lookUp(&s.gets[g], elements[i].value)
			values = append(values, s.copied(v))
		}
	}
	switch {
	case len(values) > 0:
		if err := c.Engine.NewList(c.DB, c.Keys[1], engine.Tail, values, &c.Config.Limits, c.NowMs); err != nil {
			c.Fail(err)
			return
		}
		c.Changed(1, EventList, "sortstore")
		c.Dirty += len(values) - 1 // Redis counts elements
	case c.Engine.Delete(c.DB, c.Keys[1], c.NowMs):
		c.Changed(1, EventGeneric, "del")
	}
	c.Out.Int(int64(len(values)))
}

// sortNumber parses what an element is compared by, as Redis leaves it to C's
// strtod: with space in front, up to a zero byte, and nothing is 0.
func sortNumber(b []byte) (f float64, ok bool) {
	if end := bytes.IndexByte(b, 0); end >= 0 {
		b = b[:end]
	}
	if len(b) == 0 {
		return 0, true
	}
	for len(b) > 0 && isSpace(b[0]) {
		b = b[1:]
	}
	f, ranged, ok := strtod(b)
	return f, ok && !ranged && !math.IsNaN(f)
}
