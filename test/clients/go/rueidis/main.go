// Command rueidis is the program of github.com/redis/rueidis. Its client speaks
// RESP3, pipelines everything that goroutines ask for at the same time, and has
// client-side caching on unless it is told otherwise.
package main

import (
	"context"

	"github.com/redis/rueidis"

	"larder/test/clients/go/check"
)

var (
	ctx = context.Background()
	// rdb is the client that the sections use; other is a second one, for what
	// needs somebody else: a publisher, a pusher, a rival.
	rdb, other rueidis.Client
)

// prepare connects, the first time, and empties the server.
func prepare() {
	if rdb == nil {
		options := rueidis.ClientOption{InitAddress: []string{check.Addr()}}
		rdb = check.Must(rueidis.NewClient(options))
		// The other speaks the second protocol, which has to go without a cache.
		options.DisableCache, options.AlwaysRESP2 = true, true
		other = check.Must(rueidis.NewClient(options))
	}
	check.OK("FLUSHALL", other.Do(ctx, other.B().Flushall().Build()).Error())
}

func main() {
	check.Main(prepare, check.Sections{
		"strings":      stringValues,
		"bitmaps":      bitmaps,
		"keys":         keys,
		"dump":         dump,
		"pipelines":    pipelines,
		"hashes":       hashes,
		"lists":        lists,
		"sort":         sorting,
		"sets":         sets,
		"zsets":        zsets,
		"streams":      streams,
		"geo":          geo,
		"hll":          hll,
		"transactions": transactions,
		"scripts":      scripts,
		"functions":    functions,
		"pubsub":       pubsub,
		"blocking":     blocking,
		"resp3":        resp3,
		"caching":      caching,
		"fieldttl":     fieldTTL,
	})
}

// b starts a command.
func b() rueidis.Builder { return rdb.B() }

// do runs a command.
func do(cmd rueidis.Completed) rueidis.RedisResult { return rdb.Do(ctx, cmd) }

// want runs a command whose reply is an integer or a text and compares it.
func want[T int | string | float64](what string, cmd rueidis.Completed, expected T) {
	r := do(cmd)
	switch expected := any(expected).(type) {
	case int:
		check.Same(what, check.Must(r.AsInt64()), int64(expected))
	case string:
		check.Same(what, check.Must(r.ToString()), expected)
	case float64:
		check.Same(what, check.Must(r.AsFloat64()), expected)
	}
}

// list runs a command whose reply is a list of texts.
func list(cmd rueidis.Completed) []string { return check.Must(do(cmd).AsStrSlice()) }

// null requires the reply nil.
func null(what string, cmd rueidis.Completed) {
	err := do(cmd).Error()
	if !rueidis.IsRedisNil(err) {
		check.Fail("%s: got %v, want nil", what, err)
	}
}

// fails requires an error reply that begins so; rueidis leaves "ERR " out.
func fails(what string, cmd rueidis.Completed, prefix string) {
	check.Error(what, do(cmd).Error(), prefix)
}
