package command

import (
	"bytes"
	"math"

	"larder/engine"
	"larder/protocol/resp"
)

// Walks over the keyspace. They lock one shard at a time, for a slice of its
// buckets; in between other commands run.

const (
	// scanSlots is how many slots one slice looks at, at most: about 20 µs.
	scanSlots = 512
	// scanWork is how many slots a SCAN looks at before it returns to the
	// client with few keys or none, if COUNT does not ask for more work: so
	// that a small database, which lies thinly over all shards, comes in one
	// reply.
	scanWork = 4096
	// scanKeyBytes is what a key of COUNT weighs for Heavy.
	scanKeyBytes = 64
)

// scanOptions are what follows the cursor of SCAN.
type scanOptions struct {
	count int
	match glob
	typ   []byte // lower case, nil: all types
	// noValues leaves out the values of fields.
	noValues bool
}

// accepts tells whether a key is to be returned.
func (o *scanOptions) accepts(it *engine.Item) bool {
	return (o.typ == nil || string(o.typ) == it.Type().String()) && o.match.match(it.Key())
}

// scan is SCAN cursor [MATCH pattern] [COUNT count] [TYPE type].
func scan(c *Ctx) {
	n, ok := parseCursor(c.Args[1])
	if !ok {
		c.Out.Error("ERR invalid cursor")
		return
	}
	o, ok := c.parseScan(2, scanKeys)
	if !ok || c.Heavy(o.count*scanKeyBytes) {
		return
	}
	mark, found, returned := c.beginUncounted(), 0, 0
	visit := func(it engine.Item) {
		found++
		if o.accepts(&it) {
			c.Out.Bulk(it.Key())
			returned++
		}
	}
	cursor := engine.Cursor(n)
	for work := max(10*o.count, scanWork); work > 0 && found < o.count; {
		var visited int
		if cursor, visited = c.walk(cursor, min(o.count-found, scanSlots), visit); cursor == 0 {
			break
		}
		work -= visited + 1
		c.rest()
	}
	c.endUncounted(mark, func(w *resp.Writer) {
		w.Array(2)
		w.BulkInt(int64(cursor))
		w.Array(returned)
	})
}

// walk visits about so many slots of the database from a cursor on. It returns
// the cursor to go on with, 0 at the end and for a cursor that no walk has
// returned, and how many slots it has visited.
func (c *Ctx) walk(cursor engine.Cursor, slots int, visit func(engine.Item)) (next engine.Cursor, visited int) {
	index, ok := c.Engine.CursorShard(cursor)
	if !ok {
		return 0, 0
	}
	c.WithShard(c.Engine.Shards()[index], func() {
		next, visited = c.Engine.Walk(c.DB, cursor, slots, c.NowMs, visit)
	})
	return next, visited
}

// scanOf says what is scanned.
type scanOf int

const (
	scanKeys     scanOf = iota // takes TYPE
	scanElements               // of a set or sorted set
	scanFields                 // of a hash: takes NOVALUES
)

// parseScan parses the options of SCAN and its kin from argument i on; on
// failure it has replied.
func (c *Ctx) parseScan(i int, of scanOf) (o scanOptions, ok bool) {
	o = scanOptions{count: 10, match: glob{all: true}}
	for ; i < len(c.Args); i += 2 {
		more := i+1 < len(c.Args)
		switch {
		case more && c.Is(i, "COUNT"):
			n, ok := c.Int(i + 1)
			if !ok {
				return o, false
			}
			if n < 1 {
				c.Out.Error(ErrSyntax)
				return o, false
			}
			o.count = int(min(n, math.MaxInt32))
		case more && c.Is(i, "MATCH"):
			o.match = newGlob(c.Args[i+1])
		case of == scanFields && c.Is(i, "NOVALUES"):
			o.noValues = true
			i--
		case more && of == scanKeys && c.Is(i, "TYPE"):
			o.typ = lowerCase(c.Args[i+1])
		default:
			c.Out.Error(ErrSyntax)
			return o, false
		}
	}
	return o, true
}

// parseCursor parses a cursor as strtoul does, which Redis leaves it to: the
// empty string is 0, a sign may stand in front and "-1" is 2^64-1; unlike
// there no space may.
func parseCursor(b []byte) (n uint64, ok bool) {
	if end := bytes.IndexByte(b, 0); end >= 0 {
		b = b[:end] // Redis reads a C string
	}
	if len(b) == 0 {
		return 0, true
	}
	negative := b[0] == '-'
	if negative || b[0] == '+' {
		b = b[1:]
	}
	for _, ch := range b {
		d := uint64(ch - '0')
		if d > 9 || n > (math.MaxUint64-d)/10 {
			return 0, false
		}
		n = n*10 + d
	}
	if negative {
		n = -n
	}
	return n, len(b) > 0
}

// keys is KEYS pattern. It runs beside the loops and locks a shard for a slice
// at a time, so it returns each key once that is there throughout and may or
// may not return those that come, go or are renamed meanwhile.
func keys(c *Ctx) {
	g := newGlob(c.Args[1])
	mark, n := c.beginUncounted(), 0
	visit := func(it engine.Item) {
		if g.match(it.Key()) {
			c.Out.Bulk(it.Key())
			n++
		}
	}
	for cursor, _ := c.walk(0, scanSlots, visit); cursor != 0; {
		c.rest()
		cursor, _ = c.walk(cursor, scanSlots, visit)
	}
	c.endUncounted(mark, func(w *resp.Writer) { w.Array(n) })
}

// randomKey is RANDOMKEY: a shard by the number of its keys, then a key of it.
func randomKey(c *Ctx) {
	shards := c.Engine.Shards()
	r := c.Seed
	total, chosen := uint64(0), 0
	for i, s := range shards {
		n := 0
		c.WithShard(s, func() { n, _ = s.Len(c.DB) })
		if n == 0 {
			continue
		}
		// Each shard replaces the choice with the share that it has in what
		// was seen so far, which leaves each with its share in the end.
		total += uint64(n)
		if r = nextRandom(r); r%total < uint64(n) {
			chosen = i
		}
	}
	// A shard may hold nothing but expired keys: then the next one serves.
	for i := range shards {
		s := shards[(chosen+i)%len(shards)]
		found := false
		c.WithShard(s, func() {
			var it engine.Item
			if it, found = s.Random(c.DB, nextRandom(r), c.NowMs); found {
				c.Out.Bulk(it.Key())
			}
		})
		if found {
			return
		}
	}
	c.Out.Null()
}

// nextRandom is a step of splitmix64.
func nextRandom(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
