// Command goredis is the program of github.com/redis/go-redis.
package main

import (
	"context"

	"github.com/redis/go-redis/v9"

	"larder/test/clients/go/check"
)

var (
	ctx = context.Background()
	// rdb is the client that the sections use; other is a second one, for what
	// needs somebody else: a publisher, a pusher, a rival.
	rdb, other *redis.Client
)

func main() {
	rdb = redis.NewClient(&redis.Options{Addr: check.Addr()})
	other = redis.NewClient(&redis.Options{Addr: check.Addr(), Protocol: 2})
	defer func() { _, _ = rdb.Close(), other.Close() }()
	check.Main(func() { check.OK("FLUSHALL", rdb.FlushAll(ctx).Err()) }, check.Sections{
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
