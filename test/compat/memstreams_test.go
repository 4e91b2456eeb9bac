package compat

import (
	"strings"
	"testing"
)

// memStreams are requests of the text protocol as bytes: malformed ones, and
// those whose answer depends on where the data ends.
var memStreams = []struct{ name, request string }{
	{"empty line", "\r\nmn\r\n"},
	{"newline only", "mn\nmn\n"},
	{"mn with words", "mn\r\nmn extra\r\nmn  \r\n"},
	{"quit", "mn\r\nquit\r\nmn\r\n"},
	{"quit with words", "mn\r\nquit now\r\nmn\r\n"},
	{"quit upper case", "QUIT\r\nmn\r\n"},
	{"data too short", "set st1 0 0 5\r\nabc\r\nmn\r\nmn\r\nget st1\r\n"},
	{"data too long", "set st2 0 0 3\r\nabcdef\r\nmn\r\nget st2\r\n"},
	{"data without end", "set st3 0 0 5\r\nab"},
	{"data with newline only", "set st4 0 0 3\r\nabc\nmn\r\nmn\r\n"},
	{"negative length", "set st5 0 0 -1\r\nabc\r\nmn\r\n"},
	{"length over int32", "set st6 0 0 2147483648\r\nabc\r\nmn\r\n"},
	{"length at int32", "set st6 0 0 2147483647\r\nabc\r\nmn\r\n"},
	{"no length", "set st6 0 0\r\nabc\r\nmn\r\n"},
	{"too large", "set st7 0 0 2000000\r\n" + strings.Repeat("x", 2_000_000) + "\r\nmn\r\nget st7\r\n"},
	{"too large replaces", "set st8 0 0 1\r\na\r\nset st8 0 0 2000000\r\n" + strings.Repeat("x", 2_000_000) + "\r\nget st8\r\n"},
	{"too large noreply", "set st9 0 0 2000000 noreply\r\n" + strings.Repeat("x", 2_000_000) + "\r\nmn\r\n"},
	{"too large meta", "ms st10 2000000 c k\r\n" + strings.Repeat("x", 2_000_000) + "\r\nmn\r\n"},
	{"too large append", "set st11 0 0 1\r\na\r\nappend st11 0 0 2000000\r\n" + strings.Repeat("x", 2_000_000) + "\r\nget st11\r\n"},
	{"half a megabyte", "set st12 0 0 500000\r\n" + strings.Repeat("y", 500_000) + "\r\nget st12\r\n"},
	{"long line without end", strings.Repeat("a", 3000)},
	{"long line", strings.Repeat("a", 3000) + "\r\nmn\r\n"},
	{"long line of words", strings.Repeat("abc ", 3000) + "\r\nmn\r\n"},
	{"long get", "get" + strings.Repeat(" "+strings.Repeat("k", 200), 30) + "\r\nmn\r\n"},
	{"long gets with bad key", "get" + strings.Repeat(" k", 30) + " " + strings.Repeat("k", 251) + "\r\nmn\r\n"},
	{"get with very many keys", "set st13 0 0 1\r\nz\r\nget" + strings.Repeat(" st13 nosuch", 200) + "\r\nmn\r\n"},
	{"line of 100000 bytes without end", "get " + strings.Repeat("k", 100_000)},
	{"gat with many keys", "gat 0" + strings.Repeat(" nosuch", 300) + "\r\nmn\r\n"},
	{"pipeline", "set st14 1 0 1\r\nx\r\nget st14\r\ngets nosuch\r\ndelete st14\r\nget st14\r\nmn\r\n"},
	{"noreply errors", "set st15 abc 0 1 noreply\r\nx\r\nincr nosuch abc noreply\r\ntouch st15 abc noreply\r\nmn\r\n"},
	{"meta quiet pipeline", "ms st16 1 q\r\nx\r\nmg st16 q v\r\nmg nosuch16 q v\r\nmd st16 q\r\nmd st16 q\r\nmn\r\n"},
	{"meta data too short", "ms st17 5\r\nabc\r\nmn\r\nmn\r\n"},
	{"meta data too long", "ms st18 3\r\nabcdef\r\nmn\r\nmg st18 v\r\n"},
	{"meta no length", "ms st19\r\nmn\r\n"},
	{"meta bad length", "ms st20 abc\r\nxyz\r\nmn\r\n"},
	{"meta long key", "mg " + strings.Repeat("k", 251) + " v\r\nmn\r\n"},
	{"meta data for a bad key", "ms " + strings.Repeat("k", 251) + " 3\r\nabc\r\nmn\r\n"},
	{"meta data for a bad flag", "ms st21 3 Tabc\r\nabc\r\nmn\r\n"},
	{"meta nul in a line", "mg a\x00b v\r\nmn\r\n"},
	{"meta opaque too long", "mg st22 O" + strings.Repeat("o", 32) + "\r\nms st22 1 O" + strings.Repeat("o", 32) + "\r\nx\r\nmg st22 v\r\n"},
	{"meta opaque too long for a new item", "mg st23 N0 O" + strings.Repeat("o", 32) + "\r\nmg st23 v\r\n"},
	{"meta arithmetic with a new time", "set st24 0 0 1\r\n5\r\nma st24 T9000 t v\r\nmg st24 t v\r\n"},
	{"meta arithmetic with a new time and more digits", "set st25 0 0 1\r\n9\r\nma st25 T9000\r\nmg st25 t v\r\n"},
	{"nul in a line", "set st26 0 0 1\r\nx\r\nget st26\x00b\r\nmn\r\n"},
	{"carriage return in a line", "get a\rb\r\nmn\r\n"},
	{"tabs", "get\ta\r\nmn\r\n"},
	{"http get", "GET / HTTP/1.1\r\nHost: a\r\n\r\n"},
	{"redis inline", "PING\r\nmn\r\n"},
	{"redis multibulk", "*1\r\n$4\r\nPING\r\nmn\r\n"},
	{"half a line", "get a"},
	{"half a line after a request", "mn\r\nget a"},
	{"shutdown disabled", "shutdown\r\nmn\r\n"},
	{"unknown", "nosuch\r\nmn\r\n"},
	{"verbosity", "verbosity 0\r\nverbosity\r\nverbosity a b c\r\n"},
}

func TestMemcachedStreams(t *testing.T) {
	needMemcached(t)
	table := intended(t)
	t.Run("text", func(t *testing.T) {
		for _, s := range memStreams {
			t.Run(s.name, func(t *testing.T) {
				t.Parallel()
				checkStream(t, table, "memcached text "+s.name, servers.memcached, servers.memSubject, []byte(s.request))
			})
		}
	})
	noUnusedStreams(t, table, "memcached text ")
}
