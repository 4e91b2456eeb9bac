package oplog

import (
	"encoding/binary"
	"hash/crc32"
)

// A block is what the log's file is made of: a header with a checksum, and the
// records that came in between two writes. One checksum for many records makes
// Append cheap (it computes none) and reading fast; a block that is torn is
// lost as a whole, which is no loss, because it was being written.
//
// # The bytes
//
//	 0  magic     4   "LRBK"
//	 4  checksum  4   CRC-32C of what follows up to the end of the last record,
//	                  started from the segment's salt
//	 8  length    8   bytes of records
//	16  first     8   LSN of the first record; the others follow without gaps
//	24  durable   8   LSN up to which all was on disk when the block was written
//	32  time      8   ms since 1970, of the first record
//	40  count     4   records; 0 in the block that ends a log in good order
//	44  zero      4
//	48  records
//
// Everything is little-endian. The salt comes from the segment's header, so
// that no block of another file, and nothing that a client has stored as a
// value, is taken for one of this file.
//
// # Torn or damaged
//
// When a machine loses power, the disk holds any part of what was not synced:
// a later block may be whole and an earlier one not. So valid blocks behind a
// bad one do not prove that something durable was damaged. What proves it is
// the field durable of such a block: if it says that the bad place was on disk,
// then the log was, and is damaged now. If none says so, then the bad place is
// the end of what was synced, and nothing that was promised lies behind it.

const (
	blockHeader = 48
	blockMagic  = "LRBK"

	offChecksum = 4
	offLength   = 8
	offFirst    = 16
	offDurable  = 24
	offTime     = 32
	offCount    = 40
	offZero     = 44
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// block is a block's header, and where its records are.
type block struct {
	first   uint64
	durable uint64
	timeMs  int64
	count   int
	records []byte
	offset  int64 // in the file; reading sets it
}

// last is the LSN of its last record; of an empty block, the one before first.
func (b *block) last() uint64 { return b.first + uint64(b.count) - 1 }

// beginBlock appends a header whose checksum, length, count and durable are
// still to be filled in.
func beginBlock(dst []byte, first uint64, timeMs int64) []byte {
	var h [blockHeader]byte
	copy(h[:], blockMagic)
	binary.LittleEndian.PutUint64(h[offFirst:], first)
	binary.LittleEndian.PutUint64(h[offTime:], uint64(timeMs))
	return append(dst, h[:]...)
}

// setFirst changes the LSN of a block's first record, before it is sealed.
func setFirst(b []byte, first uint64) { binary.LittleEndian.PutUint64(b[offFirst:], first) }

// endBlock fills in length and count of the block that takes all of b.
func endBlock(b []byte, count int) {
	binary.LittleEndian.PutUint64(b[offLength:], uint64(len(b)-blockHeader))
	binary.LittleEndian.PutUint32(b[offCount:], uint32(count))
}

// sealBlock completes the ended block at the start of b for a segment, and
// returns its size. It may be sealed again for another segment.
func sealBlock(b []byte, salt uint32, durable uint64) int {
	size := blockHeader + int(binary.LittleEndian.Uint64(b[offLength:]))
	binary.LittleEndian.PutUint64(b[offDurable:], durable)
	sum := crc32.Update(salt, castagnoli, b[offLength:size])
	binary.LittleEndian.PutUint32(b[offChecksum:], sum)
	return size
}

// endedBlock reads the header of a block in memory that endBlock has ended.
func endedBlock(b []byte) (blk block, size int) {
	size = blockHeader + int(binary.LittleEndian.Uint64(b[offLength:]))
	return parseHeader(b), size
}

// blockLength is the length of the records of the block at the start of b, and
// whether b may be the start of a block with at most room bytes of records.
// REQUIRES: len(b) >= blockHeader.
func blockLength(b []byte, room int64) (length int64, ok bool) {
	if string(b[:len(blockMagic)]) != blockMagic || room < 0 {
		return 0, false
	}
	n := binary.LittleEndian.Uint64(b[offLength:])
	return int64(n), n <= uint64(room)
}

// checkBlock checks the block that takes all of b, and reads it.
// REQUIRES: blockLength has found its length.
func checkBlock(b []byte, salt uint32) (blk block, ok bool) {
	if crc32.Update(salt, castagnoli, b[offLength:]) != checksumOf(b) {
		return block{}, false
	}
	blk = parseHeader(b)
	blk.records = b[blockHeader:]
	return blk, binary.LittleEndian.Uint32(b[offZero:]) == 0 && blk.first > 0 && blk.count <= len(blk.records)
}

// checksumOf is the checksum in the block's header.
func checksumOf(b []byte) uint32 { return binary.LittleEndian.Uint32(b[offChecksum:]) }

func parseHeader(b []byte) block {
	return block{
		first:   binary.LittleEndian.Uint64(b[offFirst:]),
		durable: binary.LittleEndian.Uint64(b[offDurable:]),
		timeMs:  int64(binary.LittleEndian.Uint64(b[offTime:])),
		count:   int(binary.LittleEndian.Uint32(b[offCount:])),
	}
}
