package command

import (
	"encoding/binary"
	"errors"
)

// A HyperLogLog estimates how many different elements it has seen, with a
// standard error of 0.81 %, in at most 12 KB: each of 16,384 registers keeps
// the highest rank (see hllPlace) of the elements that hash to it. It is a
// string, which clients may GET and SET, and its bytes are Redis's:
//
//	magic      4 bytes, "HYLL"
//	encoding   1 byte, 0 dense (hlldense.go), 1 sparse (hllsparse.go)
//	unused     3 bytes
//	count      8 bytes, little-endian: the estimate when it was last asked
//	           for; its highest bit says that elements came since
//	registers
//
// Since anybody can write such a string, all that reads one bears any bytes.
type hll []byte

// The layout.
const (
	hllIndexBits    = 14
	hllRegisters    = 1 << hllIndexBits
	hllRankBits     = 64 - hllIndexBits
	hllRegisterBits = 6
	hllRegisterMask = 1<<hllRegisterBits - 1

	hllEncodingAt  = 4
	hllCountAt     = 8
	hllHeaderBytes = 16
	hllDenseBytes  = hllHeaderBytes + hllRegisters*hllRegisterBits/8

	hllDense  = 0
	hllSparse = 1

	hllStale = 1 << 63 // in the count
)

// errCorruptHLL says that the runs of a sparse sketch do not cover exactly its
// registers.
var errCorruptHLL = errors.New("corrupt HyperLogLog")

// appendEmptyHLL appends a sketch that has seen nothing.
func appendEmptyHLL(dst []byte) hll {
	dst = append(dst, "HYLL\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"...)
	return appendRun(dst, 0, hllRegisters)
}

// isHLL tells whether b looks like a sketch: by its magic, encoding and, if it
// is dense, length.
func isHLL(b []byte) bool {
	return len(b) >= hllHeaderBytes && string(b[:4]) == "HYLL" &&
		(b[hllEncodingAt] == hllSparse || b[hllEncodingAt] == hllDense && len(b) == hllDenseBytes)
}

func (h hll) dense() bool { return h[hllEncodingAt] == hllDense }

// count returns the estimate that the sketch keeps; ok is false if elements
// came since.
func (h hll) count() (n uint64, ok bool) {
	n = binary.LittleEndian.Uint64(h[hllCountAt:])
	return n, n < hllStale
}

func (h hll) setCount(n uint64) { binary.LittleEndian.PutUint64(h[hllCountAt:], n) }

// invalidate notes that the estimate is out of date.
func (h hll) invalidate() { h[hllHeaderBytes-1] |= hllStale >> 56 }

// add adds an element and tells whether that changed a register. A sparse
// sketch may grow up to maxBytes and then becomes dense.
func (h *hll) add(element []byte, maxBytes int) (bool, error) {
	index, rank := hllPlace(element)
	return h.raise(index, rank, maxBytes)
}

// raise raises a register to rank and tells whether it was lower.
func (h *hll) raise(index int, rank uint8, maxBytes int) (bool, error) {
	if h.dense() {
		return h.denseRaise(index, rank), nil
	}
	return h.sparseRaise(index, rank, maxBytes)
}

// raiseAll raises values to the registers of the sketch.
func (h hll) raiseAll(values *hllValues) error {
	if h.dense() {
		h.denseRaiseAll(values)
		return nil
	}
	return h.sparseRaiseAll(values)
}

// promote makes a sketch dense.
func (h *hll) promote() error {
	if h.dense() {
		return nil
	}
	var values hllValues
	if err := h.sparseRaiseAll(&values); err != nil {
		return err
	}
	*h = h.packDense(&values)
	return nil
}
