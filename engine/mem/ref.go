package mem

// Ref names a place in a Region: a 40-bit offset from its base in units of 8 bytes. 0 is nil and is never handed out.
type Ref uint64

// RefBits is the width of a Ref; the bits above are zero, and owners may pack others there.
const RefBits = 40

// Kind says who can find the owner of an object and so how it may be moved. A chunk holds objects of one kind only.
type Kind uint8

const (
	// Movable objects can be found by their owner and repointed; compaction moves them.
	Movable Kind = iota
	// Fixed objects stay where they are until they are freed, unless the owner of all of them asks to evacuate their
	// chunks too and knows how to find and repoint each.
	Fixed
	// Node objects are parts of containers: nothing in them leads to their owner. They stay where they are until they
	// are freed, or until whoever walks all containers moves them.
	Node

	kinds = 3
)

// The geometry of the region; doc.go draws it.
const (
	unitShift    = 3  // a Ref counts units of 8 bytes
	granuleShift = 10 // granules of 1 KiB are what chunks are divided into
	blockShift   = 14 // spans start at multiples of 16 KiB
	chunkShift   = 21

	// ChunkBytes is the unit in which memory is taken from the system, given back, and counted as resident.
	ChunkBytes = 1 << chunkShift

	granuleBytes     = 1 << granuleShift
	granulesPerChunk = 1 << (chunkShift - granuleShift)
	blocksPerChunk   = 1 << (chunkShift - blockShift)
	granulesPerBlock = 1 << (blockShift - granuleShift)

	refGranuleShift = granuleShift - unitShift
	refBlockShift   = blockShift - unitShift
	refChunkShift   = chunkShift - unitShift

	// maxReserveBytes is all that a Ref can address: 8 TiB.
	maxReserveBytes = 1 << (RefBits + unitShift)
)

// ChunkID is a chunk's number: its offset from the region's base in units of ChunkBytes. 0 is no chunk.
type ChunkID uint32

// chunkOf is the chunk that r lies in.
func chunkOf(r Ref) ChunkID { return ChunkID(r >> refChunkShift) }

// refAt is the place of a granule of chunk c.
func refAt(c ChunkID, granule int) Ref {
	return Ref(c)<<refChunkShift | Ref(granule)<<refGranuleShift
}
