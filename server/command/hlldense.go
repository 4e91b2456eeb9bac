package command

import "encoding/binary"

// The dense form is 16,384 registers of 6 bits, the lowest bits of a byte
// first: eight registers are a little-endian number of 48 bits.
//
//	byte   0        1        2        …
//	     10000000 22221111 33333322 …

// A run of eight registers.
const (
	hllRunRegisters = 8
	hllRunBytes     = hllRunRegisters * hllRegisterBits / 8
)

// hllValues are the registers of a sketch, a byte each.
type hllValues [hllRegisters]uint8

func loadRun(b []byte) uint64 {
	_ = b[5]
	return uint64(binary.LittleEndian.Uint32(b)) | uint64(binary.LittleEndian.Uint16(b[4:]))<<32
}

func storeRun(b []byte, run uint64) {
	_ = b[5]
	binary.LittleEndian.PutUint32(b, uint32(run))
	binary.LittleEndian.PutUint16(b[4:], uint16(run>>32))
}

// denseRaise raises a register to rank and tells whether it was lower.
// REQUIRES: h is dense.
func (h hll) denseRaise(index int, rank uint8) bool {
	at := hllHeaderBytes + index/hllRunRegisters*hllRunBytes
	shift := index % hllRunRegisters * hllRegisterBits
	run := loadRun(h[at:])
	if uint8(run>>shift)&hllRegisterMask >= rank {
		return false
	}
	storeRun(h[at:], run&^(hllRegisterMask<<shift)|uint64(rank)<<shift)
	return true
}

// denseRaiseAll raises values to the registers of a dense sketch.
func (h hll) denseRaiseAll(values *hllValues) {
	for i := 0; i < hllRegisters; i += hllRunRegisters {
		run := loadRun(h[hllHeaderBytes+i/hllRunRegisters*hllRunBytes:])
		for j := range hllRunRegisters {
			values[i+j] = max(values[i+j], uint8(run)&hllRegisterMask)
			run >>= hllRegisterBits
		}
	}
}

// packDense makes h the dense sketch of values. Its header stays, apart from
// the encoding. It grows h when its capacity is too small.
func (h hll) packDense(values *hllValues) hll {
	if cap(h) < hllDenseBytes {
		h = append(make(hll, 0, hllDenseBytes), h[:hllHeaderBytes]...)
	}
	h = h[:hllDenseBytes]
	h[hllEncodingAt] = hllDense
	for i := 0; i < hllRegisters; i += hllRunRegisters {
		run := uint64(0)
		for j := range hllRunRegisters {
			run |= uint64(values[i+j]) << (j * hllRegisterBits)
		}
		storeRun(h[hllHeaderBytes+i/hllRunRegisters*hllRunBytes:], run)
	}
	return h
}
