package compat

import (
	"testing"

	"larder/test/compat/harness"
)

var pubsubFamily = family{
	name:  "pubsub",
	conns: 4,
	hears: true,
	spoil: 3,
	rows: []string{
		"SUBSCRIBE channel*",
		"SUBSCRIBE channel",
		"PSUBSCRIBE chpattern",
		"SSUBSCRIBE channel*",
		"UNSUBSCRIBE channel*",
		"UNSUBSCRIBE",
		"PUNSUBSCRIBE [chpattern]",
		"PUNSUBSCRIBE",
		"SUNSUBSCRIBE channel*",
		"SUNSUBSCRIBE",
		"PUBLISH channel small",
		"PUBLISH channel text",
		"PUBLISH channel small",
		"SPUBLISH channel small",
		"PUBSUB CHANNELS [chpattern]",
		"PUBSUB NUMSUB channel*",
		"PUBSUB NUMPAT",
		"PUBSUB SHARDCHANNELS [chpattern]",
		"PUBSUB SHARDNUMSUB channel*",
		"PUBSUB (NOSUCH|NUMPAT junk|CHANNELS channel junk)",
		"PING [small]",
		"GET key",
		"SET key small",
		"ECHO small",
		"RESET",
		"QUIT",
		"HELLO (2|3)",
		"CLIENT LIST TYPE (NORMAL|PUBSUB) junk",
	},
	classes: harness.Classes{
		"channel":   harness.Choose("a", "b", "ab", "news", "", "with space", "nul\x00", "ключ"),
		"chpattern": harness.Choose("*", "a*", "a", "?", "[ab]", "n?ws", "x*", ""),
		"text":      harness.Choose("", "a\r\nb", "message", "\x00", "long long long long long long long long long long long long long long"),
	},
}

// TestPubSub compares what all of several connections hear.
func TestPubSub(t *testing.T) { pubsubFamily.check(t, respPair(t)) }

var notificationsFamily = family{
	name:  "notifications",
	conns: 2,
	hears: true,
	rows: []string{
		"CONFIG SET NOTIFY-KEYSPACE-EVENTS classes",
		"CONFIG GET NOTIFY-KEYSPACE-EVENTS",
		"SET key small",
		"SET key small {NX|XX|GET|KEEPTTL}",
		"SET key small EX longttl",
		"SETNX key small",
		"GETSET key small",
		"GET key",
		"GETDEL key",
		"GETEX key (PERSIST|EX longttl)",
		"MSET (key small)*",
		"MSETNX (key small)*",
		"MGET key*",
		"APPEND key small",
		"SETRANGE key (0|1|5) small",
		"INCR key",
		"INCRBYFLOAT key 1",
		"SETBIT key 1 1",
		"BITFIELD key SET width 0 1",
		"BITOP NOT key key",
		"DEL key*",
		"UNLINK key*",
		"EXPIRE key (longttl|-1)",
		"PEXPIREAT key (1|99999999999999)",
		"PERSIST key",
		"RENAME key key",
		"RENAMENX key key",
		"COPY key key [REPLACE]",
		"MOVE key 1",
		"EXISTS key",
		"TTL key",
		"TYPE key",
		"TOUCH key*",
		"RPUSH list small*",
		"LPOP list",
		"LREM list 0 small",
		"SADD set small*",
		"HSET hash small small",
		"HDEL hash small",
		"HINCRBY hash small 1",
		"SREM set small",
		"ZADD zset 1 small",
		"ZREM zset small",
		"ZREMRANGEBYRANK zset 0 1",
		"SELECT (0|0|1)",
	},
	classes: harness.Classes{
		"classes": harness.Choose("KEA", "KEA", "K$g", "Eg", "KEAm", "Ex$", "", "A", "KElshz"),
		"longttl": harness.Choose("100", "1000"),
		"width":   harness.Choose("u8", "i5"),
		"key":     harness.Choose("a", "b", "c"),
		"list":    harness.Choose("l1", "l2"),
		"hash":    harness.Choose("h1"),
		"set":     harness.Choose("s1"),
		"zset":    harness.Choose("z1"),
		"small":   harness.Choose("1", "2", "3"),
	},
	prologue: commands(
		"hear2> PSUBSCRIBE __key*",
		"hear0> CONFIG SET notify-keyspace-events KEA",
	),
	restore: [][]string{{"CONFIG", "SET", "notify-keyspace-events", ""}},
}

// TestNotifications compares which events are published, and in which order.
func TestNotifications(t *testing.T) { notificationsFamily.check(t, respPair(t)) }
