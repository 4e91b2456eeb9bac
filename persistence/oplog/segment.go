package oplog

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"

	"larder/persistence"
)

// A segment is one file of the log: a header, then blocks (block.go), then
// perhaps zeros that were allocated ahead.
//
//	 0  magic     8   "LARDRLOG"
//	 8  version   4   1
//	12  checksum  4   CRC-32C of the other bytes of the header
//	16  data set  16  the data set's ID
//	32  first     8   LSN of the segment's first record
//	40  nonce     8   random, so that two files by the same name differ
//	48  blocks
//
// Its name is NAME.LSN with the LSN of its first record in twenty digits, so
// that names sort as the records do. A segment begins its life under a
// temporary name and gets its own when the header is on disk: a file with a
// segment's name always has a header.
//
// INVARIANT: the records of a segment end where the next segment begins. What
// lies behind that in the file, valid or not, counts for nothing: a log that
// goes on after its disk has failed writes again, in a new segment, what it
// cannot be sure of.

const (
	segmentHeader  = 48
	segmentMagic   = "LARDRLOG"
	segmentVersion = 1

	offVersion   = 8
	offHeaderSum = 12
	offDataSet   = 16
	offSegFirst  = 32
	offNonce     = 40
)

// DataSetID tells the files of one data set from those of another. It is drawn
// at random when a data set is created.
type DataSetID [16]byte

// String is the ID in hexadecimal digits.
func (id DataSetID) String() string { return fmt.Sprintf("%x", id[:]) }

// segmentHead is the header of a segment.
type segmentHead struct {
	dataSet DataSetID
	first   uint64
	nonce   uint64
}

func (h *segmentHead) encode() []byte {
	b := make([]byte, segmentHeader)
	copy(b, segmentMagic)
	binary.LittleEndian.PutUint32(b[offVersion:], segmentVersion)
	copy(b[offDataSet:], h.dataSet[:])
	binary.LittleEndian.PutUint64(b[offSegFirst:], h.first)
	binary.LittleEndian.PutUint64(b[offNonce:], h.nonce)
	binary.LittleEndian.PutUint32(b[offHeaderSum:], headerSum(b))
	return b
}

func headerSum(b []byte) uint32 {
	sum := crc32.Checksum(b[:offHeaderSum], castagnoli)
	return crc32.Update(sum, castagnoli, b[offDataSet:segmentHeader])
}

// salt is what the checksums of the segment's blocks start from.
func (h *segmentHead) salt() uint32 {
	b := h.encode()
	return crc32.Checksum(b[offDataSet:], castagnoli)
}

// decodeHead reads a header, or says what is wrong with it.
func decodeHead(b []byte) (h segmentHead, fault string) {
	switch {
	case len(b) < segmentHeader:
		return h, fmt.Sprintf("a segment's header has %d bytes, there are %d", segmentHeader, len(b))
	case string(b[:len(segmentMagic)]) != segmentMagic:
		return h, "it does not begin as a segment of a log does"
	case binary.LittleEndian.Uint32(b[offHeaderSum:]) != headerSum(b):
		return h, "the checksum of the segment's header is wrong"
	case binary.LittleEndian.Uint32(b[offVersion:]) != segmentVersion:
		return h, fmt.Sprintf("it has format version %d, this program reads %d", binary.LittleEndian.Uint32(b[offVersion:]), segmentVersion)
	}
	copy(h.dataSet[:], b[offDataSet:])
	h.first = binary.LittleEndian.Uint64(b[offSegFirst:])
	h.nonce = binary.LittleEndian.Uint64(b[offNonce:])
	if h.first == 0 {
		return h, "the segment begins with record 0, the first is 1"
	}
	return h, ""
}

const lsnDigits = 20

// Names of the log's files, without the directory.
func segmentName(name string, first uint64) string {
	return fmt.Sprintf("%s.%0*d", name, lsnDigits, first)
}

func manifestName(name string) string  { return name + ".manifest" }
func temporaryName(name string) string { return name + ".tmp" }

// baseName is the file for the snapshot of the state before record lsn.
func baseName(name string, lsn uint64) string { return segmentName(name, lsn) + ".rdb" }

// lsnOfName reads the LSN out of the name of a segment, or of a base; ok tells
// that it is one.
func lsnOfName(name, file string, base bool) (lsn uint64, ok bool) {
	digits, ok := strings.CutPrefix(file, name+".")
	if ok && base {
		digits, ok = strings.CutSuffix(digits, ".rdb")
	}
	if !ok || len(digits) != lsnDigits {
		return 0, false
	}
	lsn, err := strconv.ParseUint(digits, 10, 64)
	return lsn, err == nil && lsn > 0
}

// segment is the file that the log writes to. Only the writer writes; the file
// is synced under Log.syncMu.
type segment struct {
	head       segmentHead
	salt       uint32
	file       persistence.File
	size       atomic.Int64 // bytes of header and blocks
	durableEnd int64        // where the bytes end that are known to be durable, or later; under Log.syncMu
	allocated  int64        // bytes that the file has been made to take; the writer's
	ahead      int64        // bytes to take more than are needed
}

// end is where the next block goes, in bytes.
func (s *segment) end() int64 { return s.size.Load() }

// blocks tells whether there are any.
func (s *segment) blocks() bool { return s.end() > segmentHeader }

// createSegment makes a segment's file, in place of what had its name, and its
// header durable.
func createSegment(fsys persistence.FS, dir, name string, head segmentHead) (*segment, error) {
	path := filepath.Join(dir, segmentName(name, head.first))
	err := persistence.ReplaceFile(fsys, path, temporaryName(path), func(f persistence.File) error {
		return writeAt(f, head.encode(), 0)
	})
	if err != nil {
		return nil, fmt.Errorf("cannot create a segment of the log: %w", err)
	}
	f, err := fsys.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, fmt.Errorf("cannot open the new segment of the log: %w", err)
	}
	s := &segment{head: head, salt: head.salt(), file: f, durableEnd: segmentHeader}
	s.size.Store(segmentHeader)
	return s, nil
}

// write appends sealed blocks. After an error the segment must not be written
// to again.
func (s *segment) write(b []byte) error {
	end := s.end() + int64(len(b))
	if end > s.allocated {
		// A disk that is too full for that may still have room for the blocks.
		if to := end + s.ahead; allocate(s.file, to) == nil {
			s.allocated = to
		}
	}
	if err := writeAt(s.file, b, s.end()); err != nil {
		return err
	}
	s.size.Store(end)
	return nil
}

// trim gives back what was allocated ahead.
func (s *segment) trim() error {
	if s.allocated <= s.end() {
		return nil
	}
	s.allocated = 0
	return s.file.Truncate(s.end())
}
