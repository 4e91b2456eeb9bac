package main

import (
	"fmt"

	"github.com/gomodule/redigo/redis"

	"larder/test/clients/go/check"
)

func hashes() {
	type bike struct {
		Model string `redis:"model"`
		Price int    `redis:"price"`
	}
	deimos := bike{"Deimos", 4972}
	integer(2, "HSET", redis.Args{}.Add("bike").AddFlat(deimos)...)
	var got bike
	check.OK("ScanStruct", redis.ScanStruct(check.Must(redis.Values(c.Do("HGETALL", "bike"))), &got))
	check.Same("scanned", got, deimos)
	check.Same("StringMap", check.Must(redis.StringMap(c.Do("HGETALL", "bike"))), map[string]string{"model": "Deimos", "price": "4972"})
	text("Deimos", "HGET", "bike", "model")
	null("HGET", "bike", "x")
	reply(arr{"4972", nil}, "HMGET", "bike", "price", "x")
	integer(5072, "HINCRBY", "bike", "price", 100)
	text("5072.5", "HINCRBYFLOAT", "bike", "price", 0.5)
	integer(0, "HSETNX", "bike", "model", "x")
	integer(1, "HEXISTS", "bike", "model")
	integer(6, "HSTRLEN", "bike", "model")
	integer(1, "HDEL", "bike", "price", "x")
	list([]string{"model"}, "HKEYS", "bike")
	list([]string{"model", "Deimos"}, "HRANDFIELD", "bike", 3, "WITHVALUES")
	for i := range 1000 {
		integer(1, "HSET", "large", fmt.Sprint("f", i), i)
	}
	integer(1000, "HLEN", "large")
	values := map[string]string{}
	scan(func(page []string) {
		for i := 0; i < len(page); i += 2 {
			values[page[i]] = page[i+1]
		}
	}, "HSCAN", 1, "large", 0, "COUNT", 50)
	check.Same("fields that HSCAN finds", len(values), 1000)
	check.Same("value of f77", values["f77"], "77")
}

func lists() {
	integer(3, "RPUSH", "l", "a", "b", "c")
	integer(4, "LPUSH", "l", "z")
	list([]string{"z", "a", "b", "c"}, "LRANGE", "l", 0, -1)
	text("c", "LINDEX", "l", -1)
	integer(5, "LINSERT", "l", "BEFORE", "b", "ab")
	reply(arr{int64(3)}, "LPOS", "l", "b", "COUNT", 0)
	status("LSET", "l", 0, "y")
	fails("ERR index out of range", "LSET", "l", 99, "y")
	integer(1, "LREM", "l", 0, "ab")
	status("LTRIM", "l", 0, 2)
	text("b", "RPOPLPUSH", "l", "m")
	text("a", "LMOVE", "l", "m", "RIGHT", "LEFT")
	list([]string{"a", "b"}, "LPOP", "m", 5)
	reply(arr{"l", arr{"y"}}, "LMPOP", 2, "m", "l", "LEFT")
	null("LPOP", "l")
	status("SET", "s", "x")
	fails("WRONGTYPE", "LPUSH", "s", 1)
	for i := range 5000 {
		check.OK("Send", c.Send("RPUSH", "large", i))
	}
	check.Same("replies", len(check.Must(redis.Values(c.Do("")))), 5000)
	text("2500", "LINDEX", "large", 2500)
	integer(5000, "LLEN", "large")
}

func sorting() {
	integer(3, "RPUSH", "n", 3, 1, 2)
	list([]string{"1", "2", "3"}, "SORT", "n")
	status("SET", "w_1", 30)
	status("SET", "w_2", 20)
	status("SET", "w_3", 10)
	list([]string{"3", "2", "1"}, "SORT", "n", "BY", "w_*")
	integer(3, "SORT", "n", "BY", "nosort", "GET", "w_*", "STORE", "sorted")
	list([]string{"10", "30", "20"}, "LRANGE", "sorted", 0, -1)
}

func sets() {
	integer(3, "SADD", "fr", "1", "2", "3", "1")
	integer(2, "SADD", "us", "1", "four")
	integer(1, "SISMEMBER", "us", "four")
	reply(arr{int64(1), int64(0)}, "SMISMEMBER", "fr", "2", "4")
	unordered([]string{"1", "2", "3"}, "SMEMBERS", "fr")
	unordered([]string{"1"}, "SINTER", "fr", "us")
	unordered([]string{"1", "2", "3", "four"}, "SUNION", "fr", "us")
	unordered([]string{"2", "3"}, "SDIFF", "fr", "us")
	integer(1, "SINTERCARD", 2, "fr", "us")
	integer(1, "SINTERSTORE", "both", "fr", "us")
	integer(1, "SMOVE", "fr", "us", "2")
	integer(1, "SREM", "us", "2", "x")
	integer(2, "SCARD", "us")
	text("1", "SPOP", "both")
	null("SRANDMEMBER", "both")
	for i := range 1000 {
		integer(1, "SADD", "large", fmt.Sprint("m", i))
	}
	seen := map[string]bool{}
	scan(func(page []string) {
		for _, m := range page {
			seen[m] = true
		}
	}, "SSCAN", 1, "large", 0)
	check.Same("members that SSCAN finds", len(seen), 1000)
}

func zsets() {
	integer(3, "ZADD", "z", 10, "Norem", 12, "Castilla", 8, "Sam")
	integer(1, "ZADD", "z", "XX", "GT", "CH", 9, "Norem", 14, "Castilla", 1, "new")
	text("12.5", "ZADD", "z", "INCR", 2.5, "Norem")
	text("14", "ZSCORE", "z", "Castilla")
	integer(1, "ZRANK", "z", "Norem")
	integer(0, "ZREVRANK", "z", "Castilla")
	list([]string{"Sam", "8", "Norem", "12.5"}, "ZRANGE", "z", 0, 1, "WITHSCORES")
	list([]string{"Castilla"}, "ZRANGE", "z", "(8", "+inf", "BYSCORE", "LIMIT", 1, 1)
	list([]string{"Castilla", "Norem"}, "ZREVRANGEBYSCORE", "z", "+inf", 10)
	integer(2, "ZCOUNT", "z", "-inf", 12.5)
	reply(arr{"12.5", nil}, "ZMSCORE", "z", "Norem", "x")
	list([]string{"Sam", "8"}, "ZPOPMIN", "z")
	reply(arr{"z", arr{arr{"Castilla", "14"}}}, "ZMPOP", 1, "z", "MAX")
	integer(4, "ZADD", "lex", 0, "a", 0, "b", 0, "c", 0, "d")
	list([]string{"b", "c"}, "ZRANGEBYLEX", "lex", "[b", "(d")
	integer(3, "ZADD", "only", 0, "a", 0, "c", 0, "d")
	integer(4, "ZUNIONSTORE", "u", 2, "lex", "lex", "WEIGHTS", 1, 2, "AGGREGATE", "MAX")
	list([]string{"b", "0"}, "ZDIFF", 3, "lex", "z", "only", "WITHSCORES")
	integer(2, "ZRANGESTORE", "part", "lex", 0, 1)
	list([]string{"a", "b"}, "ZINTER", 2, "lex", "part")
	integer(2, "ZINTERCARD", 2, "lex", "part")
	integer(1, "ZREMRANGEBYLEX", "lex", "[a", "(b")
	integer(1, "ZREM", "lex", "b", "x")
	fails("ERR value is not a valid float", "ZADD", "lex", "nan", "x")
	for i := range 1000 {
		integer(1, "ZADD", "large", i, fmt.Sprint("m", i))
	}
	integer(500, "ZRANK", "large", "m500")
	seen := map[string]string{}
	scan(func(page []string) {
		for i := 0; i < len(page); i += 2 {
			seen[page[i]] = page[i+1]
		}
	}, "ZSCAN", 1, "large", 0)
	check.Same("members that ZSCAN finds", len(seen), 1000)
	check.Same("score of m7", seen["m7"], "7")
}

func geo() {
	integer(2, "GEOADD", "Sicily", 13.361389, 38.115556, "Palermo", 15.087269, 37.502669, "Catania")
	text("166.2742", "GEODIST", "Sicily", "Palermo", "Catania", "km")
	reply(arr{"sqc8b49rny0", nil}, "GEOHASH", "Sicily", "Palermo", "x")
	at := check.Must(redis.Positions(c.Do("GEOPOS", "Sicily", "Palermo", "x")))
	check.Near("longitude", at[0][0], 13.361389)
	check.Near("latitude", at[0][1], 38.115556)
	check.True("GEOPOS of a missing member", at[1] == nil)
	list([]string{"Catania", "Palermo"}, "GEORADIUS", "Sicily", 15, 37, 200, "km", "ASC")
	reply(arr{arr{"Catania", "56.4413"}}, "GEOSEARCH", "Sicily", "FROMLONLAT", 15, 37, "BYBOX", 150, 150, "km", "WITHDIST")
	integer(2, "GEOSEARCHSTORE", "found", "Sicily", "FROMMEMBER", "Palermo", "BYRADIUS", 200, "km")
	text("zset", "TYPE", "found")
}

func hll() {
	integer(1, "PFADD", "h", "a", "b", "c", "d")
	integer(0, "PFADD", "h", "a")
	integer(1, "PFADD", "i", "d", "e")
	integer(4, "PFCOUNT", "h")
	integer(5, "PFCOUNT", "h", "i")
	status("PFMERGE", "u", "h", "i")
	integer(5, "PFCOUNT", "u")
	raw := check.Must(redis.Bytes(c.Do("GET", "u")))
	check.Same("magic", string(raw[:4]), "HYLL")
	status("SET", "copy", raw)
	integer(5, "PFCOUNT", "copy")
}
