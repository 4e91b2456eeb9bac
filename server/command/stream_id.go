package command

import (
	"bytes"
	"math"
	"math/bits"
	"strconv"

	"larder/engine"
	"larder/protocol/resp"
)

// The IDs of stream entries as clients write them: "ms-number", "ms" alone,
// where the place decides which number that stands for, and in intervals "-"
// and "+" for the first and the last ID there can be.

const errStreamID = "ERR Invalid stream ID specified as stream command argument"

// maxStreamIDBytes is the longest text that is looked at for an ID.
const maxStreamIDBytes = 127

// idForm says what of the forms of an ID a place accepts.
type idForm struct {
	missing  uint64 // the number of an ID that has none
	ends     bool   // "-" and "+" are IDs
	wildcard bool   // "ms-*" leaves the number to the stream
}

// streamID parses an argument; on failure it has replied. auto tells that the
// stream is to find the number.
func (c *Ctx) streamID(arg []byte, f idForm) (id engine.StreamID, auto, ok bool) {
	id, auto, ok = parseStreamID(arg, f)
	if !ok {
		c.Out.Error(errStreamID)
	}
	return id, auto, ok
}

// strictID parses the i-th argument as an ID that is neither "-" nor "+"; on
// failure it has replied.
func (c *Ctx) strictID(i int) (engine.StreamID, bool) {
	id, _, ok := c.streamID(c.Args[i], idForm{})
	return id, ok
}

func parseStreamID(arg []byte, f idForm) (id engine.StreamID, auto, ok bool) {
	if len(arg) > maxStreamIDBytes {
		return id, false, false
	}
	if zero := bytes.IndexByte(arg, 0); zero >= 0 {
		arg = arg[:zero] // Redis takes it for a string of C
	}
	if len(arg) == 1 && (arg[0] == '-' || arg[0] == '+') {
		if arg[0] == '+' {
			id = engine.MaxStreamID
		}
		return id, false, f.ends
	}
	ms, number, both := bytes.Cut(arg, []byte{'-'})
	if id.Ms, ok = parseUnsigned(ms); !ok {
		return id, false, false
	}
	switch {
	case !both:
		id.Seq = f.missing
	case f.wildcard && len(number) == 1 && number[0] == '*':
		return id, true, true
	default:
		id.Seq, ok = parseUnsigned(number)
	}
	return id, false, ok
}

// parseUnsigned parses a number of 64 bits as Redis does: what is no canonical
// integer is given to strtoull, which skips white space and leading zeros and
// lets a minus sign wrap the number around.
func parseUnsigned(b []byte) (uint64, bool) {
	if n, ok := resp.ParseInt(b); ok {
		return uint64(n), n >= 0
	}
	for len(b) > 0 && (b[0] == ' ' || b[0] >= '\t' && b[0] <= '\r') {
		b = b[1:]
	}
	negative := false
	if len(b) > 0 && (b[0] == '-' || b[0] == '+') {
		negative = b[0] == '-'
		b = b[1:]
	}
	var n uint64
	for _, c := range b {
		high, low := bits.Mul64(n, 10)
		d := uint64(c - '0')
		sum, carry := bits.Add64(low, d, 0)
		if d > 9 || high != 0 || carry != 0 {
			return 0, false
		}
		n = sum
	}
	if negative {
		n = -n
	}
	return n, len(b) > 0
}

// intervalStart and intervalEnd parse the ends of an interval of IDs, which
// "(" excludes; on failure they have replied.
func (c *Ctx) intervalStart(i int) (id engine.StreamID, ok bool) {
	id, exclusive, ok := c.intervalID(i, 0)
	if ok && exclusive {
		if id, ok = id.Next(); !ok {
			c.Out.Error("ERR invalid start ID for the interval")
		}
	}
	return id, ok
}

func (c *Ctx) intervalEnd(i int) (id engine.StreamID, ok bool) {
	id, exclusive, ok := c.intervalID(i, math.MaxUint64)
	if ok && exclusive {
		if id, ok = id.Prev(); !ok {
			c.Out.Error("ERR invalid end ID for the interval")
		}
	}
	return id, ok
}

func (c *Ctx) intervalID(i int, missing uint64) (id engine.StreamID, exclusive, ok bool) {
	arg := c.Args[i]
	if len(arg) > 1 && arg[0] == '(' {
		id, _, ok = c.streamID(arg[1:], idForm{missing: missing})
		return id, true, ok
	}
	id, _, ok = c.streamID(arg, idForm{missing: missing, ends: true})
	return id, false, ok
}

// appendStreamID appends an ID as clients read it.
func appendStreamID(dst []byte, id engine.StreamID) []byte {
	dst = strconv.AppendUint(dst, id.Ms, 10)
	dst = append(dst, '-')
	return strconv.AppendUint(dst, id.Seq, 10)
}

// idReply writes an ID as a bulk string.
func (c *Ctx) idReply(id engine.StreamID) {
	var text [41]byte
	c.Out.Bulk(appendStreamID(text[:0], id))
}
