package server

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

// bulkRequest writes a request as clients do.
func bulkRequest(args ...string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "*%d\r\n", len(args))
	for _, a := range args {
		fmt.Fprintf(&b, "$%d\r\n%s\r\n", len(a), a)
	}
	return b.Bytes()
}

// hotRequests are what a cache does all day, by a name for the benchmark. The
// n-th one uses the n-th key.
var hotRequests = []struct {
	name string
	make func(n int) []byte
}{
	{"Get", func(n int) []byte { return bulkRequest("GET", hotKey(n)) }},
	{"Set", func(n int) []byte { return bulkRequest("SET", hotKey(n), hotValue) }},
	{"SetEX", func(n int) []byte { return bulkRequest("SET", hotKey(n), hotValue, "EX", "1000") }},
	{"Incr", func(n int) []byte { return bulkRequest("INCR", fmt.Sprintf("counter:%08d", n)) }},
	{"MGet", func(n int) []byte { return bulkRequest("MGET", hotKey(n), hotKey(n+1), hotKey(n+2)) }},
	{"GetRange", func(n int) []byte { return bulkRequest("GETRANGE", hotKey(n), "8", "23") }},
}

const hotKeys = 100_000

var hotValue = strings.Repeat("v", 64)

func hotKey(n int) string { return fmt.Sprintf("key:%012d", n*7919%hotKeys) }

// hotInputs are pipelines of the given depth, enough of them for their keys
// not to be in the first caches.
func hotInputs(request func(n int) []byte, depth int) [][]byte {
	inputs := make([][]byte, hotKeys/4/depth)
	for i := range inputs {
		for j := range depth {
			inputs[i] = append(inputs[i], request(i*depth+j)...)
		}
	}
	return inputs
}

// warmClient is a session on a server that holds hotKeys keys.
func warmClient(t testing.TB) *testClient {
	c := newTestClient(t, newTestServer(t, "--io-threads", "1"), &respFront{})
	for n := range hotKeys {
		c.feed(bulkRequest("SET", hotKey(n), hotValue))
	}
	return c
}

func benchmarkHot(b *testing.B, name string) {
	for _, r := range hotRequests {
		if r.name != name {
			continue
		}
		for _, depth := range []int{1, 16} {
			b.Run(fmt.Sprintf("P=%d", depth), func(b *testing.B) {
				c := warmClient(b)
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

func BenchmarkGet(b *testing.B)      { benchmarkHot(b, "Get") }
func BenchmarkSet(b *testing.B)      { benchmarkHot(b, "Set") }
func BenchmarkSetEX(b *testing.B)    { benchmarkHot(b, "SetEX") }
func BenchmarkIncr(b *testing.B)     { benchmarkHot(b, "Incr") }
func BenchmarkMGet(b *testing.B)     { benchmarkHot(b, "MGet") }
func BenchmarkGetRange(b *testing.B) { benchmarkHot(b, "GetRange") }

// TestHotPathAllocatesNothing shows that a request of these takes no memory
// from the Go heap between the bytes that come in and the bytes that go out.
func TestHotPathAllocatesNothing(t *testing.T) {
	c := warmClient(t)
	for _, r := range hotRequests {
		for _, depth := range []int{1, 16} {
			inputs := hotInputs(r.make, depth)
			for _, in := range inputs {
				if reply := c.do(string(in)); reply[0] == '-' {
					t.Fatalf("%.60q answers %.60q", in, reply)
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
