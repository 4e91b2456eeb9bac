package command

import (
	"strconv"
	"testing"

	"larder/protocol/resp"
)

// TestLRangePausesOver changes a large list in the pauses that LRANGE makes:
// what is replied must be of one state, the last.
func TestLRangePausesOver(t *testing.T) {
	for name, change := range map[string]func(pause int) []string{
		"nothing changes": func(int) []string { return nil },
		"a push":          func(pause int) []string { return map[int][]string{3: {"LPUSH", "list", "new"}}[pause] },
		"a push and a pop": func(pause int) []string {
			return map[int][]string{1: {"LPUSH", "list", "x"}, 2: {"LPOP", "list"}}[pause]
		},
		"an element changes":   func(pause int) []string { return map[int][]string{2: {"LSET", "list", "4000", "changed"}}[pause] },
		"one in the middle":    func(pause int) []string { return map[int][]string{2: {"LREM", "list", "1", "e2500"}}[pause] },
		"another list changes": func(pause int) []string { return []string{"RPUSH", "other", strconv.Itoa(pause)} },
		"changes all the time": func(pause int) []string { return []string{"LSET", "list", strconv.Itoa(pause), "x"} },
		"it is replaced": func(pause int) []string {
			return map[int][]string{2: {"SORT", "other", "ALPHA", "STORE", "list"}}[pause]
		},
		"it becomes small": func(pause int) []string { return map[int][]string{2: {"LTRIM", "list", "0", "5"}}[pause] },
		"it goes":          func(pause int) []string { return map[int][]string{2: {"DEL", "list"}}[pause] },
	} {
		t.Run(name, func(t *testing.T) {
			h := newTester(t, 0)
			other := &tester{t, Ctx{Engine: h.c.Engine, Table: h.c.Table, Config: h.c.Config, NowMs: h.c.NowMs, Out: &resp.Writer{Proto: 2}}}
			for i := range 6000 {
				other.do("RPUSH", "list", "e"+strconv.Itoa(i))
				other.do("RPUSH", "other", "f"+strconv.Itoa(i%100))
			}
			pauses := 0
			r := h.prepare("LRANGE", "list", "0", "-1")
			h.c.OnWorker = true
			h.c.Pause = func() {
				for _, s := range r.shards {
					s.Unlock()
				}
				if pauses++; pauses > 1000 {
					t.Fatal("the command does not come to an end")
				}
				if words := change(pauses); words != nil {
					other.c.AllLocked = words[0] == "SORT" // its shards are locked by the tester
					other.do(words...)
				}
				for _, s := range r.shards {
					s.Lock()
				}
			}
			h.run(r)
			got := string(h.c.Out.Buf)
			if pauses < 2 {
				t.Errorf("it has paused %d times", pauses)
			}
			h.c.Pause = nil
			if want := h.do("LRANGE", "list", "0", "-1"); got != want {
				t.Errorf("it answers %.60q..., and then %.60q...", got, want)
			}
		})
	}
}
