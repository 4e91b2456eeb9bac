package script

import (
	"bytes"
	"math"
	"strconv"

	lua "github.com/yuin/gopher-lua"

	"larder/protocol/resp"
)

// Replies in both directions. Of a command's reply a script sees: integers as
// numbers, bulk strings as strings, arrays as tables, +OK as {ok=}, errors as
// {err=}, null as false; with redis.setresp(3) also maps as {map=}, sets as
// {set=}, doubles as {double=}, booleans as such and null as nil. What a script
// returns goes the other way.

// toLua converts the reply at b and returns what is behind it.
func (vm *VM) toLua(b []byte) (v lua.LValue, rest []byte) {
	end := bytes.Index(b, []byte("\r\n"))
	kind, line, rest := b[0], string(b[1:end]), b[end+2:]
	switch kind {
	case ':':
		n, _ := strconv.ParseInt(line, 10, 64)
		return lua.LNumber(n), rest
	case '+':
		return vm.record("ok", lua.LString(line)), rest
	case '-':
		return vm.record("err", lua.LString(line)), rest
	case '_':
		return lua.LNil, rest
	case '#':
		return lua.LBool(line == "t"), rest
	case ',':
		return vm.record("double", lua.LNumber(parseDouble(line))), rest
	case '(':
		return vm.record("big_number", lua.LString(line)), rest
	}
	n, _ := strconv.Atoi(line)
	switch kind {
	case '$':
		if n < 0 {
			return lua.LFalse, rest
		}
		return lua.LString(rest[:n]), rest[n+2:]
	case '=':
		v := vm.l.CreateTable(0, 2)
		v.RawSetString("format", lua.LString(rest[:3]))
		v.RawSetString("string", lua.LString(rest[4:n]))
		return vm.record("verbatim_string", v), rest[n+2:]
	}
	if n < 0 {
		return lua.LFalse, rest
	}
	return vm.aggregateToLua(kind, n, rest)
}

func (vm *VM) aggregateToLua(kind byte, n int, rest []byte) (lua.LValue, []byte) {
	t := vm.l.CreateTable(n, 0)
	var key, value lua.LValue
	switch kind {
	case '%':
		for range n {
			key, rest = vm.toLua(rest)
			value, rest = vm.toLua(rest)
			t.RawSet(key, value)
		}
		return vm.record("map", t), rest
	case '~':
		for range n {
			value, rest = vm.toLua(rest)
			t.RawSet(value, lua.LTrue)
		}
		return vm.record("set", t), rest
	}
	for i := range n {
		value, rest = vm.toLua(rest)
		t.RawSetInt(i+1, value)
	}
	return t, rest
}

// record makes a table of one field.
func (vm *VM) record(name string, v lua.LValue) *lua.LTable {
	t := vm.l.CreateTable(0, 1)
	t.RawSetString(name, v)
	return t
}

func parseDouble(s string) float64 {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return math.NaN()
	}
	return f
}

// writeReply writes what a script returned; where it cannot, the reply that
// began at mark becomes an error.
func (vm *VM) writeReply(v lua.LValue, out *resp.Writer, mark int) {
	if !vm.write(v, out, 0) {
		out.Buf = out.Buf[:mark]
		out.Error("ERR reached lua stack limit")
	}
}

// write converts one value; it reports false when tables are nested too deep.
func (vm *VM) write(v lua.LValue, out *resp.Writer, depth int) bool {
	if depth > maxReplyDepth {
		return false
	}
	switch v := v.(type) {
	case lua.LString:
		out.BulkString(string(v))
	case lua.LNumber:
		out.Int(int64(v))
	case lua.LBool:
		switch {
		case vm.proto == 3:
			out.Bool(bool(v))
		case bool(v):
			out.Int(1)
		default:
			out.Null()
		}
	case *lua.LTable:
		return vm.writeTable(v, out, depth)
	default:
		out.Null()
	}
	return true
}

// writeTable converts a table: an array up to its first nil, unless one of its
// fields says what else it is.
func (vm *VM) writeTable(t *lua.LTable, out *resp.Writer, depth int) bool {
	if s, ok := t.RawGetString("err").(lua.LString); ok {
		out.Error(oneLine(string(s)))
		return true
	}
	if s, ok := t.RawGetString("ok").(lua.LString); ok {
		out.Simple(oneLine(string(s)))
		return true
	}
	if n, ok := t.RawGetString("double").(lua.LNumber); ok {
		out.Double(float64(n))
		return true
	}
	if m, ok := t.RawGetString("map").(*lua.LTable); ok {
		return vm.writeMap(m, out, depth)
	}
	if s, ok := t.RawGetString("set").(*lua.LTable); ok {
		return vm.writeSet(s, out, depth)
	}
	if s, ok := t.RawGetString("big_number").(lua.LString); ok {
		out.BigNumber(oneLine(string(s)))
		return true
	}
	if s, ok := t.RawGetString("verbatim_string").(*lua.LTable); ok {
		format, text := s.RawGetString("format"), s.RawGetString("string")
		if format.Type() == lua.LTString && text.Type() == lua.LTString {
			out.Verbatim(string(format.(lua.LString)), string(text.(lua.LString)))
			return true
		}
	}
	n := 0
	for t.RawGetInt(n+1) != lua.LNil {
		n++
	}
	out.Array(n)
	for i := range n {
		if !vm.write(t.RawGetInt(i+1), out, depth+1) {
			return false
		}
	}
	return true
}

func (vm *VM) writeMap(m *lua.LTable, out *resp.Writer, depth int) bool {
	n, ok := 0, true
	m.ForEach(func(lua.LValue, lua.LValue) { n++ })
	out.Map(n)
	m.ForEach(func(k, v lua.LValue) { ok = ok && vm.write(k, out, depth+1) && vm.write(v, out, depth+1) })
	return ok
}

func (vm *VM) writeSet(m *lua.LTable, out *resp.Writer, depth int) bool {
	n, ok := 0, true
	m.ForEach(func(lua.LValue, lua.LValue) { n++ })
	out.Set(n)
	m.ForEach(func(k, _ lua.LValue) { ok = ok && vm.write(k, out, depth+1) })
	return ok
}
