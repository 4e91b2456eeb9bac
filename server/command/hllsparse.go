package command

import "slices"

// The sparse form describes the registers in order, as runs:
//
//	00nnnnnn           ZERO:  n+1 registers (1 to 64) are 0
//	01nnnnnn nnnnnnnn  XZERO: n+1 registers (1 to 16,384) are 0
//	1vvvvvnn           VAL:   n+1 registers (1 to 4) are v+1 (1 to 32)
//
// An empty sketch is one XZERO of 16,384. Adding an element splits the run
// that holds its register into up to three and joins equal VALs around the
// place. How runs split and join is Redis's way exactly, because the bytes of
// the string are visible to GET and compared by clients. A sketch becomes
// dense when a rank is over 32 or it would outgrow hll-sparse-max-bytes.

// Limits of the runs.
const (
	sparseZeroMost = 64 // registers
	sparseValMost  = 4  // registers
	sparseRankMost = 32
	// sparseJoins is how many runs after a change are tried for joining.
	sparseJoins = 5
)

// sparseRun is a decoded run.
type sparseRun struct {
	size      int   // bytes it takes
	registers int   // registers it covers
	rank      uint8 // their value, 0 for ZERO and XZERO
}

// nextRun decodes the run at the start of b. The second byte of an XZERO that
// a corrupt string cuts off counts as 0.
// REQUIRES: b is not empty.
func nextRun(b []byte) sparseRun {
	c := b[0]
	switch {
	case c&0x80 != 0:
		return sparseRun{1, int(c&3) + 1, c>>2&0x1f + 1}
	case c&0x40 == 0:
		return sparseRun{1, int(c) + 1, 0}
	case len(b) == 1:
		return sparseRun{2, int(c&0x3f)<<8 + 1, 0}
	}
	return sparseRun{2, int(c&0x3f)<<8 + int(b[1]) + 1, 0}
}

func valRun(rank uint8, registers int) byte { return 0x80 | (rank-1)<<2 | byte(registers-1) }

// appendRun appends a run of registers of one rank, if there are any.
func appendRun(dst []byte, rank uint8, registers int) []byte {
	switch {
	case registers == 0:
		return dst
	case rank != 0:
		return append(dst, valRun(rank, registers))
	case registers <= sparseZeroMost:
		return append(dst, byte(registers-1))
	}
	return append(dst, 0x40|byte((registers-1)>>8), byte(registers-1))
}

// sparseRaiseAll raises values to the registers of a sparse sketch.
func (h hll) sparseRaiseAll(values *hllValues) error {
	at := 0
	for b := h[hllHeaderBytes:]; len(b) > 0; {
		run := nextRun(b)
		if run.rank != 0 {
			if at+run.registers > hllRegisters {
				return errCorruptHLL
			}
			for i := range run.registers {
				values[at+i] = max(values[at+i], run.rank)
			}
		}
		at += run.registers
		b = b[min(run.size, len(b)):]
	}
	if at != hllRegisters {
		return errCorruptHLL
	}
	return nil
}

// findRun returns where the run that covers a register stands, which register
// it starts with, and where the run before it stands, the place itself if it
// is the first. ok is false if no run covers the register.
func (h hll) findRun(index int) (at, first, before int, run sparseRun, ok bool) {
	at = hllHeaderBytes
	before = at
	for at < len(h) {
		run = nextRun(h[at:])
		if index < first+run.registers {
			return at, first, before, run, at+run.size <= len(h)
		}
		before = at
		at += run.size
		first += run.registers
	}
	return 0, 0, 0, run, false
}

// sparseRaise raises a register to rank and tells whether it was lower. The
// sketch may have become dense.
// REQUIRES: h is sparse.
func (h *hll) sparseRaise(index int, rank uint8, maxBytes int) (bool, error) {
	if rank > sparseRankMost {
		return true, h.promoteAndRaise(index, rank)
	}
	at, first, before, run, ok := h.findRun(index)
	switch {
	case !ok:
		return false, errCorruptHLL
	case run.rank >= rank:
		return false, nil
	}
	// A corrupt run may be an XZERO of one register: only a run of one byte
	// is written over without further ado.
	if run.registers == 1 && run.size == 1 {
		(*h)[at] = valRun(rank, 1)
	} else {
		var split [5]byte
		s := appendRun(split[:0], run.rank, index-first)
		s = append(s, valRun(rank, 1))
		s = appendRun(s, run.rank, first+run.registers-1-index)
		if grows := len(s) - run.size; grows > 0 && len(*h)+grows > maxBytes {
			return true, h.promoteAndRaise(index, rank)
		}
		*h = slices.Replace(*h, at, at+run.size, s...)
	}
	h.joinRuns(before)
	h.invalidate()
	return true, nil
}

// promoteAndRaise makes a sparse sketch dense to raise a register in it.
func (h *hll) promoteAndRaise(index int, rank uint8) error {
	if err := h.promote(); err != nil {
		return err
	}
	h.denseRaise(index, rank)
	return nil
}

// joinRuns joins neighbouring VALs of one rank among the runs from at on.
func (h *hll) joinRuns(at int) {
	b := *h
	for range sparseJoins {
		if at >= len(b) {
			break
		}
		run := nextRun(b[at:])
		if run.rank != 0 && at+1 < len(b) {
			next := nextRun(b[at+1:])
			if sum := run.registers + next.registers; next.rank == run.rank && sum <= sparseValMost {
				b[at+1] = valRun(run.rank, sum)
				b = slices.Delete(b, at, at+1)
				continue
			}
		}
		at += run.size
	}
	*h = b
}
