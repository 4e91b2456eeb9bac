package compat

import (
	"math/rand/v2"
	"testing"

	"larder/test/compat/harness"
)

// transactionsFamily lets three connections queue, watch and change the same
// few keys.
var transactionsFamily = family{
	name:  "transactions",
	conns: 3,
	spoil: 3,
	rows: []string{
		"MULTI", "MULTI",
		"EXEC", "EXEC", "EXEC",
		"DISCARD",
		"WATCH key*",
		"WATCH key",
		"UNWATCH",
		"SET key value",
		"SET key value",
		"GET key",
		"GET key",
		"INCR key",
		"APPEND key value",
		"DEL key*",
		"MSET (key value)*",
		"MGET key*",
		"EXISTS key*",
		"RENAME key key",
		"COPY key key REPLACE",
		"MOVE key db",
		"PEXPIRE key (-1|100000)",
		"PERSIST key",
		"SELECT db",
		"SWAPDB db db",
		"FLUSHDB",
		"FLUSHALL",
		"TYPE key",
		"PING",
		"ECHO value",
		"CLIENT GETNAME",
		"PUBLISH value value",
		"SHUTDOWN NOSAVE NOW junk",
		"NOSUCHCOMMAND",
	},
	classes: harness.Classes{
		"key": harness.Choose("a", "b", "c", "d"),
		"db":  harness.Choose("0", "0", "1"),
	},
	special:        watchedTransaction,
	specialPercent: 15,
	epilogue: append([]harness.Step{
		harness.Command(0, "EXEC"), harness.Command(1, "EXEC"), harness.Command(2, "EXEC"),
		harness.Command(0, "SELECT", "0"),
	}, readBack("GET")...),
}

// watchedTransaction is what applications do: watch, read, let another client
// come in between or not, and write.
func watchedTransaction(r *rand.Rand) []harness.Step {
	keys := []string{"a", "b", "c", "d"}
	key := func() string { return keys[r.IntN(len(keys))] }
	own, other := r.IntN(3), r.IntN(3)
	steps := []harness.Step{
		harness.Command(own, "DISCARD"), harness.Command(own, "WATCH", key(), key()), harness.Command(own, "GET", key()),
		harness.Command(other, "EXISTS", key()),
	}
	switch r.IntN(5) {
	case 0:
		steps = append(steps, harness.Command(other, "SET", key(), "other"))
	case 1:
		steps = append(steps, harness.Command(other, "PEXPIRE", key(), "-1"))
	case 2:
		steps = append(steps, harness.Command(other, "MULTI"), harness.Command(other, "SET", key(), "other"), harness.Command(other, "EXEC"))
	case 3:
		steps = append(steps, harness.Command(other, "FLUSHALL"))
	}
	return append(steps, harness.Command(own, "MULTI"), harness.Command(own, "SET", key(), "own"),
		harness.Command(own, "MGET", "a", "b", "c", "d"), harness.Command(own, "EXEC"))
}

func TestTransactions(t *testing.T) { transactionsFamily.check(t, respPair(t)) }
