package main

import (
	"time"

	"github.com/redis/go-redis/v9"

	"larder/test/clients/go/check"
)

// resp3 looks at the types of the third protocol as they come.
func resp3() {
	hello := check.Must(rdb.Do(ctx, "HELLO", 3).Result()).(map[any]any)
	check.Same("proto of HELLO", hello["proto"], any(int64(3)))
	check.Same("mode of HELLO", hello["mode"], any("standalone"))
	check.Same("CLIENT SETNAME", check.Must(rdb.Conn().ClientSetName(ctx, "resp3").Result()), true)

	do := func(args ...any) any { return check.Must(rdb.Do(ctx, args...).Result()) }
	do("HSET", "h", "f", "v")
	check.Same("a map", do("HGETALL", "h"), any(map[any]any{"f": "v"}))
	do("SADD", "s", "m")
	check.Same("a set", do("SMEMBERS", "s"), any([]any{"m"}))
	do("ZADD", "z", "1.5", "a", "inf", "b")
	check.Same("a double", do("ZSCORE", "z", "a"), any(1.5))
	check.Same("pairs", do("ZRANGE", "z", 0, 0, "WITHSCORES"), any([]any{[]any{"a", 1.5}}))
	check.Same("null", rdb.Do(ctx, "GET", "missing").Err(), error(redis.Nil))
	check.Same("a verbatim string", check.Must(rdb.Do(ctx, "CLIENT", "INFO").Text())[:3], "id=")
	check.Same("a boolean", do("EVAL", "redis.setresp(3); return true", 0), any(true))
	check.Same("a big number stays a number", do("EVAL", "redis.setresp(3); return {double=2.5}", 0), any(2.5))
	config := do("CONFIG", "GET", "maxmemory").(map[any]any)
	check.Same("a map of CONFIG GET", config["maxmemory"], any("0"))
}

// caching lets the client answer repeated reads by itself.
func caching() {
	cache := redis.NewLocalCache(redis.CacheConfig{MaxEntries: 128})
	cached := redis.NewClient(&redis.Options{Addr: check.Addr(), Protocol: 3, ClientSideCache: cache})
	defer func() { check.OK("close", cached.Close()) }()
	get := func(want string) func() bool {
		return func() bool { return check.Must(cached.Get(ctx, "k").Result()) == want }
	}
	check.OK("SET", other.Set(ctx, "k", "1", 0).Err())
	check.Eventually("a read is answered by the cache", func() bool { return get("1")() && cached.CSCStats().Hits > 0 })
	check.OK("SET", other.Set(ctx, "k", "2", 0).Err())
	check.Eventually("the invalidation arrives", get("2"))
	hits := cached.CSCStats().Hits
	check.Eventually("the new value is cached", func() bool { return get("2")() && cached.CSCStats().Hits > hits })

	check.OK("PEXPIRE", other.PExpire(ctx, "k", 20*time.Millisecond).Err())
	check.Eventually("the expired key is forgotten", func() bool { return cached.Get(ctx, "k").Err() == redis.Nil })
	check.OK("SET", other.Set(ctx, "k", "3", 0).Err())
	check.Eventually("the new key is seen", func() bool { return cached.Get(ctx, "k").Val() == "3" })
	check.OK("FLUSHALL", other.FlushAll(ctx).Err())
	check.Eventually("FLUSHALL invalidates", func() bool { return cached.Get(ctx, "k").Err() == redis.Nil })
}
