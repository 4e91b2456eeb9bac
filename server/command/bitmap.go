package command

import "larder/protocol/resp"

// Bitmaps are strings seen as bits; bit 0 is the highest bit of the first
// byte. Loops over bits are in bits.go, BITOP is in bitop.go.

const (
	errBitOffset = "ERR bit offset is not an integer or out of range"
	errBit       = "ERR bit is not an integer or out of range"
)

// bitOffset parses the place of a bit; "#n" is the n-th field of width bits,
// if width is not 0. On failure it has replied.
func (c *Ctx) bitOffset(arg []byte, width int) (int, bool) {
	scale := int64(1)
	if width > 0 && len(arg) > 0 && arg[0] == '#' {
		arg, scale = arg[1:], int64(width)
	}
	n, ok := resp.ParseInt(arg)
	// The product may wrap around, as it does in Redis.
	n *= scale
	if !ok || n < 0 || n>>3 >= int64(c.Config.MaxStringBytes) {
		c.Out.Error(errBitOffset)
		return 0, false
	}
	return int(n), true
}

func setBit(c *Ctx) {
	at, ok := c.bitOffset(c.Args[2], 0)
	if !ok {
		return
	}
	bit, ok := resp.ParseInt(c.Args[3])
	if !ok || bit&^1 != 0 {
		c.Out.Error(errBit)
		return
	}
	p, old, ok := c.editBits(at)
	if !ok {
		return
	}
	mask := byte(0x80) >> (at & 7)
	was := p[at>>3] & mask
	if bit == 1 {
		p[at>>3] |= mask
	} else {
		p[at>>3] &^= mask
	}
	if len(p) != old || (was != 0) != (bit == 1) {
		c.Changed(0, EventString, "setbit")
	}
	c.Out.Flag(was != 0)
}

// editBits makes the only key's string long enough for the bit at the given
// place and returns its content for changing, and its old length in bytes, -1
// if it was absent. If that cannot be done here it has replied or asked for a
// worker.
func (c *Ctx) editBits(at int) (p []byte, old int, ok bool) {
	it, found := c.FindWrite(0)
	old, size := -1, at>>3+1
	if found {
		if !c.str(&it) {
			return nil, 0, false
		}
		old = it.Len()
		size = max(size, old)
		c.Silent = true // also if no bit changes: it is a plain string from now on
	}
	if size-old >= heavyBytes && c.Heavy(size) {
		return nil, 0, false
	}
	p, ok = c.edit(size)
	return p, old, ok
}

func getBit(c *Ctx) {
	at, ok := c.bitOffset(c.Args[2], 0)
	if !ok {
		return
	}
	it, found := c.Find(0)
	if !found {
		c.Out.Int(0)
		return
	}
	if !c.str(&it) {
		return
	}
	var digits [20]byte
	p := it.Bytes(digits[:0])
	c.Out.Flag(at>>3 < len(p) && p[at>>3]&(0x80>>(at&7)) != 0)
}

func bitCount(c *Ctx) {
	it, found := c.Find(0)
	if !found {
		c.Out.Int(0)
		return
	}
	if !c.str(&it) {
		return
	}
	var digits [20]byte
	p := it.Bytes(digits[:0])
	from, to := 0, 8*len(p)
	switch len(c.Args) {
	case 2:
	case 4, 5:
		first, ok := c.Int(2)
		if !ok {
			return
		}
		last, ok := c.Int(3)
		if !ok {
			return
		}
		if backwards(first, last) {
			c.Out.Int(0)
			return
		}
		unit, ok := c.bitUnit(4)
		if !ok {
			return
		}
		from, to = bitSpan(first, last, unit, len(p))
	default:
		c.Out.Error(ErrSyntax)
		return
	}
	if c.heavyRead(0, (to-from)/8) {
		return
	}
	c.Out.Int(int64(countBitRange(p, from, to)))
}

// bitUnit parses the unit of places, 1 or 8 bits, in the given argument; bytes
// if there is none. On failure it has replied.
func (c *Ctx) bitUnit(arg int) (unit int, ok bool) {
	switch {
	case arg >= len(c.Args), c.Is(arg, "BYTE"):
		return 8, true
	case c.Is(arg, "BIT"):
		return 1, true
	}
	c.Out.Error(ErrSyntax)
	return 0, false
}

// bitSpan is the half-open range of bits between two places in a string of n
// bytes.
func bitSpan(first, last int64, unit, n int) (from, to int) {
	from, to = span(first, last, 8*n/unit)
	return from * unit, to * unit
}

func bitPos(c *Ctx) {
	bit, ok := c.Int(2)
	if !ok {
		return
	}
	if bit != 0 && bit != 1 {
		c.Out.Error("ERR The bit argument must be 1 or 0.")
		return
	}
	it, found := c.Find(0)
	if !found {
		c.Out.Int(-bit)
		return
	}
	if !c.str(&it) {
		return
	}
	var digits [20]byte
	p := it.Bytes(digits[:0])
	from, to, ok := c.bitPosSpan(len(p))
	if !ok || c.heavyRead(0, (to-from)/8) {
		return
	}
	at := findBit(p, bit == 1, from, to)
	if at < 0 && bit == 0 && from < to && len(c.Args) < 5 {
		at = to // behind the string there are zeros, unless its end was given
	}
	c.Out.Int(int64(at))
}

// bitPosSpan parses the range of BITPOS in a string of n bytes. On failure it
// has replied. The unit is checked before the end, as in Redis.
func (c *Ctx) bitPosSpan(n int) (from, to int, ok bool) {
	if len(c.Args) > 6 {
		c.Out.Error(ErrSyntax)
		return 0, 0, false
	}
	first, last := int64(0), int64(-1)
	if len(c.Args) > 3 {
		if first, ok = c.Int(3); !ok {
			return 0, 0, false
		}
	}
	unit, ok := c.bitUnit(5)
	if !ok {
		return 0, 0, false
	}
	if len(c.Args) > 4 {
		if last, ok = c.Int(4); !ok {
			return 0, 0, false
		}
	}
	from, to = bitSpan(first, last, unit, n)
	return from, to, true
}
