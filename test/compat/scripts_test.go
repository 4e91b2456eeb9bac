package compat

import (
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"time"

	"larder/test/compat/harness"
)

// scriptBodies are scripts whose replies must be those of redis-server. Each is
// run with two keys and two arguments.
var scriptBodies = []string{
	`return {KEYS[1], KEYS[2], ARGV[1], ARGV[2], #KEYS, #ARGV}`,
	`return redis.call('set', KEYS[1], ARGV[1])`, `return redis.call('get', KEYS[1])`, `return redis.call('get', KEYS[2])`,
	`redis.call('set', KEYS[2], 1) redis.call('incrby', KEYS[2], 41) return redis.call('get', KEYS[2])`,
	`return redis.call('mget', KEYS[1], 'none', KEYS[2])`, `return redis.call('exists', KEYS[1], KEYS[2], 'none')`,
	`return redis.call('strlen', KEYS[1]) + 0.7`, `local t = {} for i = 1, 5 do t[i] = redis.call('incr', KEYS[2]) end return t`,
	`return redis.pcall('incr', KEYS[1])`, `return redis.pcall('nosuch')`, `return redis.pcall('get')`, `redis.call('incr', KEYS[1])`,
	`redis.call('nosuch')`, `redis.call('get')`, `redis.call('get', 'a', 'b')`, `redis.call('subscribe', 'x')`, `redis.call('multi')`, `redis.call('watch', 'x')`, `redis.call('eval', 'return 1', 0)`,
	`local ok, e = pcall(redis.call, 'incr', KEYS[1]) return {type(ok), type(e), e.err}`, `return {err = 'MYCODE text'}`, `return {err = 'text'}`, `return {ok = 'fine'}`,
	`return redis.error_reply('MYCODE text')`, `return redis.error_reply('-MYCODE text')`, `return redis.status_reply('fine')`, `error('boom')`, `error({err = 'MYCODE boom'})`,
	`return 3.99`, `return -3.99`, `return '3.99'`, `return true`, `return false`, `return nil`, `return {}`, `return {{}, {1, {2}}}`, `return {1, nil, 3}`, `return {a = 1}`,
	`return redis.call('ping')`, `return redis.call('echo', 'x')`, `return redis.call('dbsize')`, `return redis.call('type', KEYS[1])`, `return redis.call('select', 1)`,
	`redis.call('select', 1) redis.call('set', 'other', 'db') redis.call('select', 0) return redis.call('exists', 'other')`,
	`return redis.call('set', KEYS[1], 'v', 'EX', 1000)`, `return redis.call('ttl', KEYS[1]) > 990`, `return redis.call('persist', KEYS[1])`,
	`return redis.call('set', KEYS[1], 'v', 'NX')`, `return type(redis.call('set', KEYS[1], 'v', 'NX'))`, `return redis.call('set', 'undeclared', 1)`, `return redis.call('del', 'undeclared', KEYS[2])`,
	`return redis.sha1hex('abc')`, `return redis.setresp(3)`, `return redis.setresp(4)`, `return redis.log(redis.LOG_DEBUG, 'x')`, `return redis.log('x')`, `return redis.log(9, 'x')`, `return redis.call()`, `return redis.call({})`,
	`x = 1`, `return x`, `string.x = 1`, `setmetatable(_G, {})`, `rawset(_G, 'x', 1)`, `return print`, `return os`, `return tostring(1/3) .. '|' .. tostring(2^31) .. '|' .. tostring(0.1)`,
	`local t = {} for w in string.gmatch('one two', '%a+') do table.insert(t, w) end return t`, `return table.concat({1, 2, 3}, ',')`, `return string.format('%5.2f|%d|%s|%q', 3.14159, 42, 'x', 'a"b')`,
	`return cjson.encode({1, 2, {a = 'x'}})`, `return cjson.encode({a = 1.5})`, `return cjson.decode('{"a":[1,2,3]}').a`, `return cjson.encode(cjson.decode('[1,2.5,"x",null,true,{}]'))`,
	`return cmsgpack.pack({1, 2, 'x', 300, -5, 1.5, true})`, `return cmsgpack.unpack(cmsgpack.pack({a = {1, 2}})).a`, `return struct.pack('>I2Bs', 258, 7, 'abc')`, `return {struct.unpack('>I2Bs', struct.pack('>I2Bs', 258, 7, 'abc'))}`,
	`return {bit.band(0xff, 0x0f), bit.bor(1, 2), bit.bxor(3, 1), bit.lshift(1, 4), bit.rshift(-1, 28), bit.arshift(-16, 2)}`, `return bit.tohex(48879)`,
	`return {double = 3.25}`, `return {map = {a = 1}}`, `return {set = {a = true}}`, `redis.setresp(3) return redis.call('get', 'none')`, `redis.setresp(3) return {true, false}`, `return {true, false, 1}`,
	`return loadstring('return 1 + 1')()`, `return unpack({7, 8, 9})`, `return select('#', 1, 2, 3)`, `return tonumber('0x10')`, `return tonumber('z', 36)`, `return #'abc'`, `return math.floor(2.7) + math.max(1, 5)`,
	"#!lua\nreturn redis.call('get', KEYS[1])", "#!lua flags=no-writes\nreturn redis.call('set', KEYS[1], 1)", "#!lua flags=nosuch\nreturn 1", "#!js\nreturn 1", "#!lua x=y\nreturn 1",
	"\n\nredis.call('incr', KEYS[1])", "local function f() error('deep') end\n\nf()", `return redis.REPL_ALL`, `return redis.set_repl(redis.REPL_ALL)`, `return redis.replicate_commands()`, `return redis.acl_check_cmd('set', 'a', 'b')`,
}

// TestScripts runs the same scripts on both servers, by all ways to call one.
func TestScripts(t *testing.T) {
	for _, proto := range []int{2, 3} {
		r := respPair(t)
		h := harness.History{Family: "scripts", Proto: proto}
		add := func(words ...string) { h.Steps = append(h.Steps, harness.Command(0, words...)) }
		add("SCRIPT", "FLUSH")
		for _, body := range scriptBodies {
			add("EVAL", body, "2", "{k}1", "{k}2", "v1", "v2")
			add("SCRIPT", "LOAD", body)
		}
		for _, body := range scriptBodies[:12] {
			add("EVAL_RO", body, "2", "{k}1", "{k}2", "v1", "v2")
			add("EVALSHA", sha1Of(body), "2", "{k}1", "{k}2", "v1", "v2")
			add("EVALSHA_RO", sha1Of(body), "2", "{k}1", "{k}2", "v1", "v2")
		}
		for _, words := range [][]string{
			{"EVAL", "return 1"}, {"EVAL", "return 1", "x"}, {"EVAL", "return 1", "-1"}, {"EVAL", "return 1", "1"}, {"EVAL", "return 1", "2", "a"}, {"EVAL", "", "0"},
			{"EVALSHA", "nosuch", "0"}, {"EVALSHA", sha1Of("never loaded"), "0"}, {"EVALSHA", sha1Of("never loaded"), "x"},
			{"SCRIPT", "EXISTS", sha1Of(scriptBodies[0]), "x", sha1Of("never loaded")}, {"SCRIPT", "EXISTS"}, {"SCRIPT", "NOSUCH"}, {"SCRIPT", "KILL"},
			{"SCRIPT", "FLUSH", "ASYNC"}, {"SCRIPT", "FLUSH", "x"}, {"SCRIPT", "EXISTS", sha1Of(scriptBodies[0])}, {"SCRIPT", "DEBUG", "NO"}, {"SCRIPT", "DEBUG", "x"},
		} {
			add(words...)
		}
		for _, words := range [][]string{
			{"MULTI"}, {"SET", "n", "1"}, {"EVAL", "redis.call('incr', KEYS[1]) redis.call('set', 'undeclared', 7) return redis.call('dbsize') > 1", "1", "n"}, {"INCR", "n"}, {"EVAL", "error('x')", "0"}, {"EVALSHA", "nosuch", "0"}, {"EXEC"}, {"GET", "undeclared"},
		} {
			add(words...)
		}
		m, err := r.Run(h)
		if err != nil {
			t.Fatal(err)
		}
		if m != nil {
			t.Errorf("RESP%d: %v", proto, m)
		}
	}
}

// TestFunctions does so with libraries of functions.
func TestFunctions(t *testing.T) {
	const lib = "#!lua name=mylib\nlocal function get(keys, args) return redis.call('get', keys[1]) end\n" +
		"redis.register_function{function_name='get', callback=get, flags={'no-writes'}, description='reads'}\n"
	const other = "#!lua name=other\nredis.register_function('set', function(keys, args) return redis.call('set', keys[1], args[1]) end)\n"
	// What redis-server 7.0 answered to FUNCTION DUMP with one library.
	const dumped = "\xf5\xc3@U@Z\x1f#!lua name=l\x0aredis.register_func\x09tion('f', \xe0\x00\x0d\x0ak,a) return \x06@1\x14call('get',k[1]) end)\x0a\x00\x8e\x1c\xe8\x15X(\x97\xf7"
	for _, proto := range []int{2, 3} {
		r := respPair(t)
		h := harness.History{Family: "functions", Proto: proto}
		for _, words := range [][]string{
			{"FUNCTION", "FLUSH"}, {"FUNCTION", "LOAD", lib}, {"FUNCTION", "LOAD", lib}, {"FUNCTION", "LOAD", "REPLACE", lib}, {"FUNCTION", "LOAD", "x", lib}, {"FUNCTION", "LOAD", other}, {"FUNCTION", "LOAD", "REPLACE", "#!lua name=third\nredis.register_function('set', function() end)"},
			{"FCALL", "set", "1", "k", "v"}, {"FCALL", "get", "1", "k"}, {"FCALL_RO", "get", "1", "k"}, {"FCALL_RO", "set", "1", "k", "v"}, {"FCALL", "nosuch", "0"}, {"FCALL", "get", "x"}, {"FCALL", "get", "5", "k"},
			{"FCALL", "get", "-1"}, {"FCALL", "get", "0"}, {"FUNCTION", "LIST", "LIBRARYNAME", "ot*"}, {"FUNCTION", "STATS"}, {"FUNCTION", "DELETE", "other"}, {"FUNCTION", "DUMP"}, {"FUNCTION", "DUMP", "x"}, {"FUNCTION", "RESTORE", dumped}, {"FUNCTION", "RESTORE", dumped, "REPLACE"},
			{"FUNCTION", "RESTORE", dumped, "FLUSH"}, {"FUNCTION", "RESTORE", dumped, "APPEND"}, {"FUNCTION", "RESTORE", dumped, "x"}, {"FUNCTION", "RESTORE", "x"}, {"FUNCTION", "RESTORE", dumped, "APPEND", "x"}, {"FUNCTION", "LIST"}, {"FUNCTION", "LOAD", "REPLACE", lib}, {"FUNCTION", "DELETE", "l"}, {"FUNCTION", "LIST"}, {"FUNCTION", "LIST", "LIBRARYNAME", "my*"}, {"FUNCTION", "LIST", "LIBRARYNAME", "x*"}, {"FUNCTION", "LIST", "WITHCODE"}, {"FUNCTION", "LIST", "x"}, {"FUNCTION", "LIST", "LIBRARYNAME"},
			{"FUNCTION", "STATS"}, {"FUNCTION", "KILL"}, {"FUNCTION", "NOSUCH"}, {"FUNCTION", "DELETE", "nosuch"}, {"FUNCTION", "LOAD", "return 1"}, {"FUNCTION", "LOAD", "#!lua\nreturn 1"}, {"FUNCTION", "LOAD", "#!lua name=a-b\nreturn 1"},
			{"FUNCTION", "LOAD", "#!js name=x\nreturn 1"}, {"FUNCTION", "LOAD", "#!lua name=x y=z\nreturn 1"}, {"FUNCTION", "LOAD", "#!lua name=x\nreturn 1"}, {"FUNCTION", "LOAD", "#!lua name=x\nredis.register_function('get', function() end)"},
			{"FUNCTION", "DELETE", "mylib"}, {"FCALL", "get", "1", "k"}, {"FUNCTION", "LIST"}, {"FUNCTION", "FLUSH", "x"}, {"FUNCTION", "FLUSH", "SYNC"},
		} {
			h.Steps = append(h.Steps, harness.Command(0, words...))
		}
		m, err := r.Run(h)
		if err != nil {
			t.Fatal(err)
		}
		if m != nil {
			t.Errorf("RESP%d: %v", proto, m)
		}
	}
}

func sha1Of(body string) string {
	sum := sha1.Sum([]byte(body))
	return hex.EncodeToString(sum[:])
}

// TestScriptKill ends a script that loops. Others are served meanwhile: it
// holds no key.
func TestScriptKill(t *testing.T) {
	needLarder(t)
	s := startSubject(t)
	looping, other := dial(t, s), dial(t, s)
	ended := make(chan harness.Value, 1)
	go func() {
		v, err := looping.Do("EVAL", "while true do pcall(function() end) end", "0")
		if err != nil {
			t.Error(err)
		}
		ended <- v
	}()
	for deadline := time.Now().Add(streamDeadline); ; {
		v, err := other.Do("SCRIPT", "KILL")
		if err != nil {
			t.Fatal(err)
		}
		if string(v.Str) == "OK" {
			break
		}
		must(t, other, "SET", "a", "1")
		if time.Now().After(deadline) {
			t.Fatal("no script was seen to run")
		}
	}
	if v := <-ended; !strings.Contains(string(v.Raw), "Script killed by user") {
		t.Errorf("the script ends with %s", shown(v.Raw))
	}
}

// TestScriptHoldsNoLoop lets a script hold a key for ever, and others ask for
// what needs all shards, or its shard. They wait; the loops do not.
func TestScriptHoldsNoLoop(t *testing.T) {
	needLarder(t)
	s := startSubject(t)
	ended := make(chan string, 1)
	looping := dial(t, s)
	go func() {
		v, err := looping.Do("EVAL", "redis.call('get', KEYS[1]) while true do end", "1", "a")
		ended <- string(v.Raw) + fmt.Sprint(err)
	}()
	// The key is held when a command on it is not answered any more.
	waiting := dial(t, s)
	for held := false; !held; {
		answered := make(chan struct{})
		go func() {
			_, _ = waiting.Do("GET", "a")
			close(answered)
		}()
		select {
		case <-answered:
		case <-time.After(time.Second):
			held = true
		}
	}
	for _, words := range [][]string{{"DBSIZE"}, {"SCAN", "0"}, {"RANDOMKEY"}, {"WATCH", "a"}, {"DBSIZE"}, {"FLUSHDB"}, {"SET", "a", "1"}, {"MGET", "a", "b"}} {
		c := dial(t, s)
		go func() { _, _ = c.Do(words...) }()
	}
	time.Sleep(50 * time.Millisecond) // for them to arrive; those that come later are no worse off
	for range 8 {
		if v := must(t, dial(t, s), "PING"); string(v.Str) != "PONG" {
			t.Errorf("PING answers %s", shown(v.Raw))
		}
	}
	if v := must(t, dial(t, s), "SCRIPT", "KILL"); string(v.Str) != "OK" {
		t.Errorf("SCRIPT KILL answers %s", shown(v.Raw))
	}
	if reply := <-ended; !strings.Contains(reply, "Script killed by user") {
		t.Errorf("the script ends with %s", reply)
	}
}
