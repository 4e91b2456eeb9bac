//go:build !linux || heapmem

package mem

import (
	"sync/atomic"
	"unsafe"
)

// backing is a table of Go byte slices, so that the race detector and checkptr see every access. It reserves nothing,
// so its size is bounded by backingMaxBytes instead of by addresses.
type backing struct {
	table  []atomic.Pointer[chunkMemory]
	mapped ChunkID // chunks below have a chunkMemory
}

// chunkMemory is a chunk's record and bytes. It is replaced when the chunk is committed anew, so that readers without
// a lock see either the old or the new one.
type chunkMemory struct {
	record *chunk
	// data starts at the chunk; in the chunks of an object above 2 MiB it reaches to that object's last chunk's end.
	data []byte
}

// backingMaxBytes bounds the table: 64 GiB of chunks need 256 KiB.
const backingMaxBytes = 64 << 30

// released is what decommitted chunks show to readers with stale refs. Nobody writes to it.
var released = make([]byte, ChunkBytes)

// Ptr is the address of ref.
// REQUIRES: ref lies in memory that was handed out at some time; nil panics.
func (r *Region) Ptr(ref Ref) unsafe.Pointer {
	m := r.table[ref>>refChunkShift].Load()
	return unsafe.Pointer(&m.data[int(ref&(1<<refChunkShift-1))<<unitShift])
}

// Bytes is a view of the n bytes at ref.
// REQUIRES: as Ptr; the n bytes belong to one object.
func (r *Region) Bytes(ref Ref, n int) []byte {
	m := r.table[ref>>refChunkShift].Load()
	at := int(ref&(1<<refChunkShift-1)) << unitShift
	return m.data[at : at+n : at+n]
}

// Base is the address that refs count from in the other implementation; here there is none.
func (r *Region) Base() unsafe.Pointer { return nil }

// chunk is the record of chunk id.
func (r *Region) chunk(id ChunkID) *chunk { return r.table[id].Load().record }

// span is the header of the span that starts at block number b.
func (r *Region) span(b uint32) *span {
	return &r.chunk(ChunkID(b >> (chunkShift - blockShift))).spans[b%blocksPerChunk]
}

// reserve sets up the table for n chunks.
func (r *Region) reserve(n ChunkID, _ *Options) error {
	r.table = make([]atomic.Pointer[chunkMemory], n)
	r.mapped = 1
	return nil
}

// touch has nothing to do: Go's memory is not given by the page.
func (r *Region) touch(ChunkID) {}

// commit gives n chunks from first on new memory, in one piece. It cannot fail: Go ends the process when it is out of
// memory, which is one reason why this implementation is for tests.
// REQUIRES: Region.mu; the chunks hold nothing; all chunks below first were committed before.
func (r *Region) commit(first ChunkID, n int) bool {
	data := make([]byte, n<<chunkShift)
	for i := range n {
		id := first + ChunkID(i)
		record := new(chunk)
		if id < r.mapped {
			record = r.chunk(id)
		}
		r.table[id].Store(&chunkMemory{record: record, data: data[i<<chunkShift:]})
	}
	r.mapped = max(r.mapped, first+ChunkID(n))
	return true
}

// decommit lets go of the memory of n chunks from first on. They stay readable.
func (r *Region) decommit(first ChunkID, n int) {
	for id := first; id < first+ChunkID(n); id++ {
		r.table[id].Store(&chunkMemory{record: r.chunk(id), data: released})
	}
}

// unreserve lets go of all memory.
func (r *Region) unreserve() error {
	r.table = nil
	return nil
}

// metadataBytes is what the chunk records take.
// REQUIRES: Region.mu.
func (r *Region) metadataBytes() uint64 { return uint64(uintptr(r.mapped) * unsafe.Sizeof(chunk{})) }
