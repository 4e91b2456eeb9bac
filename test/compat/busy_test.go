package compat

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"larder/test/compat/harness"
)

// busyRequests are sent while a script that uses key a has run for longer than
// busy-reply-threshold.
var busyRequests = []struct{ name, request string }{
	{"get", "GET a\r\n"},
	{"set", "SET a 2\r\nGET a\r\n"},
	{"several keys", "MGET a b c\r\nMSET b 1 a 2\r\n"},
	{"all keys", "KEYS *\r\nDBSIZE\r\nSCAN 0 COUNT 1000\r\nRANDOMKEY\r\nFLUSHALL\r\nSWAPDB 0 1\r\n"},
	{"script", "EVAL \"return redis.call('get', KEYS[1])\" 1 a\r\n"},
	{"wrong arguments", "GET\r\nNOSUCH\r\nGET a b\r\n"},
	{"queued", "MULTI\r\nGET a\r\nSET\r\nEXEC\r\n"},
	{"shutdown", "SHUTDOWN\r\nSHUTDOWN SAVE\r\n"},
	{"function kill", "FUNCTION KILL\r\n"},
	{"ping", "PING\r\n"},
	{"other commands", "CLIENT GETNAME\r\nCONFIG GET port-nosuch\r\n"},
	{"watch", "WATCH a\r\n"},
	{"transaction of other commands", "MULTI\r\nPING\r\nEXEC\r\n"},
}

// beginBusyScript starts a script that uses key a, and waits until the server
// says that it is busy. What it returns gets the script's reply.
func beginBusyScript(t *testing.T, s *harness.Server) chan string {
	t.Helper()
	looping, other := dial(t, s), dial(t, s)
	must(t, other, "SET", "a", "1")
	ended := make(chan string, 1)
	go func() {
		v, err := looping.Do("EVAL", "redis.call('get', KEYS[1]) while true do end", "1", "a")
		ended <- string(v.Raw) + fmt.Sprint(err)
	}()
	for deadline := time.Now().Add(streamDeadline); ; {
		v, err := other.Do("GET", "a")
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(string(v.Str), "BUSY ") {
			return ended
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s never says that it is busy", s.Name)
		}
	}
}

// TestBusyReplies compares what a server says while a script has been running
// for too long.
func TestBusyReplies(t *testing.T) {
	table := intended(t)
	args := []string{"--busy-reply-threshold", "100"}
	oracle, err := harness.StartRedis("redis-server with a busy script", args...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := oracle.Stop(); err != nil {
			t.Error(err)
		}
	})
	subject := startSubject(t, args...)
	scripts := []chan string{beginBusyScript(t, oracle), beginBusyScript(t, subject)}
	for _, r := range busyRequests {
		t.Run(r.name, func(t *testing.T) { checkStream(t, table, "busy "+r.name, oracle, subject, []byte(r.request)) })
	}
	noUnusedStreams(t, table, "busy ")
	must(t, dial(t, oracle), "SCRIPT", "KILL")
	must(t, dial(t, subject), "SCRIPT", "KILL")
	for _, ended := range scripts {
		if reply := <-ended; !strings.HasPrefix(reply, "-ERR Script killed by user") {
			t.Errorf("a script ends with %s", reply)
		}
	}
	if v := must(t, dial(t, subject), "GET", "a"); string(v.Str) != "1" {
		t.Errorf("a refused command has run: a is %s", v.Str)
	}
}
