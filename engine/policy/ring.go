package policy

// ring is a FIFO of 40-bit elements, 5 bytes each, that grows by a sixteenth.
type ring struct {
	buf  []byte
	head int // index of the oldest element
	len  int
}

const (
	elementBytes = 5
	elementBits  = 8 * elementBytes
	ringMin      = 64 // elements
)

func (r *ring) capacity() int { return len(r.buf) / elementBytes }

func (r *ring) at(i int) []byte {
	if i += r.head; i >= r.capacity() {
		i -= r.capacity()
	}
	return r.buf[i*elementBytes : i*elementBytes+elementBytes]
}

// push appends v.
func (r *ring) push(v uint64) {
	if r.len == r.capacity() {
		r.resize(max(ringMin, r.len+r.len/16))
	}
	b := r.at(r.len)
	b[0], b[1], b[2], b[3], b[4] = byte(v), byte(v>>8), byte(v>>16), byte(v>>24), byte(v>>32)
	r.len++
}

// pop removes the oldest element. REQUIRES: r.len > 0.
func (r *ring) pop() uint64 {
	b := r.at(0)
	v := uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 | uint64(b[4])<<32
	if r.head++; r.head == r.capacity() {
		r.head = 0
	}
	if r.len--; r.capacity() > ringMin && r.len < r.capacity()/4 {
		r.resize(max(ringMin, r.capacity()/2))
	}
	return v
}

// resize moves the elements to a new buffer. REQUIRES: n >= r.len.
func (r *ring) resize(n int) {
	buf := make([]byte, n*elementBytes)
	for i := range r.len {
		copy(buf[i*elementBytes:], r.at(i))
	}
	r.buf, r.head = buf, 0
}
