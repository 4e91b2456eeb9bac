package oplog

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"larder/persistence"
	"larder/protocol/record"
)

// Reading a segment: blocks are read and checked a megabyte at a time and
// handed over as batches, whose records are decoded by whoever applies them.

// batchBytes is how much is read at a time. A block that is longer makes its
// batch as long as it is.
const batchBytes = 1 << 20

// Batch is a run of records. It belongs to the function that it is given to,
// which may hand it on; Release gives its memory back.
type Batch struct {
	file   string
	buf    []byte
	blocks []block
	free   chan *Batch

	at   int // the block that is being decoded
	rest []byte
	left int // records of it that are still to come
	lsn  uint64
}

// Next decodes the next record into rec, whose arguments are slices of the
// batch's memory. It returns false behind the last one. An error, a
// CorruptError of package persistence, means that the file was written by something else.
func (b *Batch) Next(rec *record.Record) (bool, error) {
	for b.left == 0 {
		if len(b.rest) > 0 {
			return false, b.corrupt("a block is longer than its records")
		}
		if b.at == len(b.blocks) {
			return false, nil
		}
		blk := &b.blocks[b.at]
		b.at++
		b.rest, b.left, b.lsn = blk.records, blk.count, blk.first-1
	}
	var fault string
	if b.rest, fault = record.Decode(b.rest, b.blocks[b.at-1].timeMs, rec); fault != "" {
		return false, b.corrupt(fault)
	}
	b.left--
	b.lsn++
	return true, nil
}

// LSN is that of the record that Next decoded last.
func (b *Batch) LSN() uint64 { return b.lsn }

// Bytes is the length of the batch in the file.
func (b *Batch) Bytes() int { return len(b.buf) }

func (b *Batch) corrupt(fault string) error {
	return corruptAt(b.file, b.blocks[b.at-1].offset, "record %d of the log: %s", b.lsn+1, fault)
}

// Release gives the batch's memory back. It is not to be used after that.
func (b *Batch) Release() {
	select {
	case b.free <- b:
	default:
	}
}

// segmentReader reads the blocks of a segment in order.
type segmentReader struct {
	file   persistence.File
	path   string
	head   segmentHead
	salt   uint32
	size   int64  // of the file, bytes
	offset int64  // of the next block
	next   uint64 // LSN of the next record
	limit  uint64 // where the next segment begins, 0: this is the last
	free   chan *Batch

	durable  uint64 // the highest that a block has said is on disk
	unproven []mark // blocks behind that
}

// mark is where a block is.
type mark struct {
	last   uint64
	offset int64
}

// openSegment opens a segment and checks that it is the one that the manifest
// means.
func openSegment(fsys persistence.FS, path string, line segmentLine, id DataSetID) (*segmentReader, error) {
	f, err := fsys.Open(path)
	if isGone(err) {
		return nil, corruptAt(path, 0, "the manifest names this segment, but it is not there")
	}
	if err != nil {
		return nil, err
	}
	r, err := newSegmentReader(f, path)
	if err == nil && r.head.dataSet != id {
		err = corruptAt(path, offDataSet, "it belongs to the data set %s, the manifest to %s", r.head.dataSet, id)
	}
	if err == nil && r.head.first != line.first {
		err = corruptAt(path, offSegFirst, "it begins with record %d, the manifest says %d", r.head.first, line.first)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return r, nil
}

// newSegmentReader reads the header.
func newSegmentReader(f persistence.File, path string) (*segmentReader, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	var b [segmentHeader]byte
	n, err := f.ReadAt(b[:], 0)
	if err != nil && err != io.EOF {
		return nil, err
	}
	head, fault := decodeHead(b[:n])
	if fault != "" {
		return nil, corruptAt(path, 0, "%s", fault)
	}
	return &segmentReader{file: f, path: path, head: head, salt: head.salt(), size: info.Size(), offset: segmentHeader, next: head.first}, nil
}

// batch reads the next blocks. At the end of what counts it returns nil; at a
// place that is no block, nil and what is wrong there.
func (r *segmentReader) batch() (b *Batch, fault string, err error) {
	if r.limit != 0 && r.next >= r.limit {
		return nil, "", nil
	}
	select {
	case b = <-r.free:
	default:
		b = &Batch{free: r.free}
	}
	*b = Batch{file: r.path, buf: b.buf[:0], blocks: b.blocks[:0], free: r.free}
	if err := r.fill(b, batchBytes); err != nil {
		return nil, "", err
	}
	if len(b.buf) >= blockHeader {
		// A block that does not fit makes the buffer grow, but not beyond the file.
		length, ok := blockLength(b.buf, r.size-r.offset-blockHeader)
		if need := blockHeader + length; ok && need > int64(len(b.buf)) {
			if err := r.fill(b, need); err != nil {
				return nil, "", err
			}
		}
	}
	used := 0
	for (r.limit == 0 || r.next < r.limit) && fault == "" {
		n := 0
		if n, fault = r.block(b, b.buf[used:]); n == 0 {
			break
		}
		used += n
	}
	if used == 0 {
		b.Release()
		if fault == "" {
			fault = "the file has become shorter"
		}
		return nil, fault, nil
	}
	// What is wrong behind the batch is found again with the next one.
	b.buf = b.buf[:used]
	r.offset += int64(used)
	return b, "", nil
}

// fill reads at least want bytes, or up to the end of the file.
func (r *segmentReader) fill(b *Batch, want int64) error {
	have := len(b.buf)
	want = min(want, r.size-r.offset)
	if int64(cap(b.buf)) < want {
		b.buf = append(make([]byte, 0, want), b.buf...)
	}
	b.buf = b.buf[:max(want, int64(have))]
	n, err := r.file.ReadAt(b.buf[have:], r.offset+int64(have))
	b.buf = b.buf[:have+n] // less when the file is shorter than it was
	return noEOF(err)
}

// block adds the block at the start of rest, a part of the batch, and returns
// its size, or 0 and what is wrong with it; no fault if it only goes on behind
// the batch.
func (r *segmentReader) block(b *Batch, rest []byte) (size int, fault string) {
	at := r.offset + int64(len(b.buf)-len(rest))
	if r.size-at < blockHeader {
		return 0, "the file ends"
	}
	if len(rest) < blockHeader {
		return 0, ""
	}
	length, ok := blockLength(rest, r.size-at-blockHeader)
	if !ok {
		if string(rest[:len(blockMagic)]) == blockMagic {
			return 0, fmt.Sprintf("a block of %d bytes is longer than the file", length)
		}
		return 0, "there is no block"
	}
	if length > int64(len(rest)-blockHeader) {
		return 0, ""
	}
	size = blockHeader + int(length)
	blk, ok := checkBlock(rest[:size:size], r.salt)
	switch {
	case !ok:
		return 0, "the checksum of a block is wrong"
	case blk.first != r.next:
		return 0, fmt.Sprintf("a block begins with record %d instead of %d", blk.first, r.next)
	case r.limit != 0 && blk.last() >= r.limit && blk.count > 0:
		return 0, fmt.Sprintf("a block ends with record %d, the next segment begins with %d", blk.last(), r.limit)
	}
	blk.offset = at
	b.blocks = append(b.blocks, blk)
	r.next += uint64(blk.count)
	r.prove(&blk, at)
	return size, ""
}

// prove keeps in mind which blocks nothing says are on disk.
func (r *segmentReader) prove(blk *block, at int64) {
	r.durable = max(r.durable, blk.durable)
	proven := 0
	for proven < len(r.unproven) && r.unproven[proven].last <= r.durable {
		proven++
	}
	r.unproven = append(r.unproven[proven:], mark{blk.last(), at})
}

// An ending is what lies behind the last good block of a segment.
type ending struct {
	end     int64  // where the last byte that is not zero is followed by none, or offset
	blocks  int    // blocks that are whole all the same
	records uint64 // records in them
	last    uint64 // LSN of the last of them, 0: there is none
	lastMs  int64  // and the time of the block that it is in
	proof   int64  // where one of them proves that the bad place was durable, 0: none does
}

// examine looks at what is behind a bad place, for what it proves
// (block.go). It reads to the end of the file, and of what looks like a block
// but is none at most wastedBytes.
func (r *segmentReader) examine() (e ending, err error) {
	e.end = r.offset
	window := make([]byte, min(batchBytes, r.size-r.offset))
	wasted := int64(0)
	for at := r.offset; at < r.size; {
		n, err := r.file.ReadAt(window[:min(int64(len(window)), r.size-at)], at)
		if noEOF(err) != nil || n == 0 {
			return e, noEOF(err)
		}
		b := window[:n]
		if used := len(bytes.TrimRight(b, "\x00")); used > 0 {
			e.end = max(e.end, at+int64(used))
		}
		skip := int64(0) // where the next block may begin, in the window or behind it
		for skip < int64(n) {
			found := bytes.Index(b[skip:], []byte(blockMagic))
			if found < 0 {
				// The magic may begin at the end of the window.
				skip = max(skip+1, int64(n-len(blockMagic)+1))
				break
			}
			skip += int64(found)
			size, blk, err := r.blockAt(at+skip, wastedBytes-wasted)
			if err != nil {
				return e, err
			}
			if blk == nil {
				wasted += size
				skip++
				continue
			}
			e.count(blk, at+skip, r.next)
			skip += size
		}
		at += skip
	}
	return e, nil
}

// count adds a block that was found at an offset behind the bad place, where
// record next should be.
func (e *ending) count(blk *block, at int64, next uint64) {
	e.blocks++
	e.records += uint64(blk.count)
	e.last, e.lastMs = max(e.last, blk.last()), max(e.lastMs, blk.timeMs)
	if blk.durable >= next && e.proof == 0 {
		e.proof = at
	}
}

// wastedBytes bounds the work on a file that was made to look like blocks.
const wastedBytes = 1 << 30

// blockAt checks whether there is a block of later records at an offset. It
// returns its size, or, if there is none, how many bytes it has read for that.
func (r *segmentReader) blockAt(at, most int64) (size int64, blk *block, err error) {
	var h [blockHeader]byte
	if n, err := r.file.ReadAt(h[:], at); n < len(h) {
		return 0, nil, noEOF(err)
	}
	length, ok := blockLength(h[:], min(r.size-at-blockHeader, most))
	head := parseHeader(h[:])
	if !ok || head.first < r.next || head.first > r.next+uint64(r.size) {
		return 0, nil, nil
	}
	sum := crc32.Update(r.salt, castagnoli, h[offLength:])
	part := make([]byte, min(length, batchBytes))
	for done := int64(0); done < length; {
		n, err := r.file.ReadAt(part[:min(int64(len(part)), length-done)], at+blockHeader+done)
		if err != nil && err != io.EOF || n == 0 {
			return done, nil, noEOF(err)
		}
		sum = crc32.Update(sum, castagnoli, part[:n])
		done += int64(n)
	}
	if sum != checksumOf(h[:]) {
		return length, nil, nil
	}
	return blockHeader + length, &head, nil
}

// noEOF is the error of a read, if the end of the file is none.
func noEOF(err error) error {
	if err == io.EOF {
		return nil
	}
	return err
}
