package command

import (
	"bytes"
	"encoding/binary"
	"math"

	"larder/protocol/resp"
)

// BITFIELD treats a string as an array of integers of any width at any bit. An
// operation is parsed, checked and run for itself; all are parsed before the
// first one runs.

// overflow says what becomes of a value that does not fit its field.
type overflow uint8

const (
	overflowWrap overflow = iota
	overflowSat           // the nearest value that fits
	overflowFail          // nothing is changed
)

// fieldOp is one operation of BITFIELD.
type fieldOp struct {
	field    field
	kind     byte // 'g' GET, 's' SET, 'i' INCRBY
	overflow overflow
	value    int64 // to set or to add
}

// field is an integer in a string.
type field struct {
	at     int // bits
	width  int // bits, 1 to 64, unsigned up to 63
	signed bool
}

func bitField(c *Ctx)   { c.bitField(false) }
func bitFieldRO(c *Ctx) { c.bitField(true) }

func (c *Ctx) bitField(readOnly bool) {
	var few [8]fieldOp
	ops, ok := c.fieldOps(few[:0])
	if !ok {
		return
	}
	end := -1 // last bit that is written
	for i := range ops {
		if ops[i].kind != 'g' {
			end = max(end, ops[i].field.at+ops[i].field.width-1)
		}
	}
	switch {
	case end < 0:
		c.readFields(ops)
	case readOnly:
		c.Out.Error("ERR BITFIELD_RO only supports the GET subcommand")
	default:
		c.writeFields(ops, end)
	}
}

// readFields runs operations that are all GET.
func (c *Ctx) readFields(ops []fieldOp) {
	var p []byte
	var digits [20]byte
	if it, found := c.Find(0); found {
		if !c.str(&it) {
			return
		}
		p = it.Bytes(digits[:0])
	}
	c.Out.Array(len(ops))
	for i := range ops {
		c.Out.Int(ops[i].field.get(p))
	}
}

// writeFields runs operations of all kinds; end is the last bit written.
func (c *Ctx) writeFields(ops []fieldOp, end int) {
	p, old, ok := c.editBits(end)
	if !ok {
		return
	}
	grown := len(p) != old
	changes := 0
	c.Out.Array(len(ops))
	for i := range ops {
		op := &ops[i]
		was := op.field.get(p)
		if op.kind == 'g' {
			c.Out.Int(was)
			continue
		}
		next, ok := op.next(was)
		if !ok {
			c.Out.Null()
			continue
		}
		op.field.put(p, uint64(next))
		if grown || next != was {
			changes++
		}
		if op.kind == 's' {
			c.Out.Int(was)
		} else {
			c.Out.Int(next)
		}
	}
	if grown && changes == 0 {
		changes = 1 // all failed, but the string has become longer
	}
	if changes > 0 {
		c.Dirty += changes - 1
		c.Changed(0, EventString, "setbit")
	}
}

// fieldOps parses the operations. On failure it has replied.
func (c *Ctx) fieldOps(ops []fieldOp) (_ []fieldOp, ok bool) {
	over := overflowWrap
	for i := 2; i < len(c.Args); {
		left := len(c.Args) - i - 1
		op := fieldOp{overflow: over}
		switch {
		case c.Is(i, "GET") && left >= 2:
			op.kind = 'g'
		case c.Is(i, "SET") && left >= 3:
			op.kind = 's'
		case c.Is(i, "INCRBY") && left >= 3:
			op.kind = 'i'
		case c.Is(i, "OVERFLOW") && left >= 1:
			if over, ok = c.overflow(i + 1); !ok {
				return nil, false
			}
			i += 2
			continue
		default:
			c.Out.Error(ErrSyntax)
			return nil, false
		}
		if op.field, ok = c.field(i + 1); !ok {
			return nil, false
		}
		i += 3
		if op.kind != 'g' {
			if op.value, ok = c.Int(i); !ok {
				return nil, false
			}
			i++
		}
		ops = append(ops, op)
	}
	return ops, true
}

func (c *Ctx) overflow(arg int) (overflow, bool) {
	switch {
	case c.Is(arg, "WRAP"):
		return overflowWrap, true
	case c.Is(arg, "SAT"):
		return overflowSat, true
	case c.Is(arg, "FAIL"):
		return overflowFail, true
	}
	c.Out.Error("ERR Invalid OVERFLOW type specified")
	return 0, false
}

// field parses a type and an offset. On failure it has replied.
func (c *Ctx) field(arg int) (f field, ok bool) {
	kind := c.Args[arg]
	f.signed = bytes.HasPrefix(kind, []byte("i"))
	if f.signed || bytes.HasPrefix(kind, []byte("u")) {
		var n int64
		n, ok = resp.ParseInt(kind[1:])
		ok = ok && n >= 1 && (n <= 63 || n == 64 && f.signed)
		f.width = int(n)
	}
	if !ok {
		c.Out.Error("ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.")
		return f, false
	}
	f.at, ok = c.bitOffset(c.Args[arg+1], f.width)
	return f, ok
}

// load returns the nine bytes of p that hold the field, the first eight as a
// word; what lies behind p is zero.
func (f field) load(p []byte) (w [9]byte, hi uint64) {
	if first := f.at >> 3; first < len(p) {
		copy(w[:], p[first:])
	}
	return w, binary.BigEndian.Uint64(w[:8])
}

// get reads the field.
func (f field) get(p []byte) int64 {
	w, hi := f.load(p)
	shift := f.at & 7
	top := hi<<shift | uint64(w[8])>>(8-shift)
	if f.signed {
		return int64(top) >> (64 - f.width)
	}
	return int64(top >> (64 - f.width))
}

// put writes the low bits of v to the field. REQUIRES: it lies inside of p.
func (f field) put(p []byte, v uint64) {
	w, hi := f.load(p)
	shift := f.at & 7
	top, mask := v<<(64-f.width), ^uint64(0)<<(64-f.width)
	binary.BigEndian.PutUint64(w[:8], hi&^(mask>>shift)|top>>shift)
	w[8] = w[8]&^byte(mask<<(8-shift)) | byte(top<<(8-shift))
	copy(p[f.at>>3:], w[:])
}

// limits are the smallest and the largest value of the field.
func (f field) limits() (low, high int64) {
	if !f.signed {
		return 0, int64(1)<<f.width - 1 // 63 bits: the shift wraps to the maximum
	}
	high = math.MaxInt64 >> (64 - f.width)
	return -high - 1, high
}

// next is the value that the operation gives to a field that holds was; ok is
// false if it does not fit and the operation is to fail.
func (op *fieldOp) next(was int64) (v int64, ok bool) {
	low, high := op.field.limits()
	v = op.value
	var above, below bool
	if op.kind == 'i' {
		v += was
		above = op.value > 0 && (v < was || v > high)
		below = op.value < 0 && (v > was || v < low)
	} else {
		// As in Redis, a value so small that its distance from the largest one
		// overflows an int64 counts as too large, and saturates to that.
		above = v > high || v < 0 && (!op.field.signed || op.field.width < 64 && v < high-math.MaxInt64)
		below = !above && v < low
	}
	switch {
	case !above && !below:
		return v, true
	case op.overflow == overflowFail:
		return 0, false
	case op.overflow == overflowSat && above:
		return high, true
	case op.overflow == overflowSat:
		return low, true
	}
	return op.field.wrap(v), true
}

// wrap keeps the low bits of v that fit the field.
func (f field) wrap(v int64) int64 {
	top := v << (64 - f.width)
	if f.signed {
		return top >> (64 - f.width)
	}
	return int64(uint64(top) >> (64 - f.width))
}
