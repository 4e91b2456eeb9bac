package command

import (
	"strconv"
	"strings"
	"testing"
)

// TestTableCommandsAllocateNothing holds commands on single fields and members
// to no allocation on the Go heap, for packed hashes and sets, for integers and
// for large ones, whose tables grow and shrink in the course of the runs.
func TestTableCommandsAllocateNothing(t *testing.T) {
	for _, n := range []int{20, 20_000} {
		t.Run(strconv.Itoa(n), func(t *testing.T) {
			h := newTester(t, 0)
			for i := range n {
				h.do("HSET", "hash", "field "+strconv.Itoa(i), strconv.Itoa(i))
				h.do("SADD", "set", "member "+strconv.Itoa(i))
				h.do("SADD", "ints", strconv.Itoa(2*i))
			}
			h.do("HSET", "ttl", "a", "1", "b", "2")
			h.do("HPEXPIRE", "ttl", "1000000", "FIELDS", "1", "a")
			for _, requests := range [][][]string{
				{{"HSET", "hash", "field 7", "other"}, {"HSET", "hash", "field 7", "7"}},
				{{"HSET", "hash", "new", "value", "newer", "1"}, {"HDEL", "hash", "new", "newer"}},
				{{"HSETNX", "hash", "new", "value"}, {"HDEL", "hash", "new"}},
				{{"HGET", "hash", "field 11"}, {"HMGET", "hash", "field 11", "absent"}},
				{{"HLEN", "hash"}, {"HEXISTS", "hash", "field 3"}, {"HSTRLEN", "hash", "field 3"}},
				{{"HINCRBY", "hash", "field 5", "1000"}},
				{{"HSET", "fresh", "a", "1"}, {"HDEL", "fresh", "a"}},
				{{"HRANDFIELD", "hash"}},
				{{"HSET", "ttl", "b", "3"}, {"HTTL", "ttl", "FIELDS", "1", "a"}, {"HGET", "ttl", "a"}},
				{{"SADD", "set", "a", "1"}, {"SREM", "set", "a", "1"}},
				{{"SADD", "ints", "1", "11"}, {"SREM", "ints", "1", "11"}},
				{{"SISMEMBER", "set", "member 4"}, {"SISMEMBER", "ints", "4"}, {"SMISMEMBER", "set", "member 4", "x"}},
				{{"SCARD", "set"}, {"SRANDMEMBER", "set"}, {"SRANDMEMBER", "ints"}},
				{{"SPOP", "set"}, {"SADD", "set", "member 4"}},
				{{"SADD", "fresh", "a"}, {"SPOP", "fresh"}},
				{{"SMOVE", "set", "moved", "member 4"}, {"SADD", "set", "member 4"}, {"SREM", "moved", "member 4"}},
			} {
				var calls []*call
				for _, request := range requests {
					calls = append(calls, h.prepare(request...))
				}
				run := func() {
					for _, r := range calls {
						h.c.Seed++
						h.run(r)
					}
				}
				run()
				if reply := string(h.c.Out.Buf); reply[0] == '-' {
					t.Errorf("%q answers %q", requests, reply)
				}
				if n := testing.AllocsPerRun(300, run); n != 0 {
					t.Errorf("%q allocates %v times a run, want none", requests, n)
				}
			}
		})
	}
}

// BenchmarkTables measures lookups and changes in a hash and a set of a million.
func BenchmarkTables(b *testing.B) {
	h := newTester(b, 0)
	for i := range 1_000_000 {
		h.do("HSET", "hash", "field:"+strconv.Itoa(i), "value")
		h.do("SADD", "set", "member:"+strconv.Itoa(i))
	}
	for _, request := range []string{"HGET hash field:123456", "HSET hash field:123456 other", "SISMEMBER set member:654321",
		"SADD set member:5", "SRANDMEMBER set", "SPOP set", "HRANDFIELD hash", "HINCRBY counters a 1"} {
		b.Run(request, func(b *testing.B) {
			r := h.prepare(strings.Fields(request)...)
			for b.Loop() {
				h.c.Seed++
				h.run(r)
			}
		})
	}
}
