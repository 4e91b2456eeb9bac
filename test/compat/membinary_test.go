package compat

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"testing"

	"larder/test/compat/harness"
)

// Opcodes of the binary protocol that have a name in the generator; the
// others are drawn by number.
const (
	opGet       = 0x00
	opSet       = 0x01
	opIncrement = 0x05
	opQuit      = 0x07
	opFlush     = 0x08
	opNoop      = 0x0a
	opStat      = 0x10
	opQuitQ     = 0x17
	opFlushQ    = 0x18
	opVerbosity = 0x1b // answered with "Unknown command" by memcached 1.6.18
	opTouch     = 0x1c
)

// frame is a request of the binary protocol.
type frame struct {
	opcode             byte
	extras, key, value []byte
	opaque             uint32
	cas                uint64
}

// bytes lays the frame out: a header of 24 bytes, extras, key, value.
func (f frame) bytes() []byte {
	b := make([]byte, harness.BinaryHeader, harness.BinaryHeader+len(f.extras)+len(f.key)+len(f.value))
	b[0], b[1], b[4] = 0x80, f.opcode, byte(len(f.extras))
	binary.BigEndian.PutUint16(b[2:], uint16(len(f.key)))
	binary.BigEndian.PutUint32(b[8:], uint32(len(f.extras)+len(f.key)+len(f.value)))
	binary.BigEndian.PutUint32(b[12:], f.opaque)
	binary.BigEndian.PutUint64(b[16:], f.cas)
	return append(append(append(b, f.extras...), f.key...), f.value...)
}

func u32(n uint32) []byte { return binary.BigEndian.AppendUint32(nil, n) }

func u64(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

// binaryExptime is a time to live that does not end within a history, or is
// over; 2592001 is an absolute time of 1970.
func binaryExptime(r *rand.Rand) []byte {
	switch r.IntN(6) {
	case 0:
		return u32(2592001)
	case 1, 2:
		return u32(100_000 + r.Uint32N(2_000_000))
	}
	return u32(0)
}

// binaryFrame makes one request: opcode, extras and parts as the protocol
// wants them, and at times not.
func binaryFrame(r *rand.Rand) frame {
	f := frame{opaque: r.Uint32(), key: []byte(pick(r, memKeys))}
	switch r.IntN(12) {
	case 0, 1, 2:
		f.opcode = []byte{opGet, 0x09, 0x0c, 0x0d}[r.IntN(4)]
	case 3, 4, 5:
		f.opcode = []byte{opSet, opSet, 0x02, 0x03, 0x11, 0x12, 0x13}[r.IntN(7)]
		f.extras = append(u32([]uint32{0, 1, 42, math.MaxUint32}[r.IntN(4)]), binaryExptime(r)...)
		f.value = []byte(memValue(r))
	case 6:
		f.opcode = []byte{0x0e, 0x0f, 0x19, 0x1a}[r.IntN(4)]
		f.value = []byte(memValue(r))
	case 7:
		f.opcode = []byte{0x04, 0x14}[r.IntN(2)]
	case 8, 9:
		f.opcode = []byte{opIncrement, 0x06, 0x15, 0x16}[r.IntN(4)]
		deltas := []uint64{0, 1, 5, 100, 1 << 40, 1<<40 - 1}
		exptime := binaryExptime(r)
		if r.IntN(3) == 0 {
			exptime = u32(math.MaxUint32) // do not create
		}
		f.extras = append(append(u64(deltas[r.IntN(6)]), u64(deltas[r.IntN(6)])...), exptime...)
	case 10:
		f.opcode = []byte{opTouch, 0x1d, 0x1e, 0x23, 0x24}[r.IntN(5)]
		f.extras = binaryExptime(r)
	default:
		return binaryAdmin(r, f)
	}
	if r.IntN(6) == 0 {
		f.cas = []uint64{1, 12345, harness.SymbolicCAS, harness.SymbolicCAS, harness.SymbolicCAS | 1}[r.IntN(5)]
	}
	return spoilFrame(r, f)
}

// binaryAdmin makes a request that names no key.
func binaryAdmin(r *rand.Rand, f frame) frame {
	f.key = nil
	switch r.IntN(8) {
	case 0, 1:
		f.opcode = opNoop
	case 2:
		f.opcode = 0x0b // version
	case 3:
		f.opcode = []byte{opFlush, opFlushQ}[r.IntN(2)]
		if r.IntN(2) == 0 {
			f.extras = u32(0)
		}
	case 4, 5:
		f.opcode = []byte{0x20, 0x21, 0x22}[r.IntN(3)]
		if f.opcode != 0x20 {
			f.key, f.value = []byte("PLAIN"), []byte("\x00u\x00p")
		}
	case 6:
		// memcached does not skip the body of a command that it does not
		// know, so that these have none.
		f.opcode = []byte{0x25, 0x30, 0x3a, 0x3f, 0x40, 0x50, 0x70, 0xff, 0x1f}[r.IntN(9)]
		return f
	default:
		f.opcode = opStat
		f.key = []byte("nosuchstat")
	}
	return spoilFrame(r, f)
}

// spoilFrame gives one frame in fifteen a part too much or too little.
func spoilFrame(r *rand.Rand, f frame) frame {
	if r.IntN(15) > 0 {
		return f
	}
	switch r.IntN(5) {
	case 0:
		f.key = nil
	case 1:
		f.extras = append(f.extras, 0, 0, 0, 0)
	case 2:
		f.extras = f.extras[:len(f.extras)/2]
	case 3:
		f.value = append(f.value, "junk"...)
	default:
		f.opcode = byte(r.IntN(opVerbosity))
	}
	if f.opcode >= opTouch && f.opcode != 0x20 && f.opcode < 0x30 && f.opcode != 0x21 && f.opcode != 0x22 {
		f.value = nil // memcached carries such a touch out before it hangs up
	}
	if f.opcode == opQuit || f.opcode == opQuitQ || (f.opcode == opStat && len(f.key) == 0) {
		f.opcode = opNoop
	}
	return f
}

func binaryStep(r *rand.Rand) []harness.Step {
	if r.IntN(15) == 0 {
		return textStep(r)
	}
	var raw []byte
	for range harness.Weighted(r, 0, 70, 15, 10, 5) {
		f := binaryFrame(r)
		// While memcached still holds an item for a reply that it has not
		// written, counting makes a new item without padding: a counter must
		// not stand behind a get in one pipeline.
		if name := f.opcode & 0x0f; len(raw) > 0 && f.opcode < 0x20 && (name == opIncrement || name == opIncrement+1) {
			break
		}
		raw = append(raw, f.bytes()...)
	}
	return []harness.Step{{Op: harness.OpBinary, Conn: r.IntN(2), Args: [][]byte{raw}}}
}

func TestMemcachedBinary(t *testing.T) {
	runHistories(t, memPair(t), memHistory("memcached binary", binaryStep), histories())
}

// TestMemcachedBinaryStreams compares malformed frames, and those that end
// the connection.
func TestMemcachedBinaryStreams(t *testing.T) {
	needMemcached(t)
	noop := frame{opcode: opNoop, opaque: 7}.bytes()
	get := frame{opcode: opGet, key: []byte("nosuch")}.bytes()
	with := func(p []byte, at int, b byte) []byte {
		c := append([]byte{}, p...)
		c[at] = b
		return c
	}
	join := func(parts ...[]byte) []byte {
		var all []byte
		for _, p := range parts {
			all = append(all, p...)
		}
		return all
	}
	long := frame{opcode: opSet, extras: make([]byte, 8), key: make([]byte, 60_000), value: []byte("v")}.bytes()
	cases := []struct {
		name    string
		request []byte
	}{
		{"quit", join(noop, frame{opcode: opQuit}.bytes(), noop)},
		{"quiet quit", join(noop, frame{opcode: opQuitQ}.bytes(), noop)},
		{"bad magic after a frame", join(noop, with(noop, 0, 0x81), noop)},
		{"text after binary", join(noop, []byte("get a\r\n"))},
		{"half a header", noop[:10]},
		{"half a body", get[:len(get)-2]},
		{"body shorter than key", join(with(get, 11, 2), noop)},
		{"body shorter than extras", join(with(noop, 4, 8), noop)},
		{"body of 4 GiB", join(with(with(get, 8, 0xff), 9, 0xff))},
		{"data type set", join(with(get, 5, 1), noop)},
		{"reserved set", join(with(get, 7, 1), noop)},
		{"long key", join(long, noop)},
		{"quiet get miss", join(frame{opcode: 0x09, key: []byte("nosuch")}.bytes(), noop)},
		{"set without extras", join(frame{opcode: opSet, key: []byte("a")}.bytes(), noop)},
		{"increment without extras", join(frame{opcode: opIncrement, key: []byte("a")}.bytes(), noop)},
		{"touch without key", join(frame{opcode: opTouch, extras: u32(0)}.bytes(), noop)},
	}
	table := intended(t)
	t.Run("binary", func(t *testing.T) {
		for _, s := range cases {
			t.Run(s.name, func(t *testing.T) {
				t.Parallel()
				checkStream(t, table, "memcached binary "+s.name, servers.memcached, servers.memSubject, s.request)
			})
		}
	})
	noUnusedStreams(t, table, "memcached binary ")
}
