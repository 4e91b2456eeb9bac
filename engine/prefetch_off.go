//go:build heapmem || !(amd64 || arm64)

package engine

import "unsafe"

// PrefetchBucket does nothing where memory is the Go heap's or the processor
// has no instruction that we know for it.
func (e *Engine) PrefetchBucket(int, uint64) {}

// PrefetchEntry does nothing, like PrefetchBucket.
func (e *Engine) PrefetchEntry(int, uint64) {}

func prefetchTwo(unsafe.Pointer) {}
