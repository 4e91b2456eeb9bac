package server

import (
	"bytes"
	"fmt"
	"testing"
)

// What is put in comes out once and in order, in whole messages, and no chunk
// is ever larger than it has to be.
func TestMailboxKeepsOrder(t *testing.T) {
	var b mailbox
	var want, got []byte
	for i := range 5000 {
		size := i % 2000
		if i%500 == 499 {
			size = 3 * maxChunkBytes
		}
		msg := fmt.Appendf(nil, "<%d %*d>", i, size, i)
		before := b.size()
		if first, waiting := b.put(msg); first != (before == 0) || waiting != before+len(msg) {
			t.Fatalf("put on %d bytes says %t, %d", before, first, waiting)
		}
		want = append(want, msg...)
		if i%3000 == 2999 {
			out := b.take(nil, b.size()/2)
			if len(out) == 0 || out[len(out)-1] != '>' {
				t.Fatalf("took %d bytes, which do not end with a message", len(out))
			}
			got = append(got, out...)
		}
	}
	for _, c := range b.chunks {
		if cap(c) > maxChunkBytes && len(c) < 3*maxChunkBytes {
			t.Fatalf("a chunk of %d bytes holds %d", cap(c), len(c))
		}
	}
	if rest := len(want) - len(got); b.size() != rest || len(b.take(nil, 0)) != 0 {
		t.Fatalf("the box holds %d bytes instead of %d, or gives some without room", b.size(), rest)
	}
	if got = b.take(got, b.size()); !bytes.Equal(got, want) || b.size() != 0 || b.chunks != nil {
		t.Fatalf("took %d bytes, not the %d that were put in; %d are left", len(got), len(want), b.size())
	}
}

// Putting something in takes the same however much is there.
func TestMailboxPutDoesNotCopyAgain(t *testing.T) {
	var b mailbox
	msg := make([]byte, 1<<10)
	b.put(msg)
	addr := &b.chunks[0][0]
	for range 10000 {
		b.put(msg)
	}
	if &b.chunks[0][0] != addr {
		t.Error("the first message was copied again")
	}
}

// takePushes leaves in the mailbox what exceeds a burst of output, and takes a
// message that is larger than that when nothing else waits.
func TestTakePushesIsBounded(t *testing.T) {
	srv := newTestServer(t)
	c := newTestClient(t, srv, &respFront{})
	s := c.s
	s.mu.Lock()
	defer s.mu.Unlock()
	for range 10 << 10 {
		s.push(make([]byte, 1<<10))
	}
	s.push(make([]byte, maxBurstBytes+1))
	for _, least := range []int{maxBurstBytes - maxChunkBytes, maxBurstBytes - maxChunkBytes, 1} {
		s.takePushes()
		s.takePushes() // must not take more
		if n := s.waiting(); n > maxBurstBytes || n < least || !s.hasPushes() {
			t.Fatalf("%d bytes of output wait, pushes are left: %t", n, s.hasPushes())
		}
		s.written(c.ex, s.waiting())
	}
	s.takePushes()
	if n := s.waiting(); n != maxBurstBytes+1 || s.hasPushes() {
		t.Fatalf("%d bytes of output wait, pushes are left: %t", n, s.hasPushes())
	}
}
