package rdb

import (
	"errors"
	"math"
	"strconv"
)

// Read reads the value at the start of b, kind included, and hands it to build.
// It returns the number of bytes that the value takes. Its errors are
// ErrCorrupt and what build returns; what build was given before is void then.
func Read(b []byte, build Builder) (size int, err error) {
	r := &reader{b: b}
	kind := Kind(r.byte("the kind of a value"))
	if r.err == nil {
		err = r.value(kind, build)
	}
	if r.err != nil { // what build says of zeros that stand for what is missing counts for nothing
		err = r.err
	}
	return r.at, err
}

// ReadBody is Read for a value whose kind is known: the body begins b.
func ReadBody(kind Kind, b []byte, build Builder) (size int, err error) {
	r := &reader{b: b}
	if err = r.value(kind, build); r.err != nil {
		err = r.err
	}
	return r.at, err
}

// ReadString reads the body of a KindString without a Builder: a view of b,
// memory of its own, or scratch, from its start on, if it has the capacity.
func ReadString(b, scratch []byte) (content []byte, err error) {
	r := reader{b: b, scratch: scratch[:0]}
	content = r.string("a string")
	return content, r.err
}

func (r *reader) value(kind Kind, build Builder) error {
	switch kind {
	case KindString:
		s := r.string("a string")
		if r.err != nil {
			return r.err
		}
		return build.String(s)
	case KindList:
		return r.plain("a list", build.ListItem)
	case KindListZiplist:
		return r.packed(readZiplist, build.ListItem)
	case KindQuicklist, KindList2:
		return r.quicklist(kind, build.ListItem)
	case KindSet:
		return r.plain("a set", build.SetMember)
	case KindSetListpack:
		return r.packed(readListpack, build.SetMember)
	case KindIntset:
		return r.intset(build.SetMember)
	case KindZSetText, KindZSet:
		return r.zset(kind, build)
	case KindZSetZiplist:
		return r.packedZSet(readZiplist, build)
	case KindZSetListpack:
		return r.packedZSet(readListpack, build)
	case KindHash, KindHashTTL, KindHashTTLEarly:
		return r.hash(kind, build)
	case KindZipmap:
		return r.packedHash(kind, readZipmap, build)
	case KindHashZiplist:
		return r.packedHash(kind, readZiplist, build)
	case KindHashListpack, KindHashListpackTTL, KindHashListpackTTLEarly:
		return r.packedHash(kind, readListpack, build)
	case KindStream1, KindStream2, KindStream3:
		return r.stream(kind, build)
	}
	return corrupt("kind %d is none that can be read", kind)
}

// ErrEmpty is said of containers without elements, which do not exist.
var ErrEmpty = corrupt("a container has no elements")

// plain reads a list or set as a number of strings.
func (r *reader) plain(what string, element func([]byte) error) error {
	n := r.count(1, what)
	if r.err == nil && n == 0 {
		return ErrEmpty
	}
	for range n {
		s := r.string(what)
		if r.err != nil {
			return r.err
		}
		if err := element(s); err != nil {
			return err
		}
	}
	return r.err
}

// packed reads a list or set that is one packed form.
func (r *reader) packed(form func([]byte) items, element func([]byte) error) error {
	n, err := r.elements(form, element)
	if err == nil && n == 0 {
		return ErrEmpty
	}
	return err
}

// elements reads a packed form and returns how many items it has.
func (r *reader) elements(form func([]byte) items, element func([]byte) error) (n int, err error) {
	b := r.string("a packed form")
	if r.err != nil {
		return 0, r.err
	}
	its := form(b)
	for {
		it, ok := its.read()
		if !ok {
			return n, its.err
		}
		n++
		if err := element(it.bytes()); err != nil {
			return n, err
		}
	}
}

// The containers of a quicklist's nodes.
const (
	nodePlain  = 1 // the node is one element
	nodePacked = 2 // the node is a listpack
)

// quicklist reads a list as a number of packed forms. Some versions of Redis
// wrote empty ones among them.
func (r *reader) quicklist(kind Kind, element func([]byte) error) error {
	total := 0
	for range r.count(1, "a list's number of nodes") {
		container, form := uint64(nodePacked), readZiplist
		if kind == KindList2 {
			container, form = r.length("a list node's container"), readListpack
		}
		var n int
		var err error
		switch {
		case r.err != nil:
			err = r.err
		case container == nodePacked:
			n, err = r.elements(form, element)
		case container == nodePlain:
			s := r.string("a list's element")
			if n, err = 1, r.err; err == nil {
				err = element(s)
			}
		default:
			err = corrupt("a list node's container is %d", container)
		}
		if err != nil {
			return err
		}
		total += n
	}
	if r.err == nil && total == 0 {
		return ErrEmpty
	}
	return r.err
}

func (r *reader) intset(element func([]byte) error) error {
	b := r.string("an intset")
	if r.err != nil {
		return r.err
	}
	n := 0
	var digits [20]byte
	err := readIntset(b, func(i int64) error {
		n++
		return element(strconv.AppendInt(digits[:0], i, 10))
	})
	if err == nil && n == 0 {
		return ErrEmpty
	}
	return err
}

func (r *reader) zset(kind Kind, build Builder) error {
	n := r.count(2, "a sorted set's size")
	if r.err == nil && n == 0 {
		return ErrEmpty
	}
	if l, ok := build.(LargeBuilder); ok && r.err == nil {
		if err := l.LargeZSet(); err != nil {
			return err
		}
	}
	for range n {
		member := r.string("a sorted set's member")
		var score float64
		if kind == KindZSet {
			score = r.double("a score")
		} else {
			score = r.textDouble()
		}
		if r.err == nil && math.IsNaN(score) {
			r.fail("a score is not a number")
		}
		if r.err != nil {
			return r.err
		}
		if err := build.ZSetMember(member, score); err != nil {
			return err
		}
	}
	return r.err
}

// Lengths that stand for a score's value.
const (
	scoreNaN    = 253
	scorePlus   = 254
	scoreMinus  = 255
	errScoreFmt = "a score is %q"
)

// textDouble reads a score of the oldest form: 1 byte length and text.
func (r *reader) textDouble() float64 {
	switch n := r.byte("a score"); n {
	case scoreNaN:
		return math.NaN()
	case scorePlus:
		return math.Inf(1)
	case scoreMinus:
		return math.Inf(-1)
	default:
		s := r.take(uint64(n), "a score")
		f, ok := parseScore(s)
		if !ok {
			r.fail(errScoreFmt, s)
		}
		return f
	}
}

// parseScore parses a score's text. One that is too large is infinite.
func parseScore(s []byte) (float64, bool) {
	f, err := strconv.ParseFloat(string(s), 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return 0, false
	}
	return f, !math.IsNaN(f)
}

// groups reads a packed form whose items belong together in groups of size.
func (r *reader) groups(form func([]byte) items, size int, element func(group []item) error) error {
	b := r.string("a packed form")
	if r.err != nil {
		return r.err
	}
	its := form(b)
	var group [3]item
	for n := 0; ; n++ {
		for i := range size {
			it, ok := its.read()
			switch {
			case its.err != nil:
				return its.err
			case !ok && i > 0:
				return corrupt("a packed form's last element is incomplete")
			case !ok && n == 0:
				return ErrEmpty
			case !ok:
				return nil
			}
			group[i] = it
		}
		if err := element(group[:size]); err != nil {
			return err
		}
	}
}

func (r *reader) packedZSet(form func([]byte) items, build Builder) error {
	return r.groups(form, 2, func(g []item) error {
		score, ok := float64(g[1].n), true
		if !g[1].isInt {
			score, ok = parseScore(g[1].s)
		}
		if !ok {
			return corrupt(errScoreFmt, g[1].s)
		}
		return build.ZSetMember(g[0].bytes(), score)
	})
}

// hash reads fields and values, and before each the deadline if the kind has
// them: absolute, or in ms from one before the first of them.
func (r *reader) hash(kind Kind, build Builder) error {
	base := int64(0)
	if kind == KindHashTTL {
		base = r.millis("a hash's first deadline") - 1
	}
	n := r.count(2, "a hash's size")
	if r.err == nil && n == 0 {
		return ErrEmpty
	}
	for range n {
		deadline := int64(0)
		if kind != KindHash {
			if ttl := r.length("a field's deadline"); ttl != 0 {
				deadline = base + int64(ttl)
				if ttl > math.MaxInt64 || deadline <= 0 {
					r.fail("a field's deadline is out of range")
				}
			}
		}
		field := r.string("a hash's field")
		value := r.string("a hash's value")
		if r.err != nil {
			return r.err
		}
		if err := build.HashField(field, value, deadline); err != nil {
			return err
		}
	}
	return r.err
}

func (r *reader) packedHash(kind Kind, form func([]byte) items, build Builder) error {
	size := 2
	if kind == KindHashListpackTTL {
		r.millis("a hash's first deadline")
	}
	if kind == KindHashListpackTTL || kind == KindHashListpackTTLEarly {
		size = 3
	}
	return r.groups(form, size, func(g []item) error {
		deadline := int64(0)
		if size == 3 {
			if deadline = g[2].n; !g[2].isInt || deadline < 0 {
				return corrupt("a field's deadline is out of range")
			}
		}
		return build.HashField(g[0].bytes(), g[1].bytes(), deadline)
	})
}
