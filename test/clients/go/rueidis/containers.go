package main

import (
	"fmt"

	"github.com/redis/rueidis"

	"larder/test/clients/go/check"
)

func hashes() {
	want("HSET", b().Hset().Key("bike").FieldValue().FieldValue("model", "Deimos").FieldValue("price", "4972").Build(), 2)
	want("HGET", b().Hget().Key("bike").Field("model").Build(), "Deimos")
	null("HGET of a missing field", b().Hget().Key("bike").Field("x").Build())
	check.Same("HGETALL", check.Must(do(b().Hgetall().Key("bike").Build()).AsStrMap()), map[string]string{"model": "Deimos", "price": "4972"})
	check.Same("HMGET", list(b().Hmget().Key("bike").Field("price", "model").Build()), []string{"4972", "Deimos"})
	want("HINCRBY", b().Hincrby().Key("bike").Field("price").Increment(100).Build(), 5072)
	want("HINCRBYFLOAT", b().Hincrbyfloat().Key("bike").Field("price").Increment(0.5).Build(), 5072.5)
	want("HSETNX", b().Hsetnx().Key("bike").Field("model").Value("x").Build(), 0)
	want("HEXISTS", b().Hexists().Key("bike").Field("model").Build(), 1)
	want("HDEL", b().Hdel().Key("bike").Field("price", "x").Build(), 1)
	want("HLEN", b().Hlen().Key("bike").Build(), 1)
	check.Same("HRANDFIELD", check.Must(do(b().Hrandfield().Key("bike").Count(2).Withvalues().Build()).ToAny()), any([]any{[]any{"model", "Deimos"}}))

	fill := b().Hset().Key("large").FieldValue()
	for i := range 1000 {
		fill = fill.FieldValue(fmt.Sprint("f", i), fmt.Sprint(i))
	}
	want("HSET of 1000", fill.Build(), 1000)
	values := map[string]string{}
	scan(func(cursor uint64) rueidis.Completed {
		return b().Hscan().Key("large").Cursor(cursor).Count(50).Build()
	},
		func(page []string) {
			for i := 0; i < len(page); i += 2 {
				values[page[i]] = page[i+1]
			}
		})
	check.Same("fields that HSCAN finds", len(values), 1000)
	check.Same("value of f77", values["f77"], "77")
}

// scan goes through the pages of a SCAN command.
func scan(command func(cursor uint64) rueidis.Completed, visit func(page []string)) {
	for cursor := uint64(0); ; {
		page := check.Must(do(command(cursor)).AsScanEntry())
		visit(page.Elements)
		if cursor = page.Cursor; cursor == 0 {
			return
		}
	}
}

func lists() {
	want("RPUSH", b().Rpush().Key("l").Element("a", "b", "c").Build(), 3)
	want("LPUSH", b().Lpush().Key("l").Element("z").Build(), 4)
	check.Same("LRANGE", list(b().Lrange().Key("l").Start(0).Stop(-1).Build()), []string{"z", "a", "b", "c"})
	want("LINDEX", b().Lindex().Key("l").Index(-1).Build(), "c")
	want("LINSERT", b().Linsert().Key("l").After().Pivot("a").Element("ab").Build(), 5)
	want("LPOS", b().Lpos().Key("l").Element("b").Build(), 3)
	want("LSET", b().Lset().Key("l").Index(0).Element("y").Build(), "OK")
	want("LREM", b().Lrem().Key("l").Count(1).Element("ab").Build(), 1)
	want("LTRIM", b().Ltrim().Key("l").Start(0).Stop(2).Build(), "OK")
	want("LMOVE", b().Lmove().Source("l").Destination("m").Right().Left().Build(), "b")
	check.Same("LPOP count", list(b().Lpop().Key("l").Count(9).Build()), []string{"y", "a"})
	null("RPOP of nothing", b().Rpop().Key("l").Build())
	popped := check.Must(do(b().Lmpop().Numkeys(2).Key("l", "m").Left().Build()).AsLMPop())
	check.Same("LMPOP", popped, rueidis.KeyValues{Key: "m", Values: []string{"b"}})
	want("SET", b().Set().Key("s").Value("x").Build(), "OK")
	fails("LPUSH to a string", b().Lpush().Key("s").Element("y").Build(), "WRONGTYPE")
	var many []string
	for i := range 5000 {
		many = append(many, fmt.Sprint(i))
	}
	want("RPUSH of 5000", b().Rpush().Key("large").Element(many...).Build(), 5000)
	check.Same("LRANGE of all", list(b().Lrange().Key("large").Start(0).Stop(-1).Build()), many)
}

func sorting() {
	want("RPUSH", b().Rpush().Key("n").Element("3", "1", "2").Build(), 3)
	check.Same("SORT", list(b().Sort().Key("n").Desc().Build()), []string{"3", "2", "1"})
	check.Same("SORT_RO LIMIT", list(b().SortRo().Key("n").Limit(1, 1).Build()), []string{"2"})
}

func sets() {
	want("SADD", b().Sadd().Key("fr").Member("1", "2", "3", "1").Build(), 3)
	want("SADD", b().Sadd().Key("us").Member("1", "four").Build(), 2)
	want("SISMEMBER", b().Sismember().Key("us").Member("four").Build(), 1)
	check.Same("SMISMEMBER", check.Must(do(b().Smismember().Key("fr").Member("2", "4").Build()).AsIntSlice()), []int64{1, 0})
	want("SCARD", b().Scard().Key("fr").Build(), 3)
	check.SameSet("SMEMBERS", list(b().Smembers().Key("fr").Build()), "1", "2", "3")
	check.SameSet("SINTER", list(b().Sinter().Key("fr", "us").Build()), "1")
	check.SameSet("SUNION", list(b().Sunion().Key("fr", "us").Build()), "1", "2", "3", "four")
	check.SameSet("SDIFF", list(b().Sdiff().Key("fr", "us").Build()), "2", "3")
	want("SINTERCARD", b().Sintercard().Numkeys(2).Key("fr", "us").Limit(5).Build(), 1)
	want("SDIFFSTORE", b().Sdiffstore().Destination("d").Key("fr", "us").Build(), 2)
	want("SMOVE", b().Smove().Source("fr").Destination("us").Member("2").Build(), 1)
	want("SREM", b().Srem().Key("us").Member("2", "x").Build(), 1)
	check.Same("SPOP", len(list(b().Spop().Key("d").Count(2).Build())), 2)
	want("EXISTS after the last SPOP", b().Exists().Key("d").Build(), 0)
	var many []string
	for i := range 1000 {
		many = append(many, fmt.Sprint("m", i))
	}
	want("SADD of 1000", b().Sadd().Key("large").Member(many...).Build(), 1000)
	seen := map[string]bool{}
	scan(func(cursor uint64) rueidis.Completed { return b().Sscan().Key("large").Cursor(cursor).Build() },
		func(page []string) {
			for _, m := range page {
				seen[m] = true
			}
		})
	check.Same("members that SSCAN finds", len(seen), 1000)
}

func zsets() {
	want("ZADD", b().Zadd().Key("z").ScoreMember().ScoreMember(10, "Norem").ScoreMember(12, "Castilla").ScoreMember(8, "Sam").Build(), 3)
	want("ZADD GT CH", b().Zadd().Key("z").Gt().Ch().ScoreMember().ScoreMember(9, "Norem").ScoreMember(14, "Castilla").Build(), 1)
	want("ZSCORE", b().Zscore().Key("z").Member("Castilla").Build(), 14.0)
	want("ZINCRBY", b().Zincrby().Key("z").Increment(2.5).Member("Norem").Build(), 12.5)
	want("ZRANK", b().Zrank().Key("z").Member("Norem").Build(), 1)
	null("ZRANK of a missing member", b().Zrank().Key("z").Member("x").Build())
	check.Same("ZRANGE REV WITHSCORES", check.Must(do(b().Zrange().Key("z").Min("0").Max("1").Rev().Withscores().Build()).AsZScores()),
		[]rueidis.ZScore{{Member: "Castilla", Score: 14}, {Member: "Norem", Score: 12.5}})
	check.Same("ZRANGE BYSCORE LIMIT", list(b().Zrange().Key("z").Min("(8").Max("+inf").Byscore().Limit(1, 1).Build()), []string{"Castilla"})
	want("ZCOUNT", b().Zcount().Key("z").Min("-inf").Max("12.5").Build(), 2)
	check.Same("ZMSCORE", check.Must(do(b().Zmscore().Key("z").Member("Norem", "Sam").Build()).AsFloatSlice()), []float64{12.5, 8})
	check.Same("ZPOPMAX", check.Must(do(b().Zpopmax().Key("z").Build()).AsZScore()), rueidis.ZScore{Member: "Castilla", Score: 14})
	popped := check.Must(do(b().Zmpop().Numkeys(2).Key("none", "z").Min().Count(5).Build()).AsZMPop())
	check.Same("ZMPOP", popped, rueidis.KeyZScores{Key: "z", Values: []rueidis.ZScore{{Member: "Sam", Score: 8}, {Member: "Norem", Score: 12.5}}})
	want("ZADD", b().Zadd().Key("lex").ScoreMember().ScoreMember(0, "a").ScoreMember(0, "b").ScoreMember(0, "c").Build(), 3)
	check.Same("ZRANGE BYLEX", list(b().Zrange().Key("lex").Min("[b").Max("+").Bylex().Build()), []string{"b", "c"})
	want("ZUNIONSTORE", b().Zunionstore().Destination("u").Numkeys(2).Key("lex", "lex").Weights(1, 2).AggregateMax().Build(), 3)
	want("ZRANGESTORE", b().Zrangestore().Dst("part").Src("lex").Min("1").Max("2").Build(), 2)
	want("ZREMRANGEBYRANK", b().Zremrangebyrank().Key("lex").Start(0).Stop(-2).Build(), 2)
	fill := b().Zadd().Key("large").ScoreMember()
	for i := range 1000 {
		fill = fill.ScoreMember(float64(i), fmt.Sprint("m", i))
	}
	want("ZADD of 1000", fill.Build(), 1000)
	want("ZREVRANK in the middle", b().Zrevrank().Key("large").Member("m499").Build(), 500)
	seen := map[string]string{}
	scan(func(cursor uint64) rueidis.Completed { return b().Zscan().Key("large").Cursor(cursor).Build() },
		func(page []string) {
			for i := 0; i < len(page); i += 2 {
				seen[page[i]] = page[i+1]
			}
		})
	check.Same("members that ZSCAN finds", len(seen), 1000)
	check.Same("score of m7", seen["m7"], "7")
}

func geo() {
	want("GEOADD", b().Geoadd().Key("Sicily").LongitudeLatitudeMember().LongitudeLatitudeMember(13.361389, 38.115556, "Palermo").
		LongitudeLatitudeMember(15.087269, 37.502669, "Catania").Build(), 2)
	check.Near("GEODIST", check.Must(do(b().Geodist().Key("Sicily").Member1("Palermo").Member2("Catania").Km().Build()).AsFloat64()), 166.2742)
	check.Same("GEOHASH", list(b().Geohash().Key("Sicily").Member("Palermo").Build()), []string{"sqc8b49rny0"})
	found := check.Must(do(b().Geosearch().Key("Sicily").Fromlonlat(15, 37).Byradius(200).Km().Asc().Withcoord().Withdist().Build()).AsGeosearch())
	check.Same("the nearest", found[0].Name, "Catania")
	check.Near("its distance", found[0].Dist, 56.4413)
	check.Near("its longitude", found[0].Longitude, 15.087269)
	check.Same("GEOSEARCH BYBOX", list(b().Geosearch().Key("Sicily").Frommember("Catania").Bybox(400).Height(400).Km().Desc().Build()), []string{"Palermo", "Catania"})
	want("GEOSEARCHSTORE", b().Geosearchstore().Destination("found").Source("Sicily").Fromlonlat(15, 37).Byradius(100).Km().Storedist().Build(), 1)
}

func hll() {
	want("PFADD", b().Pfadd().Key("h").Element("a", "b", "c", "d").Build(), 1)
	want("PFADD again", b().Pfadd().Key("h").Element("a").Build(), 0)
	want("PFADD", b().Pfadd().Key("i").Element("d", "e").Build(), 1)
	want("PFCOUNT", b().Pfcount().Key("h").Build(), 4)
	want("PFCOUNT of two", b().Pfcount().Key("h", "i").Build(), 5)
	want("PFMERGE", b().Pfmerge().Destkey("u").Sourcekey("h", "i").Build(), "OK")
	want("PFCOUNT of the union", b().Pfcount().Key("u").Build(), 5)
}

// fieldTTL needs hashes whose fields expire.
func fieldTTL() {
	want("HSET", b().Hset().Key("h").FieldValue().FieldValue("a", "1").FieldValue("b", "2").Build(), 2)
	numbers := func(cmd rueidis.Completed) []int64 { return check.Must(do(cmd).AsIntSlice()) }
	check.Same("HEXPIRE", numbers(b().Hexpire().Key("h").Seconds(3600).Fields().Numfields(2).Field("a", "x").Build()), []int64{1, -2})
	left := numbers(b().Httl().Key("h").Fields().Numfields(2).Field("a", "b").Build())
	check.True("HTTL", left[0] > 3590 && left[0] <= 3600 && left[1] == -1)
	check.Same("HPERSIST", numbers(b().Hpersist().Key("h").Fields().Numfields(1).Field("a").Build()), []int64{1})
	check.Same("HPEXPIRE", numbers(b().Hpexpire().Key("h").Milliseconds(20).Fields().Numfields(1).Field("b").Build()), []int64{1})
	check.Eventually("the field expires", func() bool {
		return check.Must(do(b().Hexists().Key("h").Field("b").Build()).AsInt64()) == 0
	})
}
