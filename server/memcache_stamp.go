package server

import (
	"sync/atomic"

	"larder/engine"
)

// casStamps hands out the CAS values of what memcached commands write, in
// ascending order over all connections; see engine/cas.go for what is in one.
type casStamps struct{ last atomic.Uint64 }

// next returns a value that is larger than all before and contains the second
// of nowMs, unless the clock went back.
func (c *casStamps) next(nowMs int64) uint64 {
	first := engine.FirstCAS(nowMs)
	for {
		n := c.last.Add(1)
		if n >= first {
			return n
		}
		// The first stamp of a new second. Whoever loses this race finds the
		// new second set.
		if c.last.CompareAndSwap(n, first) {
			return first
		}
	}
}
