package stats

import (
	"math/bits"
	"time"
)

// A Histogram counts durations in log-linear buckets, in the manner of
// HdrHistogram: every power of two is cut into subBuckets equal parts, so that
// a recorded value is known to within 1/128 (0.8 %) whatever its size, in a
// fixed 64 KB and without allocation.
//
//	bucket of v (ns):   v < 128        v itself
//	                    otherwise      (exponent, top 7 bits below the leading one)
type Histogram struct {
	counts [maxExponents * subBuckets]uint64
	total  uint64
	max    time.Duration
}

const (
	subBucketBits = 7
	subBuckets    = 1 << subBucketBits
	maxExponents  = 64 - subBucketBits
)

// Record counts one duration; a negative one counts as 0.
func (h *Histogram) Record(d time.Duration) {
	d = max(d, 0)
	h.counts[bucketOf(uint64(d))]++
	h.total++
	h.max = max(h.max, d)
}

// Merge adds the counts of other.
func (h *Histogram) Merge(other *Histogram) {
	for i, n := range other.counts {
		h.counts[i] += n
	}
	h.total += other.total
	h.max = max(h.max, other.max)
}

// Count returns how many durations were recorded.
func (h *Histogram) Count() uint64 { return h.total }

// Max returns the longest recorded duration, exactly.
func (h *Histogram) Max() time.Duration { return h.max }

// Quantile returns a duration that at least the share q (0 to 1) of the
// recorded ones do not exceed: the upper end of the bucket that holds it, but
// never more than Max. It is 0 when nothing was recorded.
func (h *Histogram) Quantile(q float64) time.Duration {
	if h.total == 0 {
		return 0
	}
	rank := uint64(q * float64(h.total))
	if float64(rank) < q*float64(h.total) {
		rank++
	}
	rank = min(max(rank, 1), h.total)
	seen := uint64(0)
	for i, n := range h.counts {
		seen += n
		if seen >= rank {
			return min(time.Duration(upperEnd(i)), h.max)
		}
	}
	return h.max
}

// bucketOf returns the index of the bucket of v nanoseconds.
func bucketOf(v uint64) int {
	if v < subBuckets {
		return int(v)
	}
	shift := bits.Len64(v) - subBucketBits - 1
	return (shift+1)*subBuckets + int(v>>shift) - subBuckets
}

// upperEnd returns the largest value of bucket i.
func upperEnd(i int) uint64 {
	if i < subBuckets {
		return uint64(i)
	}
	shift := i/subBuckets - 1
	return (uint64(i%subBuckets+subBuckets)+1)<<shift - 1
}
