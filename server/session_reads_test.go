package server

import (
	"fmt"
	"testing"
)

// readAll feeds the client's session as an event loop does: into the session's
// own buffer when it offers one. It returns the number of reads.
func readAll(c *testClient, input []byte) (reads int) {
	own := make([]byte, bufferBytes)
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	c.ex.tick()
	for ; len(input) > 0; reads++ {
		if space := c.s.space(); space != nil {
			n := copy(space, input)
			input = input[n:]
			c.s.fed(c.ex, n)
			continue
		}
		n := copy(own, input)
		input = input[n:]
		c.s.feed(c.ex, own[:n])
	}
	return reads
}

// TestLargeRequestsTakeFewReads shows that the buffer of a request grows by
// more than the next argument needs, and is not too large for one argument.
func TestLargeRequestsTakeFewReads(t *testing.T) {
	many := []string{"EXISTS"}
	for i := range 10_000 {
		many = append(many, fmt.Sprint("key:", i))
	}
	large := string(make([]byte, 900<<10))
	for name, test := range map[string]struct {
		request  []byte
		maxReads int
	}{
		"many small arguments": {bulkRequest(many...), 40},
		"one large argument":   {bulkRequest("ECHO", large), 3},
	} {
		t.Run(name, func(t *testing.T) {
			c := newTestClient(t, newTestServer(t), &respFront{})
			if n := readAll(c, test.request); n > test.maxReads {
				t.Errorf("%d bytes took %d reads, want at most %d", len(test.request), n, test.maxReads)
			}
			if c.do("") == "" { // the wide one is answered by a worker
				t.Error("there is no reply")
			}
		})
	}
}
