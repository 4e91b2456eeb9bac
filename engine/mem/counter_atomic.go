//go:build race || heapmem

package mem

import "sync/atomic"

// setU32 and setU64 are explained in counter_plain.go.
func setU32(p *uint32, v uint32) { atomic.StoreUint32(p, v) }

func setU64(p *uint64, v uint64) { atomic.StoreUint64(p, v) }
