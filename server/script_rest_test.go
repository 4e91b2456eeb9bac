package server

import (
	"context"
	"strings"
	"testing"
)

// TestScriptsRest counts the rests of a context that is asked before each
// instruction, and ends it.
func TestScriptsRest(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	rests := 0
	c := newRestingContext(ctx, func() { rests++ })
	for range 10*restSteps + 1 {
		select {
		case <-c.Done():
			t.Fatal("it ends by itself")
		default:
		}
	}
	if rests != 10 {
		t.Errorf("%d rests in %d instructions, want 10", rests, 10*restSteps+1)
	}
	child, stop := context.WithCancel(c) // as a coroutine has
	defer stop()
	cancel()
	select {
	case <-c.Done():
	default:
		t.Error("it does not end")
	}
	if <-child.Done(); child.Err() == nil {
		t.Error("a coroutine does not end with it")
	}
}

// TestScriptRestsOnlyWithoutShards runs scripts that compute before and behind
// their first command: they rest as long as they hold nothing.
func TestScriptRestsOnlyWithoutShards(t *testing.T) {
	srv := newTestServer(t)
	client := newTestClient(t, srv, &respFront{})
	q := &call{s: client.s, ex: client.ex, srv: srv}
	h := newScriptHost(q, nil, false)
	h.restedNs = monotonicNs() - scriptSliceNs
	before := h.restedNs
	if h.rest(); h.restedNs == before {
		t.Error("a script that holds nothing does not rest")
	}
	h.locked, h.restedNs = srv.engine.Shards()[:1], before
	if h.rest(); h.restedNs != before {
		t.Error("a script rests with a shard locked")
	}
	h.locked, q.within = nil, &nesting{}
	if h.rest(); h.restedNs != before {
		t.Error("a script rests within a transaction")
	}
	got := client.do("EVAL \"local x = 0 for i = 1, 200000 do x = x + i end redis.call('SET', KEYS[1], x) return redis.call('GET', KEYS[1])\" 1 k\r\n")
	if !strings.HasSuffix(got, "20000100000\r\n") {
		t.Errorf("the script answers %q", got)
	}
}
