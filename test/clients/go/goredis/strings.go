package main

import (
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"larder/test/clients/go/check"
)

func stringValues() {
	check.Same("SET", check.Must(rdb.Set(ctx, "greeting", "hello", 0).Result()), "OK")
	check.Same("GET", check.Must(rdb.Get(ctx, "greeting").Result()), "hello")
	check.Same("GET of a missing key", rdb.Get(ctx, "missing").Err(), error(redis.Nil))
	check.Same("APPEND", check.Must(rdb.Append(ctx, "greeting", " world").Result()), 11)
	check.Same("STRLEN", check.Must(rdb.StrLen(ctx, "greeting").Result()), 11)
	check.Same("GETRANGE", check.Must(rdb.GetRange(ctx, "greeting", -5, -1).Result()), "world")
	check.Same("SETRANGE", check.Must(rdb.SetRange(ctx, "greeting", 6, "there").Result()), 11)
	check.Same("GET after SETRANGE", check.Must(rdb.Get(ctx, "greeting").Result()), "hello there")

	check.Same("INCR", check.Must(rdb.Incr(ctx, "counter").Result()), 1)
	check.Same("INCRBY", check.Must(rdb.IncrBy(ctx, "counter", 41).Result()), 42)
	check.Same("DECRBY", check.Must(rdb.DecrBy(ctx, "counter", 2).Result()), 40)
	check.Same("INCRBYFLOAT", check.Must(rdb.IncrByFloat(ctx, "counter", 0.5).Result()), 40.5)
	check.Error("INCR of a word", rdb.Incr(ctx, "greeting").Err(), "ERR value is not an integer or out of range")

	check.OK("MSET", rdb.MSet(ctx, "a", "1", "b", 2).Err())
	check.Same("MGET", check.Must(rdb.MGet(ctx, "a", "b", "missing").Result()), []any{"1", "2", nil})
	check.Same("MSETNX", check.Must(rdb.MSetNX(ctx, "b", 3, "c", 3).Result()), false)
	check.Same("SETNX", check.Must(rdb.SetNX(ctx, "a", "9", 0).Result()), false)
	check.Same("SET XX", check.Must(rdb.SetXX(ctx, "missing", "9", 0).Result()), false)
	check.Same("SET GET", check.Must(rdb.SetArgs(ctx, "a", "10", redis.SetArgs{Get: true}).Result()), "1")
	check.Same("GETDEL", check.Must(rdb.GetDel(ctx, "a").Result()), "10")
	check.Same("EXISTS", check.Must(rdb.Exists(ctx, "a", "b").Result()), 1)

	check.OK("SET EX", rdb.Set(ctx, "session", "s", time.Minute).Err())
	left := check.Must(rdb.TTL(ctx, "session").Result())
	check.True("TTL after SET EX 60", left > 55*time.Second && left <= time.Minute)
	check.Same("GETEX PERSIST", check.Must(rdb.GetEx(ctx, "session", 0).Result()), "s")
	check.Same("TTL after PERSIST", check.Must(rdb.TTL(ctx, "session").Result()), -1)
	check.OK("SET KEEPTTL", rdb.Set(ctx, "session", "t", redis.KeepTTL).Err())

	binary := "\x00\xff\r\n$5\r\n"
	check.OK("SET binary", rdb.Set(ctx, "binary", binary, 0).Err())
	check.Same("GET binary", check.Must(rdb.Get(ctx, "binary").Result()), binary)
	match := check.Must(rdb.LCS(ctx, &redis.LCSQuery{Key1: "binary", Key2: "binary"}).Result())
	check.Same("LCS", match.MatchString, binary)
}

func bitmaps() {
	check.Same("SETBIT", check.Must(rdb.SetBit(ctx, "bits", 7, 1).Result()), 0)
	check.Same("SETBIT again", check.Must(rdb.SetBit(ctx, "bits", 7, 1).Result()), 1)
	check.Same("GETBIT", check.Must(rdb.GetBit(ctx, "bits", 7).Result()), 1)
	check.OK("SET", rdb.Set(ctx, "foobar", "foobar", 0).Err())
	check.Same("BITCOUNT", check.Must(rdb.BitCount(ctx, "foobar", nil).Result()), 26)
	check.Same("BITCOUNT 1 1", check.Must(rdb.BitCount(ctx, "foobar", &redis.BitCount{Start: 1, End: 1}).Result()), 6)
	check.Same("BITPOS", check.Must(rdb.BitPos(ctx, "bits", 1).Result()), 7)
	check.Same("BITOP XOR", check.Must(rdb.BitOpXor(ctx, "zero", "foobar", "foobar").Result()), 6)
	check.Same("BITCOUNT of zeros", check.Must(rdb.BitCount(ctx, "zero", nil).Result()), 0)
	check.Same("BITFIELD", check.Must(rdb.BitField(ctx, "field", "INCRBY", "i5", 100, 1, "GET", "u4", 0).Result()), []int64{1, 0})
	check.Same("BITFIELD_RO", check.Must(rdb.BitFieldRO(ctx, "field", "i5", 100).Result()), []int64{1})
}

func keys() {
	for i := range 300 {
		check.OK("SET", rdb.Set(ctx, fmt.Sprintf("user:%03d", i), i, 0).Err())
	}
	check.OK("SET", rdb.Set(ctx, "thing", "x", 0).Err())
	check.Same("DBSIZE", check.Must(rdb.DBSize(ctx).Result()), 301)
	seen := map[string]bool{}
	for iter := rdb.Scan(ctx, 0, "user:*", 20).Iterator(); iter.Next(ctx); {
		seen[iter.Val()] = true
	}
	check.Same("keys that SCAN MATCH finds", len(seen), 300)
	found := 0
	for iter := rdb.ScanType(ctx, 0, "*", 100, "string").Iterator(); iter.Next(ctx); {
		found++
	}
	check.True("SCAN TYPE finds all", found >= 301)
	check.Same("KEYS", len(check.Must(rdb.Keys(ctx, "user:00?").Result())), 10)

	check.Same("TYPE", check.Must(rdb.Type(ctx, "thing").Result()), "string")
	check.Same("OBJECT ENCODING", check.Must(rdb.ObjectEncoding(ctx, "user:007").Result()), "int")
	check.Same("EXPIRE", check.Must(rdb.Expire(ctx, "thing", time.Hour).Result()), true)
	check.Same("EXPIRE GT", check.Must(rdb.ExpireGT(ctx, "thing", time.Minute).Result()), false)
	check.True("PTTL", check.Must(rdb.PTTL(ctx, "thing").Result()) > 59*time.Minute)
	at := check.Must(rdb.ExpireTime(ctx, "thing").Result())
	check.True("EXPIRETIME", at > time.Duration(time.Now().Unix())*time.Second)
	check.Same("PERSIST", check.Must(rdb.Persist(ctx, "thing").Result()), true)
	check.Same("RENAME", check.Must(rdb.Rename(ctx, "thing", "renamed").Result()), "OK")
	check.Error("RENAME of nothing", rdb.Rename(ctx, "thing", "renamed").Err(), "ERR no such key")
	check.Same("COPY", check.Must(rdb.Copy(ctx, "renamed", "copied", 0, false).Result()), 1)
	check.Same("TOUCH", check.Must(rdb.Touch(ctx, "renamed", "copied", "missing").Result()), 2)
	check.Same("UNLINK", check.Must(rdb.Unlink(ctx, "renamed", "missing").Result()), 1)
	check.Same("DEL", check.Must(rdb.Del(ctx, "copied", "missing").Result()), 1)

	check.OK("PEXPIRE", rdb.PExpire(ctx, "user:001", 20*time.Millisecond).Err())
	check.Eventually("the key expires", func() bool { return check.Must(rdb.Exists(ctx, "user:001").Result()) == 0 })
}

func dump() {
	check.OK("SET", rdb.Set(ctx, "s", "x", 0).Err())
	check.OK("RPUSH", rdb.RPush(ctx, "l", "a", 1, 70000).Err())
	for _, key := range []string{"s", "l"} {
		image := check.Must(rdb.Dump(ctx, key).Result())
		check.OK("RESTORE", rdb.Restore(ctx, "copy of "+key, time.Minute, image).Err())
	}
	check.Same("the string", check.Must(rdb.Get(ctx, "copy of s").Result()), "x")
	check.Same("the list", check.Must(rdb.LRange(ctx, "copy of l", 0, -1).Result()), []string{"a", "1", "70000"})
	check.Error("RESTORE of noise", rdb.Restore(ctx, "noise", 0, "noise").Err(), "ERR DUMP payload version or checksum are wrong")
}

func pipelines() {
	const n = 1000
	cmds := check.Must(rdb.Pipelined(ctx, func(p redis.Pipeliner) error {
		for i := range n {
			p.Set(ctx, fmt.Sprint("k", i), i, 0)
			p.Incr(ctx, fmt.Sprint("k", i))
		}
		return nil
	}))
	check.Same("replies", len(cmds), 2*n)
	for i := range n {
		check.Same("SET", cmds[2*i].(*redis.StatusCmd).Val(), "OK")
		check.Same("INCR", cmds[2*i+1].(*redis.IntCmd).Val(), int64(i)+1)
	}

	// An error in the middle is its command's alone.
	pipe := rdb.Pipeline()
	before := pipe.Set(ctx, "word", "x", 0)
	bad := pipe.Incr(ctx, "word")
	after := pipe.Get(ctx, "word")
	_, err := pipe.Exec(ctx)
	check.Error("the pipeline", err, "ERR value is not an integer")
	check.OK("the command before", before.Err())
	check.Error("the bad command", bad.Err(), "ERR value is not an integer")
	check.Same("the command after", after.Val(), "x")
}
