package rdb

import "encoding/binary"

// A snapshot of a whole data set is
//
//	header     "REDIS", version as 4 digits
//	frames     each an opcode of 1 byte and what belongs to it
//	end        opcode 255; from version 5 on the CRC-64 of all before,
//	           8 bytes, little-endian, 0 = none was computed
//
// and these are the frames, numbers being lengths where nothing else is said:
//
//	244  slot, keys, keys with a deadline   where a cluster's slot begins, 7.4
//	245  string                             code of a library of functions
//	246                                     the same of 7.0's candidates; refused
//	247  module, 2, when, tagged values, 0  what a module has to say; skipped
//	248  seconds                            the key was not used for so long
//	249  1 byte                             how often the key was used (LFU)
//	250  string, string                     AUX: name and value
//	251  keys, keys with a deadline         size of the database
//	252  8 bytes, little-endian             deadline of the key in ms since 1970
//	253  4 bytes, little-endian             the same in seconds
//	254  number                             the database of the keys that follow
//	<244 string, value                      a key: the opcode is the value's kind
//
// What concerns a key stands in front of it. What Redis has no word for, the
// flags and the CAS value of a memcached item, is an AUX in front of the key,
// which Redis ignores; see fileitem.go.

// The opcodes of frames, with OpFunction of functions.go.
const (
	OpSlotInfo  = 244
	opFunctionC = 246
	OpModuleAux = 247
	opIdle      = 248
	opFreq      = 249
	OpAux       = 250
	OpResize    = 251
	opDeadline  = 252
	opSeconds   = 253
	OpSelect    = 254
	OpEnd       = 255
	// OpKey stands for every kind of value.
	OpKey = 0
)

const (
	magic = "REDIS"
	// HeaderBytes is the length of the header.
	HeaderBytes = len(magic) + 4
	// checksumVersion is the first version that has a checksum.
	checksumVersion = 5
	// FooterBytes is the length of the checksum at the end of a file.
	FooterBytes = 8
)

// ReadHeader reads the start of a file and returns its version.
func ReadHeader(b []byte) (version int, err error) {
	if len(b) < HeaderBytes || string(b[:len(magic)]) != magic {
		return 0, corrupt("a snapshot begins with %s and a version, this with %q", magic, b[:min(len(b), HeaderBytes)])
	}
	for _, c := range b[len(magic):HeaderBytes] {
		if c < '0' || c > '9' {
			return 0, corrupt("the version of the snapshot is %q", b[len(magic):HeaderBytes])
		}
		version = version*10 + int(c-'0')
	}
	if version < 1 || version > VersionMost {
		return version, corrupt("the snapshot has version %d, known are 1 to %d: a newer server has written it", version, VersionMost)
	}
	return version, nil
}

// HasChecksum tells whether a checksum follows the end of a file.
func HasChecksum(version int) bool { return version >= checksumVersion }

// Frame is what stands in a snapshot between two opcodes.
type Frame struct {
	Op   byte
	Name []byte // of an AUX
	Text []byte // value of an AUX, code of a library, or a key
	DB   uint64 // of OpSelect

	// Keys and Deadlines are the sizes that OpResize tells.
	Keys, Deadlines uint64

	// What concerns a key.

	Kind       Kind   // of the value
	Value      []byte // its body
	DeadlineMs int64  // ms since 1970
	Expires    bool   // it has that deadline
	Freq       int    // how often it was used, by Redis's measure of 0 to 255, -1 = unknown
	Item       Item   // what memcached clients know of it
	Noted      bool   // it has that
}

// Next reads the frame at the start of b and returns how many bytes it takes,
// 0 if b ends before the frame does. With skip the texts and the value of a
// frame with a key are not decoded.
func (f *Frame) Next(b []byte, skip bool) (size int, err error) {
	r := reader{b: b}
	*f = Frame{Freq: -1}
	for more := true; more && r.err == nil; {
		more = f.read(&r, skip)
	}
	switch {
	case r.short:
		return 0, nil
	case r.err != nil:
		return r.at, r.err
	}
	return r.at, nil
}

// read reads an opcode and what belongs to it, and tells whether that only
// announces a key.
func (f *Frame) read(r *reader, skip bool) (more bool) {
	switch op := r.byte("an opcode"); op {
	case opDeadline:
		f.DeadlineMs, f.Expires = r.millis("a deadline"), true
	case opSeconds:
		if b := r.take(4, "a deadline"); b != nil {
			f.DeadlineMs, f.Expires = int64(int32(binary.LittleEndian.Uint32(b)))*1000, true
		}
	case opFreq:
		f.Freq = int(r.byte("a key's use"))
	case opIdle:
		r.length("a key's idle time")
	case OpAux:
		f.Op, f.Name, f.Text = op, r.string("the name of an AUX"), r.string("an AUX")
		if string(f.Name) != itemAux || r.err != nil {
			return f.announced() // between a deadline and its key, it is none of the key's
		}
		f.Item, f.Noted = parseItem(f.Text)
		if !f.Noted {
			r.fail("the AUX %s is %q", itemAux, f.Text)
		}
	default:
		f.Op = op
		f.whole(r, op, skip)
		return false
	}
	return true
}

// announced tells whether something was read that concerns a key.
func (f *Frame) announced() bool { return f.Expires || f.Noted || f.Freq >= 0 }

// whole reads a frame that is complete by itself.
func (f *Frame) whole(r *reader, op byte, skip bool) {
	switch op {
	case OpSelect:
		f.DB = r.length("a database")
	case OpResize:
		f.Keys, f.Deadlines = r.length("a database's size"), r.length("a database's size")
	case OpFunction:
		f.Text = r.string("a library")
	case OpSlotInfo:
		r.length("a slot")
		r.length("a slot's size")
		r.length("a slot's size")
	case OpModuleAux:
		r.skipModuleAux()
	case opFunctionC:
		r.fail("the functions are of a candidate of Redis 7.0, which its releases do not read either")
	case OpEnd:
	default:
		f.Op = OpKey
		if op > byte(KindHashListpackTTL) {
			r.fail("opcode %d at offset %d is none that is known", op, r.at-1)
			return
		}
		f.key(r, Kind(op), skip)
	}
}

// key reads a key and its value.
func (f *Frame) key(r *reader, kind Kind, skip bool) {
	if skip {
		r.skipString()
		r.skip(kind)
		return
	}
	f.Text = r.string("a key")
	start := r.at
	r.skip(kind)
	if r.err == nil {
		f.Value, f.Kind = r.b[start:r.at:r.at], kind
	}
}

// The tags of what a module has to say.
const (
	moduleEnd = iota
	moduleInt
	moduleUint
	moduleFloat
	moduleDouble
	moduleString
)

func (r *reader) skipModuleAux() {
	r.length("a module's name")
	r.length("when a module's data is read")
	r.length("when a module's data is read")
	for r.err == nil {
		switch tag := r.length("a tag of a module's data"); tag {
		case moduleEnd:
			return
		case moduleInt, moduleUint:
			r.length("a module's number")
		case moduleFloat:
			r.take(4, "a module's number")
		case moduleDouble:
			r.take(8, "a module's number")
		case moduleString:
			r.skipString()
		default:
			r.fail("a module's data has the tag %d at offset %d", tag, r.at-1)
		}
	}
}
