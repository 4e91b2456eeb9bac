package main

import (
	"github.com/gomodule/redigo/redis"

	"larder/test/clients/go/check"
)

func streams() {
	for _, id := range []string{"1-1", "2-1", "3-1"} {
		text(id, "XADD", "races", id, "rider", "r"+id)
	}
	fails("ERR The ID specified in XADD is equal or smaller than the target stream top item", "XADD", "races", "1-1", "a", "b")
	integer(3, "XLEN", "races")
	first, second, third := arr{"1-1", arr{"rider", "r1-1"}}, arr{"2-1", arr{"rider", "r2-1"}}, arr{"3-1", arr{"rider", "r3-1"}}
	reply(arr{first, second}, "XRANGE", "races", "-", "2")
	reply(arr{third}, "XREVRANGE", "races", "+", "-", "COUNT", 1)
	reply(arr{arr{"races", arr{second, third}}}, "XREAD", "COUNT", 10, "STREAMS", "races", "1-1")

	status("XGROUP", "CREATE", "races", "g", 0, "MKSTREAM")
	fails("BUSYGROUP", "XGROUP", "CREATE", "races", "g", 0)
	fails("NOGROUP", "XREADGROUP", "GROUP", "nogroup", "c", "STREAMS", "races", ">")
	reply(arr{arr{"races", arr{first, second}}}, "XREADGROUP", "GROUP", "g", "alice", "COUNT", 2, "STREAMS", "races", ">")
	reply(arr{arr{"races", arr{third}}}, "XREADGROUP", "GROUP", "g", "bob", "STREAMS", "races", ">")
	null("XREADGROUP", "GROUP", "g", "bob", "STREAMS", "races", ">")
	reply(arr{arr{"races", arr{first, second}}}, "XREADGROUP", "GROUP", "g", "alice", "STREAMS", "races", 0)
	integer(1, "XACK", "races", "g", "1-1", "9-9")
	reply(arr{int64(2), "2-1", "3-1", arr{arr{"alice", "1"}, arr{"bob", "1"}}}, "XPENDING", "races", "g")
	reply(arr{second}, "XCLAIM", "races", "g", "carol", 0, "2-1")
	reply(arr{"3-1", arr{second}, arr{}}, "XAUTOCLAIM", "races", "g", "dave", 0, "0-0", "COUNT", 1)
	groups := check.Must(redis.Values(c.Do("XINFO", "GROUPS", "races")))
	check.Same("XINFO GROUPS", readable(groups[0]), any(arr{"name", "g", "consumers", int64(4), "pending", int64(2),
		"last-delivered-id", "3-1", "entries-read", int64(3), "lag", int64(0)}))
	integer(1, "XGROUP", "CREATECONSUMER", "races", "g", "erin")
	integer(1, "XGROUP", "DELCONSUMER", "races", "g", "dave")
	integer(1, "XDEL", "races", "2-1")
	reply(arr{arr{"races", arr{third}}}, "XREADGROUP", "GROUP", "g", "bob", "STREAMS", "races", 0)
	status("XGROUP", "SETID", "races", "g", "1-1")
	integer(1, "XTRIM", "races", "MINID", "3")
	status("XSETID", "races", "9-9")
	text("9-10", "XADD", "races", "9-*", "f", "v")
	null("XADD", "other", "NOMKSTREAM", "*", "f", "v")
}
