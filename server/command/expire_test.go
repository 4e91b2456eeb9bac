package command

import (
	"fmt"
	"testing"
)

// TestExpireConditions sets a deadline under each condition on keys that have
// none, an earlier one and a later one.
func TestExpireConditions(t *testing.T) {
	const at = 1_700_000_100 // 100 s from the tester's now
	for _, c := range []struct {
		options              []string
		none, earlier, later int // the reply
	}{
		{nil, 1, 1, 1},
		{[]string{"NX"}, 1, 0, 0},
		{[]string{"XX"}, 0, 1, 1},
		{[]string{"GT"}, 0, 1, 0},
		{[]string{"lt"}, 1, 0, 1},
		{[]string{"XX", "GT"}, 0, 1, 0},
		{[]string{"LT", "XX"}, 0, 0, 1},
	} {
		for _, has := range []struct {
			name  string
			sec   int
			reply int
		}{{"none", 0, c.none}, {"earlier", at - 50, c.earlier}, {"later", at + 50, c.later}} {
			h := newTester(t, 0)
			h.want("+OK\r\n", "SET", "k", "v")
			if has.sec != 0 {
				h.want(":1\r\n", "EXPIREAT", "k", fmt.Sprint(has.sec))
			}
			for _, request := range [][]string{
				{"EXPIREAT", "k", fmt.Sprint(at)},
				{"PEXPIREAT", "k", fmt.Sprint(at * 1000)},
				{"EXPIRE", "k", "100"},
				{"PEXPIRE", "k", "100000"},
			} {
				copies := append([]string{"COPY", "k", "c"}, "REPLACE")
				h.want(":1\r\n", copies...)
				request[1] = "c"
				h.want(fmt.Sprintf(":%d\r\n", has.reply), append(request, c.options...)...)
				if h.c.Dirty != has.reply {
					t.Errorf("%v %v on %s: %d changes are counted", request, c.options, has.name, h.c.Dirty)
				}
				want := has.sec
				switch {
				case has.reply == 1:
					want = at
				case has.sec == 0:
					want = -1
				}
				h.want(fmt.Sprintf(":%d\r\n", want), "EXPIRETIME", "c")
			}
		}
	}
}

func TestExpireArguments(t *testing.T) {
	h := newTester(t, 0)
	h.want("+OK\r\n", "SET", "k", "v")
	overflow := func(name string) string { return "-ERR invalid expire time in '" + name + "' command\r\n" }
	for _, c := range []struct {
		reply string
		args  []string
	}{
		{":0\r\n", []string{"EXPIRE", "absent", "10"}},
		{"-ERR value is not an integer or out of range\r\n", []string{"EXPIRE", "absent", "x"}},
		{"-ERR Unsupported option foo\r\n", []string{"EXPIRE", "absent", "x", "foo"}},
		{"-ERR NX and XX, GT or LT options at the same time are not compatible\r\n", []string{"EXPIRE", "k", "x", "NX", "GT"}},
		{"-ERR GT and LT options at the same time are not compatible\r\n", []string{"EXPIRE", "k", "1", "GT", "XX", "LT"}},
		{overflow("expire"), []string{"EXPIRE", "k", "9223372036854775807"}},
		{overflow("expire"), []string{"EXPIRE", "absent", "9223372036854775"}},
		{overflow("pexpire"), []string{"PEXPIRE", "k", "9223372036854775807"}},
		{overflow("expireat"), []string{"EXPIREAT", "k", "-9223372036854776"}},
		{":1\r\n", []string{"PEXPIREAT", "k", "9223372036854775807"}},
		{":9223372036854775806\r\n", []string{"PEXPIRETIME", "k"}},
		{":9223372036854776\r\n", []string{"EXPIRETIME", "k"}},
		{":1\r\n", []string{"PERSIST", "k"}},
		{":0\r\n", []string{"PERSIST", "k"}},
		{":-1\r\n", []string{"TTL", "k"}},
		{":-2\r\n", []string{"PTTL", "absent"}},
		{":1\r\n", []string{"PEXPIRE", "k", "1499"}},
		{":1\r\n", []string{"TTL", "k"}},
		{":1499\r\n", []string{"PTTL", "k"}},
		{":1\r\n", []string{"PEXPIRE", "k", "1500"}},
		{":2\r\n", []string{"TTL", "k"}},
		{":1\r\n", []string{"EXPIRE", "k", "-1"}},
		{":0\r\n", []string{"EXISTS", "k"}},
		{":0\r\n", []string{"DBSIZE"}},
	} {
		h.want(c.reply, c.args...)
	}
}

// TestExpiredKeysAreAbsent holds every command of the file to the deadline:
// at it the key is gone.
func TestExpiredKeysAreAbsent(t *testing.T) {
	for _, request := range [][]string{
		{"EXISTS", "k"}, {"TOUCH", "k"}, {"DEL", "k"}, {"UNLINK", "k"}, {"EXPIRE", "k", "10"}, {"PERSIST", "k"},
		{"COPY", "k", "other"}, {"MOVE", "k", "1"},
	} {
		for _, late := range []int64{-1, 0} {
			h := newTester(t, 0)
			h.want("+OK\r\n", "SET", "k", "v")
			h.want(":1\r\n", "PEXPIRE", "k", "50")
			h.c.NowMs += 50 + late
			h.want(fmt.Sprintf(":%d\r\n", -late), request...)
		}
	}
}
