package server

import (
	"math"
	"slices"
	"sync"
	"sync/atomic"
)

const (
	// minChunkBytes and maxChunkBytes bound a chunk of a mailbox; only a single
	// message that is larger has a larger one.
	minChunkBytes = 1 << 10
	maxChunkBytes = 64 << 10
)

// mailbox collects messages for a session from any goroutine. It is a list of
// chunks, because whoever puts something in waits while it is copied, and so do
// others who want to: what has been put in is not copied again for want of room.
type mailbox struct {
	// mu guards chunks. It is a leaf: nothing else is locked under it.
	mu sync.Mutex
	// chunks hold the messages in order. INVARIANT: none is empty, and each
	// ends with the end of a message.
	chunks [][]byte
	// bytes is the length of all chunks. It changes under mu.
	bytes atomic.Int64
	// resp3 tells which form of a letter the session's client understands. It
	// changes under mu, so that what is in the box was written for the protocol
	// that holds until switchTo.
	resp3 bool
}

// A letter is a message in both forms; one that is nil is not sent to the
// clients of that protocol.
type letter struct {
	resp2, resp3 []byte
	// lasting tells that nobody will write to the two again, so that a large one
	// is kept without a copy by all the boxes that it is put in.
	lasting bool
}

// lastingBytes is the length from which on a letter that goes to many is worth
// an allocation of its own.
const lastingBytes = 16 << 10

// put appends a message and tells whether the box was empty before and how many
// bytes it holds now.
func (b *mailbox) put(msg []byte) (first bool, waiting int) {
	return b.post(&letter{resp2: msg, resp3: msg})
}

// post is put for a message whose form depends on the protocol.
func (b *mailbox) post(l *letter) (first bool, waiting int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	held := int(b.bytes.Load())
	msg := l.resp2
	if b.resp3 {
		msg = l.resp3
	}
	if len(msg) == 0 {
		return false, held
	}
	last := len(b.chunks) - 1
	switch {
	case l.lasting && len(msg) >= lastingBytes:
		b.chunks = append(b.chunks, msg[:len(msg):len(msg)])
		b.bytes.Add(int64(len(msg)))
		return held == 0, held + len(msg)
	case last < 0 || cap(b.chunks[last])-len(b.chunks[last]) < len(msg):
		room := max(len(msg), min(max(held, minChunkBytes), maxChunkBytes))
		b.chunks = append(b.chunks, make([]byte, 0, room))
		last++
	}
	b.chunks[last] = append(b.chunks[last], msg...)
	b.bytes.Add(int64(len(msg)))
	return held == 0, held + len(msg)
}

// take moves the oldest messages, whole ones only, to the end of dst, as many
// as room bytes hold.
func (b *mailbox) take(dst []byte, room int) []byte {
	if b.size() == 0 {
		return dst
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	n, bytes := 0, 0
	for n < len(b.chunks) && len(b.chunks[n]) <= room-bytes {
		bytes += len(b.chunks[n])
		n++
	}
	dst = slices.Grow(dst, bytes)
	for i, c := range b.chunks[:n] {
		dst = append(dst, c...)
		b.chunks[i] = nil
	}
	if b.chunks = b.chunks[n:]; len(b.chunks) == 0 {
		b.chunks = nil
	}
	b.bytes.Add(-int64(bytes))
	return dst
}

// switchTo empties the box, whose messages it appends to dst, and takes the
// form of another protocol from then on.
func (b *mailbox) switchTo(resp3 bool, dst []byte) []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.resp3 = resp3
	for _, c := range b.chunks {
		dst = append(dst, c...)
	}
	b.chunks = nil
	b.bytes.Store(0)
	return dst
}

// drain empties the box, whose messages it appends to dst: what the client was
// sent so far comes before a reply that says that no more will come.
func (b *mailbox) drain(dst []byte) []byte { return b.take(dst, math.MaxInt) }

// first is the length of the chunk that is taken next, 0 if the box is empty.
func (b *mailbox) first() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.chunks) == 0 {
		return 0
	}
	return len(b.chunks[0])
}

// size is the number of bytes that wait.
func (b *mailbox) size() int { return int(b.bytes.Load()) }
