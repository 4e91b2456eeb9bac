package command

import (
	"strconv"
	"testing"
)

// TestSortRestsOver changes a large list, set and sorted set while SORT, which
// holds no shard between its slices, reads them: what is replied is of one state,
// the last.
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
					fillLarge(h, "src", 6000)
					h.do("COPY", typ+"src", "twin0")
					h.do("COPY", "listsrc", "twin1")
					other := h.sibling()
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
					r = h.prepare(words...)
					r.shards = nil
					h.run(r)
					if want := string(h.c.Out.Buf); got != want {
						t.Errorf("%q answers %.60q (%d bytes), and then %.60q (%d)", words, got, len(got), want, len(want))
					}
				}
			}
		})
	}
}
