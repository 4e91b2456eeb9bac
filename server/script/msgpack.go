package script

import (
	"encoding/binary"
	"math"

	lua "github.com/yuin/gopher-lua"
)

// The library cmsgpack: MessagePack (https://github.com/msgpack/msgpack/blob/
// master/spec.md) with the rules of lua-cmsgpack 0.4.0: a number without a
// fraction is an integer in its shortest form, others are doubles; a table
// with keys 1 to n is an array; several values may follow each other.

// msgpackMaxDepth bounds nested tables; deeper ones are packed as nil.
const msgpackMaxDepth = 16

func msgpackLibrary() library {
	return library{name: "cmsgpack", funcs: map[string]lua.LGFunction{
		"pack":         msgpackPack,
		"unpack":       func(l *lua.LState) int { return msgpackUnpack(l, 0, 0, false) },
		"unpack_one":   func(l *lua.LState) int { return msgpackUnpack(l, 1, l.OptInt(2, 0), true) },
		"unpack_limit": func(l *lua.LState) int { return msgpackUnpack(l, l.CheckInt(2), l.OptInt(3, 0), true) },
	}, values: map[string]lua.LValue{"_NAME": lua.LString("cmsgpack"), "_VERSION": lua.LString("lua-cmsgpack 0.4.0")}}
}

func msgpackPack(l *lua.LState) int {
	if l.GetTop() == 0 {
		l.ArgError(0, "MessagePack pack needs input.")
	}
	var dst []byte
	for i := 1; i <= l.GetTop(); i++ {
		dst = appendMsgpack(dst, l.Get(i), 0)
	}
	l.Push(lua.LString(dst))
	return 1
}

func appendMsgpack(dst []byte, v lua.LValue, depth int) []byte {
	switch v := v.(type) {
	case lua.LString:
		return append(msgpackHead(dst, len(v), 0xa0, 31, 0xd9, 0xda, 0xdb), v...)
	case lua.LBool:
		if v {
			return append(dst, 0xc3)
		}
		return append(dst, 0xc2)
	case lua.LNumber:
		return appendMsgpackNumber(dst, float64(v))
	case *lua.LTable:
		if depth == msgpackMaxDepth {
			return append(dst, 0xc0)
		}
		return appendMsgpackTable(dst, v, depth)
	}
	return append(dst, 0xc0)
}

// msgpackHead writes a length: in the first byte up to most, else behind a
// byte that says how wide it is. head8 is 0 where there is no form of 8 bits.
func msgpackHead(dst []byte, n int, fix byte, most int, head8, head16, head32 byte) []byte {
	switch {
	case n <= most:
		return append(dst, fix|byte(n))
	case n <= math.MaxUint8 && head8 != 0:
		return append(dst, head8, byte(n))
	case n <= math.MaxUint16:
		return binary.BigEndian.AppendUint16(append(dst, head16), uint16(n))
	}
	return binary.BigEndian.AppendUint32(append(dst, head32), uint32(n))
}

func appendMsgpackNumber(dst []byte, f float64) []byte {
	if f != math.Trunc(f) || math.Abs(f) >= 1<<63 {
		if g := float32(f); float64(g) == f {
			return binary.BigEndian.AppendUint32(append(dst, 0xca), math.Float32bits(g))
		}
		return binary.BigEndian.AppendUint64(append(dst, 0xcb), math.Float64bits(f))
	}
	switch n := int64(f); {
	case n >= 0 && n <= 127, n < 0 && n >= -32:
		return append(dst, byte(n))
	case n >= 0 && n <= math.MaxUint8:
		return append(dst, 0xcc, byte(n))
	case n >= 0 && n <= math.MaxUint16:
		return binary.BigEndian.AppendUint16(append(dst, 0xcd), uint16(n))
	case n >= 0 && n <= math.MaxUint32:
		return binary.BigEndian.AppendUint32(append(dst, 0xce), uint32(n))
	case n >= 0:
		return binary.BigEndian.AppendUint64(append(dst, 0xcf), uint64(n))
	case n >= math.MinInt8:
		return append(dst, 0xd0, byte(n))
	case n >= math.MinInt16:
		return binary.BigEndian.AppendUint16(append(dst, 0xd1), uint16(n))
	case n >= math.MinInt32:
		return binary.BigEndian.AppendUint32(append(dst, 0xd2), uint32(n))
	default:
		return binary.BigEndian.AppendUint64(append(dst, 0xd3), uint64(n))
	}
}

func appendMsgpackTable(dst []byte, t *lua.LTable, depth int) []byte {
	n, highest, array := 0, 0.0, true
	t.ForEach(func(k, _ lua.LValue) {
		i, ok := k.(lua.LNumber)
		if !ok || float64(i) != math.Trunc(float64(i)) || i < 1 {
			array = false
		}
		highest = max(highest, float64(i))
		n++
	})
	if array && int(highest) == n {
		dst = msgpackHead(dst, n, 0x90, 15, 0, 0xdc, 0xdd)
		for i := 1; i <= n; i++ {
			dst = appendMsgpack(dst, t.RawGetInt(i), depth+1)
		}
		return dst
	}
	dst = msgpackHead(dst, n, 0x80, 15, 0, 0xde, 0xdf)
	t.ForEach(func(k, v lua.LValue) {
		dst = appendMsgpack(appendMsgpack(dst, k, depth+1), v, depth+1)
	})
	return dst
}

// msgpackReader reads values; l raises what is wrong with them.
type msgpackReader struct {
	l   *lua.LState
	src string
	off int
}

// msgpackUnpack reads up to limit values, 0 = all, from an offset on. With
// where it returns the offset behind them first, -1 at the end.
func msgpackUnpack(l *lua.LState, limit, offset int, where bool) int {
	r := &msgpackReader{l: l, src: l.CheckString(1), off: offset}
	if offset < 0 || limit < 0 {
		l.RaiseError("Invalid request to unpack with offset of %d and limit of %d.", offset, len(r.src))
	}
	if offset > len(r.src) {
		l.RaiseError("Start offset %d greater than input length %d.", offset, len(r.src))
	}
	if limit == 0 {
		limit = math.MaxInt
	}
	var values []lua.LValue
	for r.off < len(r.src) && len(values) < limit {
		values = append(values, r.value(0))
	}
	n := len(values)
	if where {
		at := r.off
		if at == len(r.src) {
			at = -1
		}
		l.Push(lua.LNumber(at))
		n++
	}
	for _, v := range values {
		l.Push(v)
	}
	return n
}

// take returns the next n bytes.
func (r *msgpackReader) take(n int) string {
	if n > len(r.src)-r.off {
		r.l.RaiseError("Missing bytes in input.")
	}
	r.off += n
	return r.src[r.off-n : r.off]
}

// uint reads a number of n bytes, most significant first.
func (r *msgpackReader) uint(n int) (v uint64) {
	for _, c := range []byte(r.take(n)) {
		v = v<<8 | uint64(c)
	}
	return v
}

func (r *msgpackReader) value(depth int) lua.LValue {
	if depth > jsonMaxDepth {
		r.l.RaiseError("Bad data format in input.")
	}
	switch c := r.take(1)[0]; {
	case c < 0x80, c >= 0xe0:
		return lua.LNumber(int8(c))
	case c < 0x90:
		return r.table(int(c&15), true, depth)
	case c < 0xa0:
		return r.table(int(c&15), false, depth)
	case c < 0xc0:
		return lua.LString(r.take(int(c & 31)))
	default:
		return r.wide(c, depth)
	}
}

// wide reads a value whose first byte says how wide it is.
func (r *msgpackReader) wide(c byte, depth int) lua.LValue {
	switch c {
	case 0xc0:
		return lua.LNil
	case 0xc2, 0xc3:
		return lua.LBool(c == 0xc3)
	case 0xca:
		return lua.LNumber(math.Float32frombits(uint32(r.uint(4))))
	case 0xcb:
		return lua.LNumber(math.Float64frombits(r.uint(8)))
	case 0xcc, 0xcd, 0xce, 0xcf:
		return lua.LNumber(r.uint(1 << (c - 0xcc)))
	case 0xd0, 0xd1, 0xd2, 0xd3:
		n := 1 << (c - 0xd0)
		return lua.LNumber(int64(r.uint(n)<<(64-8*n)) >> (64 - 8*n))
	case 0xc4, 0xc5, 0xc6:
		return lua.LString(r.take(int(r.uint(1 << (c - 0xc4)))))
	case 0xd9, 0xda, 0xdb:
		return lua.LString(r.take(int(r.uint(1 << (c - 0xd9)))))
	case 0xdc, 0xdd:
		return r.table(int(r.uint(2<<(c-0xdc))), false, depth)
	case 0xde, 0xdf:
		return r.table(int(r.uint(2<<(c-0xde))), true, depth)
	}
	r.l.RaiseError("Bad data format in input.")
	return lua.LNil
}

func (r *msgpackReader) table(n int, pairs bool, depth int) lua.LValue {
	t := r.l.NewTable()
	for i := range n {
		var k lua.LValue = lua.LNumber(i + 1)
		if pairs {
			if k = r.value(depth + 1); k == lua.LNil {
				r.l.RaiseError("Bad data format in input.")
			}
		}
		t.RawSet(k, r.value(depth+1))
	}
	return t
}
