package load

import (
	"errors"
	"strings"
	"testing"
)

func TestRequestsOnTheWire(t *testing.T) {
	resp, expiring, text := NewRESP(14, 0), NewRESP(3, 1700000000000), NewText(14)
	binary, quiet := NewBinary(14, false), NewBinary(14, true)
	for _, c := range []struct {
		name string
		p    Protocol
		r    Request
		last bool
		want string
	}{
		{"resp set", resp, Request{42, true}, true, "*3\r\n$3\r\nSET\r\n$16\r\nkey:000000000042\r\n$14\r\n000000000042mn\r\n"},
		{"resp get", resp, Request{42, false}, true, "*2\r\n$3\r\nGET\r\n$16\r\nkey:000000000042\r\n"},
		{"resp set with deadline", expiring, Request{987654321012, true}, true,
			"*5\r\n$3\r\nSET\r\n$16\r\nkey:987654321012\r\n$3\r\n987\r\n$4\r\nPXAT\r\n$13\r\n1700000000000\r\n"},
		{"text set", text, Request{7, true}, true, "set key:000000000007 0 0 14\r\n000000000007mn\r\n"},
		{"text get", text, Request{7, false}, true, "get key:000000000007\r\n"},
		{"binary set", binary, Request{258, true}, true, "\x80\x01\x00\x10\x08\x00\x00\x00" + "\x00\x00\x00\x26" + "\x00\x00\x01\x02" +
			"\x00\x00\x00\x00\x00\x00\x00\x00" + "\x00\x00\x00\x00\x00\x00\x00\x00" + "key:000000000258" + "000000000258mn"},
		{"binary get", binary, Request{1, false}, false, "\x80\x00\x00\x10\x00\x00\x00\x00" + "\x00\x00\x00\x10" + "\x00\x00\x00\x01" +
			"\x00\x00\x00\x00\x00\x00\x00\x00" + "key:000000000001"},
		{"quiet get", quiet, Request{1, false}, false, "\x80\x09\x00\x10\x00\x00\x00\x00" + "\x00\x00\x00\x10" + "\x00\x00\x00\x01" +
			"\x00\x00\x00\x00\x00\x00\x00\x00" + "key:000000000001"},
		{"last quiet get", quiet, Request{1, false}, true, "\x80\x00\x00\x10\x00\x00\x00\x00" + "\x00\x00\x00\x10" + "\x00\x00\x00\x01" +
			"\x00\x00\x00\x00\x00\x00\x00\x00" + "key:000000000001"},
	} {
		if got := string(c.p.Append(nil, c.r, c.last)); got != c.want {
			t.Errorf("%s:\n got %q\nwant %q", c.name, got, c.want)
		}
	}
}

func TestReplies(t *testing.T) {
	const value = "000000000042mn"
	get, set := Request{42, false}, Request{42, true}
	head := func(op, extras, status, body string) string {
		return "\x81" + op + "\x00\x00" + extras + "\x00" + status + "\x00\x00\x00" + body + "\x00\x00\x00\x2a" + "\x00\x00\x00\x00\x00\x00\x00\x01"
	}
	for _, c := range []struct {
		name  string
		p     Protocol
		r     Request
		reply string
		hit   bool
		wrong string // part of the error, "" for none
	}{
		{"resp set", NewRESP(14, 0), set, "+OK\r\n", false, ""},
		{"resp set refused", NewRESP(14, 0), set, "-OOM no\r\n", false, "-OOM no"},
		{"resp hit", NewRESP(14, 0), get, "$14\r\n" + value + "\r\n", true, ""},
		{"resp miss", NewRESP(14, 0), get, "$-1\r\n", false, ""},
		{"resp3 miss", NewRESP(14, 0), get, "_\r\n", false, ""},
		{"resp other value", NewRESP(14, 0), get, "$14\r\n000000000043mn\r\n", false, "wrong value"},
		{"resp other length", NewRESP(14, 0), get, "$2\r\nab\r\n", false, "$2"},
		{"text set", NewText(14), set, "STORED\r\n", false, ""},
		{"text set refused", NewText(14), set, "SERVER_ERROR out of memory\r\n", false, "out of memory"},
		{"text hit", NewText(14), get, "VALUE key:000000000042 0 14\r\n" + value + "\r\nEND\r\n", true, ""},
		{"text miss", NewText(14), get, "END\r\n", false, ""},
		{"text other key", NewText(14), get, "VALUE key:000000000043 0 14\r\n" + value + "\r\nEND\r\n", false, "VALUE key:000000000043"},
		{"text no end", NewText(14), get, "VALUE key:000000000042 0 14\r\n" + value + "\r\nVALU\n", false, "VALU"},
		{"binary set", NewBinary(14, false), set, head("\x01", "\x00", "\x00\x00", "\x00"), false, ""},
		{"binary hit", NewBinary(14, false), get, head("\x00", "\x04", "\x00\x00", "\x12") + "\x00\x00\x00\x00" + value, true, ""},
		{"binary quiet hit", NewBinary(14, true), get, head("\x09", "\x04", "\x00\x00", "\x12") + "\x00\x00\x00\x00" + value, true, ""},
		{"binary miss", NewBinary(14, false), get, head("\x00", "\x00", "\x00\x01", "\x09") + "Not found", false, ""},
		{"binary refused", NewBinary(14, false), get, head("\x00", "\x00", "\x00\x82", "\x00"), false, "unexpected reply"},
		{"binary other request", NewBinary(14, false), set, head("\x00", "\x00", "\x00\x00", "\x00"), false, "unexpected reply"},
		{"binary other value", NewBinary(14, false), get, head("\x00", "\x04", "\x00\x00", "\x12") + "\x00\x00\x00\x00" + "000000000041mn", false, "wrong value"},
	} {
		n, hit, err := c.p.Reply([]byte(c.reply+"next"), c.r, true)
		if c.wrong != "" {
			if err == nil || !strings.Contains(err.Error(), c.wrong) {
				t.Errorf("%s: got %v, want an error that says %q", c.name, err, c.wrong)
			}
			continue
		}
		if err != nil || n != len(c.reply) || hit != c.hit {
			t.Errorf("%s: got %d, %v, %v; want %d, %v", c.name, n, hit, err, len(c.reply), c.hit)
		}
		for short := range len(c.reply) {
			if n, _, err := c.p.Reply([]byte(c.reply[:short]), c.r, true); n != 0 || err != nil {
				t.Fatalf("%s cut after %d bytes: got %d, %v; want 0 and no error", c.name, short, n, err)
			}
		}
	}
}

func TestUnexpectedRepliesCanBeTold(t *testing.T) {
	_, _, err := NewRESP(8, 0).Reply([]byte("-ERR x\r\n"), Request{}, false)
	if !errors.Is(err, ErrUnexpected) {
		t.Errorf("got %v", err)
	}
}

func TestMix(t *testing.T) {
	next := Mix(1000, 10, 3)
	sets, low, high := 0, 0, 0
	for i := range uint64(110000) {
		r := next(i)
		if r.Key >= 1000 {
			t.Fatalf("key %d", r.Key)
		}
		if r.Set {
			sets++
		}
		if r.Key < 500 {
			low++
		} else {
			high++
		}
	}
	if sets != 10000 || low < 54000 || high < 54000 {
		t.Errorf("%d sets, %d low keys, %d high keys of 110000 requests", sets, low, high)
	}
}

func TestAppendAllocatesNothing(t *testing.T) {
	buf := make([]byte, 0, 4096)
	for _, p := range []Protocol{NewRESP(64, 0), NewText(64), NewBinary(64, true)} {
		if n := testing.AllocsPerRun(100, func() { p.Append(buf, Request{Key: 5, Set: true}, true) }); n != 0 {
			t.Errorf("%T: %v allocations a request", p, n)
		}
	}
}
