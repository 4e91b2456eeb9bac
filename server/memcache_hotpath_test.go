package server

import (
	"encoding/binary"
	"fmt"
	"testing"
)

// binaryRequest writes a request of the binary protocol.
func binaryRequest(opcode byte, extras, key, value string) []byte {
	b := make([]byte, 24, 24+len(extras)+len(key)+len(value))
	b[0], b[1], b[4] = 0x80, opcode, byte(len(extras))
	binary.BigEndian.PutUint16(b[2:], uint16(len(key)))
	binary.BigEndian.PutUint32(b[8:], uint32(len(extras)+len(key)+len(value)))
	return append(append(append(b, extras...), key...), value...)
}

const noExtras = "\x00\x00\x00\x00\x00\x00\x00\x00" // flags and exptime 0

// hotMemcached are what a memcached does all day, as hotRequests.
var hotMemcached = []struct {
	name string
	make func(n int) []byte
}{
	{"TextGet", func(n int) []byte { return []byte("get " + hotKey(n) + "\r\n") }},
	{"TextGets", func(n int) []byte { return []byte("gets " + hotKey(n) + "\r\n") }},
	{"TextSet", func(n int) []byte { return []byte("set " + hotKey(n) + " 0 0 64\r\n" + hotValue + "\r\n") }},
	{"TextSetExpiring", func(n int) []byte { return []byte("set " + hotKey(n) + " 7 900 64\r\n" + hotValue + "\r\n") }},
	{"TextMultiget", func(n int) []byte { return []byte("get " + hotKey(n) + " " + hotKey(n+1) + " " + hotKey(n+2) + "\r\n") }},
	{"TextMiss", func(n int) []byte { return fmt.Appendf(nil, "get absent:%08d\r\n", n) }},
	{"TextTouch", func(n int) []byte { return []byte("touch " + hotKey(n) + " 800\r\n") }},
	{"MetaGet", func(n int) []byte { return []byte("mg " + hotKey(n) + " v t f c\r\n") }},
	{"MetaSet", func(n int) []byte { return []byte("ms " + hotKey(n) + " 64 T900 c\r\n" + hotValue + "\r\n") }},
	{"MetaCount", func(n int) []byte { return fmt.Appendf(nil, "ma count:%08d N0 v\r\n", n) }},
	{"BinaryGet", func(n int) []byte { return binaryRequest(0x00, "", hotKey(n), "") }},
	{"BinarySet", func(n int) []byte { return binaryRequest(0x01, noExtras, hotKey(n), hotValue) }},
	{"BinaryIncr", func(n int) []byte {
		return binaryRequest(0x05, "\x00\x00\x00\x00\x00\x00\x00\x01"+noExtras+"\x00\x00\x00\x00", fmt.Sprintf("number:%08d", n), "")
	}},
}

func isBinaryHot(name string) bool { return name[0] == 'B' }

// warmMemcached is a session of memcached's on a server that holds hotKeys
// items; a new one speaks whatever it is spoken to in first.
func warmMemcached(t testing.TB, srv *Server) *testClient {
	c := newTestClient(t, srv, newMemcacheFront(srv))
	for n := range hotKeys {
		c.feed([]byte("set " + hotKey(n) + " 0 0 64\r\n" + hotValue + "\r\n"))
	}
	return c
}

func BenchmarkMemcached(b *testing.B) {
	for _, r := range hotMemcached {
		for _, depth := range []int{1, 16} {
			b.Run(fmt.Sprintf("%s/P=%d", r.name, depth), func(b *testing.B) {
				srv := newTestServer(b, "--io-threads", "1")
				c := warmMemcached(b, srv)
				if isBinaryHot(r.name) {
					c = newTestClient(b, srv, newMemcacheFront(srv))
				}
				inputs := hotInputs(r.make, depth)
				for _, in := range inputs {
					c.feed(in)
				}
				b.ReportAllocs()
				b.ResetTimer()
				for i, at := 0, 0; i < b.N; i += depth {
					c.feed(inputs[at])
					if at++; at == len(inputs) {
						at = 0
					}
				}
			})
		}
	}
}

// TestMemcachedHotPathAllocatesNothing shows that a request of these takes no
// memory from the Go heap between the bytes that come in and those that go
// out.
func TestMemcachedHotPathAllocatesNothing(t *testing.T) {
	srv := newTestServer(t, "--io-threads", "1")
	text := warmMemcached(t, srv)
	binaryClient := newTestClient(t, srv, newMemcacheFront(srv))
	for _, r := range hotMemcached {
		c := text
		if isBinaryHot(r.name) {
			c = binaryClient
		}
		for _, depth := range []int{1, 16} {
			inputs := hotInputs(r.make, depth)
			for _, in := range inputs {
				reply := c.do(string(in))
				if isBinaryHot(r.name) && (reply[0] != '\x81' || reply[6:8] != "\x00\x00") ||
					!isBinaryHot(r.name) && (reply[0] == 'C' || reply[0] == 'E' && reply != "END\r\n" && r.name != "TextMiss") {
					t.Fatalf("%s: %.60q answers %.60q", r.name, in, reply)
				}
			}
			at := 0
			n := testing.AllocsPerRun(1000, func() {
				c.feed(inputs[at%len(inputs)])
				at++
			})
			if n != 0 {
				t.Errorf("%s, %d a pipeline: %v allocations a pipeline, want none", r.name, depth, n)
			}
		}
	}
}
