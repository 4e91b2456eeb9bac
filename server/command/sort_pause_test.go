package command

import (
	"strconv"
	"strings"
	"testing"
)

// TestSortRestsOver changes a large list, set and sorted set while SORT, which
// holds no shard between its slices, reads them: what is replied is of one state.
func TestSortRestsOver(t *testing.T) {
	for name, change := range map[string]func(rest int, typ string) []string{
		"nothing changes": func(int, string) []string { return nil },
		"one more": func(rest int, typ string) []string {
			return map[int][]string{3: {map[string]string{"list": "RPUSH", "set": "SADD", "zset": "ZADD"}[typ], typ + "src", "77", "77"}}[rest]
		},
		"it goes":             func(rest int, typ string) []string { return map[int][]string{3: {"DEL", typ + "src"}}[rest] },
		"it becomes a string": func(rest int, typ string) []string { return map[int][]string{3: {"SET", typ + "src", "v"}}[rest] },
		"changes all the time": func(rest int, typ string) []string {
			return []string{"COPY", "twin" + strconv.Itoa(rest%2), typ + "src", "REPLACE"}
		},
	} {
		t.Run(name, func(t *testing.T) {
			for _, typ := range []string{"list", "set", "zset"} {
				for _, options := range [][]string{{"ALPHA"}, {"BY", "nosort", "DESC"}, {"BY", "nosort", "LIMIT", "2000", "1500"}, {"ALPHA", "DESC", "BY", "w*", "GET", "#"}} {
					if typ == "set" && options[0] == "BY" {
						continue // in no order that could be compared
					}
					h := newTester(t, 0)
					fillLarge(h, "src", 6000, typ)
					fillLarge(h, "other", 5000, "list")
					other := h.sibling()
					other.do("COPY", typ+"src", "twin0")
					other.do("COPY", "listother", "twin1")
					words := append([]string{"SORT", typ + "src"}, options...)
					r := h.prepare(words...)
					r.shards = nil // the handler locks
					h.c.OnWorker = true
					rests := 0
					h.c.Rest = func() {
						if rests++; rests > 100_000 {
							t.Fatal("it does not come to an end")
						}
						if rests > 40 {
							return // it is read by then
						}
						if words := change(rests, typ); words != nil {
							other.do(words...)
						}
					}
					h.run(r)
					got := string(h.c.Out.Buf)
					h.c.Rest = nil
					if rests < 3 {
						t.Errorf("%q has rested %d times", words, rests)
					}
					// What comes when the elements are read makes no difference any more.
					ok := false
					for _, state := range []string{typ + "src", "twin0", "twin1"} {
						r = h.prepare(append([]string{"SORT", state}, options...)...)
						r.shards = nil
						h.run(r)
						ok = ok || got == string(h.c.Out.Buf) && (state == typ+"src" || name == "changes all the time")
					}
					if !ok {
						t.Errorf("%q answers %.60q (%d bytes), which no state of the key explains", words, got, len(got))
					}
				}
			}
		})
	}
}

// TestSortStorePausesOver changes the key, and the destination, while SORT orders
// what it will store.
func TestSortStorePausesOver(t *testing.T) {
	for name, change := range map[string]func(pause int) string{
		"nothing changes":         func(int) string { return "" },
		"one more while it reads": func(pause int) string { return onlyAt(pause, 2, "RPUSH % 77") },
		"one more while it sorts": func(pause int) string { return onlyAt(pause, 40, "RPUSH % 77") },
		"it goes":                 func(pause int) string { return onlyAt(pause, 40, "DEL %") },
		"the destination comes":   func(pause int) string { return onlyAt(pause, 40, "SET dst x") },
		"changes all the time":    func(int) string { return "LSET % 5 element:77" },
	} {
		t.Run(name, func(t *testing.T) {
			h := newTester(t, 0)
			fillLarge(h, "src", 6000, "list")
			h.c.OnWorker = true
			h.do("COPY", "listsrc", "twin")
			h.c.AllLocked = true
			got, pauses := h.pausing("SORT listsrc ALPHA DESC GET # STORE dst", func(other *tester, pause int) {
				for _, key := range []string{"listsrc", "twin"} {
					if words := strings.Fields(strings.ReplaceAll(change(pause), "%", key)); len(words) > 0 {
						other.do(words...)
					}
				}
			})
			if pauses < 40 {
				t.Errorf("it has paused %d times", pauses)
			}
			if want := h.do("SORT", "twin", "ALPHA", "DESC", "GET", "#", "STORE", "want"); got != want {
				t.Errorf("it answers %q, want %q", got, want)
			}
			h.c.AllLocked = false
			if got, want := h.do("LRANGE", "dst", "0", "-1"), h.do("LRANGE", "want", "0", "-1"); got != want {
				t.Errorf("it stores %.60q (%d bytes), want %.60q (%d)", got, len(got), want, len(want))
			}
		})
	}
}
