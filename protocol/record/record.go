// Package record writes and reads records. A record is what has to be run again
// as one step: a command, or all commands of a transaction. It carries what a
// handler may not find out for itself (the time, the seed of its random
// choices), so that running it again on the same state gives the same state.
//
// # The bytes
//
// A record has neither a number nor a checksum of its own: whoever keeps records
// (package oplog, a log of Raft) has these for many at once, and a time from which
// a record counts its own. All that a record adds to its arguments is counted in
// single bytes, since most are of the size of "SET key value":
//
//	record   time     varint   ms after the time that it counts from, zigzag
//	         length   varint   bytes of what follows
//	         commands varint   at least 1
//	command  form     byte     bit 0: a seed follows, bit 1: a database follows, bits 4-7: kind
//	         seed     8 bytes  little-endian; absent if 0
//	         db       varint   absent if 0
//	         args     varint   at least 1
//	arg      length   varint
//	         bytes
//
// Varints are those of encoding/binary. A SET of 16 bytes of key and 32 of
// value takes 58 bytes; the same as RESP takes 87.
package record

import (
	"encoding/binary"
	"math/bits"
)

// Record is one step of the data set's history.
type Record struct {
	// TimeMs is the time that the commands saw, in ms since 1970.
	TimeMs int64
	// Commands are applied together or, if the record is lost in a crash, not at
	// all. REQUIRES: at least one.
	Commands []Command

	args [][]byte // where decoding keeps the arguments of all commands
}

// Command is one command of a record.
type Command struct {
	// DB is the number of its database, 0 or above.
	DB int
	// Seed is the stamp that its random choices follow, 0 if it has none.
	Seed uint64
	// Kind tells whose words the arguments are. The log keeps it and does not
	// look at it. Range: 0 to MaxKind.
	Kind uint8
	// Args are its name and arguments. REQUIRES: at least one.
	Args [][]byte
}

// MaxKind is the highest kind of a command.
const MaxKind = 15

const (
	formSeed  = 1 << 0
	formDB    = 1 << 1
	formKnown = formSeed | formDB | MaxKind<<formKind
	formKind  = 4 // bits to shift
)

// MaxPrefix is the most bytes that stand before a record's body.
const MaxPrefix = 2 * binary.MaxVarintLen64

func uvarintLen(n uint64) int { return (bits.Len64(n|1) + 6) / 7 }

// BodySize is the length of what AppendBody appends, in bytes.
func (r *Record) BodySize() int {
	n := uvarintLen(uint64(len(r.Commands)))
	for i := range r.Commands {
		c := &r.Commands[i]
		n += 1 + uvarintLen(uint64(len(c.Args)))
		if c.Seed != 0 {
			n += 8
		}
		if c.DB != 0 {
			n += uvarintLen(uint64(c.DB))
		}
		for _, arg := range c.Args {
			n += uvarintLen(uint64(len(arg))) + len(arg)
		}
	}
	return n
}

// AppendBody appends a record without its time and length.
func (r *Record) AppendBody(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(r.Commands)))
	for i := range r.Commands {
		c := &r.Commands[i]
		form := c.Kind << formKind
		if c.Seed != 0 {
			form |= formSeed
		}
		if c.DB != 0 {
			form |= formDB
		}
		dst = append(dst, form)
		if c.Seed != 0 {
			dst = binary.LittleEndian.AppendUint64(dst, c.Seed)
		}
		if c.DB != 0 {
			dst = binary.AppendUvarint(dst, uint64(c.DB))
		}
		dst = binary.AppendUvarint(dst, uint64(len(c.Args)))
		for _, arg := range c.Args {
			dst = binary.AppendUvarint(dst, uint64(len(arg)))
			dst = append(dst, arg...)
		}
	}
	return dst
}

// AppendPrefix appends what stands before the body.
func AppendPrefix(dst []byte, timeMs, baseMs int64, bodySize int) []byte {
	dst = binary.AppendVarint(dst, timeMs-baseMs)
	return binary.AppendUvarint(dst, uint64(bodySize))
}

// Decode reads the record at the start of b and returns what is behind
// it, or what is wrong with it. The record's arguments are slices of b; its
// slices are used again, so that reading many records allocates nothing.
func Decode(b []byte, baseMs int64, r *Record) (rest []byte, fault string) {
	delta, n := binary.Varint(b)
	if n <= 0 {
		return nil, "a record's time is cut off"
	}
	b = b[n:]
	size, n := binary.Uvarint(b)
	if n <= 0 || size > uint64(len(b)-n) {
		return nil, "a record is longer than what it stands in"
	}
	body, rest := b[n:n+int(size)], b[n+int(size):]
	r.TimeMs, r.Commands, r.args = baseMs+delta, r.Commands[:0], r.args[:0]
	count, n := binary.Uvarint(body)
	if n <= 0 || count == 0 || count > size {
		return nil, "a record's number of commands cannot be"
	}
	body = body[n:]
	for range count {
		if body, fault = r.decodeCommand(body); fault != "" {
			return nil, fault
		}
	}
	if len(body) > 0 {
		return nil, "a record is longer than its commands"
	}
	return rest, ""
}

func (r *Record) decodeCommand(b []byte) (rest []byte, fault string) {
	if len(b) == 0 {
		return nil, "a record has fewer commands than it says"
	}
	form := b[0]
	b = b[1:]
	if form&^formKnown != 0 {
		return nil, "a command has a form of a later version"
	}
	c := Command{Kind: form >> formKind}
	if form&formSeed != 0 {
		if len(b) < 8 {
			return nil, "a command's seed is cut off"
		}
		c.Seed, b = binary.LittleEndian.Uint64(b), b[8:]
	}
	if form&formDB != 0 {
		db, n := binary.Uvarint(b)
		if n <= 0 || db > 1<<31 {
			return nil, "a command's database cannot be"
		}
		c.DB, b = int(db), b[n:]
	}
	count, n := binary.Uvarint(b)
	if n <= 0 || count == 0 || count > uint64(len(b)-n) {
		return nil, "a command's number of arguments cannot be"
	}
	b = b[n:]
	from := len(r.args)
	for range count {
		// Most arguments are shorter than 128 bytes, and their length one byte.
		size, n := uint64(0), 1
		if len(b) > 0 && b[0] < 0x80 {
			size = uint64(b[0])
		} else {
			size, n = binary.Uvarint(b)
		}
		if n <= 0 || size > uint64(len(b)-n) {
			return nil, "an argument is longer than its record"
		}
		end := n + int(size)
		r.args = append(r.args, b[n:end:end])
		b = b[end:]
	}
	c.Args = r.args[from:len(r.args):len(r.args)]
	r.Commands = append(r.Commands, c)
	return b, ""
}
