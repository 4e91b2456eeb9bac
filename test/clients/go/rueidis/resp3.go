package main

import (
	"strings"
	"time"

	"github.com/redis/rueidis"

	"larder/test/clients/go/check"
)

// resp3 looks at the types of the third protocol as they come.
func resp3() {
	message := func(args ...string) rueidis.RedisMessage {
		return check.Must(do(b().Arbitrary(args...).Build()).ToMessage())
	}
	hash, set := message("HSET", "h", "f", "v"), message("SADD", "s", "m")
	check.True("HSET and SADD answer numbers", hash.IsInt64() && set.IsInt64())
	check.OK("ZADD", do(b().Zadd().Key("z").ScoreMember().ScoreMember(1.5, "m").Build()).Error())
	m := message("HGETALL", "h")
	check.True("HGETALL answers a map", m.IsMap())
	m = message("ZSCORE", "z", "m")
	check.True("ZSCORE answers a double", m.IsFloat64())
	m = message("EVAL", "redis.setresp(3); return true", "0")
	check.True("a script answers a boolean", m.IsBool())
	m = message("CONFIG", "GET", "maxmemory")
	check.True("CONFIG GET answers a map", m.IsMap())
	m = message("SMEMBERS", "s")
	check.True("SMEMBERS answers a set", m.IsArray())
	m = message("CLIENT", "INFO")
	check.True("CLIENT INFO knows the protocol", strings.Contains(check.Must(m.ToString()), " resp=3"))
}

// caching: DoCache answers repeated reads by itself until the server says that
// the key has changed.
func caching() {
	get := func() rueidis.RedisResult { return rdb.DoCache(ctx, b().Get().Key("k").Cache(), time.Minute) }
	set := func(value string) {
		check.OK("SET", other.Do(ctx, other.B().Set().Key("k").Value(value).Build()).Error())
	}
	set("1")
	first := get()
	check.Same("the first read", check.Must(first.ToString()), "1")
	check.True("the first read asks the server", !first.IsCacheHit())
	check.Eventually("the second is a hit", func() bool { return get().IsCacheHit() })
	set("2")
	check.Eventually("the invalidation arrives", func() bool { return check.Must(get().ToString()) == "2" })

	// Many keys at once, and a transaction's reads.
	check.OK("SET", other.Do(ctx, other.B().Set().Key("l").Value("3").Build()).Error())
	values := check.Must(rueidis.MGetCache(rdb, ctx, time.Minute, []string{"k", "l"}))
	l := values["l"]
	check.Same("MGetCache", check.Must(l.ToString()), "3")
	check.OK("HSET", other.Do(ctx, other.B().Hset().Key("h").FieldValue().FieldValue("f", "v").Build()).Error())
	for range 2 {
		got := check.Must(rdb.DoCache(ctx, b().Hgetall().Key("h").Cache(), time.Minute).AsStrMap())
		check.Same("HGETALL cached", got, map[string]string{"f": "v"})
	}
	check.OK("FLUSHALL", other.Do(ctx, other.B().Flushall().Build()).Error())
	check.Eventually("FLUSHALL invalidates", func() bool { return rueidis.IsRedisNil(get().Error()) })
}
