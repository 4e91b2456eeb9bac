package command

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"larder/protocol/resp"
)

// pausing runs a request as a worker does, with change called in each pause. It
// returns the reply and the number of pauses.
func (h *tester) pausing(request string, change func(other *tester, pause int)) (reply string, pauses int) {
	h.t.Helper()
	other := h.sibling()
	r := h.prepare(strings.Fields(request)...)
	h.c.OnWorker = true
	h.c.Pause = func() {
		for _, s := range r.shards {
			s.Unlock()
		}
		if pauses++; pauses > 10_000 {
			h.t.Fatalf("%s does not come to an end", request)
		}
		change(other, pauses)
		for _, s := range r.shards {
			s.Lock()
		}
	}
	defer func() { h.c.Pause = nil }()
	h.run(r)
	return string(h.c.Out.Buf), pauses
}

// sibling is another tester on the same engine.
func (h *tester) sibling() *tester {
	return &tester{h.t, Ctx{Engine: h.c.Engine, Table: h.c.Table, Config: h.c.Config, NowMs: h.c.NowMs, OnWorker: true, Out: &resp.Writer{Proto: 2}}}
}

// fillSortedSets makes sorted sets a and b of some thousands of members, which
// have half of them in common, and a copy of a at twin.
func fillSortedSets(h *tester) {
	h.t.Helper()
	for key, from := range map[string]int{"a": 0, "b": 10_000} {
		for i := 0; i < 20_000; i += 100 {
			args := []string{"ZADD", key}
			for j := i; j < i+100; j++ {
				args = append(args, strconv.Itoa((from+j)*7919%20_011), "m"+strconv.Itoa(from+j))
			}
			h.do(args...)
		}
	}
	worker := h.sibling() // copying takes one
	worker.do("COPY", "a", "twin")
	h.do("SADD", "plain", "m1", "m2", "m15000", "other")
}

// TestSortedSetsArePausedOver changes the sources of long commands in the pauses
// that they make: what is replied or stored must be of one state, the last, and
// until it is there nobody sees anything of it.
func TestSortedSetsArePausedOver(t *testing.T) {
	// Each change is made to a and to its twin, which the command does not know.
	changes := map[string]func(pause int) string{
		"nothing changes":       func(int) string { return "" },
		"a member comes":        func(pause int) string { return onlyAt(pause, 3, "ZADD % 5 new") },
		"a score changes":       func(pause int) string { return onlyAt(pause, 2, "ZADD % 17 m77") },
		"a member goes":         func(pause int) string { return onlyAt(pause, 4, "ZREM % m100") },
		"another key changes":   func(pause int) string { return fmt.Sprintf("ZADD elsewhere 1 m%d", pause) },
		"changes all the time":  func(pause int) string { return fmt.Sprintf("ZADD %% %d m5", pause) },
		"the source goes":       func(pause int) string { return onlyAt(pause, 5, "DEL %") },
		"it is replaced":        func(pause int) string { return onlyAt(pause, 5, "ZUNIONSTORE % 1 b") },
		"it becomes small":      func(pause int) string { return onlyAt(pause, 5, "ZADD % 1 x;ZREMRANGEBYRANK % 3 -1") },
		"the destination comes": func(pause int) string { return onlyAt(pause, 2, "ZADD dst 1 x") },
	}
	requests := []string{
		"ZUNION 3 % b plain WITHSCORES", "ZINTER 2 % b WEIGHTS 2 3 WITHSCORES", "ZDIFF 2 % b WITHSCORES", "ZINTERCARD 2 % b",
		"ZUNIONSTORE dst 3 % b plain WEIGHTS 1 -1 2 AGGREGATE MAX", "ZINTERSTORE dst 2 % b", "ZDIFFSTORE dst 2 % b", "ZUNIONSTORE % 2 % b",
		"ZRANGE % 0 -1 WITHSCORES", "ZRANGE % 17 -3 REV", "ZRANGEBYSCORE % 100 18000 LIMIT 50 19000", "ZRANGESTORE dst % 2 -3", "ZRANGESTORE dst % 19000 2 BYSCORE REV",
		"ZREMRANGEBYRANK % 0 17000", "ZREMRANGEBYRANK % 1500 -1000", "ZREMRANGEBYSCORE % (50 +inf",
		"ZPOPMIN % 17500", "ZPOPMAX % 17500", "ZPOPMIN % 30000", "ZMPOP 2 nosuch % MAX COUNT 18000",
	}
	few := []string{requests[0], requests[6], requests[9], requests[14], requests[18]}
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			some := few
			if name == "a score changes" {
				some = requests
			}
			for _, request := range some {
				h := newTester(t, 0)
				fillSortedSets(h)
				on := func(request, key string) string { return strings.ReplaceAll(request, "%", key) }
				got, pauses := h.pausing(on(request, "a"), func(other *tester, pause int) {
					for _, key := range []string{"a", "twin"} {
						for command := range strings.SplitSeq(on(change(pause), key), ";") {
							if command != "" {
								other.do(strings.Fields(command)...)
							}
						}
					}
					if a, twin := other.do("ZCARD", "a"), other.do("ZCARD", "twin"); a != twin {
						t.Fatalf("%s: in pause %d the set has %q members, not %q", request, pause, a, twin)
					}
				})
				if pauses == 0 {
					t.Errorf("%s: no pause", request)
				}
				result := h.do("ZRANGE", "dst", "0", "-1", "WITHSCORES")
				got = strings.Replace(got, "\r\n$1\r\na\r\n", "\r\n$4\r\ntwin\r\n", 1) // ZMPOP says which key
				if want := h.do(strings.Fields(on(request, "twin"))...); got != want {
					t.Errorf("%s: replies %.80q (%d bytes), want %.80q (%d)", request, got, len(got), want, len(want))
				}
				for _, pair := range [][2]string{{h.do("ZRANGE", "dst", "0", "-1", "WITHSCORES"), result},
					{h.do("ZRANGE", "a", "0", "-1", "WITHSCORES"), h.do("ZRANGE", "twin", "0", "-1", "WITHSCORES")},
					{h.do("OBJECT", "ENCODING", "a"), h.do("OBJECT", "ENCODING", "twin")}} {
					if pair[0] != pair[1] {
						t.Errorf("%s: leaves %.80q (%d bytes), want %.80q (%d)", request, pair[1], len(pair[1]), pair[0], len(pair[0]))
					}
				}
			}
		})
	}
}

// onlyAt is the command in one pause, and nothing in the others.
func onlyAt(pause, at int, command string) string {
	if pause == at {
		return command
	}
	return ""
}

// TestZRemRangeKeepsDeadline removes most of a sorted set in slices: its deadline
// stays, and all memory of the old one comes back.
func TestZRemRangeKeepsDeadline(t *testing.T) {
	h := newTester(t, 0)
	fillSortedSets(h)
	empty := usedWithout(h, "a", "b", "twin", "plain")
	fillSortedSets(h)
	h.do("PEXPIREAT", "a", "1700000100000")
	if _, pauses := h.pausing("ZREMRANGEBYRANK a 5 -1", func(*tester, int) {}); pauses == 0 {
		t.Error("no pause")
	}
	h.want(":1700000100000\r\n", "PEXPIRETIME", "a")
	h.want(":5\r\n", "ZCARD", "a")
	if used := usedWithout(h, "a", "b", "twin", "plain"); used != empty {
		t.Errorf("%d bytes are in use behind it, %d were before", used, empty)
	}
}

// usedWithout deletes keys and returns what the engine uses when all memory of
// what was removed is back, in bytes.
func usedWithout(h *tester, keys ...string) uint64 {
	h.t.Helper()
	h.do(append([]string{"DEL"}, keys...)...)
	for _, s := range h.c.Engine.Shards() {
		s.Lock()
		for s.Reclaim(1 << 20) {
		}
		s.Unlock()
	}
	return h.c.Engine.MemoryStats().Used
}
