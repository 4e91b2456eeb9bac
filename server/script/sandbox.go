package script

import (
	lua "github.com/yuin/gopher-lua"
)

// The sandbox: a table of globals and libraries that scripts read and cannot
// change. gopher-lua has no read-only tables, so a script gets an empty table
// in the place of each library, whose metatable leads to the real one and
// refuses writes; the functions that work around metatables refuse these
// tables.

const (
	errReadOnly = "Attempt to modify a readonly table"
	errNoGlobal = "Script attempted to access nonexistent global variable '%s'"
)

// library is a global table of functions and constants.
type library struct {
	name   string
	funcs  map[string]lua.LGFunction
	values map[string]lua.LValue
}

// baseGlobals are the functions of Lua's base library that scripts may use.
var baseGlobals = []string{"assert", "collectgarbage", "error", "getmetatable", "ipairs", "load", "loadstring", "next",
	"pairs", "pcall", "rawequal", "rawget", "rawset", "select", "setmetatable", "tonumber", "tostring", "type", "unpack", "xpcall"}

// openLibraries makes the globals of a new interpreter.
func (vm *VM) openLibraries() {
	l := vm.l
	for _, open := range []lua.LGFunction{lua.OpenBase, lua.OpenTable, lua.OpenString, lua.OpenMath, lua.OpenCoroutine} {
		l.Push(l.NewFunction(open))
		l.Call(0, 0)
	}
	real := l.G.Global
	globals := l.NewTable()
	vm.names = globals
	for _, name := range baseGlobals {
		globals.RawSetString(name, real.RawGetString(name))
	}
	globals.RawSetString("_VERSION", lua.LString("Lua 5.1"))
	vm.replaceBase(globals)
	for _, name := range []string{"string", "table", "math", "coroutine"} {
		t := real.RawGetString(name).(*lua.LTable)
		vm.amend(name, t)
		globals.RawSetString(name, vm.readOnly(t))
	}
	for _, lib := range []library{vm.redisLibrary(), cjsonLibrary(), msgpackLibrary(), structLibrary(), bitLibrary()} {
		t := l.NewTable()
		l.SetFuncs(t, lib.funcs)
		for name, v := range lib.values {
			t.RawSetString(name, v)
		}
		globals.RawSetString(lib.name, vm.readOnly(t))
	}
	vm.guardStrings(globals.RawGetString("string"))
	vm.globals = vm.readOnly(globals)
	globals.RawSetString("_G", vm.globals)
	absent := l.NewTable()
	absent.RawSetString("__index", l.NewFunction(func(l *lua.LState) int {
		l.RaiseError(errNoGlobal, lua.LVAsString(l.ToStringMeta(l.Get(2))))
		return 0
	}))
	globals.Metatable = absent
	l.G.Global = vm.globals
	l.Env = vm.globals
}

func refuseWrite(l *lua.LState) int {
	l.RaiseError(errReadOnly)
	return 0
}

// readOnly returns a table that shows what t holds and cannot be written to.
func (vm *VM) readOnly(t *lua.LTable) *lua.LTable {
	shown := vm.l.NewTable()
	meta := vm.l.NewTable()
	meta.RawSetString("__index", t)
	meta.RawSetString("__newindex", vm.l.NewFunction(refuseWrite))
	meta.RawSetString("__metatable", lua.LFalse)
	// next and pairs walk what lies in the table itself; replaceBase makes them
	// walk this.
	meta.RawSetString("__shows", t)
	shown.Metatable = meta
	vm.guarded[shown] = true
	return shown
}

// guardStrings makes the methods of strings come from the read-only library.
func (vm *VM) guardStrings(shown lua.LValue) {
	meta := vm.l.NewTable()
	meta.RawSetString("__index", shown)
	vm.guarded[meta] = true
	vm.l.SetMetatable(lua.LString(""), meta)
	readable := vm.l.NewTable()
	readable.RawSetString("__index", shown)
	meta.RawSetString("__metatable", vm.readOnly(readable))
}

// shownBy returns the table that a read-only one stands for, or t itself.
func (vm *VM) shownBy(t *lua.LTable) *lua.LTable {
	if meta, ok := t.Metatable.(*lua.LTable); ok && vm.guarded[t] {
		if inner, ok := meta.RawGetString("__shows").(*lua.LTable); ok {
			return inner
		}
	}
	return t
}

// replaceBase replaces the functions of the base library that pass by
// metatables, or that are not as in Lua 5.1 in C.
func (vm *VM) replaceBase(globals *lua.LTable) {
	l := vm.l
	set := func(name string, f lua.LGFunction) { globals.RawSetString(name, l.NewFunction(f)) }
	set("rawset", func(l *lua.LState) int {
		t := l.CheckTable(1)
		if vm.guarded[t] {
			l.Error(lua.LString(errReadOnly), 0)
		}
		t.RawSet(l.CheckAny(2), l.CheckAny(3))
		l.SetTop(1)
		return 1
	})
	unpack := globals.RawGetString("unpack").(*lua.LFunction).GFunction
	set("unpack", func(l *lua.LState) int {
		from := l.OptInt(2, 1)
		if to := l.OptInt(3, l.CheckTable(1).Len()); to >= from && uint(to)-uint(from) >= maxResults {
			l.RaiseError("too many results to unpack")
		}
		return unpack(l)
	})
	set("rawget", func(l *lua.LState) int {
		l.Push(vm.shownBy(l.CheckTable(1)).RawGet(l.CheckAny(2)))
		return 1
	})
	set("setmetatable", func(l *lua.LState) int {
		t := l.CheckTable(1)
		if vm.guarded[t] {
			l.Error(lua.LString(errReadOnly), 0)
		}
		meta := l.CheckAny(2)
		if meta != lua.LNil && meta.Type() != lua.LTTable {
			l.ArgError(2, "nil or table expected")
		}
		if old, ok := t.Metatable.(*lua.LTable); ok && old.RawGetString("__metatable") != lua.LNil {
			l.RaiseError("cannot change a protected metatable")
		}
		t.Metatable = meta
		l.SetTop(1)
		return 1
	})
	set("getmetatable", func(l *lua.LState) int {
		v := l.CheckAny(1)
		if t, ok := v.(*lua.LTable); ok && vm.guarded[t] {
			l.Push(lua.LNil)
			return 1
		}
		meta := l.GetMetatable(v)
		if t, ok := meta.(*lua.LTable); ok {
			if shown := t.RawGetString("__metatable"); shown != lua.LNil {
				meta = shown
			}
		}
		l.Push(meta)
		return 1
	})
	vm.replaceWalks(globals)
	set("gcinfo", func(l *lua.LState) int { l.Push(lua.LNumber(0)); return 1 })
	set("collectgarbage", func(l *lua.LState) int { l.Push(lua.LNumber(0)); return 1 })
	set("tostring", func(l *lua.LState) int {
		if n, ok := l.CheckAny(1).(lua.LNumber); ok {
			l.Push(lua.LString(appendG(nil, float64(n), jsonPrecision)))
		} else {
			l.Push(l.ToStringMeta(l.Get(1)))
		}
		return 1
	})
	pcall := globals.RawGetString("pcall").(*lua.LFunction).GFunction
	set("pcall", func(l *lua.LState) int {
		n := pcall(l)
		// An error of a command is shown as its text.
		if t, ok := l.Get(-1).(*lua.LTable); ok && n == 2 && l.Get(-2) == lua.LFalse {
			if text, ok := t.RawGetString("err").(lua.LString); ok {
				l.Pop(1)
				l.Push(text)
			}
		}
		return n
	})
	set("load", vm.loadFunction)
	set("loadstring", func(l *lua.LState) int {
		return vm.loadCode(l, l.CheckString(1), l.OptString(2, "string"))
	})
}

// replaceWalks makes next and pairs walk what a read-only table shows.
func (vm *VM) replaceWalks(globals *lua.LTable) {
	l := vm.l
	step := l.NewFunction(func(l *lua.LState) int {
		k, v := vm.shownBy(l.CheckTable(1)).Next(l.Get(2))
		if k == lua.LNil {
			l.Push(lua.LNil)
			return 1
		}
		l.Push(k)
		l.Push(v)
		return 2
	})
	globals.RawSetString("next", step)
	globals.RawSetString("pairs", l.NewFunction(func(l *lua.LState) int {
		l.Push(step)
		l.Push(l.CheckTable(1))
		l.Push(lua.LNil)
		return 3
	}))
}

// loadFunction is load: the code comes from a function, in pieces.
func (vm *VM) loadFunction(l *lua.LState) int {
	from, name := l.CheckFunction(1), l.OptString(2, "load")
	code := ""
	for {
		l.Push(from)
		l.Call(0, 1)
		piece := l.Get(-1)
		l.Pop(1)
		text, ok := piece.(lua.LString)
		if !ok || text == "" {
			break
		}
		code += string(text)
	}
	return vm.loadCode(l, code, name)
}

func (vm *VM) loadCode(l *lua.LState, code, name string) int {
	proto, err := compile(code, name)
	if err != nil {
		l.Push(lua.LNil)
		l.Push(lua.LString(err.Error()))
		return 2
	}
	fn := l.NewFunctionFromProto(proto)
	fn.Env = vm.globals
	l.Push(fn)
	return 1
}

// amend makes a library of gopher-lua hold what Lua 5.1 in C has.
func (vm *VM) amend(name string, t *lua.LTable) {
	l := vm.l
	switch name {
	case "math":
		t.RawSetString("random", l.NewFunction(vm.mathRandom))
		t.RawSetString("randomseed", l.NewFunction(func(l *lua.LState) int {
			vm.rand.seed(uint64(int64(l.CheckNumber(1))))
			return 0
		}))
	case "table":
		for _, name := range []string{"insert", "remove", "sort"} {
			change := t.RawGetString(name).(*lua.LFunction).GFunction
			t.RawSetString(name, l.NewFunction(func(l *lua.LState) int {
				if vm.guarded[l.CheckTable(1)] {
					l.RaiseError(errReadOnly)
				}
				return change(l)
			}))
		}
		t.RawSetString("foreach", l.NewFunction(func(l *lua.LState) int { return each(l, vm.shownBy(l.CheckTable(1)).Next) }))
		t.RawSetString("foreachi", l.NewFunction(func(l *lua.LState) int {
			list := l.CheckTable(1)
			return each(l, func(k lua.LValue) (lua.LValue, lua.LValue) {
				i := 1
				if n, ok := k.(lua.LNumber); ok {
					i = int(n) + 1
				}
				if i > list.Len() {
					return lua.LNil, lua.LNil
				}
				return lua.LNumber(i), list.RawGetInt(i)
			})
		}))
	case "string":
		t.RawSetString("__index", lua.LNil)
		t.RawSetString("gfind", t.RawGetString("gmatch"))
		t.RawSetString("byte", l.NewFunction(stringByte))
		rep := t.RawGetString("rep").(*lua.LFunction).GFunction
		t.RawSetString("rep", l.NewFunction(func(l *lua.LState) int {
			if n := l.CheckInt(2); n > 0 && len(l.CheckString(1)) > maxString/n {
				l.RaiseError("resulting string too large")
			}
			return rep(l)
		}))
	}
}

// maxResults is how many values a function of a library may return, as in C.
const maxResults = 8000

// stringByte is string.byte, whose namesake in gopher-lua knows no index 0.
func stringByte(l *lua.LState) int {
	s, from := l.CheckString(1), l.OptInt(2, 1)
	to := min(place(l.OptInt(3, from), len(s)), len(s))
	from = max(place(from, len(s)), 1)
	if to-from >= maxResults {
		l.RaiseError("stack overflow (string slice too long)")
	}
	for i := from; i <= to; i++ {
		l.Push(lua.LNumber(s[i-1]))
	}
	return max(to-from+1, 0)
}

// place is where an index of a string of n bytes points that may count from the
// end.
func place(i, n int) int {
	if i < 0 {
		return max(n+i+1, 0)
	}
	return i
}

// maxString bounds the strings that string.rep makes, in bytes.
const maxString = 512 << 20

// each calls a function for the elements that next yields, until it returns
// something.
func each(l *lua.LState, next func(lua.LValue) (lua.LValue, lua.LValue)) int {
	f := l.CheckFunction(2)
	for k, v := next(lua.LNil); k != lua.LNil; k, v = next(k) {
		l.Push(f)
		l.Push(k)
		l.Push(v)
		l.Call(2, 1)
		if l.Get(-1) != lua.LNil {
			return 1
		}
		l.Pop(1)
	}
	return 0
}

// mathRandom is math.random with the numbers that follow from the run's seed.
func (vm *VM) mathRandom(l *lua.LState) int {
	x := vm.rand.next()
	switch l.GetTop() {
	case 0:
		l.Push(lua.LNumber(x))
		return 1
	case 1:
		n := l.CheckInt64(1)
		if n < 1 {
			l.ArgError(1, "interval is empty")
		}
		l.Push(lua.LNumber(int64(x*float64(n)) + 1))
		return 1
	}
	lo, hi := l.CheckInt64(1), l.CheckInt64(2)
	if lo > hi {
		l.ArgError(2, "interval is empty")
	}
	l.Push(lua.LNumber(int64(x*float64(hi-lo+1)) + lo))
	return 1
}
