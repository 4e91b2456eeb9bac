//go:build linux && !heapmem

package mem

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// backing is the reserved address range: the side table, then the chunks.
type backing struct {
	base    unsafe.Pointer // of chunk 0, aligned to ChunkBytes
	table   unsafe.Pointer // side table
	mapping unsafe.Pointer // what mmap returned, and its length
	length  uintptr
	mapped  ChunkID // chunks below have been made readable and writable
}

const chunkRecordBytes = unsafe.Sizeof(chunk{})

// Ptr is the address of ref.
// REQUIRES: ref lies in memory that was handed out at some time; nil faults.
func (r *Region) Ptr(ref Ref) unsafe.Pointer {
	return unsafe.Add(r.base, uintptr(ref)<<unitShift)
}

// Bytes is a view of the n bytes at ref.
// REQUIRES: as Ptr; the n bytes belong to one object.
func (r *Region) Bytes(ref Ref, n int) []byte {
	return unsafe.Slice((*byte)(unsafe.Add(r.base, uintptr(ref)<<unitShift)), n)
}

// Base is the address that refs count from. Only this implementation has one; use Ptr.
func (r *Region) Base() unsafe.Pointer { return r.base }

// chunk is the side table's record of chunk id.
func (r *Region) chunk(id ChunkID) *chunk {
	return (*chunk)(unsafe.Add(r.table, uintptr(id)*chunkRecordBytes))
}

// span is the header of the span that starts at block number b.
func (r *Region) span(b uint32) *span {
	return (*span)(unsafe.Add(r.table, uintptr(b>>(chunkShift-blockShift))*chunkRecordBytes+
		uintptr(b%blocksPerChunk)*unsafe.Sizeof(span{})))
}

// reserve sets up the address range for n chunks.
func (r *Region) reserve(n ChunkID, o *Options) error {
	tableBytes := (uintptr(n)*chunkRecordBytes + pageMask) &^ pageMask
	// One chunk more than needed, for the alignment of the base.
	length := tableBytes + (uintptr(n)+1)<<chunkShift
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_AS, &limit) == nil && uint64(length) > limit.Cur/2 {
		// All of it would leave nothing to the Go heap, which dies of that.
		return fmt.Errorf("reserve %d bytes of address space: more than half of what the process may have (ulimit -v)", length)
	}
	p, err := unix.MmapPtr(-1, 0, nil, length, unix.PROT_NONE,
		unix.MAP_PRIVATE|unix.MAP_ANON|unix.MAP_NORESERVE)
	if err != nil {
		return fmt.Errorf("reserve %d bytes of address space: %w", length, err)
	}
	r.mapping, r.length, r.table = p, length, p
	at := uintptr(p) + tableBytes
	r.base = unsafe.Add(p, (at+ChunkBytes-1)&^(ChunkBytes-1)-uintptr(p))
	r.mapped = 1
	if o.HugePages {
		// A kernel without huge pages refuses; the memory then works with small ones.
		_ = unix.Madvise(r.chunkBytes(0, int(n)), unix.MADV_HUGEPAGE)
	}
	return nil
}

// pageMask serves for every page size in use, up to 64 KiB.
const pageMask = 64<<10 - 1

func (r *Region) chunkBytes(first ChunkID, n int) []byte {
	return unsafe.Slice((*byte)(unsafe.Add(r.base, uintptr(first)<<chunkShift)), n<<chunkShift)
}

// commit makes n chunks from first on usable. false: the system has no memory for them.
// REQUIRES: Region.mu; all chunks below first were committed before.
func (r *Region) commit(first ChunkID, n int) bool {
	end := first + ChunkID(n)
	if end <= r.mapped {
		return true
	}
	if unix.Mprotect(r.chunkBytes(r.mapped, int(end-r.mapped)), unix.PROT_READ|unix.PROT_WRITE) != nil {
		return false
	}
	// The pages of the table that the new records touch; the first and last of them may be writable already.
	from := uintptr(r.mapped) * chunkRecordBytes &^ pageMask
	to := (uintptr(end)*chunkRecordBytes + pageMask) &^ pageMask
	table := unsafe.Slice((*byte)(unsafe.Add(r.table, from)), to-from)
	if unix.Mprotect(table, unix.PROT_READ|unix.PROT_WRITE) != nil {
		return false
	}
	r.mapped = end
	return true
}

// touch makes the pages of chunk id resident. They read as zero.
// REQUIRES: the chunk is committed, has no pages, and is out of reach of everybody else.
func (r *Region) touch(id ChunkID) {
	b := r.chunkBytes(id, 1)
	for at := 0; at < len(b); at += touchStep {
		b[at] = 0
	}
}

// touchStep is the smallest page size in use.
const touchStep = 4 << 10

// decommit gives the pages of n chunks from first on back to the system. They stay readable.
func (r *Region) decommit(first ChunkID, n int) {
	if err := unix.Madvise(r.chunkBytes(first, n), unix.MADV_DONTNEED); err != nil {
		panic(fmt.Sprintf("mem: madvise(MADV_DONTNEED) of chunk %d: %v", first, err))
	}
}

// unreserve gives the whole address range back.
func (r *Region) unreserve() error {
	return unix.MunmapPtr(r.mapping, r.length)
}

// metadataBytes is what the side table takes.
// REQUIRES: Region.mu.
func (r *Region) metadataBytes() uint64 { return uint64(uintptr(r.mapped) * chunkRecordBytes) }

// backingMaxBytes bounds the reservation.
const backingMaxBytes = maxReserveBytes
