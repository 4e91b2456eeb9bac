package mem

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
)

// Options of a Region. The zero value gives the defaults.
type Options struct {
	// ReserveBytes is the address space to reserve, which bounds all that can ever be resident. Default and maximum:
	// 8 TiB, what a Ref can address. When the system refuses, half is tried, down to 1 GiB (or ReserveBytes when that
	// is less).
	ReserveBytes uint64
	// HugePages asks the system for 2 MiB pages. Default: no. Measured on Linux 6.18: filling fresh chunks takes a
	// seventh of the time (115 instead of 785 µs a chunk, but in one piece, at the chunk's first touch), random reads
	// of 370 MB take 0.6 to 0.85 of the time. Resident counts whole chunks either way.
	HugePages bool
	// EvacuateBelowPercent is the initial share for Region.SetEvacuateBelow. Default: 80. Range: 1 to 100.
	EvacuateBelowPercent int
	// LimitBytes is the initial limit, see Region.SetLimit. Default: 0, none.
	LimitBytes uint64
}

// minReserveBytes is where halving the reservation ends.
const minReserveBytes = 1 << 30

func (o *Options) fillDefaults() {
	if o.ReserveBytes == 0 {
		o.ReserveBytes = maxReserveBytes
	}
	if o.EvacuateBelowPercent == 0 {
		o.EvacuateBelowPercent = 80
	}
}

func (o *Options) validate() error {
	var faults []error
	if o.ReserveBytes < 2*ChunkBytes || o.ReserveBytes > maxReserveBytes {
		faults = append(faults, fmt.Errorf("ReserveBytes is %d; it must be between %d (two chunks) and %d (8 TiB)",
			o.ReserveBytes, 2*ChunkBytes, uint64(maxReserveBytes)))
	}
	if o.EvacuateBelowPercent < 1 || o.EvacuateBelowPercent > 100 {
		faults = append(faults, fmt.Errorf("EvacuateBelowPercent is %d; it must be between 1 and 100",
			o.EvacuateBelowPercent))
	}
	return errors.Join(faults...)
}

// Region is the memory that all heaps take spans, runs and chunks from. Its methods may be called from any goroutine.
type Region struct {
	backing

	resident atomic.Uint64 // bytes; written under mu
	limit    atomic.Uint64 // bytes, 0 = none; written under mu

	evacuateBelow atomic.Int64 // percent

	// mu guards everything below, the backing's bookkeeping and the chunk records (but not the span headers in them).
	// Rank: below all shard locks. Under it there is no I/O, only mprotect and, when memory is short, madvise.
	mu        sync.Mutex
	chunks    ChunkID // chunks that the reservation has, chunk 0 included
	high      ChunkID // chunks from here on were never used
	pools     [kinds]pool
	idle      chunkList
	released  chunkList
	heaps     []*Heap       // by id; nil where there is none
	large     uint64        // chunks that are full parts of objects above 2 MiB
	closing   [kinds]uint64 // chunks that are being evacuated
	denied    uint64
	evacuated uint64

	candidates [kinds]candidates
}

// NewRegion reserves address space; it takes no memory yet.
func NewRegion(o Options) (*Region, error) {
	o.fillDefaults()
	if err := o.validate(); err != nil {
		return nil, fmt.Errorf("mem: %w", err)
	}
	r := &Region{high: 1}
	r.SetEvacuateBelow(o.EvacuateBelowPercent)
	r.limit.Store(o.LimitBytes)
	size := min(o.ReserveBytes, backingMaxBytes)
	floor := min(size, minReserveBytes)
	for {
		r.chunks = ChunkID(size >> chunkShift)
		err := r.reserve(r.chunks, &o)
		if err == nil {
			return r, nil
		}
		if size/2 < floor {
			return nil, fmt.Errorf("mem: %w (raise the limit on address space, ulimit -v, or reserve less)", err)
		}
		size /= 2
	}
}

// Close gives all memory back. Nothing of the region or its heaps may be used afterwards.
func (r *Region) Close() error {
	if err := r.unreserve(); err != nil {
		return fmt.Errorf("mem: give back the reservation: %w", err)
	}
	return nil
}

// NewHeap makes the heap with the given id, which evacuation reports as the owner of blocks. It panics when the id is
// taken.
func (r *Region) NewHeap(id uint16) *Heap {
	h := &Heap{r: r, id: id, owner: uint32(id)<<9 | ownerSet}
	r.mu.Lock()
	defer r.mu.Unlock()
	for len(r.heaps) <= int(id) {
		r.heaps = append(r.heaps, nil)
	}
	if r.heaps[id] != nil {
		panic(fmt.Sprintf("mem: heap %d exists already", id))
	}
	r.heaps[id] = h
	return h
}

// SetLimit sets how many bytes may be resident at most; 0 removes the limit. Chunks are taken whole, so the limit is
// in effect rounded down to a multiple of ChunkBytes, and less than two chunks (one a Kind) serve nobody. When more is
// resident already, idle chunks are given back at once, and the rest has to be freed and compacted by the caller.
func (r *Region) SetLimit(bytes uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.limit.Store(bytes)
	for bytes != 0 && r.resident.Load() > bytes && r.idle.head != 0 {
		r.releaseIdle(r.idle.head)
	}
}

// Limit is the limit in bytes, 0 for none.
func (r *Region) Limit() uint64 { return r.limit.Load() }

// Resident is the bytes of all chunks that are in use or idle. It takes no lock.
func (r *Region) Resident() uint64 { return r.resident.Load() }

// hasRoom reports whether n more chunks may become resident.
func (r *Region) hasRoom(n int) bool {
	limit := r.limit.Load()
	return limit == 0 || r.resident.Load()+uint64(n)<<chunkShift <= limit
}
