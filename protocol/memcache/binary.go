package memcache

import "encoding/binary"

// The header of a binary request and reply, in network byte order:
//
//	byte   0      1       2-3         4       5      6-7           8-11  12-15   16-23
//	      magic  opcode  key length  extras  type   vbucket/status body  opaque  CAS
//
// The body is extras, key and value in this order; its length counts all three.
const (
	headerBytes   = 24
	magicRequest  = 0x80
	magicResponse = 0x81
)

// layout says which parts the body of a request has.
type layout uint8

const (
	layUnknown   layout = iota // the opcode means nothing here
	layEmpty                   // nothing
	layKey                     // key
	layStore                   // flags 4, exptime 4 · key · value
	layConcat                  // key · value
	layArith                   // delta 8, initial 8, exptime 4 · key
	layTouch                   // exptime 4 · key
	layFlush                   // nothing, or exptime 4
	layStat                    // nothing, or key
	layVerbosity               // level 4
)

type opcode struct {
	op      Op
	layout  layout
	quiet   bool
	withKey bool
}

var opcodes = [256]opcode{
	0x00: {op: OpGet, layout: layKey},
	0x01: {op: OpSet, layout: layStore},
	0x02: {op: OpAdd, layout: layStore},
	0x03: {op: OpReplace, layout: layStore},
	0x04: {op: OpDelete, layout: layKey},
	0x05: {op: OpIncr, layout: layArith},
	0x06: {op: OpDecr, layout: layArith},
	0x07: {op: OpQuit, layout: layEmpty},
	0x08: {op: OpFlushAll, layout: layFlush},
	0x09: {op: OpGet, layout: layKey, quiet: true},
	0x0a: {op: OpNoop, layout: layEmpty},
	0x0b: {op: OpVersion, layout: layEmpty},
	0x0c: {op: OpGet, layout: layKey, withKey: true},
	0x0d: {op: OpGet, layout: layKey, quiet: true, withKey: true},
	0x0e: {op: OpAppend, layout: layConcat},
	0x0f: {op: OpPrepend, layout: layConcat},
	0x10: {op: OpStats, layout: layStat},
	0x11: {op: OpSet, layout: layStore, quiet: true},
	0x12: {op: OpAdd, layout: layStore, quiet: true},
	0x13: {op: OpReplace, layout: layStore, quiet: true},
	0x14: {op: OpDelete, layout: layKey, quiet: true},
	0x15: {op: OpIncr, layout: layArith, quiet: true},
	0x16: {op: OpDecr, layout: layArith, quiet: true},
	0x17: {op: OpQuit, layout: layEmpty, quiet: true},
	0x18: {op: OpFlushAll, layout: layFlush, quiet: true},
	0x19: {op: OpAppend, layout: layConcat, quiet: true},
	0x1a: {op: OpPrepend, layout: layConcat, quiet: true},
	0x1b: {op: OpVerbosity, layout: layVerbosity},
	0x1c: {op: OpTouch, layout: layTouch},
	0x1d: {op: OpGat, layout: layTouch},
	0x1e: {op: OpGat, layout: layTouch, quiet: true},
	0x20: {op: OpSASLList, layout: layEmpty},
	0x21: {op: OpSASLAuth, layout: layConcat},
	0x22: {op: OpSASLStep, layout: layConcat},
	0x23: {op: OpGat, layout: layTouch, withKey: true},
	0x24: {op: OpGat, layout: layTouch, quiet: true, withKey: true},
}

// bodyLengths are the lengths that a header announces, in bytes.
type bodyLengths struct {
	extras, key int
	value       int64
}

// check reports whether the parts suit the layout.
//
// What follows the key of a touch, gat or stat memcached takes for the next
// header, and so it ends by hanging up, unless the sender hid a whole request in
// there. We hang up at once.
func (l layout) check(b bodyLengths) Fault {
	ok := false
	switch l {
	case layUnknown:
		return FaultUnknown
	case layEmpty:
		ok = b.extras == 0 && b.key == 0 && b.value == 0
	case layKey:
		ok = b.extras == 0 && b.key > 0 && b.value == 0
	case layStore:
		ok = b.extras == 8 && b.key > 0
	case layConcat:
		ok = b.extras == 0 && b.key > 0
	case layArith:
		ok = b.extras == 20 && b.key > 0 && b.value == 0
	case layFlush:
		ok = (b.extras == 0 || b.extras == 4) && b.key == 0 && b.value == 0
	case layVerbosity:
		ok = b.extras == 4 && b.key == 0 && b.value == 0
	case layTouch:
		if ok = b.extras == 4 && b.key > 0; ok && b.value > 0 {
			return FaultHangUp
		}
	case layStat:
		if ok = b.extras == 0; ok && b.value > 0 {
			return FaultHangUp
		}
	}
	if !ok || b.key > MaxKeyBytes {
		return FaultInvalid
	}
	return FaultNone
}

// BinaryParser reads the binary protocol from one connection.
type BinaryParser struct {
	limits Limits
	// need is how long the request in front is known to be at least, in bytes, or 0.
	need int
	// skip is how much of a refused body is still to come, in bytes.
	skip int64
	// dead is set by a fault that closes; what follows is thrown away.
	dead bool
}

// NewBinaryParser makes the parser of one connection.
func NewBinaryParser(l Limits) *BinaryParser {
	return &BinaryParser{limits: l.withDefaults()}
}

// Need is how long the buffer must become, in bytes, before the request at its
// front can be complete; 0 if that is not known.
func (p *BinaryParser) Need() int { return p.need }

// Reset and Skipping are as in TextParser.
func (p *BinaryParser) Reset() { p.need, p.skip, p.dead = 0, 0, false }

// Skipping returns how many bytes of a refused body are still to be thrown away.
func (p *BinaryParser) Skipping() int64 { return p.skip }

// Next reads the request at the front of buf into r, as TextParser.Next does.
func (p *BinaryParser) Next(buf []byte, r *Request) (n int, ok bool) {
	if p.dead {
		return len(buf), false
	}
	if p.skip > 0 {
		n = int(min(p.skip, int64(len(buf))))
		p.skip -= int64(n)
		if p.skip > 0 {
			return n, false
		}
		buf = buf[n:]
	}
	if len(buf) < p.need || len(buf) == 0 {
		return n, false
	}
	used := p.request(buf, r)
	if used == 0 {
		return n, false
	}
	p.need = 0
	if r.Fault.Closes() {
		p.dead = true
		used = len(buf)
	}
	return n + used, true
}

// request reads the request at the front of buf and returns how many bytes it
// takes, or 0 if p.need bytes are needed.
func (p *BinaryParser) request(buf []byte, r *Request) int {
	if len(buf) < headerBytes {
		p.need = headerBytes
		return 0
	}
	if buf[0] != magicRequest {
		r.reset(Binary, OpNone)
		r.fail(FaultHangUp)
		return len(buf)
	}
	code := &opcodes[buf[1]]
	keyBytes, extrasBytes := int(binary.BigEndian.Uint16(buf[2:])), int(buf[4])
	bodyBytes := int64(binary.BigEndian.Uint32(buf[8:]))
	lengths := bodyLengths{extrasBytes, keyBytes, bodyBytes - int64(keyBytes) - int64(extrasBytes)}
	r.reset(Binary, code.op)
	r.Opcode = buf[1]
	r.Opaque = binary.BigEndian.Uint32(buf[12:])
	if lengths.value < 0 {
		r.fail(FaultLengths)
		return len(buf)
	}
	switch f := code.layout.check(lengths); f {
	case FaultNone:
	case FaultUnknown:
		if keyBytes > MaxKeyBytes {
			f = FaultInvalid
		}
		r.fail(f)
		p.skip = bodyBytes
		return headerBytes
	default:
		r.fail(f)
		return len(buf)
	}
	r.NoReply, r.WithKey = code.quiet, code.withKey
	r.CAS = binary.BigEndian.Uint64(buf[16:])
	return p.body(buf, code.layout, lengths, r)
}

// body reads what follows a header that is in order. It returns the length of
// the whole request, or 0 if p.need bytes are needed.
func (p *BinaryParser) body(buf []byte, l layout, b bodyLengths, r *Request) int {
	keyAt := headerBytes + b.extras
	valueAt := keyAt + b.key
	if len(buf) < valueAt {
		p.need = valueAt
		return 0
	}
	extras := buf[headerBytes:keyAt]
	r.Key = buf[keyAt:valueAt:valueAt]
	switch {
	case l == layStore:
		r.Flags = binary.BigEndian.Uint32(extras)
		r.Exptime = int64(binary.BigEndian.Uint32(extras[4:]))
	case l == layArith:
		r.Delta = binary.BigEndian.Uint64(extras)
		r.Initial = binary.BigEndian.Uint64(extras[8:])
		r.Exptime = int64(binary.BigEndian.Uint32(extras[16:]))
	case l == layVerbosity:
		r.Delta = uint64(binary.BigEndian.Uint32(extras))
	case b.extras == 4:
		r.Exptime = int64(binary.BigEndian.Uint32(extras))
	}
	if r.Op == OpGet || r.Op == OpGat {
		r.Keys = 1
	}
	if l == layStat {
		r.Args = Tokens{rest: r.Key}
	}
	if l != layStore && l != layConcat {
		return valueAt
	}
	if ItemBytes(b.key, r.Flags, b.value) > int64(p.limits.MaxItemBytes) {
		r.NoReply = false
		r.fail(FaultTooLarge)
		p.skip = b.value
		return valueAt
	}
	total := valueAt + int(b.value)
	if len(buf) < total {
		p.need = total
		return 0
	}
	r.Value = buf[valueAt:total:total]
	return total
}
