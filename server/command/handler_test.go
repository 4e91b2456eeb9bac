package command

import (
	"slices"
	"testing"

	"larder/engine"
	"larder/protocol/resp"
)

// tester runs handlers on an engine of its own, as the dispatcher does.
type tester struct {
	t testing.TB
	c Ctx
}

// newTester returns a tester whose engine may take limitBytes, 0 for no limit.
func newTester(t testing.TB, limitBytes uint64) *tester {
	t.Helper()
	e, err := engine.New(engine.Options{Shards: 4})
	if err != nil {
		t.Fatal(err)
	}
	e.SetLimit(limitBytes)
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	table, err := NewTable()
	if err != nil {
		t.Fatal(err)
	}
	return &tester{t, Ctx{
		Engine: e, Table: table, Config: &Settings{MaxStringBytes: 512 << 20, Limits: engine.DefaultLimits(), HLLSparseBytes: 3000},
		NowMs: 1_700_000_000_000, Out: &resp.Writer{Proto: 2},
	}}
}

// call is a request that is ready to run, any number of times.
type call struct {
	handler Handler
	args    [][]byte
	keys    []engine.Key
	shards  []*engine.Shard
}

// prepare finds the command and its keys.
func (h *tester) prepare(args ...string) *call {
	h.t.Helper()
	r := &call{}
	for _, a := range args {
		r.args = append(r.args, []byte(a))
	}
	cmd := h.c.Table.Lookup(r.args[0])
	if cmd != nil && len(cmd.Sub) > 0 && len(args) > 1 {
		cmd = cmd.LookupSub(r.args[1])
	}
	if cmd == nil || !cmd.ArityOK(len(args)) {
		h.t.Fatalf("%q is no request", args)
	}
	r.handler = cmd.Handler
	at, _ := cmd.AppendKeys(nil, r.args)
	for _, i := range at {
		k := h.c.Engine.Key(r.args[i])
		r.keys = append(r.keys, k)
		r.shards = append(r.shards, k.Shard)
	}
	if cmd.Is&AllShards != 0 {
		r.shards = slices.Clone(h.c.Engine.Shards())
	}
	slices.SortFunc(r.shards, func(a, b *engine.Shard) int { return a.Index() - b.Index() })
	r.shards = slices.Compact(r.shards)
	return r
}

// run runs a request; the reply is in h.c.Out.
func (h *tester) run(r *call) {
	h.c.Args, h.c.Keys = r.args, r.keys
	h.c.Dirty, h.c.NoRoom, h.c.Escalate = 0, false, false
	h.c.Out.Buf = h.c.Out.Buf[:0]
	for _, s := range r.shards {
		s.Lock()
	}
	r.handler(&h.c)
	for _, s := range r.shards {
		s.Unlock()
	}
}

// do runs a request and returns the reply.
func (h *tester) do(args ...string) string {
	h.t.Helper()
	h.run(h.prepare(args...))
	return string(h.c.Out.Buf)
}

// want runs a request and compares the reply.
func (h *tester) want(reply string, args ...string) {
	h.t.Helper()
	if got := h.do(args...); got != reply {
		h.t.Errorf("%.200q answers %.200q, want %.200q", args, got, reply)
	}
}
