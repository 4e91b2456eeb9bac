package main

import (
	"strings"
	"time"

	"github.com/gomodule/redigo/redis"

	"larder/test/clients/go/check"
)

func pubsub() {
	psc := redis.PubSubConn{Conn: pool.Get()}
	defer func() { check.OK("close", psc.Close()) }()
	next := func() any { return psc.ReceiveWithTimeout(10 * time.Second) }
	check.OK("SUBSCRIBE", psc.Subscribe("news", "weather"))
	check.Same("confirmation", next(), any(redis.Subscription{Kind: "subscribe", Channel: "news", Count: 1}))
	check.Same("confirmation", next(), any(redis.Subscription{Kind: "subscribe", Channel: "weather", Count: 2}))
	check.OK("PSUBSCRIBE", psc.PSubscribe("n?ws*"))
	check.Same("confirmation", next(), any(redis.Subscription{Kind: "psubscribe", Channel: "n?ws*", Count: 3}))

	unordered([]string{"news", "weather"}, "PUBSUB", "CHANNELS")
	reply(arr{"news", int64(1), "none", int64(0)}, "PUBSUB", "NUMSUB", "news", "none")
	integer(1, "PUBSUB", "NUMPAT")
	integer(2, "PUBLISH", "news", "hello")
	check.Same("message", next(), any(redis.Message{Channel: "news", Data: []byte("hello")}))
	check.Same("pmessage", next(), any(redis.Message{Channel: "news", Pattern: "n?ws*", Data: []byte("hello")}))
	check.OK("PING", psc.Ping("are you there"))
	check.Same("PONG", next(), any(redis.Pong{Data: "are you there"}))
	_, err := psc.Conn.(redis.ConnWithTimeout).DoWithTimeout(time.Second, "GET", "k")
	check.Error("GET while subscribed", err, "ERR Can't execute 'get'")

	check.OK("UNSUBSCRIBE", psc.Unsubscribe())
	kinds := []any{next(), next()}
	check.Same("the last count", kinds[1].(redis.Subscription).Count, 1)
	check.OK("PUNSUBSCRIBE", psc.PUnsubscribe())
	check.Same("confirmation", next(), any(redis.Subscription{Kind: "punsubscribe", Channel: "n?ws*", Count: 0}))
	integer(0, "PUBLISH", "news", "x")
}

// meanwhile runs a blocking command, and act once it blocks.
func meanwhile(want any, act []any, command string, args ...any) {
	type answer struct {
		reply any
		err   error
	}
	got := make(chan answer, 1)
	go func() {
		r, err := c.Do(command, args...)
		got <- answer{r, err}
	}()
	check.Eventually("a blocked client", func() bool {
		return strings.Contains(check.Must(redis.String(other.Do("INFO", "clients"))), "\r\nblocked_clients:1\r\n")
	})
	_, err := other.Do(act[0].(string), act[1:]...)
	check.OK("the other's command", err)
	a := check.Receive(command, got)
	check.OK(command, a.err)
	check.Same(command, readable(a.reply), want)
}

func blocking() {
	integer(1, "RPUSH", "ready", "a")
	list([]string{"ready", "a"}, "BLPOP", "empty", "ready", 1)
	null("BLPOP", "empty", 0.01)
	null("BLMOVE", "empty", "x", "LEFT", "LEFT", 0.01)
	meanwhile(arr{"q", "y"}, arr{"RPUSH", "q", "x", "y"}, "BRPOP", "p", "q", 0)
	list([]string{"x"}, "LRANGE", "q", 0, -1)
	meanwhile("job", arr{"LPUSH", "src", "job"}, "BRPOPLPUSH", "src", "dst", 5)
	meanwhile(arr{"z", "b", "2"}, arr{"ZADD", "z", 2, "b"}, "BZPOPMIN", "z", 5)
	meanwhile(arr{"z", arr{arr{"c", "3"}}}, arr{"ZADD", "z", 3, "c"}, "BZMPOP", 5, 1, "z", "MIN")
	meanwhile(arr{arr{"s", arr{arr{"1-1", arr{"f", "v"}}}}}, arr{"XADD", "s", "1-1", "f", "v"}, "XREAD", "BLOCK", 5000, "STREAMS", "s", "$")
	status("XGROUP", "CREATE", "s", "g", "$")
	meanwhile(arr{arr{"s", arr{arr{"2-1", arr{"f", "w"}}}}}, arr{"XADD", "s", "2-1", "f", "w"}, "XREADGROUP", "GROUP", "g", "c", "BLOCK", 5000, "STREAMS", "s", ">")
	// Inside a transaction nothing waits.
	status("MULTI")
	text("QUEUED", "BLPOP", "empty", 0)
	reply(arr{nil}, "EXEC")
}
