package main

import (
	"time"

	"github.com/redis/go-redis/v9"

	"larder/test/clients/go/check"
)

func streams() {
	for _, id := range []string{"1-1", "2-1", "3-1"} {
		check.Same("XADD", check.Must(rdb.XAdd(ctx, &redis.XAddArgs{Stream: "races", ID: id, Values: []string{"rider", "r" + id}}).Result()), id)
	}
	check.Error("XADD of an old ID", rdb.XAdd(ctx, &redis.XAddArgs{Stream: "races", ID: "1-1", Values: []string{"a", "b"}}).Err(),
		"ERR The ID specified in XADD is equal or smaller than the target stream top item")
	check.Same("XLEN", check.Must(rdb.XLen(ctx, "races").Result()), 3)
	check.Same("XRANGE", check.Must(rdb.XRangeN(ctx, "races", "-", "+", 1).Result()), []redis.XMessage{{ID: "1-1", Values: map[string]any{"rider": "r1-1"}}})
	check.Same("XREVRANGE", check.Must(rdb.XRevRangeN(ctx, "races", "+", "-", 1).Result())[0].ID, "3-1")
	read := check.Must(rdb.XRead(ctx, &redis.XReadArgs{Streams: []string{"races", "1-1"}, Count: 10}).Result())
	check.Same("stream of XREAD", read[0].Stream, "races")
	check.Same("messages of XREAD", ids(read[0].Messages), []string{"2-1", "3-1"})

	consumerGroup()

	check.Same("XDEL", check.Must(rdb.XDel(ctx, "races", "2-1").Result()), 1)
	auto := check.Must(rdb.XAdd(ctx, &redis.XAddArgs{Stream: "races", MaxLen: 2, Values: map[string]any{"rider": "last"}}).Result())
	check.True("an ID of the clock", len(auto) > len("1700000000000-"))
	check.Same("XLEN after MAXLEN", check.Must(rdb.XLen(ctx, "races").Result()), 2)
	check.Same("XTRIM", check.Must(rdb.XTrimMinID(ctx, "races", auto).Result()), 1)
	info := check.Must(rdb.XInfoStream(ctx, "races").Result())
	check.Same("length of XINFO STREAM", info.Length, 1)
	check.Same("last ID of XINFO STREAM", info.LastGeneratedID, auto)
	check.Same("groups of XINFO STREAM", info.Groups, 1)
	check.Same("XINFO STREAM FULL", len(check.Must(rdb.XInfoStreamFull(ctx, "races", 10).Result()).Groups), 1)
	check.Same("XGROUP DESTROY", check.Must(rdb.XGroupDestroy(ctx, "races", "g").Result()), 1)
}

func consumerGroup() {
	check.OK("XGROUP CREATE", rdb.XGroupCreateMkStream(ctx, "races", "g", "0").Err())
	check.Error("XGROUP CREATE again", rdb.XGroupCreate(ctx, "races", "g", "0").Err(), "BUSYGROUP")
	group := func(consumer, from string, count int64) []redis.XMessage {
		got := check.Must(rdb.XReadGroup(ctx, &redis.XReadGroupArgs{Group: "g", Consumer: consumer, Streams: []string{"races", from}, Count: count}).Result())
		return got[0].Messages
	}
	check.Same("XREADGROUP >", ids(group("alice", ">", 2)), []string{"1-1", "2-1"})
	check.Same("XREADGROUP > of another", ids(group("bob", ">", 2)), []string{"3-1"})
	check.Same("XREADGROUP 0", ids(group("alice", "0", 10)), []string{"1-1", "2-1"})
	check.Same("XACK", check.Must(rdb.XAck(ctx, "races", "g", "1-1", "9-9").Result()), 1)
	pending := check.Must(rdb.XPending(ctx, "races", "g").Result())
	check.Same("XPENDING", *pending, redis.XPending{Count: 2, Lower: "2-1", Higher: "3-1", Consumers: map[string]int64{"alice": 1, "bob": 1}})
	long := check.Must(rdb.XPendingExt(ctx, &redis.XPendingExtArgs{Stream: "races", Group: "g", Start: "-", End: "+", Count: 10, Consumer: "bob"}).Result())
	check.Same("XPENDING of bob", long[0].ID, "3-1")
	check.Same("deliveries", long[0].RetryCount, 1)
	claimed := check.Must(rdb.XClaim(ctx, &redis.XClaimArgs{Stream: "races", Group: "g", Consumer: "carol", Messages: []string{"2-1"}}).Result())
	check.Same("XCLAIM", ids(claimed), []string{"2-1"})
	auto, start, err := rdb.XAutoClaim(ctx, &redis.XAutoClaimArgs{Stream: "races", Group: "g", Consumer: "carol", Start: "0", Count: 10}).Result()
	check.OK("XAUTOCLAIM", err)
	check.Same("XAUTOCLAIM", ids(auto), []string{"2-1", "3-1"})
	check.Same("start of XAUTOCLAIM", start, "0-0")
	groups := check.Must(rdb.XInfoGroups(ctx, "races").Result())
	check.Same("XINFO GROUPS", groups, []redis.XInfoGroup{{Name: "g", Consumers: 3, Pending: 2, LastDeliveredID: "3-1", EntriesRead: 3}})
	consumers := check.Must(rdb.XInfoConsumers(ctx, "races", "g").Result())
	check.Same("consumers", len(consumers), 3)
	check.Same("pending of carol", consumers[2].Pending, 2)
	check.Same("XGROUP DELCONSUMER", check.Must(rdb.XGroupDelConsumer(ctx, "races", "g", "carol").Result()), 2)
	_, err = rdb.XReadGroup(ctx, &redis.XReadGroupArgs{Group: "g", Consumer: "bob", Streams: []string{"races", ">"}, Block: time.Millisecond}).Result()
	check.Same("XREADGROUP of nothing", err, error(redis.Nil))
}

func ids(messages []redis.XMessage) []string {
	var list []string
	for _, m := range messages {
		list = append(list, m.ID)
	}
	return list
}
