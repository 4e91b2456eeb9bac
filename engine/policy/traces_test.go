package policy

import (
	"bufio"
	"compress/gzip"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
)

var tracesFlag = flag.String("traces", "", "folder of the cache traces NAME.txt.gz (default: $LARDER_TRACES, then shared/traces beside the module)")

// load is a replayable sequence of dense keys.
type load struct {
	name string
	reqs []uint32
	keys uint32
}

func tracesDir() string {
	if *tracesFlag != "" {
		return *tracesFlag
	}
	if d := os.Getenv("LARDER_TRACES"); d != "" {
		return d
	}
	// Tests run in the package's folder, two below the module's root.
	return filepath.Join("..", "..", "..", "shared", "traces")
}

var traceCache sync.Map

// readTrace reads a recorded trace. Absence is a failure, not a skip: a run
// that compared nothing must not look like one that passed.
func readTrace(t testing.TB, name string) load {
	t.Helper()
	if l, ok := traceCache.Load(name); ok {
		return l.(load)
	}
	file := filepath.Join(tracesDir(), name+".txt.gz")
	f, err := os.Open(file)
	if err != nil {
		t.Fatalf("the trace is missing: %v; set -traces or LARDER_TRACES to the folder that holds it", err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	ids := map[string]uint32{}
	l := load{name: name}
	lines := bufio.NewScanner(z)
	for lines.Scan() {
		id, ok := ids[string(lines.Bytes())]
		if !ok {
			id = uint32(len(ids))
			ids[lines.Text()] = id
		}
		l.reqs = append(l.reqs, id)
	}
	if err := lines.Err(); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	l.keys = uint32(len(ids))
	traceCache.Store(name, l)
	return l
}

// zipf draws ranks 0..n-1 with probability proportional to 1/(rank+1)^skew.
type zipf struct {
	cdf []float64
	rng *rand.Rand
}

func newZipf(rng *rand.Rand, n int, skew float64) *zipf {
	z := &zipf{make([]float64, n), rng}
	sum := 0.0
	for i := range n {
		sum += math.Pow(float64(i+1), -skew)
		z.cdf[i] = sum
	}
	return z
}

func (z *zipf) draw() uint32 {
	x := z.rng.Float64() * z.cdf[len(z.cdf)-1]
	i, _ := slices.BinarySearch(z.cdf, x)
	return uint32(min(i, len(z.cdf)-1))
}

// dense renumbers the keys of a generated sequence from 0.
func dense(name string, reqs []uint32) load {
	ids := map[uint32]uint32{}
	for i, k := range reqs {
		id, ok := ids[k]
		if !ok {
			id = uint32(len(ids))
			ids[k] = id
		}
		reqs[i] = id
	}
	return load{name, reqs, uint32(len(ids))}
}

func zipfLoad(skew float64, keys, n int) load {
	z := newZipf(rand.New(rand.NewPCG(1, 2)), keys, skew)
	reqs := make([]uint32, n)
	for i := range reqs {
		reqs[i] = z.draw()
	}
	return dense(fmt.Sprintf("zipf %.1f", skew), reqs)
}

// scanLoad is zipf traffic with runs of keys that are used once in between.
func scanLoad(skew float64, keys, n, run, every int) load {
	z := newZipf(rand.New(rand.NewPCG(3, 4)), keys, skew)
	reqs := make([]uint32, 0, n)
	once := uint32(keys)
	for len(reqs) < n {
		for range every {
			reqs = append(reqs, z.draw())
		}
		for range run {
			reqs = append(reqs, once)
			once++
		}
	}
	return dense(fmt.Sprintf("zipf %.1f+scan", skew), reqs)
}

// shiftLoad draws from a zipf whose ranks are dealt to other keys all the time:
// every stride requests the working set moves on by one key.
func shiftLoad(skew float64, keys, n, stride int) load {
	z := newZipf(rand.New(rand.NewPCG(5, 6)), keys, skew)
	reqs := make([]uint32, n)
	for i := range reqs {
		reqs[i] = z.draw() + uint32(i/stride)
	}
	return dense(fmt.Sprintf("shifting/%d", stride), reqs)
}

// jumpLoad changes the whole working set several times.
func jumpLoad(skew float64, keys, n, phases int) load {
	z := newZipf(rand.New(rand.NewPCG(7, 8)), keys, skew)
	reqs := make([]uint32, n)
	for i := range reqs {
		reqs[i] = z.draw() + uint32(keys*(i*phases/n))
	}
	return dense("jumping", reqs)
}

func loopLoad(keys, n int) load {
	reqs := make([]uint32, n)
	for i := range reqs {
		reqs[i] = uint32(i % keys)
	}
	return dense(fmt.Sprintf("loop of %d", keys), reqs)
}

// stackLoad is recency-heavy: a request is new with probability fresh, else it
// repeats the key at an LRU stack distance drawn from a log-normal law.
func stackLoad(n int, fresh, median, sigma float64) load {
	rng := rand.New(rand.NewPCG(9, 10))
	const depth = 1 << 13
	stack := make([]uint32, 0, depth+1) // most recent last
	reqs := make([]uint32, n)
	next := uint32(0)
	for i := range reqs {
		d := int(median * math.Exp(sigma*rng.NormFloat64()))
		var k uint32
		if rng.Float64() < fresh || d >= len(stack) {
			k = next
			next++
		} else {
			at := len(stack) - 1 - d
			k = stack[at]
			stack = slices.Delete(stack, at, at+1)
		}
		if len(stack) == depth {
			stack = slices.Delete(stack, 0, 1)
		}
		stack = append(stack, k)
		reqs[i] = k
	}
	return dense(fmt.Sprintf("stack %.0f", median), reqs)
}

// mixLoad is a zipf, a loop and bursts of short-lived keys interleaved.
func mixLoad(n, keys, loop int) load {
	rng := rand.New(rand.NewPCG(11, 12))
	z := newZipf(rng, keys, 0.9)
	reqs := make([]uint32, n)
	at, burst := 0, uint32(0)
	for i := range reqs {
		switch x := rng.Float64(); {
		case x < 0.5:
			reqs[i] = z.draw()
		case x < 0.75:
			reqs[i] = uint32(keys + at%loop)
			at++
		default:
			if rng.Float64() < 0.2 {
				burst++
			}
			reqs[i] = uint32(keys+loop) + burst - min(burst, uint32(rng.IntN(20)))
		}
	}
	return dense("mixed", reqs)
}
