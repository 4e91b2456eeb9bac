package command

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"larder/protocol/resp"
)

// TestSetsArePausedOver changes the sources of large combinations in the pauses
// that they make: what is replied and stored must be of one state, the last.
func TestSetsArePausedOver(t *testing.T) {
	changes := map[string]func(pause int) []string{
		"nothing changes": func(int) []string { return nil },
		"one change": func(pause int) []string {
			return map[int][]string{2: {"SADD", "a", "new"}}[pause]
		},
		"another key changes":   func(pause int) []string { return []string{"SADD", "c", strconv.Itoa(pause)} },
		"changes all the time":  func(pause int) []string { return []string{"SADD", "a", "n" + strconv.Itoa(pause)} },
		"a field changes":       func(pause int) []string { return map[int][]string{2: {"HSET", "h", "f1", "new", "f", "v"}}[pause] },
		"the hash goes":         func(pause int) []string { return map[int][]string{2: {"DEL", "h"}}[pause] },
		"fields come":           func(pause int) []string { return []string{"HINCRBY", "h", "n" + strconv.Itoa(pause), "1"} },
		"a source goes":         func(pause int) []string { return map[int][]string{2: {"DEL", "b"}}[pause] },
		"a source is replaced":  func(pause int) []string { return map[int][]string{2: {"RENAME", "b", "a"}}[pause] },
		"a small one changes":   func(pause int) []string { return map[int][]string{2: {"SADD", "small", "17"}}[pause] },
		"the destination comes": func(pause int) []string { return map[int][]string{1: {"SET", "dst", "x"}}[pause] },
	}
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			for _, request := range []string{"SUNION a b small", "SINTER a b", "SDIFF a b small", "SMEMBERS a",
				"SUNIONSTORE dst a b small", "SINTERSTORE dst b a", "SDIFFSTORE dst a b", "SINTERCARD 2 a b",
				"HGETALL h", "HKEYS h", "HVALS h", "SRANDMEMBER a 1000", "SRANDMEMBER a 2000", "SRANDMEMBER a 9999", "SRANDMEMBER a -3000",
				"HRANDFIELD h 1000 WITHVALUES", "HRANDFIELD h 2000 WITHVALUES", "HRANDFIELD h 9999", "HRANDFIELD h -3000"} {
				h := newTester(t, 0)
				other := &tester{t, Ctx{Engine: h.c.Engine, Table: h.c.Table, Config: h.c.Config, NowMs: h.c.NowMs, Out: &resp.Writer{Proto: 2}}}
				for i := range 2500 {
					other.do("SADD", "a", "m"+strconv.Itoa(i))
					other.do("SADD", "b", "m"+strconv.Itoa(i+1000))
					other.do("HSET", "h", "f"+strconv.Itoa(i), "v"+strconv.Itoa(i))
				}
				other.do("SADD", "small", "m1", "5", "x")
				pauses := 0
				r := h.prepare(strings.Fields(request)...)
				h.c.OnWorker = true
				h.c.Pause = func() {
					for _, s := range r.shards {
						s.Unlock()
					}
					if pauses++; pauses > 10_000 {
						t.Fatal("the command does not come to an end")
					}
					if words := change(pauses); words != nil {
						other.do(words...)
					}
					for _, s := range r.shards {
						s.Lock()
					}
				}
				h.run(r)
				got := elementsOf(string(h.c.Out.Buf))
				if pauses == 0 {
					t.Errorf("%s: no pause", request)
				}
				other.c.OnWorker = true
				words := strings.Fields(request)
				if query, stores := strings.CutSuffix(words[0], "STORE"); stores {
					got = elementsOf(other.do("SMEMBERS", words[1]))
					words = append([]string{query}, words[2:]...)
				}
				want := elementsOf(other.do(words...))
				if !slices.Equal(got, want) {
					t.Errorf("%s: %d elements, want %d", request, len(got), len(want))
				}
			}
		})
	}
}

// elementsOf returns the lines of a reply, sorted.
func elementsOf(reply string) []string {
	lines := strings.Split(reply, "\r\n")
	slices.Sort(lines)
	return lines
}
