package stats

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

func TestSummarize(t *testing.T) {
	for _, c := range []struct {
		name    string
		samples []float64
		want    Summary
	}{
		{"none", nil, Summary{}},
		{"one", []float64{3}, Summary{Median: 3, Min: 3, Max: 3, N: 1}},
		{"odd", []float64{9, 1, 5}, Summary{Median: 5, Min: 1, Max: 9, N: 3}},
		{"even", []float64{4, 1, 2, 10}, Summary{Median: 3, Min: 1, Max: 10, N: 4}},
	} {
		before := slices.Clone(c.samples)
		if got := Summarize(c.samples); got != c.want {
			t.Errorf("%s: got %+v, want %+v", c.name, got, c.want)
		}
		if !slices.Equal(before, c.samples) {
			t.Errorf("%s: the samples were reordered to %v", c.name, c.samples)
		}
	}
}

func TestRatioPairsRounds(t *testing.T) {
	// The machine slows to half in the second round: each pair still says 0.5.
	got := Ratio([]float64{1, 2, 1}, []float64{2, 4, 2})
	if want := (Summary{Median: 0.5, Min: 0.5, Max: 0.5, N: 3}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	got = Ratio([]float64{1, 3, 2}, []float64{2, 2, 4})
	if want := (Summary{Median: 1, Min: 0.5, Max: 1.5, N: 3}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got := Ratio([]float64{1}, []float64{0}); got.N != 0 {
		t.Errorf("a ratio to nothing: %+v", got)
	}
}

func TestGeoMean(t *testing.T) {
	if got := GeoMean([]float64{1, 4, 16}); math.Abs(got-4) > 1e-12 {
		t.Errorf("got %v, want 4", got)
	}
	if got := GeoMean(nil); got != 0 {
		t.Errorf("of nothing: got %v, want 0", got)
	}
}

// Every value lies in a bucket whose end is at most 1/128 above it, and the
// buckets are ordered without gaps.
func TestHistogramBuckets(t *testing.T) {
	values := []uint64{0, 1, 127, 128, 129, 255, 256, 257, 1 << 20, 1<<20 - 1, 1<<62 + 12345, math.MaxInt64}
	rng := rand.New(rand.NewPCG(1, 2))
	for range 10000 {
		values = append(values, rng.Uint64()>>(1+rng.IntN(63)))
	}
	for _, v := range values {
		i := bucketOf(v)
		if end := upperEnd(i); end < v || end-v > v/subBuckets {
			t.Fatalf("%d: bucket %d ends at %d", v, i, end)
		}
		if i > 0 && upperEnd(i-1) >= v {
			t.Fatalf("%d: the bucket before its own ends at %d", v, upperEnd(i-1))
		}
	}
}

func TestHistogramQuantiles(t *testing.T) {
	var even, odd Histogram
	for us := 1; us <= 10000; us++ {
		h := &even
		if us%2 == 1 {
			h = &odd
		}
		h.Record(time.Duration(us) * time.Microsecond)
	}
	even.Merge(&odd)
	if even.Count() != 10000 || even.Max() != 10*time.Millisecond {
		t.Fatalf("count %d, max %v", even.Count(), even.Max())
	}
	for _, c := range []struct {
		q    float64
		want time.Duration
	}{{0, time.Microsecond}, {0.5, 5 * time.Millisecond}, {0.99, 9900 * time.Microsecond}, {0.999, 9990 * time.Microsecond}, {1, 10 * time.Millisecond}} {
		got := even.Quantile(c.q)
		if got < c.want || got > c.want+c.want/100 {
			t.Errorf("quantile %v: got %v, want %v to within 1 %%", c.q, got, c.want)
		}
	}
	if got := new(Histogram).Quantile(0.5); got != 0 {
		t.Errorf("of nothing: %v", got)
	}
}

func TestHistogramRecordsWithoutAllocation(t *testing.T) {
	var h Histogram
	if n := testing.AllocsPerRun(100, func() { h.Record(12345) }); n != 0 {
		t.Errorf("%v allocations a Record", n)
	}
}
