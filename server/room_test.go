package server

import (
	"fmt"
	"strings"
	"testing"
)

// A value that needs several chunks of memory in a row finds room although all
// of it is taken by values that fill a chunk by themselves or nearly so: moving
// those from one chunk to the next would never empty several.
func TestLargeValueAmongMiddlingOnes(t *testing.T) {
	srv := newTestServer(t, "--maxmemory", "48mb")
	c := newTestClient(t, srv, &respFront{})
	set := func(key string, size int) {
		t.Helper()
		if got := c.do(wire("SET", key, strings.Repeat("v", size))); got != "+OK\r\n" {
			t.Fatalf("SET of %d bytes: %q", size, got)
		}
	}
	for i := range 100 {
		set(fmt.Sprint("middling:", i), 1_000_000)
	}
	for i := range 20 {
		set(fmt.Sprint("large:", i), 7_000_000)
	}
}
