package command

import (
	"fmt"
	"testing"
)

// TestSortedSetsAllocateNothing holds the commands on sorted sets that caches
// and leaderboards live on to no allocation on the Go heap, whatever form a
// set has.
func TestSortedSetsAllocateNothing(t *testing.T) {
	h := newTester(t, 0)
	for i := range 1000 {
		h.want(":1\r\n", "ZADD", "large", fmt.Sprint(i%37), fmt.Sprintf("member:%d", i))
	}
	for i := range 20 {
		h.want(":1\r\n", "ZADD", "small", fmt.Sprint(i), fmt.Sprintf("member:%d", i))
	}
	h.want("$8\r\nskiplist\r\n", "OBJECT", "ENCODING", "large")
	h.want("$8\r\nlistpack\r\n", "OBJECT", "ENCODING", "small")
	for _, key := range []string{"small", "large"} {
		for _, request := range [][]string{
			{"ZSCORE", key, "member:7"},
			{"ZSCORE", key, "nobody"},
			{"ZMSCORE", key, "member:7", "member:8"},
			{"ZCARD", key},
			{"ZRANK", key, "member:9"},
			{"ZREVRANK", key, "member:9", "WITHSCORE"},
			{"ZCOUNT", key, "(3", "7.5"},
			{"ZADD", key, "3", "member:9"},
			{"ZADD", key, "XX", "GT", "CH", "0.125", "member:9"},
			{"ZADD", key, "1", "member:1", "2", "member:2", "-3.5", "member:3"},
			{"ZINCRBY", key, "1", "member:5"},
			{"ZINCRBY", key, "-1.5", "member:6"},
			{"ZRANGE", key, "3", "9", "WITHSCORES"},
			{"ZRANGE", key, "1", "5", "BYSCORE", "REV", "LIMIT", "0", "3"},
			{"ZREVRANGE", key, "0", "9"},
			{"ZRANGEBYSCORE", key, "-inf", "+inf", "LIMIT", "5", "5"},
			{"ZREM", key, "nobody"},
		} {
			r := h.prepare(request...)
			h.run(r)
			if reply := string(h.c.Out.Buf); reply[0] == '-' {
				t.Errorf("%q answers %q", request, reply)
			}
			if n := testing.AllocsPerRun(200, func() { h.run(r) }); n != 0 {
				t.Errorf("%q allocates %v times a run, want none", request, n)
			}
		}
		// What comes and goes.
		add, rem, pop := h.prepare("ZADD", key, "5", "passing"), h.prepare("ZREM", key, "passing"), h.prepare("ZPOPMIN", key)
		h.run(add)
		h.run(rem)
		low := h.prepare("ZADD", key, "-100", "lowest")
		if n := testing.AllocsPerRun(200, func() { h.run(add); h.run(rem); h.run(low); h.run(pop) }); n != 0 {
			t.Errorf("adding to and removing from %s allocates %v times, want none", key, n)
		}
	}
}

// TestSortedSetHasRoomOrNot proves that a ZADD of many members that finds no
// room answers so and leaves the set as it was.
func TestSortedSetHasRoomOrNot(t *testing.T) {
	h := newTester(t, 12<<20)
	for i := 0; ; i++ {
		args := []string{"ZADD", "z"}
		for j := range 2000 {
			args = append(args, fmt.Sprint(j%11), fmt.Sprintf("%d:%d:a member that takes some room", i, j))
		}
		before := h.do("ZCARD", "z")
		reply := h.do(args...)
		if reply == ":2000\r\n" {
			continue
		}
		if !h.c.NoRoom {
			t.Fatalf("ZADD answers %q", reply)
		}
		h.want(before, "ZCARD", "z")
		h.want("$-1\r\n", "ZSCORE", "z", fmt.Sprintf("%d:0:a member that takes some room", i))
		return
	}
}
