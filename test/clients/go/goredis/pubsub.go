package main

import (
	"time"

	"github.com/redis/go-redis/v9"

	"larder/test/clients/go/check"
)

func pubsub() {
	sub := rdb.Subscribe(ctx, "news", "weather")
	defer func() { check.OK("close", sub.Close()) }()
	awaitSubscription(sub, "subscribe", "news", 1)
	awaitSubscription(sub, "subscribe", "weather", 2)
	check.OK("PSUBSCRIBE", sub.PSubscribe(ctx, "n?ws*"))
	awaitSubscription(sub, "psubscribe", "n?ws*", 3)

	check.SameSet("PUBSUB CHANNELS", check.Must(other.PubSubChannels(ctx, "*").Result()), "news", "weather")
	check.Same("PUBSUB NUMSUB", check.Must(other.PubSubNumSub(ctx, "news", "none").Result()), map[string]int64{"news": 1, "none": 0})
	check.Same("PUBSUB NUMPAT", check.Must(other.PubSubNumPat(ctx).Result()), 1)
	check.Same("PUBLISH", check.Must(other.Publish(ctx, "news", "hello").Result()), 2)
	check.Same("PUBLISH to the pattern", check.Must(other.Publish(ctx, "news:art", "paint").Result()), 1)
	check.Same("PUBLISH to nobody", check.Must(other.Publish(ctx, "nobody", "x").Result()), 0)
	messages := sub.Channel()
	check.Same("message", *check.Receive("message", messages), redis.Message{Channel: "news", Payload: "hello"})
	check.Same("pmessage", *check.Receive("pmessage", messages), redis.Message{Channel: "news", Pattern: "n?ws*", Payload: "hello"})
	check.Same("pmessage of another channel", *check.Receive("pmessage", messages), redis.Message{Channel: "news:art", Pattern: "n?ws*", Payload: "paint"})

	check.OK("UNSUBSCRIBE", sub.Unsubscribe(ctx, "news"))
	check.OK("PUNSUBSCRIBE", sub.PUnsubscribe(ctx, "n?ws*"))
	check.Eventually("nobody hears news", func() bool {
		return check.Must(other.PubSubNumSub(ctx, "news").Result())["news"]+check.Must(other.PubSubNumPat(ctx).Result()) == 0
	})
	check.Same("PUBLISH to the other channel", check.Must(other.Publish(ctx, "weather", "rain").Result()), 1)
	check.Same("message after UNSUBSCRIBE", check.Receive("message", messages).Payload, "rain")

	shard := rdb.SSubscribe(ctx, "shard")
	defer func() { check.OK("close", shard.Close()) }()
	awaitSubscription(shard, "ssubscribe", "shard", 1)
	check.Same("SPUBLISH", check.Must(other.SPublish(ctx, "shard", "local").Result()), 1)
	check.Same("smessage", *check.Receive("smessage", shard.Channel()), redis.Message{Channel: "shard", Payload: "local"})
}

func awaitSubscription(sub *redis.PubSub, kind, channel string, count int) {
	got, ok := check.Must(sub.ReceiveTimeout(ctx, 10*time.Second)).(*redis.Subscription)
	check.True("a subscription is confirmed", ok)
	check.Same("confirmation", *got, redis.Subscription{Kind: kind, Channel: channel, Count: count})
}

// blocked waits until n clients of the server wait in a blocking command.
func blocked(n string) {
	check.Eventually(n+" blocked clients", func() bool {
		return other.InfoMap(ctx, "clients").Item("Clients", "blocked_clients") == n
	})
}

// meanwhile runs a blocking call, and act once it blocks.
func meanwhile[T any](call func() T, act func()) T {
	result := make(chan T, 1)
	go func() { result <- call() }()
	blocked("1")
	act()
	return check.Receive("the reply of the blocking call", result)
}

func blocking() {
	check.OK("RPUSH", rdb.RPush(ctx, "ready", "a").Err())
	check.Same("BLPOP with data", check.Must(rdb.BLPop(ctx, time.Second, "empty", "ready").Result()), []string{"ready", "a"})
	check.Same("BLPOP that times out", rdb.Do(ctx, "BLPOP", "empty", "0.01").Err(), error(redis.Nil))

	check.Same("BLPOP", meanwhile(func() []string { return rdb.BLPop(ctx, 0, "q", "r").Val() },
		func() { check.OK("RPUSH", other.RPush(ctx, "r", "x", "y").Err()) }), []string{"r", "x"})
	check.Same("what BLPOP left", check.Must(rdb.LRange(ctx, "r", 0, -1).Result()), []string{"y"})
	check.Same("BLMOVE", meanwhile(func() string { return rdb.BLMove(ctx, "q", "done", "LEFT", "RIGHT", 5*time.Second).Val() },
		func() { check.OK("LPUSH", other.LPush(ctx, "q", "job").Err()) }), "job")
	check.Same("what BLMOVE moved", check.Must(rdb.LRange(ctx, "done", 0, -1).Result()), []string{"job"})
	check.Same("BZPOPMIN", meanwhile(func() *redis.ZWithKey { return rdb.BZPopMin(ctx, 5*time.Second, "z").Val() },
		func() { check.OK("ZADD", other.ZAdd(ctx, "z", redis.Z{Score: 2, Member: "b"}).Err()) }),
		&redis.ZWithKey{Key: "z", Z: redis.Z{Score: 2, Member: "b"}})

	add := func() {
		check.OK("XADD", other.XAdd(ctx, &redis.XAddArgs{Stream: "s", ID: "*", Values: []string{"f", "v"}}).Err())
	}
	read := meanwhile(func() []redis.XStream {
		return rdb.XRead(ctx, &redis.XReadArgs{Streams: []string{"s", "$"}, Block: 5 * time.Second}).Val()
	}, add)
	check.Same("XREAD BLOCK", read[0].Messages[0].Values, map[string]any{"f": "v"})
	check.OK("XGROUP CREATE", rdb.XGroupCreate(ctx, "s", "g", "$").Err())
	read = meanwhile(func() []redis.XStream {
		return rdb.XReadGroup(ctx, &redis.XReadGroupArgs{Group: "g", Consumer: "c", Streams: []string{"s", ">"}, Block: 5 * time.Second}).Val()
	}, add)
	check.Same("XREADGROUP BLOCK", read[0].Messages[0].Values, map[string]any{"f": "v"})

	// CLIENT UNBLOCK ends a wait as its timeout would.
	conn := rdb.Conn()
	defer func() { check.OK("close", conn.Close()) }()
	id := check.Must(conn.ClientID(ctx).Result())
	check.Same("BRPOP that is unblocked", meanwhile(func() error { return conn.BRPop(ctx, 0, "never").Err() },
		func() { check.Same("CLIENT UNBLOCK", check.Must(other.ClientUnblock(ctx, id).Result()), 1) }), error(redis.Nil))
}
