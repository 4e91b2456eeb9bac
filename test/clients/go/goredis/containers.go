package main

import (
	"fmt"
	"math"

	"github.com/redis/go-redis/v9"

	"larder/test/clients/go/check"
)

func hashes() {
	check.Same("HSET", check.Must(rdb.HSet(ctx, "bike:1", "model", "Deimos", "brand", "Ergonom", "price", 4972).Result()), 3)
	check.Same("HGET", check.Must(rdb.HGet(ctx, "bike:1", "model").Result()), "Deimos")
	check.Same("HGET of a missing field", rdb.HGet(ctx, "bike:1", "x").Err(), error(redis.Nil))
	check.Same("HGETALL", check.Must(rdb.HGetAll(ctx, "bike:1").Result()),
		map[string]string{"model": "Deimos", "brand": "Ergonom", "price": "4972"})
	var bike struct {
		Model string `redis:"model"`
		Price int    `redis:"price"`
	}
	check.OK("Scan", rdb.HGetAll(ctx, "bike:1").Scan(&bike))
	check.Same("scanned price", bike.Price, 4972)
	check.Same("HMGET", check.Must(rdb.HMGet(ctx, "bike:1", "price", "x").Result()), []any{"4972", nil})
	check.Same("HINCRBY", check.Must(rdb.HIncrBy(ctx, "bike:1", "price", 100).Result()), 5072)
	check.Same("HINCRBYFLOAT", check.Must(rdb.HIncrByFloat(ctx, "bike:1", "price", -0.5).Result()), 5071.5)
	check.Same("HSETNX", check.Must(rdb.HSetNX(ctx, "bike:1", "model", "x").Result()), false)
	check.Same("HEXISTS", check.Must(rdb.HExists(ctx, "bike:1", "brand").Result()), true)
	check.Same("HSTRLEN", check.Must(rdb.HStrLen(ctx, "bike:1", "model").Result()), 6)
	check.Same("HDEL", check.Must(rdb.HDel(ctx, "bike:1", "brand", "x").Result()), 1)
	check.Same("HLEN", check.Must(rdb.HLen(ctx, "bike:1").Result()), 2)
	check.SameSet("HKEYS", check.Must(rdb.HKeys(ctx, "bike:1").Result()), "model", "price")
	check.SameSet("HVALS", check.Must(rdb.HVals(ctx, "bike:1").Result()), "Deimos", "5071.5")
	check.Same("HRANDFIELD", len(check.Must(rdb.HRandField(ctx, "bike:1", 5).Result())), 2)
	check.Same("HRANDFIELD WITHVALUES", len(check.Must(rdb.HRandFieldWithValues(ctx, "bike:1", 2).Result())), 2)
	check.Same("OBJECT ENCODING", check.Must(rdb.ObjectEncoding(ctx, "bike:1").Result()), "listpack")

	for i := range 1000 {
		check.OK("HSET", rdb.HSet(ctx, "large", fmt.Sprint("f", i), i).Err())
	}
	check.Same("OBJECT ENCODING", check.Must(rdb.ObjectEncoding(ctx, "large").Result()), "hashtable")
	values := map[string]string{}
	for iter := rdb.HScan(ctx, "large", 0, "f*", 50).Iterator(); iter.Next(ctx); {
		field := iter.Val()
		check.True("HSCAN has a value", iter.Next(ctx))
		values[field] = iter.Val()
	}
	check.Same("fields that HSCAN finds", len(values), 1000)
	check.Same("value of f77", values["f77"], "77")
}

func lists() {
	check.Same("RPUSH", check.Must(rdb.RPush(ctx, "l", "a", "b", "c").Result()), 3)
	check.Same("LPUSH", check.Must(rdb.LPush(ctx, "l", "z").Result()), 4)
	check.Same("LRANGE", check.Must(rdb.LRange(ctx, "l", 0, -1).Result()), []string{"z", "a", "b", "c"})
	check.Same("LINDEX", check.Must(rdb.LIndex(ctx, "l", -1).Result()), "c")
	check.Same("LINSERT", check.Must(rdb.LInsertBefore(ctx, "l", "b", "ab").Result()), 5)
	check.Same("LPOS", check.Must(rdb.LPos(ctx, "l", "b", redis.LPosArgs{}).Result()), 3)
	check.OK("LSET", rdb.LSet(ctx, "l", 0, "y").Err())
	check.Same("LREM", check.Must(rdb.LRem(ctx, "l", 0, "ab").Result()), 1)
	check.OK("LTRIM", rdb.LTrim(ctx, "l", 0, 2).Err())
	check.Same("LLEN", check.Must(rdb.LLen(ctx, "l").Result()), 3)
	check.Same("LMOVE", check.Must(rdb.LMove(ctx, "l", "m", "RIGHT", "LEFT").Result()), "b")
	check.Same("LMOVE", check.Must(rdb.LMove(ctx, "l", "m", "RIGHT", "LEFT").Result()), "a")
	check.Same("LPOP count", check.Must(rdb.LPopCount(ctx, "m", 5).Result()), []string{"a", "b"})
	check.Same("RPOP", check.Must(rdb.RPop(ctx, "l").Result()), "y")
	check.Same("LPOP of nothing", rdb.LPop(ctx, "l").Err(), error(redis.Nil))
	check.Same("LPUSHX", check.Must(rdb.LPushX(ctx, "l", "x").Result()), 0)

	check.OK("RPUSH", rdb.RPush(ctx, "n", 3, 1, 2).Err())
	key, popped := mustPop(rdb.LMPop(ctx, "left", 2, "missing", "n").Result())
	check.Same("key of LMPOP", key, "n")
	check.Same("LMPOP", popped, []string{"3", "1"})

	check.OK("SET", rdb.Set(ctx, "s", "x", 0).Err())
	check.Error("LPUSH to a string", rdb.LPush(ctx, "s", "y").Err(), "WRONGTYPE")
	for i := range 5000 {
		check.OK("RPUSH", rdb.RPush(ctx, "large", i).Err())
	}
	check.Same("LINDEX in the middle", check.Must(rdb.LIndex(ctx, "large", 2500).Result()), "2500")
	check.Same("LRANGE of all", len(check.Must(rdb.LRange(ctx, "large", 0, -1).Result())), 5000)
}

func sorting() {
	check.OK("RPUSH", rdb.RPush(ctx, "n", 3, 1, 2).Err())
	check.Same("SORT", check.Must(rdb.Sort(ctx, "n", &redis.Sort{Order: "DESC"}).Result()), []string{"3", "2", "1"})
	check.OK("MSET", rdb.MSet(ctx, "w_1", "c", "w_2", "b", "w_3", "a").Err())
	by := redis.Sort{By: "w_*", Get: []string{"#", "w_*"}, Alpha: true, Count: 2}
	check.Same("SORT BY GET", check.Must(rdb.Sort(ctx, "n", &by).Result()), []string{"3", "a", "2", "b"})
	check.Same("SORT STORE", check.Must(rdb.SortStore(ctx, "n", "sorted", &redis.Sort{}).Result()), 3)
	check.Same("the stored list", check.Must(rdb.LRange(ctx, "sorted", 0, -1).Result()), []string{"1", "2", "3"})
}

func mustPop(key string, values []string, err error) (string, []string) {
	check.OK("pop", err)
	return key, values
}

func sets() {
	check.Same("SADD", check.Must(rdb.SAdd(ctx, "fr", "bike:1", "bike:2", "bike:3", "bike:1").Result()), 3)
	check.OK("SADD", rdb.SAdd(ctx, "us", "bike:1", "bike:4").Err())
	check.Same("SISMEMBER", check.Must(rdb.SIsMember(ctx, "us", "bike:4").Result()), true)
	check.Same("SMISMEMBER", check.Must(rdb.SMIsMember(ctx, "fr", "bike:2", "bike:4").Result()), []bool{true, false})
	check.Same("SCARD", check.Must(rdb.SCard(ctx, "fr").Result()), 3)
	check.SameSet("SMEMBERS", check.Must(rdb.SMembers(ctx, "fr").Result()), "bike:1", "bike:2", "bike:3")
	check.SameSet("SINTER", check.Must(rdb.SInter(ctx, "fr", "us").Result()), "bike:1")
	check.SameSet("SUNION", check.Must(rdb.SUnion(ctx, "fr", "us").Result()), "bike:1", "bike:2", "bike:3", "bike:4")
	check.SameSet("SDIFF", check.Must(rdb.SDiff(ctx, "fr", "us").Result()), "bike:2", "bike:3")
	check.Same("SINTERCARD", check.Must(rdb.SInterCard(ctx, 0, "fr", "us").Result()), 1)
	check.Same("SUNIONSTORE", check.Must(rdb.SUnionStore(ctx, "all", "fr", "us").Result()), 4)
	check.Same("SMOVE", check.Must(rdb.SMove(ctx, "fr", "us", "bike:2").Result()), true)
	check.Same("SREM", check.Must(rdb.SRem(ctx, "us", "bike:2", "x").Result()), 1)
	check.Same("SRANDMEMBER", len(check.Must(rdb.SRandMemberN(ctx, "all", 3).Result())), 3)
	check.Same("SPOP", len(check.Must(rdb.SPopN(ctx, "all", 3).Result())), 3)
	check.Same("SCARD after SPOP", check.Must(rdb.SCard(ctx, "all").Result()), 1)
	check.OK("SADD", rdb.SAdd(ctx, "ints", 1, 2, 3).Err())
	check.Same("OBJECT ENCODING", check.Must(rdb.ObjectEncoding(ctx, "ints").Result()), "intset")

	for i := range 1000 {
		check.OK("SADD", rdb.SAdd(ctx, "large", fmt.Sprint("m", i)).Err())
	}
	seen := map[string]bool{}
	for iter := rdb.SScan(ctx, "large", 0, "m*", 50).Iterator(); iter.Next(ctx); {
		seen[iter.Val()] = true
	}
	check.Same("members that SSCAN finds", len(seen), 1000)
}

func zsets() {
	check.Same("ZADD", check.Must(rdb.ZAdd(ctx, "racers", redis.Z{Score: 10, Member: "Norem"}, redis.Z{Score: 12, Member: "Castilla"},
		redis.Z{Score: 8, Member: "Sam-Bodden"}).Result()), 3)
	check.Same("ZADD GT CH", check.Must(rdb.ZAddArgs(ctx, "racers", redis.ZAddArgs{GT: true, Ch: true,
		Members: []redis.Z{{Score: 9, Member: "Norem"}, {Score: 14, Member: "Castilla"}}}).Result()), 1)
	check.Same("ZADD NX", check.Must(rdb.ZAddNX(ctx, "racers", redis.Z{Score: 1, Member: "Norem"}).Result()), 0)
	check.Same("ZSCORE", check.Must(rdb.ZScore(ctx, "racers", "Castilla").Result()), 14)
	check.Same("ZINCRBY", check.Must(rdb.ZIncrBy(ctx, "racers", 2.5, "Norem").Result()), 12.5)
	check.Same("ZRANK", check.Must(rdb.ZRank(ctx, "racers", "Norem").Result()), 1)
	check.Same("ZREVRANK", check.Must(rdb.ZRevRank(ctx, "racers", "Norem").Result()), 1)
	check.Same("ZRANGE", check.Must(rdb.ZRange(ctx, "racers", 0, -1).Result()), []string{"Sam-Bodden", "Norem", "Castilla"})
	check.Same("ZRANGE REV WITHSCORES", check.Must(rdb.ZRangeArgsWithScores(ctx, redis.ZRangeArgs{Key: "racers", Start: 0, Stop: 0, Rev: true}).Result()),
		[]redis.Z{{Score: 14, Member: "Castilla"}})
	check.Same("ZRANGE BYSCORE", check.Must(rdb.ZRangeArgs(ctx, redis.ZRangeArgs{Key: "racers", Start: "(8", Stop: "+inf", ByScore: true, Offset: 1, Count: 1}).Result()), []string{"Castilla"})
	check.Same("ZCOUNT", check.Must(rdb.ZCount(ctx, "racers", "-inf", "12.5").Result()), 2)
	check.Same("ZMSCORE", check.Must(rdb.ZMScore(ctx, "racers", "Norem", "Sam-Bodden").Result()), []float64{12.5, 8})
	check.Same("ZCARD", check.Must(rdb.ZCard(ctx, "racers").Result()), 3)
	check.Same("ZREMRANGEBYSCORE", check.Must(rdb.ZRemRangeByScore(ctx, "racers", "-inf", "9").Result()), 1)
	check.Same("ZPOPMAX", check.Must(rdb.ZPopMax(ctx, "racers").Result()), []redis.Z{{Score: 14, Member: "Castilla"}})
	check.Same("ZREM", check.Must(rdb.ZRem(ctx, "racers", "Norem", "x").Result()), 1)

	check.OK("ZADD", rdb.ZAdd(ctx, "lex", redis.Z{Member: "a"}, redis.Z{Member: "b"}, redis.Z{Member: "c"}, redis.Z{Member: "d"}).Err())
	check.Same("ZRANGE BYLEX", check.Must(rdb.ZRangeArgs(ctx, redis.ZRangeArgs{Key: "lex", Start: "[b", Stop: "(d", ByLex: true}).Result()), []string{"b", "c"})
	check.Same("ZLEXCOUNT", check.Must(rdb.ZLexCount(ctx, "lex", "-", "+").Result()), 4)
	check.OK("ZADD inf", rdb.ZAdd(ctx, "inf", redis.Z{Score: math.Inf(-1), Member: "a"}).Err())
	check.Same("ZSCORE -inf", check.Must(rdb.ZScore(ctx, "inf", "a").Result()), math.Inf(-1))
	check.Same("ZUNIONSTORE", check.Must(rdb.ZUnionStore(ctx, "u", &redis.ZStore{Keys: []string{"lex", "lex"}, Weights: []float64{1, 2}, Aggregate: "MAX"}).Result()), 4)
	check.Same("ZINTER", check.Must(rdb.ZInter(ctx, &redis.ZStore{Keys: []string{"lex", "inf"}}).Result()), []string{"a"})
	check.Same("ZDIFF", check.Must(rdb.ZDiff(ctx, "lex", "inf").Result()), []string{"b", "c", "d"})
	check.Same("ZRANGESTORE", check.Must(rdb.ZRangeStore(ctx, "part", redis.ZRangeArgs{Key: "lex", Start: 1, Stop: 2}).Result()), 2)

	for i := range 1000 {
		check.OK("ZADD", rdb.ZAdd(ctx, "large", redis.Z{Score: float64(i), Member: fmt.Sprint("m", i)}).Err())
	}
	check.Same("ZRANK in the middle", check.Must(rdb.ZRank(ctx, "large", "m500").Result()), 500)
	seen := map[string]string{}
	for iter := rdb.ZScan(ctx, "large", 0, "", 50).Iterator(); iter.Next(ctx); {
		member := iter.Val()
		check.True("ZSCAN has a score", iter.Next(ctx))
		seen[member] = iter.Val()
	}
	check.Same("members that ZSCAN finds", len(seen), 1000)
	check.Same("score of m7", seen["m7"], "7")
}

func geo() {
	check.Same("GEOADD", check.Must(rdb.GeoAdd(ctx, "Sicily",
		&redis.GeoLocation{Longitude: 13.361389, Latitude: 38.115556, Name: "Palermo"},
		&redis.GeoLocation{Longitude: 15.087269, Latitude: 37.502669, Name: "Catania"}).Result()), 2)
	check.Near("GEODIST", check.Must(rdb.GeoDist(ctx, "Sicily", "Palermo", "Catania", "km").Result()), 166.2742)
	check.Same("GEOHASH", check.Must(rdb.GeoHash(ctx, "Sicily", "Palermo", "Catania").Result()), []string{"sqc8b49rny0", "sqdtr74hyu0"})
	at := check.Must(rdb.GeoPos(ctx, "Sicily", "Palermo", "missing").Result())
	check.Near("longitude of Palermo", at[0].Longitude, 13.361389)
	check.True("GEOPOS of a missing member", at[1] == nil)
	near := redis.GeoSearchQuery{Longitude: 15, Latitude: 37, Radius: 200, RadiusUnit: "km", Sort: "ASC"}
	check.Same("GEOSEARCH BYRADIUS", check.Must(rdb.GeoSearch(ctx, "Sicily", &near).Result()), []string{"Catania", "Palermo"})
	found := check.Must(rdb.GeoSearchLocation(ctx, "Sicily", &redis.GeoSearchLocationQuery{GeoSearchQuery: near, WithDist: true, WithCoord: true}).Result())
	check.Near("distance of Catania", found[0].Dist, 56.4413)
	check.Near("latitude of Catania", found[0].Latitude, 37.502669)
	check.Same("GEOSEARCH BYBOX", check.Must(rdb.GeoSearch(ctx, "Sicily", &redis.GeoSearchQuery{Member: "Catania", BoxWidth: 100, BoxHeight: 100, BoxUnit: "km"}).Result()), []string{"Catania"})
	check.Same("GEOSEARCHSTORE", check.Must(rdb.GeoSearchStore(ctx, "Sicily", "found", &redis.GeoSearchStoreQuery{GeoSearchQuery: near, StoreDist: true}).Result()), 2)
	check.Near("stored distance", check.Must(rdb.ZScore(ctx, "found", "Catania").Result()), 56.4413)
}

func hll() {
	check.Same("PFADD", check.Must(rdb.PFAdd(ctx, "h", "a", "b", "c", "d", "e", "f", "g").Result()), 1)
	check.Same("PFCOUNT", check.Must(rdb.PFCount(ctx, "h").Result()), 7)
	check.Same("PFADD again", check.Must(rdb.PFAdd(ctx, "h", "a").Result()), 0)
	check.OK("PFADD", rdb.PFAdd(ctx, "i", "g", "x").Err())
	check.OK("PFMERGE", rdb.PFMerge(ctx, "u", "h", "i").Err())
	check.Same("PFCOUNT of the union", check.Must(rdb.PFCount(ctx, "u").Result()), 8)
	check.Same("PFCOUNT of two", check.Must(rdb.PFCount(ctx, "h", "i").Result()), 8)
	for i := range 20 {
		many := make([]any, 500)
		for j := range many {
			many[j] = i*500 + j
		}
		check.OK("PFADD", rdb.PFAdd(ctx, "many", many...).Err())
	}
	n := check.Must(rdb.PFCount(ctx, "many").Result())
	check.True("PFCOUNT of 10000 is within 3 %", n > 9700 && n < 10300)
	check.Same("TYPE", check.Must(rdb.Type(ctx, "many").Result()), "string")
}

// fieldTTL needs hashes whose fields expire.
func fieldTTL() {
	check.OK("HSET", rdb.HSet(ctx, "h", "a", 1, "b", 2, "c", 3).Err())
	check.Same("HTTL before", check.Must(rdb.HTTL(ctx, "h", "a", "x").Result()), []int64{-1, -2})
	check.Same("HEXPIRE", check.Must(rdb.HExpire(ctx, "h", 3600e9, "a", "x").Result()), []int64{1, -2})
	left := check.Must(rdb.HTTL(ctx, "h", "a").Result())[0]
	check.True("HTTL", left > 3590 && left <= 3600)
	check.Same("HPERSIST", check.Must(rdb.HPersist(ctx, "h", "a", "b").Result()), []int64{1, -1})
	check.Same("HPEXPIRE", check.Must(rdb.HPExpire(ctx, "h", 20e6, "b").Result()), []int64{1})
	check.Eventually("the field expires", func() bool { return !check.Must(rdb.HExists(ctx, "h", "b").Result()) })
	check.Same("HGETDEL", check.Must(rdb.HGetDel(ctx, "h", "c").Result()), []string{"3"})
	check.Same("HGETEX", check.Must(rdb.HGetEX(ctx, "h", "a").Result()), []string{"1"})
	check.Same("HSETEX", check.Must(rdb.HSetEX(ctx, "h", "d", "4").Result()), 1)
	check.SameSet("HKEYS", check.Must(rdb.HKeys(ctx, "h").Result()), "a", "d")
}
