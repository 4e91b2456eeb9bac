package main

import (
	"fmt"
	"sync"

	"github.com/redis/rueidis"

	"larder/test/clients/go/check"
)

func stringValues() {
	want("SET", b().Set().Key("greeting").Value("hello").Build(), "OK")
	want("GET", b().Get().Key("greeting").Build(), "hello")
	null("GET of a missing key", b().Get().Key("missing").Build())
	want("APPEND", b().Append().Key("greeting").Value(" world").Build(), 11)
	want("STRLEN", b().Strlen().Key("greeting").Build(), 11)
	want("GETRANGE", b().Getrange().Key("greeting").Start(-5).End(-1).Build(), "world")
	want("SETRANGE", b().Setrange().Key("greeting").Offset(6).Value("there").Build(), 11)
	want("GET after SETRANGE", b().Get().Key("greeting").Build(), "hello there")
	want("INCR", b().Incr().Key("counter").Build(), 1)
	want("INCRBY", b().Incrby().Key("counter").Increment(41).Build(), 42)
	want("DECRBY", b().Decrby().Key("counter").Decrement(2).Build(), 40)
	want("INCRBYFLOAT", b().Incrbyfloat().Key("counter").Increment(0.5).Build(), 40.5)
	fails("INCR of a word", b().Incr().Key("greeting").Build(), "value is not an integer or out of range")
	want("MSET", b().Mset().KeyValue().KeyValue("a", "1").KeyValue("b", "2").Build(), "OK")
	values := check.Must(do(b().Mget().Key("a", "missing", "b").Build()).ToArray())
	check.Same("MGET", check.Must(values[0].ToString()), "1")
	check.True("MGET of a missing key", values[1].IsNil())
	null("SET NX", b().Set().Key("a").Value("9").Nx().Build())
	want("SET GET", b().Set().Key("a").Value("10").Get().Build(), "1")
	want("GETDEL", b().Getdel().Key("a").Build(), "10")
	want("SET EX", b().Set().Key("session").Value("s").ExSeconds(60).Build(), "OK")
	left := check.Must(do(b().Ttl().Key("session").Build()).AsInt64())
	check.True("TTL after SET EX 60", left > 55 && left <= 60)
	want("GETEX", b().Getex().Key("session").Persist().Build(), "s")
	want("TTL after GETEX PERSIST", b().Ttl().Key("session").Build(), -1)
	binary := "\x00\xff\r\n$5\r\n"
	want("SET binary", b().Set().Key("binary").Value(binary).Build(), "OK")
	want("GET binary", b().Get().Key("binary").Build(), binary)
}

func bitmaps() {
	want("SETBIT", b().Setbit().Key("bits").Offset(7).Value(1).Build(), 0)
	want("GETBIT", b().Getbit().Key("bits").Offset(7).Build(), 1)
	want("SET", b().Set().Key("foobar").Value("foobar").Build(), "OK")
	want("BITCOUNT", b().Bitcount().Key("foobar").Build(), 26)
	want("BITCOUNT BIT", b().Bitcount().Key("foobar").Start(5).End(30).Bit().Build(), 17)
	want("BITPOS", b().Bitpos().Key("bits").Bit(1).Build(), 7)
	want("BITOP NOT", b().Bitop().Not().Destkey("not").Key("bits").Build(), 1)
	want("BITCOUNT after NOT", b().Bitcount().Key("not").Build(), 7)
	got := check.Must(do(b().Bitfield().Key("field").OverflowSat().Incrby("u2", 100, 5).Get("u4", 0).Build()).AsIntSlice())
	check.Same("BITFIELD", got, []int64{3, 0})
}

func keys() {
	for i := range 300 {
		want("SET", b().Set().Key(fmt.Sprintf("user:%03d", i)).Value("x").Build(), "OK")
	}
	want("SET", b().Set().Key("thing").Value("x").Build(), "OK")
	seen := map[string]bool{}
	for cursor := uint64(0); ; {
		page := check.Must(do(b().Scan().Cursor(cursor).Match("user:*").Count(20).Build()).AsScanEntry())
		for _, key := range page.Elements {
			seen[key] = true
		}
		if cursor = page.Cursor; cursor == 0 {
			break
		}
	}
	check.Same("keys that SCAN finds", len(seen), 300)
	want("DBSIZE", b().Dbsize().Build(), 301)
	want("TYPE", b().Type().Key("thing").Build(), "string")
	want("OBJECT ENCODING", b().ObjectEncoding().Key("thing").Build(), "embstr")
	want("EXPIRE", b().Expire().Key("thing").Seconds(100).Nx().Build(), 1)
	want("EXPIRE NX", b().Expire().Key("thing").Seconds(100).Nx().Build(), 0)
	want("PERSIST", b().Persist().Key("thing").Build(), 1)
	want("RENAME", b().Rename().Key("thing").Newkey("renamed").Build(), "OK")
	want("COPY", b().Copy().Source("renamed").Destination("copied").Build(), 1)
	want("UNLINK", b().Unlink().Key("renamed", "copied", "missing").Build(), 2)
	want("PEXPIRE", b().Pexpire().Key("user:001").Milliseconds(20).Build(), 1)
	check.Eventually("the key expires", func() bool {
		return check.Must(do(b().Exists().Key("user:001").Build()).AsInt64()) == 0
	})
}

func dump() {
	want("RPUSH", b().Rpush().Key("l").Element("a", "1", "70000").Build(), 3)
	image := check.Must(do(b().Dump().Key("l").Build()).ToString())
	want("RESTORE", b().Restore().Key("copied").Ttl(0).SerializedValue(image).Build(), "OK")
	check.Same("the list", list(b().Lrange().Key("copied").Start(0).Stop(-1).Build()), []string{"a", "1", "70000"})
	fails("RESTORE to a key that exists", b().Restore().Key("copied").Ttl(0).SerializedValue(image).Build(), "BUSYKEY")
}

// pipelines: many goroutines share one connection, and DoMulti sends a batch.
func pipelines() {
	const workers, each = 20, 100
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			for range each {
				_ = do(b().Incr().Key("shared").Build()) // the sum tells
			}
		})
	}
	all.Wait()
	want("the sum", b().Get().Key("shared").Build(), fmt.Sprint(workers*each))

	var batch rueidis.Commands
	for i := range 1000 {
		batch = append(batch, b().Set().Key(fmt.Sprint("k", i)).Value(fmt.Sprint(i)).Build(), b().Incr().Key(fmt.Sprint("k", i)).Build())
	}
	for i, r := range rdb.DoMulti(ctx, batch...) {
		if i%2 == 1 {
			check.Same("INCR", check.Must(r.AsInt64()), int64(i/2)+1)
		} else {
			check.OK("SET", r.Error())
		}
	}
	replies := rdb.DoMulti(ctx, b().Set().Key("word").Value("x").Build(), b().Incr().Key("word").Build(), b().Get().Key("word").Build())
	check.Error("the bad command", replies[1].Error(), "value is not an integer")
	check.Same("the command after", check.Must(replies[2].ToString()), "x")
	got := check.Must(rueidis.MGet(rdb, ctx, []string{"k1", "k2", "missing"}))
	k2, missing := got["k2"], got["missing"]
	check.Same("MGet", check.Must(k2.ToString()), "3")
	check.True("MGet of a missing key", missing.IsNil())
}
