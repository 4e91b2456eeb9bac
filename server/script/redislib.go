package script

import (
	"math"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// The library redis: what scripts do to the server.

// Levels of redis.log.
const (
	LogDebug = iota
	LogVerbose
	LogNotice
	LogWarning
)

func (vm *VM) redisLibrary() library {
	return library{
		name: "redis",
		funcs: map[string]lua.LGFunction{
			"call":               func(l *lua.LState) int { return vm.call(l, true) },
			"pcall":              func(l *lua.LState) int { return vm.call(l, false) },
			"log":                vm.log,
			"sha1hex":            sha1hex,
			"error_reply":        errorReply,
			"status_reply":       statusReply,
			"setresp":            vm.setResp,
			"acl_check_cmd":      vm.aclCheck,
			"set_repl":           func(l *lua.LState) int { l.CheckInt(1); return 0 },
			"replicate_commands": func(l *lua.LState) int { l.Push(lua.LTrue); return 1 },
			"breakpoint":         func(l *lua.LState) int { l.Push(lua.LFalse); return 1 },
			"debug":              func(*lua.LState) int { return 0 },
			"register_function":  vm.registerFunction,
		},
		values: map[string]lua.LValue{
			"LOG_DEBUG": lua.LNumber(LogDebug), "LOG_VERBOSE": lua.LNumber(LogVerbose),
			"LOG_NOTICE": lua.LNumber(LogNotice), "LOG_WARNING": lua.LNumber(LogWarning),
			"REPL_NONE": lua.LNumber(0), "REPL_AOF": lua.LNumber(1), "REPL_SLAVE": lua.LNumber(2),
			"REPL_REPLICA": lua.LNumber(2), "REPL_ALL": lua.LNumber(3),
			"REDIS_VERSION": lua.LString(redisVersion), "REDIS_VERSION_NUM": lua.LNumber(redisVersionNum),
		},
	}
}

// The version of Redis that scripts are told.
const (
	redisVersion    = "7.2.4"
	redisVersionNum = 0x070204
)

// raise ends a function with an error that names itself to the client.
func raise(l *lua.LState, text string) {
	l.Error(callError(l, text), 0)
}

// call is redis.call and redis.pcall: an error of the command is raised, or
// returned as {err=}.
func (vm *VM) call(l *lua.LState, throw bool) int {
	if vm.load != nil {
		raise(l, "ERR redis.call can not be used while a library is loaded; call it in a function")
	}
	n := l.GetTop()
	if n == 0 {
		raise(l, "ERR Please specify at least one argument for this redis lib call")
	}
	vm.scratch = vm.scratch[:0]
	for i := 1; i <= n; i++ {
		switch v := l.Get(i).(type) {
		case lua.LString:
			vm.scratch = append(vm.scratch, []byte(v))
		case lua.LNumber:
			vm.scratch = append(vm.scratch, appendNumber(nil, float64(v)))
		default:
			raise(l, "ERR Lua redis lib command arguments must be strings or integers")
		}
	}
	reply := vm.run.Host.Call(vm.scratch, vm.proto)
	if vm.run.Host.Aborted() {
		raise(l, "ERR the run is repeated")
	}
	if throw && reply[0] == '-' {
		raise(l, string(reply[1:len(reply)-2]))
	}
	v, _ := vm.toLua(reply)
	l.Push(v)
	return 1
}

// appendNumber prints a number as an argument: integers without a fraction,
// others with up to 17 digits.
func appendNumber(dst []byte, f float64) []byte {
	if f == math.Trunc(f) && math.Abs(f) < 1<<63 {
		return strconv.AppendInt(dst, int64(f), 10)
	}
	return strconv.AppendFloat(dst, f, 'g', 17, 64)
}

func (vm *VM) log(l *lua.LState) int {
	if l.GetTop() < 2 {
		raise(l, "ERR redis.log() requires two arguments or more.")
	}
	level, ok := l.Get(1).(lua.LNumber)
	if !ok {
		raise(l, "ERR First argument must be a number (log level).")
	}
	if level < LogDebug || level > LogWarning {
		raise(l, "ERR Invalid debug level.")
	}
	text := ""
	for i := 2; i <= l.GetTop(); i++ {
		if i > 2 {
			text += " "
		}
		text += lua.LVAsString(l.Get(i))
	}
	if vm.run != nil {
		vm.run.Host.Log(int(level), text)
	}
	return 0
}

func sha1hex(l *lua.LState) int {
	if l.GetTop() != 1 {
		raise(l, "ERR wrong number of arguments")
	}
	l.Push(lua.LString(SHA1([]byte(lua.LVAsString(l.Get(1))))))
	return 1
}

// errorReply makes {err=}. A single word gets an error code before it.
func errorReply(l *lua.LState) int {
	text, ok := l.Get(1).(lua.LString)
	if l.GetTop() != 1 || !ok {
		raise(l, "ERR wrong number or type of arguments")
	}
	text = lua.LString(strings.TrimPrefix(string(text), "-"))
	if !strings.Contains(string(text), " ") {
		text = "ERR " + text
	}
	t := l.NewTable()
	t.RawSetString("err", text)
	l.Push(t)
	return 1
}

func statusReply(l *lua.LState) int {
	text, ok := l.Get(1).(lua.LString)
	if l.GetTop() != 1 || !ok {
		raise(l, "ERR wrong number or type of arguments")
	}
	t := l.NewTable()
	t.RawSetString("ok", text)
	l.Push(t)
	return 1
}

func (vm *VM) setResp(l *lua.LState) int {
	if l.GetTop() != 1 {
		raise(l, "ERR redis.setresp() requires one argument.")
	}
	n, ok := l.Get(1).(lua.LNumber)
	if !ok || n != 2 && n != 3 {
		raise(l, "ERR RESP version must be 2 or 3.")
	}
	vm.proto = int(n)
	return 0
}

func (vm *VM) aclCheck(l *lua.LState) int {
	if l.GetTop() == 0 {
		raise(l, "ERR Please specify at least one argument for this redis.acl_check_cmd() call")
	}
	var args [][]byte
	for i := 1; i <= l.GetTop(); i++ {
		switch l.Get(i).Type() {
		case lua.LTString, lua.LTNumber:
			args = append(args, []byte(lua.LVAsString(l.Get(i))))
		default:
			raise(l, "ERR redis.acl_check_cmd() arguments must be strings or integers")
		}
	}
	may, known := vm.run.Host.MayRun(args)
	if !known {
		raise(l, "ERR Invalid command passed to redis.acl_check_cmd()")
	}
	l.Push(lua.LBool(may))
	return 1
}
