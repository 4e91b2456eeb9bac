// Command redigo is the program of github.com/gomodule/redigo. The client speaks
// the second protocol and leaves the types of replies to the caller.
package main

import (
	"time"

	"github.com/gomodule/redigo/redis"

	"larder/test/clients/go/check"
)

var (
	pool *redis.Pool
	// c is the connection that the sections use; other is a second one, for what
	// needs somebody else: a publisher, a pusher, a rival.
	c, other redis.Conn
)

func main() {
	pool = &redis.Pool{
		MaxIdle:     3,
		IdleTimeout: time.Minute,
		Dial:        func() (redis.Conn, error) { return redis.Dial("tcp", check.Addr()) },
		TestOnBorrow: func(c redis.Conn, _ time.Time) error {
			_, err := c.Do("PING")
			return err
		},
	}
	c, other = pool.Get(), pool.Get()
	check.Main(func() { status("FLUSHALL") }, check.Sections{
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
	})
	_, _, _ = c.Close(), other.Close(), pool.Close()
}

// status runs a command that answers OK.
func status(command string, args ...any) {
	check.Same(command, check.Must(redis.String(c.Do(command, args...))), "OK")
}

// integer, text, list and reply run a command and compare what it answers.
func integer(want int64, command string, args ...any) {
	check.Same(command, check.Must(redis.Int64(c.Do(command, args...))), want)
}

func text(want string, command string, args ...any) {
	check.Same(command, check.Must(redis.String(c.Do(command, args...))), want)
}

func list(want []string, command string, args ...any) {
	check.Same(command, check.Must(redis.Strings(c.Do(command, args...))), want)
}

func unordered(want []string, command string, args ...any) {
	check.SameSet(command, check.Must(redis.Strings(c.Do(command, args...))), want...)
}

func reply(want any, command string, args ...any) {
	check.Same(command, readable(check.Must(c.Do(command, args...))), want)
}

// fails requires an error reply that begins so.
func fails(prefix string, command string, args ...any) {
	_, err := c.Do(command, args...)
	check.Error(command, err, prefix)
}

// null requires the reply nil.
func null(command string, args ...any) { reply(nil, command, args...) }

// arr is an array reply in a readable shape: texts instead of bytes.
type arr = []any

func readable(reply any) any {
	switch reply := reply.(type) {
	case []byte:
		return string(reply)
	case []any:
		list := make(arr, len(reply))
		for i, r := range reply {
			list[i] = readable(r)
		}
		return list
	}
	return reply
}

// scan goes through all pages of a SCAN command, whose cursor stands at place.
func scan(visit func(page []string), command string, place int, args ...any) {
	for {
		page := check.Must(redis.Values(c.Do(command, args...)))
		visit(check.Must(redis.Strings(page[1], nil)))
		args[place] = page[0]
		if cursor := check.Must(redis.String(page[0], nil)); cursor == "0" {
			return
		}
	}
}
