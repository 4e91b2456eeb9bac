package server

const (
	// bufferBytes is the size of a new buffer.
	bufferBytes = 16 << 10
	// maxPooledBytes bounds what goes back to a pool; larger ones are left to
	// the garbage collector. It has room for what a pipeline may produce at a
	// time (burstBytes) and one more reply.
	maxPooledBytes = 256 << 10
	// maxPoolBytes bounds the buffers that a pool keeps, together.
	maxPoolBytes = 8 << 20
)

// bufferPool keeps input and output buffers for reuse. One executor owns it.
type bufferPool struct {
	free  [][]byte
	bytes int // of their capacity
}

func (p *bufferPool) get() []byte {
	if n := len(p.free); n > 0 {
		b := p.free[n-1]
		p.free = p.free[:n-1]
		p.bytes -= cap(b)
		return b
	}
	return make([]byte, 0, bufferBytes)
}

func (p *bufferPool) put(b []byte) {
	if c := cap(b); c >= bufferBytes && c <= maxPooledBytes && p.bytes+c <= maxPoolBytes {
		p.free = append(p.free, b[:0])
		p.bytes += c
	}
}
