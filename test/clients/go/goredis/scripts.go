package main

import (
	"errors"

	"github.com/redis/go-redis/v9"

	"larder/test/clients/go/check"
)

func transactions() {
	cmds := check.Must(rdb.TxPipelined(ctx, func(p redis.Pipeliner) error {
		p.Set(ctx, "a", 1, 0)
		p.Incr(ctx, "a")
		p.Get(ctx, "a")
		return nil
	}))
	check.Same("the last reply of EXEC", cmds[2].(*redis.StringCmd).Val(), "2")

	_, err := rdb.TxPipelined(ctx, func(p redis.Pipeliner) error {
		p.Set(ctx, "word", "x", 0)
		p.Incr(ctx, "word")
		p.Set(ctx, "after", 1, 0)
		return nil
	})
	check.Error("a transaction with an error", err, "ERR value is not an integer")
	check.Same("what follows the error", check.Must(rdb.Get(ctx, "after").Result()), "1")

	_, err = rdb.TxPipelined(ctx, func(p redis.Pipeliner) error {
		p.Set(ctx, "never", 1, 0)
		p.Do(ctx, "NOSUCHCOMMAND")
		return nil
	})
	check.Error("a transaction with an unknown command", err, "EXECABORT")
	check.Same("nothing of it ran", check.Must(rdb.Exists(ctx, "never").Result()), 0)

	// increment is the optimistic lock of the documentation; disturb runs
	// between its reading and its EXEC.
	increment := func(disturb func()) error {
		return rdb.Watch(ctx, func(tx *redis.Tx) error {
			n := check.Must(tx.Get(ctx, "a").Int())
			disturb()
			_, err := tx.TxPipelined(ctx, func(p redis.Pipeliner) error { return p.Set(ctx, "a", n+1, 0).Err() })
			return err
		}, "a")
	}
	check.OK("WATCH without a conflict", increment(func() {}))
	check.Same("the incremented key", check.Must(rdb.Get(ctx, "a").Result()), "3")
	err = increment(func() { check.OK("SET", other.Set(ctx, "a", 100, 0).Err()) })
	check.True("WATCH with a conflict fails", errors.Is(err, redis.TxFailedErr))
	check.Same("the key of the other", check.Must(rdb.Get(ctx, "a").Result()), "100")
}

func scripts() {
	add := redis.NewScript(`
		local sum = redis.call("GET", KEYS[1]) or 0
		for _, n in ipairs(ARGV) do sum = sum + n end
		redis.call("SET", KEYS[1], sum)
		return sum`)
	check.Same("EVALSHA, then EVAL", check.Must(add.Run(ctx, rdb, []string{"sum"}, 1, 2, 3).Int()), 6)
	check.Same("EVALSHA", check.Must(add.EvalSha(ctx, rdb, []string{"sum"}, 4).Int()), 10)
	check.Same("SCRIPT EXISTS", check.Must(rdb.ScriptExists(ctx, add.Hash(), "0000000000000000000000000000000000000000").Result()), []bool{true, false})
	check.Same("SCRIPT LOAD", check.Must(rdb.ScriptLoad(ctx, "return 1").Result()), "e0e1f9fabfc9d4800c877a703b823ac0578ff8db")
	check.OK("SCRIPT FLUSH", rdb.ScriptFlush(ctx).Err())
	check.Error("EVALSHA of the forgotten", add.EvalSha(ctx, rdb, []string{"sum"}, 4).Err(), "NOSCRIPT")

	eval := func(script string, args ...any) any {
		return check.Must(rdb.Eval(ctx, script, []string{"k1", "k2"}, args...).Result())
	}
	check.Same("conversions", eval("return {1, 2.9, 'three', true, {4}, KEYS[2], ARGV[1]}", "a"), any([]any{int64(1), int64(2), "three", int64(1), []any{int64(4)}, "k2", "a"}))
	check.Same("a status reply", eval("return redis.status_reply('FINE')"), any("FINE"))
	check.Same("cjson", eval(`return cjson.encode({a = cjson.decode('[1,2]')})`), any(`{"a":[1,2]}`))
	check.Same("sha1hex", eval("return redis.sha1hex('')"), any("da39a3ee5e6b4b0d3255bfef95601890afd80709"))
	check.Same("pcall", eval("local r = redis.pcall('INCR', 'sum', 'x'); return r.err ~= nil"), any(int64(1)))
	check.Same("false is nil", rdb.Eval(ctx, "return false", nil).Err(), error(redis.Nil))
	check.Error("an error reply", rdb.Eval(ctx, "return redis.error_reply('MY words')", nil).Err(), "MY words")
	check.Error("a failing call", rdb.Eval(ctx, "return redis.call('LPUSH', KEYS[1], 1)", []string{"sum"}).Err(), "WRONGTYPE")
	check.Error("a syntax error", rdb.Eval(ctx, "return (", nil).Err(), "ERR Error compiling script")
	check.Error("EVAL_RO that writes", rdb.EvalRO(ctx, "return redis.call('SET', KEYS[1], 1)", []string{"sum"}).Err(), "ERR Write commands are not allowed from read-only scripts")
	check.Same("EVAL_RO", check.Must(rdb.EvalRO(ctx, "return redis.call('GET', KEYS[1])", []string{"sum"}).Result()), any("10"))
}

const library = `#!lua name=mylib
redis.register_function('my_set', function(keys, args)
	return redis.call('HSET', keys[1], 'by', 'my_set', unpack(args))
end)
redis.register_function{function_name = 'my_get', flags = {'no-writes'},
	callback = function(keys) return redis.call('HGET', keys[1], 'by') end}`

func functions() {
	check.OK("FUNCTION FLUSH", rdb.FunctionFlush(ctx).Err())
	check.Same("FUNCTION LOAD", check.Must(rdb.FunctionLoad(ctx, library).Result()), "mylib")
	check.Error("FUNCTION LOAD again", rdb.FunctionLoad(ctx, library).Err(), "ERR Library 'mylib' already exists")
	check.Same("FUNCTION LOAD REPLACE", check.Must(rdb.FunctionLoadReplace(ctx, library).Result()), "mylib")
	check.Same("FCALL", check.Must(rdb.FCall(ctx, "my_set", []string{"h"}, "a", "1").Int()), 2)
	check.Same("FCALL_RO", check.Must(rdb.FCallRO(ctx, "my_get", []string{"h"}).Text()), "my_set")
	check.Error("FCALL_RO of a writer", rdb.FCallRO(ctx, "my_set", []string{"h"}).Err(), "ERR Can not execute a script with write flag using *_ro command.")
	listed := check.Must(rdb.FunctionList(ctx, redis.FunctionListQuery{LibraryNamePattern: "my*", WithCode: true}).Result())
	check.Same("libraries", len(listed), 1)
	check.Same("functions", len(listed[0].Functions), 2)
	check.Same("code", listed[0].Code, library)
	dump := check.Must(rdb.FunctionDump(ctx).Result())
	check.OK("FUNCTION DELETE", rdb.FunctionDelete(ctx, "mylib").Err())
	check.Error("FCALL of the deleted", rdb.FCall(ctx, "my_get", []string{"h"}).Err(), "ERR Function not found")
	check.OK("FUNCTION RESTORE", rdb.FunctionRestore(ctx, dump).Err())
	check.Same("FCALL of the restored", check.Must(rdb.FCall(ctx, "my_get", []string{"h"}).Text()), "my_set")
	check.OK("FUNCTION FLUSH", rdb.FunctionFlush(ctx).Err())
}
