package script

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	lua "github.com/yuin/gopher-lua"

	"larder/protocol/resp"
)

// Libraries of functions, for FUNCTION and FCALL. A library's code runs once
// in each interpreter that calls a function of it and registers its functions
// there. What it keeps in local variables lives in that interpreter: functions
// must not count on it from one call to the next.

// Library is a compiled library. It is never changed.
type Library struct {
	Name      string
	Code      string
	Functions []Function // in the order of registration
	proto     *lua.FunctionProto
}

// Function is what a library has registered.
type Function struct {
	Name        string
	Description string
	Described   bool
	Flags       Flags
}

const (
	// libraryChunk is what errors call the code of a library.
	libraryChunk = "user_function"
	// loadTime bounds how long a library may take to register its functions.
	loadTime = 500 * time.Millisecond
	// maxLoaded is how many libraries an interpreter holds; older ones are
	// those that were replaced.
	maxLoaded = 64
)

var errLoadTime = errors.New("FUNCTION LOAD timeout")

// loader collects what a library registers while its code runs.
type loader struct {
	functions []Function
	callbacks map[string]*lua.LFunction
}

// CompileLibrary compiles the argument of FUNCTION LOAD and finds out what it
// registers. The error is what the client is told.
func CompileLibrary(pool *Pool, code string) (*Library, error) {
	line, rest, _ := strings.Cut(code, "\n")
	name, err := libraryName(line)
	if err != nil {
		return nil, err
	}
	lib := &Library{Name: name, Code: code}
	if lib.proto, err = compile("\n"+rest, libraryChunk); err != nil {
		return nil, fmt.Errorf("ERR Error compiling function: %w", err)
	}
	vm := pool.Get()
	defer pool.Put(vm)
	ctx, cancel := context.WithTimeoutCause(context.Background(), loadTime, errLoadTime)
	defer cancel()
	ld, err := vm.loadLibrary(ctx, lib)
	if err != nil {
		return nil, fmt.Errorf("ERR Error registering functions: %w", err)
	}
	if lib.Functions = ld.functions; len(lib.Functions) == 0 {
		return nil, errors.New("ERR No functions registered")
	}
	return lib, nil
}

// libraryName parses "#!lua name=NAME".
func libraryName(line string) (name string, err error) {
	meta, ok := strings.CutPrefix(line, "#!")
	if !ok {
		return "", errors.New("ERR Missing library metadata")
	}
	words := strings.Fields(meta)
	if len(words) == 0 || !strings.EqualFold(words[0], "lua") {
		return "", fmt.Errorf("ERR Engine '%s' not found", strings.Join(words[:min(1, len(words))], ""))
	}
	for _, word := range words[1:] {
		value, ok := strings.CutPrefix(word, "name=")
		if !ok {
			return "", fmt.Errorf("ERR Invalid metadata value given: %s", word)
		}
		if name != "" {
			return "", errors.New("ERR Invalid metadata value, name argument was given multiple times")
		}
		name = value
	}
	switch {
	case name == "":
		return "", errors.New("ERR Library name was not given")
	case !validName(name):
		return "", errors.New("ERR Library names can only contain letters, numbers, or underscores(_) and must be at least one character long")
	}
	return name, nil
}

func validName(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c != '_' && (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z') {
			return false
		}
	}
	return s != ""
}

// loadLibrary runs a library's code and returns what it has registered.
func (vm *VM) loadLibrary(ctx context.Context, lib *Library) (*loader, error) {
	ld := &loader{callbacks: make(map[string]*lua.LFunction)}
	vm.load = ld
	defer func() { vm.load = nil }()
	vm.l.SetContext(ctx)
	fn := vm.l.NewFunctionFromProto(lib.proto)
	fn.Env = vm.globals
	err := vm.l.CallByParam(lua.P{Fn: fn, Protect: true})
	vm.l.SetTop(0)
	if err == nil {
		return ld, nil
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	var api *lua.ApiError
	if errors.As(err, &api) {
		if t, ok := api.Object.(*lua.LTable); ok {
			return nil, errors.New(strings.TrimPrefix(lua.LVAsString(t.RawGetString("err")), "ERR "))
		}
		return nil, errors.New(oneLine(lua.LVAsString(api.Object)))
	}
	return nil, err
}

// loaded returns the functions of a library in this interpreter.
func (vm *VM) loaded(ctx context.Context, lib *Library) (map[string]*lua.LFunction, error) {
	if functions, ok := vm.libraries[lib]; ok {
		return functions, nil
	}
	ld, err := vm.loadLibrary(ctx, lib)
	if err != nil {
		return nil, err
	}
	if vm.libraries == nil || len(vm.libraries) == maxLoaded {
		vm.libraries = make(map[*Library]map[string]*lua.LFunction)
	}
	vm.libraries[lib] = ld.callbacks
	return ld.callbacks, nil
}

// CallFunction runs a function of a library, as Run runs a script.
func (vm *VM) CallFunction(ctx context.Context, lib *Library, name string, r *Run, out *resp.Writer) {
	functions, err := vm.loaded(ctx, lib)
	if err != nil {
		out.Error("ERR " + oneLine(err.Error()))
		return
	}
	vm.execute(ctx, functions[name], r, name, "@"+libraryChunk, out, func() []lua.LValue {
		return []lua.LValue{vm.stringTable(r.Keys), vm.stringTable(r.Args)}
	})
}

// registerFunction is redis.register_function: a name and a callback, or a
// table of named arguments.
func (vm *VM) registerFunction(l *lua.LState) int {
	if vm.load == nil {
		raise(l, "ERR redis.register_function can only be called on FUNCTION LOAD command")
	}
	var f Function
	var callback *lua.LFunction
	switch t, named := l.Get(1).(*lua.LTable); {
	case l.GetTop() == 1 && named:
		f, callback = namedFunction(l, t)
	case l.GetTop() == 2:
		name, ok := l.Get(1).(lua.LString)
		if !ok {
			raise(l, "ERR first argument to redis.register_function must be a string")
		}
		if callback, ok = l.Get(2).(*lua.LFunction); !ok {
			raise(l, "ERR second argument to redis.register_function must be a function")
		}
		f.Name = string(name)
	case l.GetTop() == 1:
		raise(l, "ERR calling redis.register_function with a single argument is only applicable to Lua table (representing named arguments).")
	default:
		raise(l, "ERR wrong number of arguments to redis.register_function")
	}
	if !validName(f.Name) {
		raise(l, "ERR Library names can only contain letters, numbers, or underscores(_) and must be at least one character long")
	}
	if vm.load.callbacks[f.Name] != nil {
		raise(l, "ERR Function already exists in the library")
	}
	vm.load.functions = append(vm.load.functions, f)
	vm.load.callbacks[f.Name] = callback
	return 0
}

// namedFunction reads the named arguments of redis.register_function.
func namedFunction(l *lua.LState, t *lua.LTable) (f Function, callback *lua.LFunction) {
	t.ForEach(func(k, v lua.LValue) {
		text, isText := v.(lua.LString)
		switch lua.LVAsString(k) {
		case "function_name":
			if !isText {
				raise(l, "ERR function_name argument given to redis.register_function must be a string")
			}
			f.Name = string(text)
		case "description":
			if !isText {
				raise(l, "ERR description argument given to redis.register_function must be a string")
			}
			f.Description, f.Described = string(text), true
		case "callback":
			var ok bool
			if callback, ok = v.(*lua.LFunction); !ok {
				raise(l, "ERR callback argument given to redis.register_function must be a function")
			}
		case "flags":
			list, ok := v.(*lua.LTable)
			if !ok {
				raise(l, "ERR flags argument to redis.register_function must be a table representing function flags")
			}
			f.Flags = functionFlags(l, list)
		default:
			raise(l, "ERR unknown argument given to redis.register_function")
		}
	})
	switch {
	case f.Name == "":
		raise(l, "ERR redis.register_function must get a function name argument")
	case callback == nil:
		raise(l, "ERR redis.register_function must get a callback argument")
	}
	return f, callback
}

func functionFlags(l *lua.LState, list *lua.LTable) (flags Flags) {
	for i := 1; list.RawGetInt(i) != lua.LNil; i++ {
		f, ok := ParseFlag(lua.LVAsString(list.RawGetInt(i)))
		if !ok {
			raise(l, "ERR unknown flag given")
		}
		flags |= f
	}
	return flags
}
