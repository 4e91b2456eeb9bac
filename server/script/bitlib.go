package script

import (
	"fmt"
	"math"
	"math/bits"

	lua "github.com/yuin/gopher-lua"
)

// The library bit: Lua BitOp (http://bitop.luajit.org/api.html). Numbers are
// taken modulo 2^32 and results are signed.

// toBit reduces a number to 32 bits, rounding halves to even.
func toBit(f lua.LNumber) int32 {
	x := math.RoundToEven(float64(f))
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return 0
	}
	return int32(uint32(int64(math.Mod(x, 1<<32))))
}

func bitLibrary() library {
	fold := func(op func(a, b int32) int32) lua.LGFunction {
		return func(l *lua.LState) int {
			x := toBit(l.CheckNumber(1))
			for i := 2; i <= l.GetTop(); i++ {
				x = op(x, toBit(l.CheckNumber(i)))
			}
			l.Push(lua.LNumber(x))
			return 1
		}
	}
	one := func(op func(a int32) int32) lua.LGFunction {
		return func(l *lua.LState) int {
			l.Push(lua.LNumber(op(toBit(l.CheckNumber(1)))))
			return 1
		}
	}
	shift := func(op func(a int32, n uint) int32) lua.LGFunction {
		return func(l *lua.LState) int {
			l.Push(lua.LNumber(op(toBit(l.CheckNumber(1)), uint(toBit(l.CheckNumber(2)))&31)))
			return 1
		}
	}
	return library{name: "bit", funcs: map[string]lua.LGFunction{
		"tobit":   one(func(a int32) int32 { return a }),
		"bnot":    one(func(a int32) int32 { return ^a }),
		"bswap":   one(func(a int32) int32 { return int32(bits.ReverseBytes32(uint32(a))) }),
		"band":    fold(func(a, b int32) int32 { return a & b }),
		"bor":     fold(func(a, b int32) int32 { return a | b }),
		"bxor":    fold(func(a, b int32) int32 { return a ^ b }),
		"lshift":  shift(func(a int32, n uint) int32 { return a << n }),
		"rshift":  shift(func(a int32, n uint) int32 { return int32(uint32(a) >> n) }),
		"arshift": shift(func(a int32, n uint) int32 { return a >> n }),
		"rol":     shift(func(a int32, n uint) int32 { return int32(bits.RotateLeft32(uint32(a), int(n))) }),
		"ror":     shift(func(a int32, n uint) int32 { return int32(bits.RotateLeft32(uint32(a), -int(n))) }),
		"tohex":   toHex,
	}}
}

// toHex prints the lowest n digits, in upper case if n is negative.
func toHex(l *lua.LState) int {
	x, n := uint32(toBit(l.CheckNumber(1))), 8
	if l.GetTop() > 1 {
		n = int(toBit(l.CheckNumber(2)))
	}
	format := "%08x"
	if n < 0 {
		format, n = "%08X", -n
	}
	text := fmt.Sprintf(format, x)
	l.Push(lua.LString(text[8-min(max(n, 0), 8):]))
	return 1
}
