package server

import "math/bits"

// latencyHistogram counts durations in buckets of an eighth of a power of two,
// so that a percentile read from it is at most an eighth too high:
//
//	0 .. 7     32 ns each, up to 256 ns
//	8 ..       8 for each power of two from 2^8 ns on
//	the last   68 s and more
type latencyHistogram struct {
	buckets [histogramBuckets]counter
}

const (
	histogramShift   = 5 // log2 of the width of the first buckets in ns
	histogramSub     = 3 // log2 of the buckets a power of two
	histogramOctaves = 28
	histogramBuckets = (histogramOctaves+1)<<histogramSub + 1
)

// bucketOf returns the bucket of a duration.
func bucketOf(ns uint64) int {
	v := ns >> histogramShift
	if v < 1<<histogramSub {
		return int(v)
	}
	octave := bits.Len64(v) - histogramSub - 1
	return min(octave<<histogramSub+int(v>>octave), histogramBuckets-1)
}

// bucketEnd returns the largest duration of a bucket, in ns.
func bucketEnd(i int) uint64 {
	if i < 1<<histogramSub {
		return uint64(i+1)<<histogramShift - 1
	}
	octave := i>>histogramSub - 1
	within := uint64(i&(1<<histogramSub-1) + 1<<histogramSub)
	return (within+1)<<(octave+histogramShift) - 1
}

func (h *latencyHistogram) add(ns uint64) { h.buckets[bucketOf(ns)].add(1) }

// latencyCounts are the counts of one or several histograms.
type latencyCounts [histogramBuckets]uint64

// percentile returns the duration in ns that p percent of the counted ones do
// not exceed, 0 if nothing was counted.
func (c *latencyCounts) percentile(p float64) uint64 {
	var total uint64
	for _, n := range c {
		total += n
	}
	if total == 0 {
		return 0
	}
	want := max(1, uint64(p/100*float64(total)+0.5))
	var seen uint64
	for i, n := range c {
		if seen += n; seen >= want {
			return bucketEnd(i)
		}
	}
	return bucketEnd(histogramBuckets - 1)
}

// powerBucket is how many durations did not exceed a power of two.
type powerBucket struct {
	micros uint64
	count  uint64 // of this bucket and those below it
}

// powers sums the counts up by powers of two from 1.024 µs on; those that add
// nothing are left out.
func (c *latencyCounts) powers() []powerBucket {
	const firstEnd = 1<<10 - 1
	var out []powerBucket
	var sum, shown uint64
	end := uint64(firstEnd)
	for i, n := range c {
		if bucketEnd(i) > end && sum > shown {
			out, shown = append(out, powerBucket{powerMicros(end + 1), sum}), sum
		}
		for bucketEnd(i) > end {
			end = end<<1 | 1
		}
		sum += n
	}
	if sum > shown {
		out = append(out, powerBucket{powerMicros(end + 1), sum})
	}
	return out
}

// powerMicros is how Redis names the bucket up to ns: its histogram knows two
// significant digits, and a bucket goes by its largest value.
func powerMicros(ns uint64) uint64 { return (ns + ns/128 - 1) / 1000 }
