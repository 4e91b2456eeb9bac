package command

import "larder/engine"

// How SORT reads the elements: in slices, between which it holds no shard. If
// the key has changed meanwhile, it begins anew.

// sortSlice is how many elements are read, or replied, at a time: some 20 µs.
const sortSlice = 512

// read loads the elements; if it returns false, it has replied or is to be run
// again on a worker.
func (s *sorting) read() (ok bool) {
	c := s.c
	k := &c.Keys[0]
	for restarts := 0; ; restarts++ {
		s.elements, s.from, s.place = nil, 0, engine.Place{}
		atOnce := c.Rest == nil && !s.alone || restarts == maxRestarts
		more := false
		c.WithShard(k.Shard, func() {
			var it *engine.Item
			if it, ok = s.open(); it == nil {
				return
			}
			s.was = c.Engine.StateOf(c.DB, *k, c.NowMs)
			more = s.load(it, atOnce)
		})
		if !ok {
			return false
		}
		same := true
		for more && same {
			s.rest()
			c.WithShard(k.Shard, func() {
				if same = c.Engine.StateOf(c.DB, *k, c.NowMs) == s.was; same {
					it, _ := c.Engine.Peek(c.DB, *k, c.NowMs)
					more = s.load(&it, false)
				}
			})
		}
		if same {
			return true
		}
	}
}

// rest lets others run, or in.
func (s *sorting) rest() {
	if s.alone {
		s.c.Pause()
	} else {
		s.c.rest()
	}
}

// looksUp tells whether other keys have a say.
func (s *sorting) looksUp() bool {
	for i := range s.gets {
		if !s.gets[i].element && s.gets[i].star {
			return true
		}
	}
	return s.by != nil && s.by.star && !s.by.element
}

// open finds the key; without one it returns nil. If ok is false, it has replied
// or the command is to be run again on a worker.
func (s *sorting) open() (it *engine.Item, ok bool) {
	c := s.c
	if it = c.Load(0); it == nil {
		return nil, true
	}
	s.typ = it.Type()
	if s.typ != engine.TypeList && s.typ != engine.TypeSet && s.typ != engine.TypeZSet {
		c.Out.Error(ErrWrongType)
		return nil, false
	}
	if c.heavyRead(0, it.EntryBytes()+it.ContentBytes()) {
		return nil, false
	}
	if s.unsorted && s.typ == engine.TypeSet && (s.store || c.NoBlock) {
		// What is stored, or used by a script, must not depend on how the
		// members lie in memory.
		s.unsorted, s.alpha, s.by = false, true, nil
	}
	return it, true
}

// load reads a slice of the elements, or with all the rest, in the order that
// the type has. It tells whether there are more.
func (s *sorting) load(it *engine.Item, all bool) (more bool) {
	switch s.typ {
	case engine.TypeList:
		l := it.List()
		at, n, backward := s.slice(l.Len(), all)
		for w := l.Walk(at, backward); n > 0; n-- {
			v, _ := w.Next()
			var digits [20]byte
			s.add(s.copied(v.Bytes(digits[:0])))
		}
		return s.from < l.Len()
	case engine.TypeZSet:
		var z engine.ZSet
		if z.View(it) != nil {
			return false
		}
		at, n, backward := s.slice(z.Len(), all)
		var cur engine.ZCursor
		for z.Seek(&cur, at, backward); n > 0; n-- {
			cur.Next()
			s.add(s.copied(cur.Member()))
		}
		return s.from < z.Len()
	}
	return s.loadSet(all)
}

// slice returns at which of n elements to read on, in which direction and how
// many, and counts them as read.
func (s *sorting) slice(n int, all bool) (at, count int, backward bool) {
	if s.elements == nil {
		s.elements = make([]sortElement, 0, n)
	}
	at, count, backward = s.from, n-s.from, s.unsorted && s.desc
	if !all {
		count = min(count, sortSlice)
	}
	if s.from += count; backward {
		at = n - 1 - at
	}
	return at, count, backward
}

func (s *sorting) loadSet(all bool) (more bool) {
	x := &s.c.set
	if _, err := s.c.Engine.OpenSet(x, s.c.DB, &s.c.Keys[0], s.c.NowMs); err != nil {
		return false
	}
	if s.elements == nil {
		s.elements = make([]sortElement, 0, x.Len())
	}
	for more = true; more; {
		s.place, more = x.EachFrom(s.place, func(member []byte) bool {
			s.add(s.copied(member))
			return true
		})
		if !all {
			break
		}
	}
	return more
}
