package main

import (
	"fmt"

	"github.com/gomodule/redigo/redis"

	"larder/test/clients/go/check"
)

func stringValues() {
	status("SET", "greeting", "hello")
	text("hello", "GET", "greeting")
	null("GET", "missing")
	_, err := redis.String(c.Do("GET", "missing"))
	check.True("GET of a missing key is ErrNil", err == redis.ErrNil)
	integer(11, "APPEND", "greeting", " world")
	integer(11, "STRLEN", "greeting")
	text("world", "GETRANGE", "greeting", -5, -1)
	integer(11, "SETRANGE", "greeting", 6, "there")
	text("hello there", "GET", "greeting")
	integer(1, "INCR", "counter")
	integer(42, "INCRBY", "counter", 41)
	integer(40, "DECRBY", "counter", 2)
	text("40.5", "INCRBYFLOAT", "counter", 0.5)
	fails("ERR value is not an integer or out of range", "INCR", "greeting")
	status("MSET", "a", 1, "b", 2)
	reply(arr{"1", nil, "2"}, "MGET", "a", "missing", "b")
	check.Same("Ints of MGET", check.Must(redis.Ints(c.Do("MGET", redis.Args{}.Add("a").AddFlat([]string{"b"})...))), []int{1, 2})
	integer(0, "SETNX", "a", 9)
	null("SET", "a", 9, "NX")
	text("1", "GETSET", "a", 10)
	text("10", "GETDEL", "a")
	status("SETEX", "session", 60, "s")
	left := check.Must(redis.Int(c.Do("TTL", "session")))
	check.True("TTL", left > 55 && left <= 60)
	text("s", "GETEX", "session", "PERSIST")
	integer(-1, "TTL", "session")
	binary := []byte("\x00\xff\r\n$5\r\n")
	status("SET", "binary", binary)
	check.Same("GET binary", check.Must(redis.Bytes(c.Do("GET", "binary"))), binary)
	status("MSET", "k1", "ohmytext", "k2", "mynewtext")
	text("mytext", "LCS", "k1", "k2")
}

func bitmaps() {
	integer(0, "SETBIT", "bits", 7, 1)
	integer(1, "GETBIT", "bits", 7)
	status("SET", "foobar", "foobar")
	integer(26, "BITCOUNT", "foobar")
	integer(6, "BITCOUNT", "foobar", 1, 1)
	integer(7, "BITPOS", "bits", 1)
	integer(6, "BITOP", "AND", "both", "foobar", "bits")
	reply(arr{int64(1), int64(0)}, "BITFIELD", "field", "INCRBY", "i5", 100, 1, "GET", "u4", 0)
	reply(arr{nil}, "BITFIELD", "field", "OVERFLOW", "FAIL", "INCRBY", "u2", 100, 5)
}

func keys() {
	for i := range 300 {
		status("SET", fmt.Sprintf("user:%03d", i), i)
	}
	status("SET", "thing", "x")
	seen := map[string]bool{}
	scan(func(page []string) {
		for _, key := range page {
			seen[key] = true
		}
	}, "SCAN", 0, 0, "MATCH", "user:*", "COUNT", 20)
	check.Same("keys that SCAN finds", len(seen), 300)
	integer(301, "DBSIZE")
	text("string", "TYPE", "thing")
	text("int", "OBJECT", "ENCODING", "user:007")
	integer(1, "EXPIRE", "thing", 100)
	integer(0, "EXPIRE", "thing", 50, "GT")
	integer(1, "PERSIST", "thing")
	status("RENAME", "thing", "renamed")
	fails("ERR no such key", "RENAME", "thing", "renamed")
	integer(1, "COPY", "renamed", "copied")
	integer(2, "UNLINK", "renamed", "copied", "missing")
	status("SELECT", 1)
	integer(0, "DBSIZE")
	status("SELECT", 0)
	integer(1, "PEXPIRE", "user:001", 20)
	check.Eventually("the key expires", func() bool { return !check.Must(redis.Bool(c.Do("EXISTS", "user:001"))) })
}

func dump() {
	status("SET", "s", "x")
	image := check.Must(redis.Bytes(c.Do("DUMP", "s")))
	status("RESTORE", "copied", 0, image)
	text("x", "GET", "copied")
	status("RESTORE", "copied", 100, image, "REPLACE")
	fails("BUSYKEY", "RESTORE", "copied", 0, image)
	null("DUMP", "missing")
}

// pipelines: Send, Flush and Receive.
func pipelines() {
	const n = 1000
	for i := range n {
		check.OK("Send", c.Send("SET", fmt.Sprint("k", i), i))
		check.OK("Send", c.Send("INCR", fmt.Sprint("k", i)))
	}
	check.OK("Flush", c.Flush())
	for i := range n {
		check.Same("SET", check.Must(redis.String(c.Receive())), "OK")
		check.Same("INCR", check.Must(redis.Int(c.Receive())), i+1)
	}
	check.OK("Send", c.Send("SET", "word", "x"))
	check.OK("Send", c.Send("INCR", "word"))
	check.OK("Send", c.Send("GET", "word"))
	replies := check.Must(redis.Values(c.Do("")))
	check.Same("the command before", replies[0], any("OK"))
	bad, _ := replies[1].(redis.Error)
	check.Error("the bad command", bad, "ERR value is not an integer")
	check.Same("the command after", readable(replies[2]), any("x"))
}
