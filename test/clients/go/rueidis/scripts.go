package main

import (
	"github.com/redis/rueidis"

	"larder/test/clients/go/check"
)

// transactions need a connection to themselves: Dedicated gives one.
func transactions() {
	client, release := rdb.Dedicate()
	defer release()
	exec := func(cmds ...rueidis.Completed) rueidis.RedisResult {
		batch := rueidis.Commands{client.B().Multi().Build()}
		batch = append(append(batch, cmds...), client.B().Exec().Build())
		replies := client.DoMulti(ctx, batch...)
		return replies[len(replies)-1]
	}
	set := func(key, value string) rueidis.Completed { return client.B().Set().Key(key).Value(value).Build() }
	incr := func(key string) rueidis.Completed { return client.B().Incr().Key(key).Build() }

	check.Same("EXEC", check.Must(exec(set("a", "1"), incr("a")).ToAny()), any([]any{"OK", int64(2)}))
	replies := check.Must(exec(set("word", "x"), incr("word"), set("after", "1")).ToArray())
	check.Error("the bad command", replies[1].Error(), "value is not an integer")
	want("what follows the error", b().Get().Key("after").Build(), "1")
	check.Error("an unknown command", exec(client.B().Arbitrary("NOSUCHCOMMAND").Build()).Error(), "EXECABORT")

	check.OK("MULTI", client.Do(ctx, client.B().Multi().Build()).Error())
	check.OK("SET", client.Do(ctx, set("never", "1")).Error())
	check.OK("DISCARD", client.Do(ctx, client.B().Discard().Build()).Error())
	want("EXISTS after DISCARD", b().Exists().Key("never").Build(), 0)

	watch := client.B().Watch().Key("a").Build()
	check.OK("WATCH", client.Do(ctx, watch).Error())
	check.Same("EXEC without a conflict", len(check.Must(exec(incr("a")).ToArray())), 1)
	check.OK("WATCH", client.Do(ctx, client.B().Watch().Key("a").Build()).Error())
	check.OK("SET", other.Do(ctx, other.B().Set().Key("a").Value("100").Build()).Error())
	check.True("EXEC with a conflict is nil", rueidis.IsRedisNil(exec(incr("a")).Error()))
	want("the key of the other", b().Get().Key("a").Build(), "100")
	check.OK("WATCH", client.Do(ctx, client.B().Watch().Key("a").Build()).Error())
	check.OK("SET", other.Do(ctx, other.B().Set().Key("a").Value("101").Build()).Error())
	check.OK("UNWATCH", client.Do(ctx, client.B().Unwatch().Build()).Error())
	check.Same("EXEC after UNWATCH", check.Must(exec(incr("a")).ToAny()), any([]any{int64(102)}))
}

func scripts() {
	script := rueidis.NewLuaScript(`redis.call("SET", KEYS[1], ARGV[1]); return {KEYS[1], redis.call("GET", KEYS[1])}`)
	check.Same("EVALSHA, then EVAL", check.Must(script.Exec(ctx, rdb, []string{"k"}, []string{"v"}).AsStrSlice()), []string{"k", "v"})
	check.Same("EVALSHA", check.Must(script.Exec(ctx, rdb, []string{"k"}, []string{"w"}).AsStrSlice()), []string{"k", "w"})
	reader := rueidis.NewLuaScriptReadOnly(`return redis.call("GET", KEYS[1])`)
	check.Same("EVALSHA_RO", check.Must(reader.Exec(ctx, rdb, []string{"k"}, nil).ToString()), "w")
	for i, r := range script.ExecMulti(ctx, rdb, rueidis.LuaExec{Keys: []string{"m1"}, Args: []string{"1"}}, rueidis.LuaExec{Keys: []string{"m2"}, Args: []string{"2"}}) {
		check.Same("ExecMulti", check.Must(r.AsStrSlice())[1], []string{"1", "2"}[i])
	}
	want("SCRIPT LOAD", b().ScriptLoad().Script("return 1").Build(), "e0e1f9fabfc9d4800c877a703b823ac0578ff8db")
	check.Same("SCRIPT EXISTS", check.Must(do(b().ScriptExists().Sha1("e0e1f9fabfc9d4800c877a703b823ac0578ff8db", "00").Build()).AsIntSlice()), []int64{1, 0})
	want("SCRIPT FLUSH", b().ScriptFlush().Build(), "OK")
	fails("EVALSHA of the forgotten", b().Evalsha().Sha1("e0e1f9fabfc9d4800c877a703b823ac0578ff8db").Numkeys(0).Build(), "NOSCRIPT")
	fails("a failing call", b().Eval().Script("return redis.call('INCR', KEYS[1])").Numkeys(1).Key("k").Build(), "value is not an integer")
	got := check.Must(do(b().Eval().Script("redis.setresp(3); return {1, 'two', true, {map={a=1}}, {double=3.5}}").Numkeys(0).Build()).ToAny())
	check.Same("conversions", got, any([]any{int64(1), "two", true, map[string]any{"a": int64(1)}, 3.5}))
}

const library = `#!lua name=rlib
redis.register_function('keep', function(keys, args) return redis.call('SET', keys[1], args[1]) end)
redis.register_function{function_name = 'look', callback = function(keys) return redis.call('GET', keys[1]) end, flags = {'no-writes'}}`

func functions() {
	want("FUNCTION FLUSH", b().FunctionFlush().Build(), "OK")
	want("FUNCTION LOAD", b().FunctionLoad().FunctionCode(library).Build(), "rlib")
	want("FCALL", b().Fcall().Function("keep").Numkeys(1).Key("k").Arg("v").Build(), "OK")
	want("FCALL_RO", b().FcallRo().Function("look").Numkeys(1).Key("k").Build(), "v")
	listed := check.Must(do(b().FunctionList().Build()).ToArray())
	info := check.Must(listed[0].AsMap())
	name := info["library_name"]
	check.Same("FUNCTION LIST", check.Must(name.ToString()), "rlib")
	want("FUNCTION DELETE", b().FunctionDelete().LibraryName("rlib").Build(), "OK")
	fails("FCALL of the deleted", b().Fcall().Function("keep").Numkeys(1).Key("k").Build(), "Function not found")
}
