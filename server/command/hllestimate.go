package command

import "math"

// hllRanks counts the registers of each value. A register has 6 bits, so that
// corrupt sketches have values that no element gives.
type hllRanks [1 << hllRegisterBits]int

func (values *hllValues) ranks() (n hllRanks) {
	for _, v := range values {
		n[v&hllRegisterMask]++
	}
	return n
}

// ranks counts the registers of the sketch.
func (h hll) ranks() (n hllRanks, err error) {
	if h.dense() {
		for b := h[hllHeaderBytes:]; len(b) > 0; b = b[hllRunBytes:] {
			run := loadRun(b)
			for range hllRunRegisters {
				n[run&hllRegisterMask]++
				run >>= hllRegisterBits
			}
		}
		return n, nil
	}
	at := 0
	for b := h[hllHeaderBytes:]; len(b) > 0; {
		run := nextRun(b)
		n[run.rank] += run.registers
		at += run.registers
		b = b[min(run.size, len(b)):]
	}
	if at != hllRegisters {
		return n, errCorruptHLL
	}
	return n, nil
}

// estimate computes the number of elements from the registers by Otmar Ertl's
// improved estimator ("New cardinality estimation algorithms for HyperLogLog
// sketches", arXiv:1702.01284, algorithm 6), which needs no tables and no
// corrections for small and large numbers. Products are converted before they
// are added, so that no processor fuses the two and all machines round alike.
func (n *hllRanks) estimate() uint64 {
	const (
		m     = float64(hllRegisters)
		alpha = 0.721347520444481703680 // 1 / (2 ln 2)
	)
	z := float64(m * ertlTau((m-float64(n[hllRankBits+1]))/m))
	for rank := hllRankBits; rank >= 1; rank-- {
		z = float64((z + float64(n[rank])) * 0.5)
	}
	z += float64(m * ertlSigma(float64(n[0])/m))
	return uint64(math.Round(alpha * m * m / z))
}

// ertlTau is the paper's τ: what registers that cannot rise any more add.
func ertlTau(x float64) float64 {
	if x == 0 || x == 1 {
		return 0
	}
	y, z := 1.0, 1-x
	for {
		x = math.Sqrt(x)
		last := z
		y *= 0.5
		z -= float64(float64((1-x)*(1-x)) * y)
		if z == last {
			return z / 3
		}
	}
}

// ertlSigma is the paper's σ: what registers that are still 0 add.
func ertlSigma(x float64) float64 {
	if x == 1 {
		return math.Inf(1)
	}
	y, z := 1.0, x
	for {
		x *= x
		last := z
		z += float64(x * y)
		y += y
		if z == last {
			return z
		}
	}
}
