package script

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"larder/protocol/resp"
)

// echoHost answers commands that tests use; "echo3" answers in RESP3.
type echoHost struct{ logged []string }

func (h *echoHost) Call(args [][]byte, proto int) []byte {
	w := resp.Writer{Proto: proto}
	switch string(args[0]) {
	case "fail":
		w.Error("ERR it failed")
	case "ok":
		w.OK()
	case "null":
		w.Null()
	case "list":
		w.Array(3)
		w.Int(1)
		w.BulkString("two")
		w.Null()
	case "map":
		w.Map(1)
		w.BulkString("a")
		w.Double(1.5)
	default:
		w.Array(len(args))
		for _, a := range args {
			w.Bulk(a)
		}
	}
	return w.Buf
}

func (h *echoHost) Aborted() bool         { return false }
func (h *echoHost) Log(_ int, msg string) { h.logged = append(h.logged, msg) }
func (h *echoHost) MayRun(args [][]byte) (may, known bool) {
	return string(args[0]) != "secret", string(args[0]) != "nosuch"
}

var pool Pool

// eval runs a script and returns its reply with CRLF shown as spaces.
func eval(t *testing.T, proto int, body string, args ...string) string {
	t.Helper()
	s, err := Compile(body)
	if err != nil {
		return err.Error()
	}
	r := &Run{Host: &echoHost{}, Proto: proto, Seed: 1}
	for _, a := range args {
		r.Args = append(r.Args, []byte(a))
	}
	out := resp.Writer{Proto: proto}
	vm := pool.Get()
	defer pool.Put(vm)
	vm.Run(context.Background(), s, r, &out)
	text := strings.TrimSpace(strings.ReplaceAll(string(out.Buf), "\r\n", " "))
	return strings.ReplaceAll(text, s.SHA, "SHA")
}

// TestReplies: what scripts answer, as redis-server 7.0 does. Interpreters are
// reused, so a script that changed something for others would show.
func TestReplies(t *testing.T) {
	for _, tc := range []struct{ body, want string }{
		{`return 1.9`, ":1"}, {`return 'x'`, "$1 x"}, {`return {1,2,nil,4}`, "*2 :1 :2"}, {`return true`, ":1"}, {`return false`, "$-1"},
		{`return`, "$-1"}, {`return {ok='fine'}`, "+fine"}, {`return {err='My err'}`, "-My err"}, {`return redis.error_reply('x')`, "-ERR x"},
		{`return redis.status_reply('x')`, "+x"}, {`return redis.sha1hex('')`, "$40 da39a3ee5e6b4b0d3255bfef95601890afd80709"},
		{`return ARGV`, "*2 $1 a $1 b"}, {`return #KEYS`, ":0"}, {`return redis.call('x', 1, 2.5, 'y')`, "*4 $1 x $1 1 $3 2.5 $1 y"},
		{`return redis.call('list')`, "*3 :1 $3 two $-1"}, {`return redis.call('ok')`, "+OK"}, {`return redis.call('null') == false`, ":1"},
		{`return redis.pcall('fail').err`, "$13 ERR it failed"}, {`return type(redis.call('ok').ok)`, "$6 string"},
		{`local ok, e = pcall(redis.call, 'fail') return {tostring(ok), e}`, "*2 $5 false $13 ERR it failed"},
		{`redis.setresp(3) return redis.call('map')`, "*2 $1 a $3 1.5"}, {`redis.setresp(3) return redis.call('null') == nil`, ":1"},
		{`return {double=3.5}`, "$3 3.5"}, {`return {map={a=1}}`, "*2 $1 a :1"}, {`return {big_number='12'}`, "$2 12"},
		{`return {verbatim_string={format='txt',string='hi'}}`, "$2 hi"}, {`return {set={a=true}}`, "*1 $1 a"},
		{`return redis.REDIS_VERSION_NUM > 458751`, ":1"}, {`return redis.acl_check_cmd('get', 'a')`, ":1"}, {`return redis.acl_check_cmd('secret')`, "$-1"},
		{`return tostring(2^53)`, "$18 9.007199254741e+15"}, {`return tostring(1e15)`, "$5 1e+15"}, {`return math.random(1, 1)`, ":1"},
		{`local t = {} for w in string.gmatch('a b', '%a') do t[#t+1] = w end return t`, "*2 $1 a $1 b"},
		{`return loadstring('return 1 + 1')()`, ":2"}, {`return ('x'):rep(3)`, "$3 xxx"}, {`return unpack({7, 8})`, ":7"},
		{`local n = 0 for k in pairs(string) do n = n + 1 end return n`, ":15"}, {`return table.getn({1, 2})`, ":2"},
		{`return select('#', unpack({}, 1, 7000))`, ":7000"}, {`return select('#', string.byte(('x'):rep(9000), 2001, -1))`, ":7000"},
		{`return select('#', unpack({}, 2, 1))`, ":0"}, {`return string.byte('abc', -1)`, ":99"}, {`return select('#', string.byte('abc', 0, 9))`, ":3"},
		{`local co = coroutine.wrap(function() coroutine.yield(5) end) return co()`, ":5"},
	} {
		if got := eval(t, 2, tc.body, "a", "b"); got != tc.want {
			t.Errorf("%s\n got %s\nwant %s", tc.body, got, tc.want)
		}
	}
	for _, tc := range []struct{ body, want string }{
		{`return true`, ":1"}, {`redis.setresp(3) return true`, "#t"}, {`return false`, "_"}, {`redis.setresp(3) return redis.call('map')`, "%1 $1 a ,1.5"},
		{`return {double=3.5}`, ",3.5"}, {`return {set={a=true}}`, "~1 $1 a"}, {`return {big_number='12'}`, "(12"},
	} {
		if got := eval(t, 3, tc.body); got != tc.want {
			t.Errorf("RESP3: %s\n got %s\nwant %s", tc.body, got, tc.want)
		}
	}
}

// TestErrors: the texts of redis-server 7.0.
func TestErrors(t *testing.T) {
	at := func(text string) string { return "-" + text + " script: SHA, on @user_script:1." }
	for _, tc := range []struct{ body, want string }{
		{`x = 1`, at("ERR user_script:1: Attempt to modify a readonly table")},
		{`return x`, at("ERR user_script:1: Script attempted to access nonexistent global variable 'x'")},
		{`string.foo = 1`, at("ERR user_script:1: Attempt to modify a readonly table")},
		{`return print`, at("ERR user_script:1: Script attempted to access nonexistent global variable 'print'")},
		{`return os`, at("ERR user_script:1: Script attempted to access nonexistent global variable 'os'")},
		{`error('boom')`, at("ERR user_script:1: boom")}, {`error({err='My err'})`, "-My err script: SHA, on @user_script:1."},
		{`return unpack({}, 1, 1e9)`, at("ERR user_script:1: too many results to unpack")},
		{`return unpack({}, -1e9, 1e9)`, at("ERR user_script:1: too many results to unpack")},
		{`return string.byte(('x'):rep(9000), 1, -1)`, at("ERR user_script:1: stack overflow (string slice too long)")},
		{`redis.call('fail')`, at("ERR it failed")}, {`return redis.call()`, at("ERR Please specify at least one argument for this redis lib call")},
		{`return redis.call({})`, at("ERR Lua redis lib command arguments must be strings or integers")},
		{`return redis.setresp(4)`, at("ERR RESP version must be 2 or 3.")}, {`return redis.log(1)`, at("ERR redis.log() requires two arguments or more.")},
		{`local t = {} t[1] = t return t`, "-ERR reached lua stack limit"},
		{"\n\nredis.call('fail')", "-ERR it failed script: SHA, on @user_script:3."},
		{`syntax error here`, "ERR Error compiling script (new function): user_script:1: syntax error near 'error'"},
		{"#!lua flags=no-such\nreturn 1", "ERR Unexpected flag in script shebang: no-such"}, {"#!js\n", "ERR Unexpected engine in script shebang: #!js"},
		{`return redis.acl_check_cmd('nosuch')`, at("ERR Invalid command passed to redis.acl_check_cmd()")},
	} {
		if got := eval(t, 2, tc.body); got != tc.want {
			t.Errorf("%s\n got %s\nwant %s", tc.body, got, tc.want)
		}
	}
}

// TestSandbox tries the ways around the read-only tables; none may succeed,
// and a script that runs afterwards finds everything as it was.
func TestSandbox(t *testing.T) {
	for _, body := range []string{
		`rawset(_G, 'x', 1)`, `rawset(string, 'x', 1)`, `setmetatable(_G, {})`, `setmetatable(string, nil)`, `_G.x = 1`, `_G._G = 1`,
		`getmetatable('').__index = nil`, `getmetatable('').__index.x = 1`, `getmetatable('').x = 1`, `rawset(getmetatable(''), 'x', 1)`,
		`table.insert(string, 1)`, `loadstring('x = 1')()`, `local f = load(function() return nil end) f() redis.x = 1`,
		`local t = setmetatable({}, {__metatable = 1}) setmetatable(t, {})`, `KEYS.x.y = 1`, `math.random = nil`, `_VERSION = 1`,
	} {
		if got := eval(t, 2, body); !strings.HasPrefix(got, "-ERR") {
			t.Errorf("%s answers %s, want an error", body, got)
		}
	}
	for range 3 {
		want := "*4 $-1 $7 Lua 5.1 :15 :1"
		check := `local n = 0 for k in pairs(string) do n = n + 1 end return {getmetatable(_G) or false, _VERSION, n, rawget(_G, 'x') == nil and #KEYS == 0 and 1}`
		if got := eval(t, 2, check); got != want {
			t.Fatalf("afterwards a script sees %s, want %s", got, want)
		}
	}
	for _, name := range []string{"dofile", "loadfile", "require", "module", "io", "os", "debug", "package", "newproxy", "getfenv", "setfenv", "channel"} {
		if got := eval(t, 2, "return "+name); !strings.Contains(got, "nonexistent global") {
			t.Errorf("%s is %s, want it to be absent", name, got)
		}
	}
}

// TestLibraries: cjson, cmsgpack, struct and bit as redis-server 7.0 has them.
func TestLibraries(t *testing.T) {
	for _, tc := range []struct{ body, want string }{
		{`return cjson.encode({1, 'a/b', true, cjson.null, {}})`, `$23 [1,"a\/b",true,null,{}]`},
		{`return cjson.encode({a = 0.1})`, `$9 {"a":0.1}`}, {`return cjson.encode({[3] = 1})`, `$13 [null,null,1]`},
		{`return cjson.encode({1e20, 12345678901234, 1/3})`, "$39 [1e+20,12345678901234,0.33333333333333]"},
		{`return cjson.decode('{"a":[1,2,{"b":null}]}').a[3].b == cjson.null`, ":1"}, {`return cjson.decode('[1.5,"\\u0041"]')[2]`, "$1 A"},
		{`return cmsgpack.unpack(cmsgpack.pack({1, -1, 300, 'x', 1.5}))[5] == 1.5`, ":1"},
		{`local p = cmsgpack.pack(1, {a = 1}) return p`, "$5 \x01\x81\xa1a\x01"},
		{`return {cmsgpack.unpack_one(cmsgpack.pack(1, 2))}`, "*2 :1 :1"}, {`return {cmsgpack.unpack_limit(cmsgpack.pack(1, 2), 5)}`, "*3 :-1 :1 :2"},
		{`return struct.pack('>I2hB', 1, -2, 3)`, "$5 \x00\x01\xff\xfe\x03"}, {`return struct.pack('<I2', -2)`, "$2 \xfe\xff"}, {`return struct.size('!8Bi')`, ":8"},
		{`return {struct.unpack('<Bc0s', '\2abxyz\0')}`, "*3 $2 ab $3 xyz :8"},
		{`return {bit.band(5, 3), bit.bor(5, 3), bit.bxor(5, 3), bit.bnot(0), bit.lshift(1, 31), bit.arshift(-8, 1), bit.rol(1, 33)}`,
			"*7 :1 :7 :6 :-1 :-2147483648 :-4 :2"},
		{`return {bit.tohex(255), bit.tohex(255, -4), bit.tobit(2^32 + 5), bit.bswap(1)}`, "*4 $8 000000ff $4 00FF :5 :16777216"},
	} {
		if got := eval(t, 2, tc.body); got != tc.want {
			t.Errorf("%s\n got %q\nwant %q", tc.body, got, tc.want)
		}
	}
	for _, body := range []string{`cjson.encode(0/0)`, `cjson.encode(print)`, `cjson.decode('{')`, `cjson.decode('[1] x')`, `cjson.encode({[1]=1,[1000]=2})`,
		`cmsgpack.unpack('\220')`, `cmsgpack.unpack('\193')`, `struct.unpack('i', 'a')`, `struct.pack('q', 1)`, `local t = {} t.t = t cjson.encode(t)`} {
		if got := eval(t, 2, body); !strings.HasPrefix(got, "-ERR") {
			t.Errorf("%s answers %q, want an error", body, got)
		}
	}
}

// TestKill ends a script that catches errors.
func TestKill(t *testing.T) {
	s, err := Compile(`while true do pcall(function() while true do end end) end`)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	time.AfterFunc(5*time.Millisecond, func() { cancel(errors.New("killed")) })
	vm := pool.Get()
	out := resp.Writer{Proto: 2}
	vm.Run(ctx, s, &Run{Host: &echoHost{}}, &out)
	if got := string(out.Buf); !strings.Contains(got, "Killed") {
		t.Errorf("the reply is %q", got)
	}
	pool.Put(vm)
	if got := eval(t, 2, `return 1`); got != ":1" {
		t.Errorf("the next script answers %s", got)
	}
}

// TestFunctions loads a library and calls it in two interpreters.
func TestFunctions(t *testing.T) {
	lib, err := CompileLibrary(&pool, "#!lua name=lib\nlocal function f(keys, args) return {keys[1], args[1]} end\n"+
		"redis.register_function('f', f)\nredis.register_function{function_name='g', callback=function() return redis.call('ok') end, flags={'no-writes'}, description='d'}")
	if err != nil {
		t.Fatal(err)
	}
	if len(lib.Functions) != 2 || lib.Functions[1] != (Function{"g", "d", true, NoWrites}) {
		t.Errorf("functions are %+v", lib.Functions)
	}
	for range 2 {
		vm := newVM()
		out := resp.Writer{Proto: 2}
		vm.CallFunction(context.Background(), lib, "f", &Run{Host: &echoHost{}, Keys: [][]byte{[]byte("k")}, Args: [][]byte{[]byte("a")}}, &out)
		vm.CallFunction(context.Background(), lib, "g", &Run{Host: &echoHost{}}, &out)
		if got := strings.ReplaceAll(string(out.Buf), "\r\n", " "); got != "*2 $1 k $1 a +OK " {
			t.Errorf("the functions answer %q", got)
		}
	}
	for code, want := range map[string]string{
		"return 1":                        "ERR Missing library metadata",
		"#!lua\n":                         "ERR Library name was not given",
		"#!js name=x\n":                   "ERR Engine 'js' not found",
		"#!lua name=x\nreturn 1":          "ERR No functions registered",
		"#!lua name=x\nredis.call('ok')":  "ERR Error registering functions: ",
		"#!lua name=x\nwhile true do end": "ERR Error registering functions: FUNCTION LOAD timeout",
		"#!lua name=x\nreturn (":          "ERR Error compiling function: ",
		"#!lua name=a-b\n":                "ERR Library names can only contain",
	} {
		if _, err := CompileLibrary(&pool, code); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: the error is %v, want %s", code, err, want)
		}
	}
}
