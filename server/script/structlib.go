package script

import (
	"encoding/binary"
	"math"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// The library struct: Roberto Ierusalimschy's lua-struct 0.2
// (http://www.inf.puc-rio.br/~roberto/struct/), which packs values as C lays
// them out. A format is a run of letters: > < = for the order of bytes, !n for
// alignment, b B h H l L T i I f d for numbers, x a byte of padding, s a string
// with a zero behind it, cn one of n bytes.

// structFormat walks a format.
type structFormat struct {
	l     *lua.LState
	rest  string
	order binary.ByteOrder
	align int
}

const structMaxInt = 32 // bytes of an integer, at most

func newStructFormat(l *lua.LState) *structFormat {
	return &structFormat{l: l, rest: l.CheckString(1), order: binary.LittleEndian, align: 1}
}

// number reads a count at the front of the format, or returns def.
func (f *structFormat) number(def int) int {
	n, digits := 0, 0
	for digits < len(f.rest) && f.rest[digits] >= '0' && f.rest[digits] <= '9' {
		if n = n*10 + int(f.rest[digits]-'0'); n > math.MaxInt32 {
			f.l.RaiseError("integral size overflow")
		}
		digits++
	}
	f.rest = f.rest[digits:]
	if digits == 0 {
		return def
	}
	return n
}

// next returns the next letter that stands for something packed, and its size.
func (f *structFormat) next() (letter byte, size int, ok bool) {
	for f.rest != "" {
		c := f.rest[0]
		f.rest = f.rest[1:]
		switch c {
		case ' ':
		case '>':
			f.order = binary.BigEndian
		case '<', '=':
			f.order = binary.LittleEndian
		case '!':
			f.align = f.number(8)
			if f.align <= 0 || f.align&(f.align-1) != 0 {
				f.l.RaiseError("alignment is not a power of 2")
			}
		default:
			return c, f.sizeOf(c), true
		}
	}
	return 0, 0, false
}

func (f *structFormat) sizeOf(c byte) int {
	switch c {
	case 'b', 'B', 'x':
		return 1
	case 'h', 'H':
		return 2
	case 'f':
		return 4
	case 'l', 'L', 'T', 'd':
		return 8
	case 'c':
		return f.number(1)
	case 's':
		return 0
	case 'i', 'I':
		n := f.number(4)
		if n > structMaxInt || n == 0 {
			f.l.RaiseError("integral size %d is larger than limit of %d", n, structMaxInt)
		}
		return n
	}
	f.l.RaiseError("invalid format option '%c'", c)
	return 0
}

// padding is how many bytes stand before a value at off.
func (f *structFormat) padding(off, size int, c byte) int {
	if size == 0 || c == 'c' || c == 'x' {
		return 0
	}
	if size = min(size, f.align); size > 1 {
		return (size - off&(size-1)) & (size - 1)
	}
	return 0
}

func structLibrary() library {
	return library{name: "struct", funcs: map[string]lua.LGFunction{
		"pack": structPack, "unpack": structUnpack, "size": structSize,
	}}
}

func structSize(l *lua.LState) int {
	f, total := newStructFormat(l), 0
	for c, size, ok := f.next(); ok; c, size, ok = f.next() {
		if c == 's' || c == 'c' && size == 0 {
			l.ArgError(1, "variable-size format in struct.size")
		}
		total += f.padding(total, size, c) + size
	}
	l.Push(lua.LNumber(total))
	return 1
}

func structPack(l *lua.LState) int {
	f, arg := newStructFormat(l), 2
	var dst []byte
	for c, size, ok := f.next(); ok; c, size, ok = f.next() {
		dst = append(dst, make([]byte, f.padding(len(dst), size, c))...)
		if c == 'x' {
			dst = append(dst, 0)
			continue
		}
		switch c {
		case 's':
			dst = append(append(dst, l.CheckString(arg)...), 0)
		case 'c':
			s := l.CheckString(arg)
			if size == 0 {
				size = len(s)
			}
			if len(s) < size {
				l.ArgError(arg, "string too short")
			}
			dst = append(dst, s[:size]...)
		case 'f':
			dst = f.appendUint(dst, uint64(math.Float32bits(float32(l.CheckNumber(arg)))), 4)
		case 'd':
			dst = f.appendUint(dst, math.Float64bits(float64(l.CheckNumber(arg))), 8)
		default:
			dst = f.appendUint(dst, structInt(float64(l.CheckNumber(arg))), size)
		}
		arg++
	}
	l.Push(lua.LString(dst))
	return 1
}

// structInt is a number's integer part modulo 2^64.
func structInt(f float64) uint64 {
	if f < 0 {
		return uint64(int64(f))
	}
	return uint64(f)
}

// appendUint writes the lowest size bytes of v, more of them being its sign.
func (f *structFormat) appendUint(dst []byte, v uint64, size int) []byte {
	from := len(dst)
	for range size {
		dst = append(dst, byte(v))
		v = uint64(int64(v) >> 8)
	}
	if f.order == binary.BigEndian {
		reverse(dst[from:])
	}
	return dst
}

func reverse(b []byte) {
	for i, j := 0, len(b)-1; i < j; i, j = i+1, j-1 {
		b[i], b[j] = b[j], b[i]
	}
}

func structUnpack(l *lua.LState) int {
	f, src := newStructFormat(l), l.CheckString(2)
	off := l.OptInt(3, 1) - 1
	if off < 0 {
		l.ArgError(3, "offset must be 1 or greater")
	}
	n := 0
	for c, size, ok := f.next(); ok; c, size, ok = f.next() {
		off += f.padding(off, size, c)
		if off > len(src) || size > len(src)-off {
			l.ArgError(2, "data string too short")
		}
		switch c {
		case 'x':
			off++
			continue
		case 's':
			end := strings.IndexByte(src[off:], 0)
			if end < 0 {
				l.ArgError(2, "unfinished string in data")
			}
			l.Push(lua.LString(src[off : off+end]))
			size = end + 1
		case 'c':
			if size == 0 { // its length is the value before it
				size = f.countBefore(n)
				n--
				if size > len(src)-off {
					l.ArgError(2, "data string too short")
				}
			}
			l.Push(lua.LString(src[off : off+size]))
		default:
			l.Push(f.numberOf(c, []byte(src[off:off+size])))
		}
		n++
		off += size
	}
	l.Push(lua.LNumber(off + 1))
	return n + 1
}

// countBefore takes the last value read from the stack: the length of c0.
func (f *structFormat) countBefore(n int) int {
	count, ok := f.l.Get(-1).(lua.LNumber)
	if n == 0 || !ok || count < 0 {
		f.l.RaiseError("format 'c0' needs a previous size")
	}
	f.l.Pop(1)
	return int(count)
}

// numberOf reads the number that fills b.
func (f *structFormat) numberOf(c byte, b []byte) lua.LNumber {
	if f.order == binary.BigEndian {
		reverse(b)
	}
	var v uint64
	for i := len(b) - 1; i >= 0; i-- {
		v = v<<8 | uint64(b[i])
	}
	switch c {
	case 'f':
		return lua.LNumber(math.Float32frombits(uint32(v)))
	case 'd':
		return lua.LNumber(math.Float64frombits(v))
	case 'B', 'H', 'I', 'L', 'T':
		return lua.LNumber(v)
	}
	if shift := 64 - 8*len(b); shift > 0 {
		return lua.LNumber(int64(v<<shift) >> shift)
	}
	return lua.LNumber(int64(v))
}
