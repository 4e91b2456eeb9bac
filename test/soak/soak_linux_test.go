package soak

import (
	"errors"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

const (
	maxMemory = 200 << 20 // --maxmemory 200mb
	// maxResident is a tenth more; what the process takes when it holds nothing
	// comes on top and is measured.
	maxResident = 220 << 20

	// A phase lasts phaseTime, or a third of cycleTime or of what SOAK_DURATION
	// leaves of it, and at least until phaseGets reads were made, so that slow machines give the
	// hit ratio as many chances to recover; after phaseLimit it has failed.
	phaseTime  = 22 * time.Second
	phaseGets  = 2_500_000
	phaseLimit = 3 * time.Minute
	cycleTime  = 20 * time.Minute

	// In later cycles a phase finds the sizes of the one before instead of a
	// server that was filled for it, so it may reach laterLess less.
	laterLess = 0.06

	clients     = 2
	sampleEvery = 50 * time.Millisecond
)

// phases are the value sizes, in bytes, and the least share that the hit ratio
// in the last third of the phase must have of the best that any cache could
// reach with as many keys as fit. The last is lower, because at first the room
// is full of popular keys that still have their old, large values.
var phases = []struct {
	valueBytes int
	least      float64
}{{10, 0.94}, {2048, 0.94}, {100, 0.88}}

// TestSoak proves that a server at its maxmemory survives changes of the size
// of what is stored: memory stays bounded, the hit ratio recovers each time,
// and nothing is refused.
func TestSoak(t *testing.T) {
	perPhase, cycles := phaseTime, 1
	if s := os.Getenv("SOAK_DURATION"); s != "" {
		d, err := time.ParseDuration(s)
		if err != nil {
			t.Fatalf("SOAK_DURATION is %q; want a duration as 90s or 1h", s)
		}
		cycles = max(1, int(d/cycleTime))
		perPhase = d / time.Duration(cycles*len(phases))
	}
	s := startServer(t, "--maxmemory", "200mb", "--maxmemory-policy", "allkeys-adaptive")
	idle, err := s.residentBytes()
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("idle: %.1f MiB resident", mib(idle))
	r := &run{t: t, s: s, bound: maxResident + idle, quit: make(chan struct{}), failed: make(chan error, clients+1)}
	r.start()
	defer r.stop()
	before := make([]float64, len(phases))
	for cycle := range cycles {
		for i, p := range phases {
			ratio := r.phase(p.valueBytes, perPhase)
			best, least := bestRatio(p.valueBytes), p.least
			if cycle > 0 {
				least -= laterLess
			}
			if ratio < least*best {
				t.Errorf("%d-byte values, cycle %d: a hit ratio of %.2f %% at the end of the phase; the best possible is %.2f %%, want %.2f of that",
					p.valueBytes, cycle+1, 100*ratio, 100*best, least)
			}
			if cycle > 1 && ratio < before[i]-0.02 {
				t.Errorf("%d-byte values, cycle %d: a hit ratio of %.2f %%, it was %.2f %% before", p.valueBytes, cycle+1, 100*ratio, 100*before[i])
			}
			before[i] = ratio
		}
	}
	r.checkInfo()
}

// bestRatio is the hit ratio of a cache that always holds the most popular
// keys, as many as fit with values of so many bytes.
func bestRatio(valueBytes int) float64 {
	const overheadBytes = 24 // of a key, without itself
	const keyBytes = len("key:100000000")
	capacity := maxMemory / (valueBytes + keyBytes + overheadBytes)
	all, held := 0.0, 0.0
	for k := range keySpace {
		p := math.Pow(1+float64(k), -zipfS)
		all += p
		if k < capacity {
			held += p
		}
	}
	return held / all
}

func mib(n int64) float64 { return float64(n) / (1 << 20) }

// run is a load on a server and the watch over its memory.
type run struct {
	t      *testing.T
	s      *server
	bound  int64 // bytes that may be resident
	tally  tally
	quit   chan struct{}
	failed chan error
	ended  chan struct{}
	peak   int64 // resident bytes, since the phase began
}

// start fills the server and starts the clients.
func (r *run) start() {
	r.tally.valueBytes.Store(int64(phases[0].valueBytes))
	r.ended = make(chan struct{}, clients)
	for i := range uint64(clients) {
		go func() {
			defer func() { r.ended <- struct{}{} }()
			if err := r.client(i); err != nil {
				r.failed <- fmt.Errorf("client %d: %w", i, err)
			}
		}()
	}
}

func (r *run) client(i uint64) error {
	c, err := dial(r.s.addr, i, &r.tally)
	if err != nil {
		return err
	}
	defer c.conn.Close()
	if err := c.fill(i*keySpace/clients, (i+1)*keySpace/clients); err != nil {
		return fmt.Errorf("fill: %w", err)
	}
	for {
		select {
		case <-r.quit:
			return nil
		default:
			if err := c.round(); err != nil {
				return err
			}
		}
	}
}

func (r *run) stop() {
	close(r.quit)
	for range clients {
		<-r.ended
	}
}

// phase writes values of another size from now on and returns the hit ratio of
// its last third.
func (r *run) phase(valueBytes int, d time.Duration) float64 {
	r.t.Helper()
	r.tally.valueBytes.Store(int64(valueBytes))
	start, cpu := time.Now(), r.cpu()
	gets, sets := r.tally.gets.Load(), r.tally.sets.Load()
	r.peak = 0
	r.watch(func() bool { return time.Since(start) >= d/3 && r.tally.gets.Load()-gets >= phaseGets/3 })
	early := r.ratio(func() {
		r.watch(func() bool { return time.Since(start) >= 2*d/3 && r.tally.gets.Load()-gets >= phaseGets*2/3 })
	})
	late := r.ratio(func() {
		r.watch(func() bool { return time.Since(start) >= d && r.tally.gets.Load()-gets >= phaseGets })
	})
	gets, sets = r.tally.gets.Load()-gets, r.tally.sets.Load()-sets
	r.t.Logf("%4d-byte values: %.1fM GET, %.1fM SET, %.2f µs of CPU each, at most %.1f MiB resident, hit ratio %.2f %% in the second third, %.2f %% in the last (best possible %.2f %%)",
		valueBytes, float64(gets)/1e6, float64(sets)/1e6, (r.cpu()-cpu)*1e6/float64(gets+sets), mib(r.peak), 100*early, 100*late, 100*bestRatio(valueBytes))
	return late
}

// ratio is the hit ratio while f runs.
func (r *run) ratio(f func()) float64 {
	gets, hits := r.tally.gets.Load(), r.tally.hits.Load()
	f()
	return float64(r.tally.hits.Load()-hits) / float64(r.tally.gets.Load()-gets)
}

func (r *run) cpu() float64 {
	s, err := r.s.cpuSeconds()
	if err != nil {
		r.t.Fatal(err)
	}
	return s
}

// watch samples the server's memory until the condition holds.
func (r *run) watch(done func() bool) {
	r.t.Helper()
	tick := time.NewTicker(sampleEvery)
	defer tick.Stop()
	for deadline := time.Now().Add(phaseLimit); !done(); {
		select {
		case err := <-r.failed:
			r.t.Fatal(err)
		case <-tick.C:
		}
		resident, err := r.s.residentBytes()
		if err != nil {
			r.t.Fatal(err)
		}
		if r.peak = max(r.peak, resident); resident > r.bound {
			r.t.Fatalf("%.1f MiB are resident, %.1f MiB are allowed; INFO memory:\n%s", mib(resident), mib(r.bound), r.info("memory"))
		}
		if phase := time.Now(); phase.After(deadline) && r.tally.gets.Load() < phaseGets/3 {
			r.t.Fatalf("no phase ends within %v", phaseLimit)
		}
	}
}

// info is what the server says of itself.
func (r *run) info(section string) string {
	c, err := dial(r.s.addr, 0, &r.tally)
	if err != nil {
		r.t.Fatal(err)
	}
	defer c.conn.Close()
	info, err := c.command("INFO", section)
	if err != nil {
		r.t.Fatal(err)
	}
	return info
}

// checkInfo compares what the server says of itself with what was seen.
func (r *run) checkInfo() {
	figures := make(map[string]int64)
	for line := range strings.Lines(r.info("everything")) {
		name, value, _ := strings.Cut(strings.TrimRight(line, "\r\n"), ":")
		if n, err := strconv.ParseInt(value, 10, 64); err == nil {
			figures[name] = n
		}
	}
	var faults []error
	if n := figures["evicted_keys"]; n < keySpace/10 {
		faults = append(faults, fmt.Errorf("evicted_keys is %d", n))
	}
	if n := figures["used_memory"]; n < maxMemory/2 || n > maxMemory+maxMemory/50 {
		faults = append(faults, fmt.Errorf("used_memory is %.1f MiB", mib(n)))
	}
	if n := figures["total_error_replies"]; n != 0 {
		faults = append(faults, fmt.Errorf("total_error_replies is %d", n))
	}
	if err := errors.Join(faults...); err != nil {
		r.t.Errorf("INFO: %v", err)
	}
	r.t.Logf("evicted_keys %d, used_memory %.1f MiB", figures["evicted_keys"], mib(figures["used_memory"]))
}
