//go:build !race && !heapmem

package mem

// setU32 and setU64 write a counter that is guarded by a shard's lock but also read without it, atomically, by those
// who only estimate. An aligned word is never torn, so a plain store is enough; an atomic one would be a locked
// instruction in every Alloc and Free. The race detector cannot know that, so it gets the other version.
func setU32(p *uint32, v uint32) { *p = v }

func setU64(p *uint64, v uint64) { *p = v }
