package server

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
