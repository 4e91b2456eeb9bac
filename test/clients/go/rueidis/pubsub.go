package main

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/redis/rueidis"

	"larder/test/clients/go/check"
)

// subscription is a Receive under way.
type subscription struct {
	messages chan rueidis.PubSubMessage
	ended    chan error
	stop     context.CancelFunc
}

func receive(cmd rueidis.Completed) subscription {
	within, stop := context.WithCancel(ctx)
	s := subscription{make(chan rueidis.PubSubMessage, 100), make(chan error, 1), stop}
	go func() {
		s.ended <- rdb.Receive(within, cmd, func(m rueidis.PubSubMessage) { s.messages <- m })
	}()
	return s
}

func publish(channel, message string) int64 {
	return check.Must(other.Do(ctx, other.B().Publish().Channel(channel).Message(message).Build()).AsInt64())
}

func pubsub() {
	plain := receive(b().Subscribe().Channel("news", "weather").Build())
	check.Eventually("the channels are subscribed", func() bool {
		counts := check.Must(other.Do(ctx, other.B().PubsubNumsub().Channel("news", "weather").Build()).AsIntMap())
		return counts["news"] == 1 && counts["weather"] == 1
	})
	pattern := receive(b().Psubscribe().Pattern("n?ws*").Build())
	check.Eventually("the pattern is subscribed", func() bool {
		return check.Must(other.Do(ctx, other.B().PubsubNumpat().Build()).AsInt64()) == 1
	})
	check.SameSet("PUBSUB CHANNELS", check.Must(other.Do(ctx, other.B().PubsubChannels().Build()).AsStrSlice()), "news", "weather")
	check.Same("PUBLISH", publish("news", "hello"), 2)
	check.Same("message", check.Receive("message", plain.messages), rueidis.PubSubMessage{Channel: "news", Message: "hello"})
	check.Same("pmessage", check.Receive("pmessage", pattern.messages), rueidis.PubSubMessage{Pattern: "n?ws*", Channel: "news", Message: "hello"})
	check.Same("PUBLISH to the pattern", publish("newsletter", "x"), 1)
	check.Same("pmessage", check.Receive("pmessage", pattern.messages).Channel, "newsletter")
	// One connection carries messages and commands at the same time.
	want("SET while subscribed", b().Set().Key("k").Value("v").Build(), "OK")
	pattern.stop()
	check.True("Receive ends with its context", errors.Is(check.Receive("end", pattern.ended), context.Canceled))
	check.OK("UNSUBSCRIBE", do(b().Unsubscribe().Channel("news", "weather").Build()).Error())
	check.OK("Receive ends with UNSUBSCRIBE", check.Receive("end", plain.ended))
	plain.stop()

	shard := receive(b().Ssubscribe().Channel("local").Build())
	defer shard.stop()
	check.Eventually("SPUBLISH reaches it", func() bool {
		return check.Must(other.Do(ctx, other.B().Spublish().Channel("local").Message("s").Build()).AsInt64()) == 1
	})
	check.Same("smessage", check.Receive("smessage", shard.messages), rueidis.PubSubMessage{Channel: "local", Message: "s"})
}

// blocked says whether a client of the server waits in a blocking command.
func blocked() bool {
	info := check.Must(other.Do(ctx, other.B().Info().Section("clients").Build()).ToString())
	return strings.Contains(info, "\r\nblocked_clients:1\r\n")
}

// meanwhile runs a blocking command, and act once it blocks.
func meanwhile(cmd rueidis.Completed, act rueidis.Completed) rueidis.RedisResult {
	result := make(chan rueidis.RedisResult, 1)
	go func() { result <- do(cmd) }()
	check.Eventually("a blocked client", blocked)
	check.OK("the other's command", other.Do(ctx, act).Error())
	return check.Receive("the reply of the blocking call", result)
}

func blocking() {
	want("RPUSH", b().Rpush().Key("ready").Element("a").Build(), 1)
	check.Same("BLPOP with data", list(b().Blpop().Key("empty", "ready").Timeout(1).Build()), []string{"ready", "a"})
	null("BLPOP that times out", b().Blpop().Key("empty").Timeout(0.01).Build())
	r := meanwhile(b().Blpop().Key("q").Timeout(0).Build(), other.B().Rpush().Key("q").Element("x", "y").Build())
	check.Same("BLPOP", check.Must(r.AsStrSlice()), []string{"q", "x"})
	r = meanwhile(b().Blmpop().Timeout(0).Numkeys(1).Key("r").Right().Build(), other.B().Rpush().Key("r").Element("1", "2").Build())
	check.Same("BLMPOP", check.Must(r.AsLMPop()), rueidis.KeyValues{Key: "r", Values: []string{"2"}})
	r = meanwhile(b().Bzpopmax().Key("z").Timeout(0).Build(), other.B().Zadd().Key("z").ScoreMember().ScoreMember(2, "b").Build())
	check.Same("BZPOPMAX", check.Must(r.ToAny()), any([]any{"z", "b", 2.0}))
	r = meanwhile(b().Xread().Block(0).Streams().Key("s").Id("$").Build(),
		other.B().Xadd().Key("s").Id("1-1").FieldValue().FieldValue("f", "v").Build())
	check.Same("XREAD BLOCK", ids(check.Must(r.AsXRead())["s"]), []string{"1-1"})

	// A wait ends with its context; the client closes the connection.
	short, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
	defer cancel()
	err := rdb.Do(short, b().Brpop().Key("never").Timeout(0).Build()).Error()
	check.True("BRPOP ends with its context", errors.Is(err, context.DeadlineExceeded))
}
