package main

import (
	"github.com/gomodule/redigo/redis"

	"larder/test/clients/go/check"
)

func transactions() {
	check.OK("Send", c.Send("MULTI"))
	check.OK("Send", c.Send("SET", "a", 1))
	check.OK("Send", c.Send("INCR", "a"))
	reply(arr{"OK", int64(2)}, "EXEC")

	status("MULTI")
	text("QUEUED", "SET", "word", "x")
	text("QUEUED", "INCR", "word")
	text("QUEUED", "SET", "after", 1)
	replies := check.Must(redis.Values(c.Do("EXEC")))
	bad, _ := replies[1].(redis.Error)
	check.Error("the bad command", bad, "ERR value is not an integer")
	text("1", "GET", "after")

	status("MULTI")
	fails("ERR MULTI calls can not be nested", "MULTI")
	fails("ERR unknown command", "NOSUCHCOMMAND")
	fails("EXECABORT", "EXEC")
	fails("ERR EXEC without MULTI", "EXEC")

	status("MULTI")
	text("QUEUED", "SET", "never", 1)
	status("DISCARD")
	integer(0, "EXISTS", "never")

	status("WATCH", "a")
	status("MULTI")
	text("QUEUED", "INCR", "a")
	reply(arr{int64(3)}, "EXEC")
	status("WATCH", "a", "b")
	_, err := other.Do("SET", "b", 1)
	check.OK("SET by the other", err)
	status("MULTI")
	text("QUEUED", "INCR", "a")
	null("EXEC")
	text("3", "GET", "a")
}

func scripts() {
	swap := redis.NewScript(2, `
		local a = redis.call('GET', KEYS[1])
		redis.call('SET', KEYS[1], redis.call('GET', KEYS[2]))
		redis.call('SET', KEYS[2], a)
		return ARGV[1]`)
	status("MSET", "x", 1, "y", 2)
	check.Same("EVALSHA, then EVAL", check.Must(redis.String(swap.Do(c, "x", "y", "done"))), "done")
	check.OK("SCRIPT LOAD", swap.Load(c))
	check.OK("SendHash", swap.SendHash(c, "x", "y", "again"))
	check.OK("Flush", c.Flush())
	check.Same("EVALSHA", check.Must(redis.String(c.Receive())), "again")
	list([]string{"1", "2"}, "MGET", "x", "y")
	reply(arr{int64(1), int64(0)}, "SCRIPT", "EXISTS", swap.Hash(), "nosuchhash")
	status("SCRIPT", "FLUSH")
	fails("NOSCRIPT", "EVALSHA", swap.Hash(), 2, "x", "y", "z")
	reply(arr{int64(1), int64(2), "three", int64(1), arr{"k", "v"}}, "EVAL", "return {1, 2.9, 'three', true, {KEYS[1], ARGV[1]}, nil, 'cut'}", 1, "k", "v")
	null("EVAL", "return nil", 0)
	fails("ERR value is not an integer", "EVAL", "redis.call('SET', KEYS[1], 'w'); return redis.call('INCR', KEYS[1])", 1, "k")
	text("caught", "EVAL", "local r = redis.pcall('INCR', KEYS[1]); if r.err then return 'caught' end", 1, "k")
	fails("ERR user_script:1: Script attempted to access nonexistent global variable 'undefined_variable'", "EVAL", "return undefined_variable", 0)
	text("[1,2]", "EVAL", "return cjson.encode(cmsgpack.unpack(cmsgpack.pack({1, 2})))", 0)
}

const library = `#!lua name=golib
local function double(keys, args) return 2 * tonumber(args[1]) end
redis.register_function('double', double)`

func functions() {
	status("FUNCTION", "FLUSH")
	text("golib", "FUNCTION", "LOAD", library)
	text("golib", "FUNCTION", "LOAD", "REPLACE", library)
	integer(42, "FCALL", "double", 0, 21)
	fails("ERR Can not execute a script with write flag using *_ro command.", "FCALL_RO", "double", 0, 21)
	reply(arr{arr{"library_name", "golib", "engine", "LUA", "functions", arr{arr{"name", "double", "description", nil, "flags", arr{}}}}}, "FUNCTION", "LIST")
	stats := check.Must(redis.Values(c.Do("FUNCTION", "STATS")))
	check.Same("running_script", stats[1], any(nil))
	status("FUNCTION", "DELETE", "golib")
	fails("ERR Function not found", "FCALL", "double", 0, 21)
}
