package server

import "sync"

const (
	// bufferBytes is the size of a pooled buffer.
	bufferBytes = 16 << 10
	// maxPooledBytes bounds what goes back to a pool; larger ones are left to
	// the garbage collector.
	maxPooledBytes = 64 << 10
	// maxPooled bounds the buffers that a pool keeps.
	maxPooled = 256
)

// bufferPool keeps input and output buffers for reuse. One executor owns it.
type bufferPool struct {
	free [][]byte
}

func (p *bufferPool) get() []byte {
	if n := len(p.free); n > 0 {
		b := p.free[n-1]
		p.free = p.free[:n-1]
		return b
	}
	return make([]byte, 0, bufferBytes)
}

func (p *bufferPool) put(b []byte) {
	if cap(b) >= bufferBytes && cap(b) <= maxPooledBytes && len(p.free) < maxPooled {
		p.free = append(p.free, b[:0])
	}
}

// mailbox collects messages for a session from any goroutine.
type mailbox struct {
	// mu guards msgs. It is a leaf: nothing else is locked under it.
	mu   sync.Mutex
	msgs []byte
}

// put appends a message and tells whether the box was empty before and how many
// bytes it holds now.
func (b *mailbox) put(msg []byte) (first bool, waiting int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	first = len(b.msgs) == 0
	b.msgs = append(b.msgs, msg...)
	return first, len(b.msgs)
}

// take appends all messages to dst.
func (b *mailbox) take(dst []byte) []byte {
	b.mu.Lock()
	if len(b.msgs) > 0 {
		dst = append(dst, b.msgs...)
		b.msgs = nil
	}
	b.mu.Unlock()
	return dst
}

// size is the number of bytes that wait.
func (b *mailbox) size() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.msgs)
}
