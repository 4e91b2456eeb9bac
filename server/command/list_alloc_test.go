package command

import (
	"strconv"
	"strings"
	"testing"
)

// TestListCommandsAllocateNothing holds what queues live on to no allocation on
// the Go heap, for small lists and for large ones, whose leaves come and go in
// the course of the runs.
func TestListCommandsAllocateNothing(t *testing.T) {
	for _, length := range []int{20, 20_000} {
		t.Run(strconv.Itoa(length), func(t *testing.T) {
			h := newTester(t, 0)
			for i := range length {
				h.do("RPUSH", "list", "element "+strconv.Itoa(i))
				h.do("RPUSH", "other", strconv.Itoa(i))
			}
			middle := strconv.Itoa(length / 2)
			for _, requests := range [][][]string{
				{{"LPUSH", "list", "a", "1"}, {"LPOP", "list"}, {"LPOP", "list"}},
				{{"RPUSH", "list", "a", "1"}, {"RPOP", "list", "2"}},
				{{"LPUSH", "list", strings.Repeat("v", 100)}, {"RPOP", "list"}},
				{{"RPUSH", "list", "1"}, {"LPOP", "list"}},
				{{"LPUSH", "fresh", "a"}, {"RPOP", "fresh"}},
				{{"LINDEX", "list", middle}},
				{{"LINDEX", "list", "-1"}},
				{{"LSET", "list", middle, "x"}},
				{{"LRANGE", "list", middle, "100000"}},
				{{"LLEN", "list"}},
				{{"LPOS", "other", "17", "RANK", "-1", "MAXLEN", "1000"}},
				{{"LMOVE", "list", "other", "LEFT", "RIGHT"}, {"RPOPLPUSH", "other", "list"}},
				{{"RPOPLPUSH", "list", "list"}},
				{{"LMPOP", "2", "absent", "list", "LEFT", "COUNT", "1"}, {"LPUSH", "list", "e"}},
			} {
				var calls []*call
				for _, request := range requests {
					calls = append(calls, h.prepare(request...))
				}
				run := func() {
					for _, r := range calls {
						h.run(r)
					}
				}
				run()
				if reply := string(h.c.Out.Buf); reply[0] == '-' {
					t.Errorf("%q answers %q", requests, reply)
				}
				if n := testing.AllocsPerRun(500, run); n != 0 {
					t.Errorf("%q allocates %v times a run, want none", requests, n)
				}
			}
		})
	}
}

// BenchmarkList measures queues and lookups in a list of a million elements.
func BenchmarkList(b *testing.B) {
	h := newTester(b, 0)
	for i := range 1_000_000 {
		h.do("RPUSH", "list", "element "+strconv.Itoa(i))
	}
	for _, request := range []string{"LPUSH list xxxxxxxx", "LPOP list", "RPUSH list xxxxxxxx", "RPOP list",
		"LINDEX list 500000", "LINDEX list 123456", "LSET list 333333 abcdefghijkl", "LRANGE list 400000 400099", "LRANGE list 0 99", "RPOPLPUSH list list", "LPUSH short x"} {
		b.Run(request, func(b *testing.B) {
			r := h.prepare(strings.Fields(request)...)
			for b.Loop() {
				h.run(r)
			}
		})
	}
	b.Run("LPUSH and LPOP of a short list", func(b *testing.B) {
		for i := range 30 {
			h.do("RPUSH", "queue", "element "+strconv.Itoa(i))
		}
		push, pop := h.prepare("LPUSH", "queue", "element"), h.prepare("RPOP", "queue")
		for b.Loop() {
			h.run(push)
			h.run(pop)
		}
	})
}
