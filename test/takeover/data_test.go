package takeover

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// databases are those that the tests use.
const databases = 4

// fill makes values of every type, small and large, so that every encoding of
// the server is there, in two databases, and functions.
func fill(c *client) {
	c.t.Helper()
	c.do("FUNCTION", "LOAD", "#!lua name=one\nredis.register_function('f1', function() return 1 end)")
	for _, db := range []string{"0", "3"} {
		c.do("SELECT", db)
		c.do("SET", "number", "12345")
		c.do("SET", "short", "value")
		c.do("SET", "long", strings.Repeat("not compressed? ", 500))
		c.do("SET", "binary\x00\r\n\xff key", "\x00\r\n\xff")
		c.do("SET", "empty", "")
		c.do("SET", "late", "v", "PXAT", "4294967296000")
		for _, n := range []int{3, 1500} {
			size := strconv.Itoa(n)
			words := map[string][]string{}
			for i := range n {
				element := fmt.Sprintf("element %d", i*7)
				words["list"] = append(words["list"], element)
				words["set"] = append(words["set"], element)
				words["ints"] = append(words["ints"], strconv.Itoa(i*i))
				words["hash"] = append(words["hash"], element, strconv.Itoa(i))
				words["zset"] = append(words["zset"], strconv.FormatFloat(float64(i)/4, 'g', -1, 64), element)
			}
			for name, command := range map[string]string{"list": "RPUSH", "set": "SADD", "ints": "SADD", "hash": "HSET", "zset": "ZADD"} {
				c.do(append([]string{command, name + size}, words[name]...)...)
			}
			for i := range min(n, 300) { // more than a node holds
				c.do("XADD", "stream"+size, fmt.Sprintf("%d-1", i+1), "field", strconv.Itoa(i), "other", "x")
			}
			c.do("XGROUP", "CREATE", "stream"+size, "group", "0")
			c.do("XREADGROUP", "GROUP", "group", "consumer", "COUNT", "2", "STREAMS", "stream"+size, ">")
			c.do("PEXPIRE", "hash"+size, "100000000")
		}
		c.do("PFADD", "hll", "a", "b", "c")
	}
	c.do("SELECT", "0")
}

// describe is all of a key but its deadline.
func (c *client) describe(key string) string {
	c.t.Helper()
	typ := string(c.do("TYPE", key).Str)
	var list []string
	switch typ {
	case "string":
		list = []string{string(c.do("GET", key).Str)}
	case "list":
		list = c.do("LRANGE", key, "0", "-1").Strings()
	case "set":
		list = c.do("SMEMBERS", key).Strings()
		slices.Sort(list)
	case "hash":
		pairs := c.do("HGETALL", key).Strings()
		for i := 0; i < len(pairs); i += 2 {
			list = append(list, pairs[i]+"="+pairs[i+1])
		}
		slices.Sort(list)
	case "zset":
		list = c.do("ZRANGE", key, "0", "-1", "WITHSCORES").Strings()
	case "stream":
		list = []string{string(c.do("XRANGE", key, "-", "+").Raw)}
		for _, g := range c.do("XINFO", "GROUPS", key).Elems {
			list = append(list, string(g.Elems[1].Str), string(g.Elems[7].Str))
			list = append(list, string(c.do("XPENDING", key, string(g.Elems[1].Str)).Raw))
		}
	default:
		c.t.Fatalf("%q is a %s", key, typ)
	}
	return typ + " " + strings.Join(list, "\x00|")
}

// deadlineSlack is by how many ms a deadline may differ that was sent as the
// time left.
const deadlineSlack = 5000

// sameData fails the test unless b holds what a holds; it returns the number of
// keys.
func sameData(t *testing.T, a, b *client) (keys int) {
	t.Helper()
	for db := range databases {
		a.do("SELECT", strconv.Itoa(db))
		b.do("SELECT", strconv.Itoa(db))
		want, got := a.do("KEYS", "*").Strings(), b.do("KEYS", "*").Strings()
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(want, got) {
			t.Fatalf("database %d holds %.500q, want %.500q", db, got, want)
		}
		for _, key := range want {
			if x, y := a.describe(key), b.describe(key); x != y {
				t.Fatalf("database %d: %q is %.600q, want %.600q", db, key, y, x)
			}
			x, _ := a.do("PEXPIRETIME", key).Int()
			y, _ := b.do("PEXPIRETIME", key).Int()
			if (x < 0) != (y < 0) || x-y > deadlineSlack || y-x > deadlineSlack {
				t.Fatalf("database %d: %q is there until %d, want %d", db, key, y, x)
			}
		}
		keys += len(want)
	}
	a.do("SELECT", "0")
	b.do("SELECT", "0")
	return keys
}
