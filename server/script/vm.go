package script

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"

	lua "github.com/yuin/gopher-lua"

	"larder/protocol/resp"
)

// Host is what a script can reach of the server. All calls come from the
// goroutine that runs the script.
type Host interface {
	// Call runs a command and returns its reply, in RESP of version proto. A
	// reply that begins with '-' is an error. The bytes are valid until the
	// next call.
	Call(args [][]byte, proto int) []byte
	// Aborted tells that the run is to end whatever the script makes of it,
	// because it will be repeated.
	Aborted() bool
	// Log writes a message of one of the four levels of redis.LOG_*.
	Log(level int, msg string)
	// MayRun answers redis.acl_check_cmd: whether the user may run the command;
	// known is false for one that does not exist.
	MayRun(args [][]byte) (may, known bool)
}

// Run is one execution of a script.
type Run struct {
	Host Host
	Keys [][]byte
	Args [][]byte
	// Proto is the client's version of RESP.
	Proto int
	// Seed starts math.random: the same seed gives the same numbers.
	Seed uint64
}

const (
	// vmCallDepth bounds calls that are not finished, as Lua 5.1 in C does.
	vmCallDepth = 200
	// vmRegistry is how many values an interpreter has room for at first,
	// vmRegistryMax how many at most.
	vmRegistry    = 1 << 10
	vmRegistryMax = 1 << 20
	// maxReplyDepth bounds how deep tables of a reply are nested.
	maxReplyDepth = 1000
)

// VM is an interpreter. One goroutine uses it at a time.
type VM struct {
	l       *lua.LState
	globals *lua.LTable // what scripts see as _G: empty, it shows names
	names   *lua.LTable // the globals
	guarded map[*lua.LTable]bool
	run     *Run
	proto   int // version of RESP that redis.setresp has chosen
	rand    random
	scratch [][]byte
	load    *loader // while a library of functions is being loaded

	libraries map[*Library]map[string]*lua.LFunction // that have been loaded here
}

// Pool keeps interpreters for reuse: one costs about 0.2 ms to make.
type Pool struct{ vms sync.Pool }

// Get borrows an interpreter.
func (p *Pool) Get() *VM {
	if vm, ok := p.vms.Get().(*VM); ok {
		return vm
	}
	return newVM()
}

// Put gives an interpreter back.
func (p *Pool) Put(vm *VM) {
	vm.run = nil
	vm.l.RemoveContext()
	p.vms.Put(vm)
}

func newVM() *VM {
	vm := &VM{guarded: make(map[*lua.LTable]bool)}
	vm.l = lua.NewState(lua.Options{SkipOpenLibs: true, CallStackSize: vmCallDepth, RegistrySize: vmRegistry,
		RegistryMaxSize: vmRegistryMax, RegistryGrowStep: 64 << 10, MinimizeStackMemory: true})
	vm.openLibraries()
	return vm
}

// Run executes a script and writes its reply, which is an error if it failed.
// It ends early with an error when ctx is done.
func (vm *VM) Run(ctx context.Context, s *Script, r *Run, out *resp.Writer) {
	fn := vm.l.NewFunctionFromProto(s.proto)
	fn.Env = vm.globals
	vm.execute(ctx, fn, r, s.SHA, "@"+chunkName, out, func() []lua.LValue {
		vm.setArgs(vm.stringTable(r.Keys), vm.stringTable(r.Args))
		return nil
	})
}

// execute calls fn and writes its reply. name is what errors call it: the
// digest of a script or the name of a function, source where it stands.
func (vm *VM) execute(ctx context.Context, fn *lua.LFunction, r *Run, name, source string, out *resp.Writer, args func() []lua.LValue) {
	vm.run, vm.proto = r, 2
	vm.rand.seed(r.Seed)
	vm.l.SetContext(ctx)
	vm.l.SetTop(0)
	mark := len(out.Buf)
	err := vm.l.CallByParam(lua.P{Fn: fn, NRet: 1, Protect: true}, args()...)
	if err != nil {
		out.Buf = out.Buf[:mark]
		out.Error(vm.errorText(err, name, source))
	} else {
		vm.writeReply(vm.l.Get(-1), out, mark)
	}
	vm.l.SetTop(0)
	vm.setArgs(lua.LNil, lua.LNil)
}

// setArgs makes KEYS and ARGV what a script sees.
func (vm *VM) setArgs(keys, args lua.LValue) {
	vm.names.RawSetString("KEYS", keys)
	vm.names.RawSetString("ARGV", args)
}

// stringTable makes a table of strings.
func (vm *VM) stringTable(list [][]byte) *lua.LTable {
	t := vm.l.CreateTable(len(list), 0)
	for _, b := range list {
		t.Append(lua.LString(b))
	}
	return t
}

// callError is an error that redis.call has raised, or error with a table.
// Its text is told to the client without "ERR" before it.
func callError(l *lua.LState, text string) *lua.LTable {
	t := l.CreateTable(0, 3)
	t.RawSetString("err", lua.LString(text))
	source, line, _ := strings.Cut(strings.TrimSuffix(strings.TrimSpace(l.Where(1)), ":"), ":")
	t.RawSetString("source", lua.LString("@"+source))
	t.RawSetString("line", lua.LString(line))
	return t
}

// errorText is what the client is told of a script that failed.
func (vm *VM) errorText(err error, name, source string) string {
	var api *lua.ApiError
	if !errors.As(err, &api) {
		return "ERR " + oneLine(err.Error())
	}
	if ctxErr := vm.l.Context().Err(); ctxErr != nil {
		why := context.Cause(vm.l.Context()).Error()
		return fmt.Sprintf("ERR %s%s... script: %s, on %s:1.", strings.ToUpper(why[:1]), why[1:], name, source)
	}
	if t, ok := api.Object.(*lua.LTable); ok {
		text := lua.LVAsString(t.RawGetString("err"))
		if text == "" {
			text = "ERR unknown error"
		}
		if s := lua.LVAsString(t.RawGetString("source")); s != "" {
			source = s
		}
		return fmt.Sprintf("%s script: %s, on %s:%s.", oneLine(text), name, source, lineOf(t))
	}
	text := lua.LVAsString(api.Object)
	if text == "" {
		text = strings.TrimSpace(err.Error())
	}
	text = oneLine(text)
	return fmt.Sprintf("ERR %s script: %s, on %s:%s.", text, name, source, lineIn(text, strings.TrimPrefix(source, "@")))
}

// lineOf is the line that an error table names.
func lineOf(t *lua.LTable) string {
	if line := lua.LVAsString(t.RawGetString("line")); line != "" {
		return line
	}
	return "1"
}

// lineIn finds "source:LINE:" in an error's text.
func lineIn(text, source string) string {
	_, rest, ok := strings.Cut(text, source+":")
	line, _, _ := strings.Cut(rest, ":")
	if _, err := strconv.Atoi(line); !ok || err != nil {
		return "1"
	}
	return line
}

// oneLine keeps what an error reply cannot hold out of it.
func oneLine(s string) string {
	s, _, _ = strings.Cut(s, "\nstack traceback:")
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == '\r' || r == '\n' }), " ")
}

// random is the generator behind math.random: a linear congruential one of 48
// bits, like drand48, so that it costs nothing to seed for each run.
type random struct{ x uint64 }

func (r *random) seed(n uint64) { r.x = n<<16 | 0x330e }

// next returns a number in [0, 1).
func (r *random) next() float64 {
	r.x = (r.x*0x5deece66d + 0xb) & (1<<48 - 1)
	return float64(r.x>>17) / (1 << 31)
}
