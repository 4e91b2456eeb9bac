package server

import (
	"fmt"
	"testing"
)

// TestBlockedForSortedSets proves that clients which wait for sorted sets are
// served in their order, from the end and in the form that they asked for, by
// whatever makes one.
func TestBlockedForSortedSets(t *testing.T) {
	srv := newTestServer(t, "--io-threads", "2", "--zset-max-listpack-entries", "4")
	adder := newTestClient(t, srv, &respFront{})
	var replies []chan string
	for _, request := range []string{"BZPOPMIN a 0", "BZPOPMAX b a 0", "BZMPOP 0 2 a b MAX COUNT 2", "BZPOPMIN a 0"} {
		replies = append(replies, newTestClient(t, srv, &respFront{}).waiting(request))
	}
	if got := adder.do("ZADD a 1 one 2 two 3 three 4 four 5 five\r\nZRANGE a 0 -1\r\nEXISTS a\r\n"); got != ":5\r\n*0\r\n:0\r\n" {
		t.Errorf("who adds gets %q", got)
	}
	for i, want := range []string{
		"*3\r\n$1\r\na\r\n$3\r\none\r\n$1\r\n1\r\n",
		"*3\r\n$1\r\na\r\n$4\r\nfive\r\n$1\r\n5\r\n",
		"*2\r\n$1\r\na\r\n*2\r\n*2\r\n$4\r\nfour\r\n$1\r\n4\r\n*2\r\n$5\r\nthree\r\n$1\r\n3\r\n",
		"*3\r\n$1\r\na\r\n$3\r\ntwo\r\n$1\r\n2\r\n",
	} {
		answered(t, fmt.Sprint("client ", i), replies[i], want)
	}
	adder.do("ZADD src 7 x\r\nGEOADD places 2 48 paris\r\n")
	seven, paris := "*3\r\n$1\r\na\r\n$1\r\nx\r\n$1\r\n7\r\n", "*3\r\n$1\r\na\r\n$5\r\nparis\r\n$16\r\n3663722515031694\r\n"
	for _, c := range []struct{ made, want string }{
		{"ZUNIONSTORE a 1 src", seven}, {"ZRANGESTORE a src 0 -1", seven}, {"RENAME src a", seven}, {"ZINCRBY a 7 x", seven},
		{"GEOADD a 2 48 paris", paris}, {"GEOSEARCHSTORE a places FROMLONLAT 2 48 BYRADIUS 10 km", paris}, {"COPY places a", paris},
	} {
		reply := newTestClient(t, srv, &respFront{}).waiting("BZPOPMIN a 0")
		adder.do(c.made + "\r\n")
		answered(t, c.made, reply, c.want)
	}
	reply := newTestClient(t, srv, &respFront{}).waiting("BZPOPMIN a 0.02")
	adder.do("RPUSH a 1\r\n")
	answered(t, "a timeout", reply, "*-1\r\n")
	if got := adder.do("BZPOPMAX a 0\r\nMULTI\r\nBZMPOP 0 1 nosuch MIN\r\nEXEC\r\n"); got !=
		"-WRONGTYPE Operation against a key holding the wrong kind of value\r\n+OK\r\n+QUEUED\r\n*1\r\n*-1\r\n" {
		t.Errorf("what may not wait answers %q", got)
	}
	left(t, srv)
}
