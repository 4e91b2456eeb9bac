package engine

import (
	"encoding/binary"
	"math/bits"
	"unsafe"

	"larder/engine/mem"
)

// An entry is one allocation that holds a key and its value:
//
//	kind         1 byte, see below
//	key length   uvarint, 1 byte up to 127
//	key
//	[deadline]   8 bytes, little-endian, ms since 1970, if kindDeadline
//	[flags, cas] 4 + 8 bytes, little-endian, if kindItem
//	[marks]      1 byte, see Marks, if kindMarks
//	[length]     uvarint, unless the encoding is EncInt
//	value        EncInt: int64, little-endian; otherwise length bytes
//
// The key stands in front of the optional fields, so that comparing it needs
// only the first two bytes. What a key does not use it does not pay for: a
// string without TTL costs 3 bytes on top of key and value.
//
// The deadline has 8 bytes and not the 6 that a date needs, because Redis
// accepts and reports every deadline that fits an int64.
type entry struct {
	p   unsafe.Pointer
	ref mem.Ref
}

// Type is the data type of a value.
type Type uint8

// The data types, in Redis's words.
const (
	TypeString Type = iota
	TypeList
	TypeSet
	TypeZSet
	TypeHash
	TypeStream
)

var typeNames = [...]string{"string", "list", "set", "zset", "hash", "stream"}

func (t Type) String() string { return typeNames[t] }

// Encoding says how the value of an entry is laid out.
type Encoding uint8

// The encodings of a string.
const (
	EncBytes Encoding = iota // as given
	EncInt                   // an int64
	EncGrown                 // bytes that APPEND or SETRANGE made, with room to grow
)

const (
	kindType     = 7
	kindEncShift = 3
	kindEncMask  = 3 << kindEncShift
	kindDeadline = 1 << 5
	kindItem     = 1 << 6
	kindMarks    = 1 << 7
)

func entryAt(r *mem.Region, ref mem.Ref) entry { return entry{r.Ptr(ref), ref} }

func (e entry) at(off int) *byte { return (*byte)(unsafe.Add(e.p, off)) }

func (e entry) bytes(off, n int) []byte { return unsafe.Slice(e.at(off), n) }

func (e entry) kind() uint8        { return *(*uint8)(e.p) }
func (e entry) typ() Type          { return Type(e.kind() & kindType) }
func (e entry) encoding() Encoding { return Encoding(e.kind() & kindEncMask >> kindEncShift) }

// uvarint decodes the number at off and returns it with its width.
func (e entry) uvarint(off int) (v, width int) {
	c := *e.at(off)
	if c < 0x80 {
		return int(c), 1
	}
	v = int(c & 0x7f)
	for shift := 7; ; shift += 7 {
		width++
		c = *e.at(off + width)
		v |= int(c&0x7f) << shift
		if c < 0x80 {
			return v, width + 1
		}
	}
}

// hasKey compares the entry's key.
func (e entry) hasKey(key []byte) bool {
	n, w := e.uvarint(1)
	return n == len(key) && string(e.bytes(1+w, n)) == string(key)
}

// key returns a view of the key, valid while the shard is locked and the
// entry is not replaced.
func (e entry) key() []byte {
	n, w := e.uvarint(1)
	return e.bytes(1+w, n)
}

// afterKey returns the offset of the first optional field.
func (e entry) afterKey() int {
	n, w := e.uvarint(1)
	return 1 + w + n
}

// layout is a decoded entry.
type layout struct {
	kind     uint8
	options  int32 // offset of the first optional field
	value    int   // offset of the value
	valueLen int   // bytes
}

func (e entry) layout() layout {
	kind, off := e.kind(), e.afterKey()
	l := layout{kind: kind, options: int32(off)}
	if kind&(kindDeadline|kindItem|kindMarks) != 0 {
		off += optionBytes(kind)
	}
	if kind&kindEncMask == uint8(EncInt)<<kindEncShift {
		l.value, l.valueLen = off, 8
		return l
	}
	n, w := e.uvarint(off)
	l.value, l.valueLen = off+w, n
	return l
}

// optionBytes is the length of the optional fields of an entry of this kind.
func optionBytes(kind uint8) int {
	n := 0
	if kind&kindDeadline != 0 {
		n += 8
	}
	if kind&kindItem != 0 {
		n += 12
	}
	if kind&kindMarks != 0 {
		n++
	}
	return n
}

// deadlineAt, itemAt and marksAt are the offsets of the optional fields, each
// valid if the kind has it.
func (l *layout) deadlineAt() int { return int(l.options) }
func (l *layout) itemAt() int     { return int(l.options) + optionBytes(l.kind&kindDeadline) }
func (l *layout) marksAt() int    { return int(l.options) + optionBytes(l.kind&(kindDeadline|kindItem)) }

// deadline returns the entry's deadline in ms, never if it has none.
func (e entry) deadline() int64 {
	if e.kind()&kindDeadline == 0 {
		return never
	}
	return int64(binary.LittleEndian.Uint64(e.bytes(e.afterKey(), 8)))
}

// allocBytes is the size that was asked of the allocator for the entry.
func (e entry) allocBytes() int {
	l := e.layout()
	return allocFor(l.value+l.valueLen, Encoding(l.kind&kindEncMask>>kindEncShift))
}

// allocFor is the size asked of the allocator for an entry of n bytes. A
// value that has been appended to gets up to an eighth of room to grow, so
// that appending byte by byte copies each byte a bounded number of times.
func allocFor(n int, enc Encoding) int {
	if enc != EncGrown || n <= 64 {
		return n
	}
	step := 1 << (bits.Len(uint(n-1)) - 4) // an eighth of the power of two below
	return (n + step - 1) &^ (step - 1)
}

// header describes an entry that is to be written.
type header struct {
	typ      Type
	enc      Encoding
	deadline int64 // ms, never = none
	item     bool  // carries flags and cas
	flags    uint32
	cas      uint64
	marks    Marks
}

func uvarintLen(n int) int { return (bits.Len(uint(n)|1) + 6) / 7 }

// size is the length of an entry with this header in bytes.
func (h *header) size(keyLen, valueLen int) int {
	n := 1 + uvarintLen(keyLen) + keyLen + valueLen
	if h.deadline != never {
		n += 8
	}
	if h.item {
		n += 12
	}
	if h.marks != 0 {
		n++
	}
	if h.enc != EncInt {
		n += uvarintLen(valueLen)
	}
	return n
}

// kind is the entry's first byte.
func (h *header) kind() uint8 {
	kind := uint8(h.typ) | uint8(h.enc)<<kindEncShift
	if h.deadline != never {
		kind |= kindDeadline
	}
	if h.item {
		kind |= kindItem
	}
	if h.marks != 0 {
		kind |= kindMarks
	}
	return kind
}

// write lays out everything but the value into dst and returns the offset at
// which the value belongs. REQUIRES: len(dst) >= size(len(key), valueLen);
// key does not overlap dst.
func (h *header) write(dst, key []byte, valueLen int) int {
	dst[0] = h.kind()
	off := 1 + binary.PutUvarint(dst[1:], uint64(len(key)))
	off += copy(dst[off:], key)
	return h.writeOptions(dst, off, valueLen)
}

// writeRest is write for an entry whose key is there already and ends at off.
func (h *header) writeRest(dst []byte, off, valueLen int) int {
	dst[0] = h.kind()
	return h.writeOptions(dst, off, valueLen)
}

// writeOptions lays out what is between key and value.
func (h *header) writeOptions(dst []byte, off, valueLen int) int {
	if h.deadline != never {
		binary.LittleEndian.PutUint64(dst[off:], uint64(h.deadline))
		off += 8
	}
	if h.item {
		binary.LittleEndian.PutUint32(dst[off:], h.flags)
		binary.LittleEndian.PutUint64(dst[off+4:], h.cas)
		off += 12
	}
	if h.marks != 0 {
		dst[off] = byte(h.marks)
		off++
	}
	if h.enc != EncInt {
		off += binary.PutUvarint(dst[off:], uint64(valueLen))
	}
	return off
}

// headerOf reads the header of an existing entry.
func (e entry) headerOf(l layout) header {
	h := header{typ: Type(l.kind & kindType), enc: Encoding(l.kind & kindEncMask >> kindEncShift), deadline: never}
	if l.kind&kindDeadline != 0 {
		h.deadline = int64(binary.LittleEndian.Uint64(e.bytes(l.deadlineAt(), 8)))
	}
	if l.kind&kindItem != 0 {
		h.item = true
		h.flags = binary.LittleEndian.Uint32(e.bytes(l.itemAt(), 4))
		h.cas = binary.LittleEndian.Uint64(e.bytes(l.itemAt()+4, 8))
	}
	if l.kind&kindMarks != 0 {
		h.marks = Marks(*e.at(l.marksAt()))
	}
	return h
}
