package command

import (
	"bytes"
	"strconv"
)

// PFDEBUG and PFSELFTEST look at sketches from inside.

// pfDebug shows the registers, runs or form of a sketch, or makes it dense.
func pfDebug(c *Ctx) {
	it, found := c.FindWrite(0)
	if !found {
		c.Out.Error(errNoSketch)
		return
	}
	h, ok := c.sketch(&it)
	if !ok || c.Heavy(len(h)) {
		return
	}
	switch {
	case c.Is(1, "GETREG"):
		if _, h, ok = c.densify(h); ok {
			c.writeRegisters(h)
		}
	case c.Is(1, "DECODE"):
		if h.dense() {
			c.Out.Error("ERR HLL encoding is not sparse")
			return
		}
		c.Out.Bulk(h.describeRuns())
	case c.Is(1, "ENCODING"):
		if h.dense() {
			c.Out.Simple("dense")
		} else {
			c.Out.Simple("sparse")
		}
	case c.Is(1, "TODENSE"):
		if changed, _, ok := c.densify(h); ok {
			c.Out.Flag(changed)
		}
	default:
		c.Out.Error("ERR Unknown PFDEBUG subcommand '" + string(c.Args[1]) + "'")
	}
}

// densify makes the only key's sketch dense, tells whether it was sparse and
// returns what it is now; if that cannot be done it has replied.
func (c *Ctx) densify(h hll) (changed bool, _ hll, ok bool) {
	if h.dense() {
		return false, h, true
	}
	h = append(hll(c.scratch[:0]), h...)
	if err := h.promote(); err != nil {
		c.Out.Error(errBadHLL)
		return false, nil, false
	}
	c.keepScratch(h)
	if !c.putSketch(h) {
		return false, nil, false
	}
	c.Changed(0, 0, "")
	return true, h, true
}

func (c *Ctx) writeRegisters(h hll) {
	var values hllValues
	h.denseRaiseAll(&values)
	c.Out.Array(hllRegisters)
	for _, v := range values {
		c.Out.Int(int64(v))
	}
}

// describeRuns writes the runs of a sparse sketch as z:REGISTERS,
// Z:REGISTERS (two bytes) and v:RANK,REGISTERS.
func (h hll) describeRuns() []byte {
	var out []byte
	for b := h[hllHeaderBytes:]; len(b) > 0; {
		run := nextRun(b)
		switch {
		case run.rank != 0:
			out = append(out, "v:"...)
			out = append(strconv.AppendInt(out, int64(run.rank), 10), ',')
		case run.size == 2:
			out = append(out, "Z:"...)
		default:
			out = append(out, "z:"...)
		}
		out = append(strconv.AppendInt(out, int64(run.registers), 10), ' ')
		b = b[min(run.size, len(b)):]
	}
	return bytes.TrimSuffix(out, []byte(" "))
}

// selfTestElements is how many elements PFSELFTEST adds; the work takes about
// 20 ms.
const selfTestElements = 1 << 20

// pfSelfTest adds numbers to a dense sketch and to a sparse one and checks
// that both agree as long as they can and that the estimate stays within six
// standard errors.
func pfSelfTest(c *Ctx) {
	if c.Heavy(heavyBytes) {
		return
	}
	if fault := hllSelfTest(selfTestElements); fault != "" {
		c.Out.Error("ERR TESTFAILED " + fault)
		return
	}
	c.Out.OK()
}

func hllSelfTest(elements int) (fault string) {
	const (
		sparseBytes = 3000
		tolerance   = 6 * 0.0081
	)
	sparse, dense := appendEmptyHLL(nil), appendEmptyHLL(nil)
	if err := dense.promote(); err != nil {
		return err.Error()
	}
	var element [8]byte
	for n := 1; n <= elements; n++ {
		for i := range element {
			element[i] = byte(n >> (8 * i))
		}
		a, errA := sparse.add(element[:], sparseBytes)
		b, errB := dense.add(element[:], 0)
		if errA != nil || errB != nil || a != b {
			return "sparse and dense sketch disagree at element " + strconv.Itoa(n)
		}
		if n&(n-1) != 0 {
			continue // look at powers of two
		}
		ranksA, errA := sparse.ranks()
		ranksB, errB := dense.ranks()
		if errA != nil || errB != nil || ranksA != ranksB {
			return "sparse and dense registers differ at element " + strconv.Itoa(n)
		}
		off := float64(ranksA.estimate()) - float64(n)
		if off = max(off, -off); off > max(1, tolerance*float64(n)) {
			return "the estimate of " + strconv.Itoa(n) + " is off by " + strconv.Itoa(int(off))
		}
	}
	return ""
}
