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

	clients     = 2
	sampleEvery = 50 * time.Millisecond
)

// phases are the sizes of the values that are written, in bytes.
var phases = []int{10, 2048, 100}

// least is the share that the hit ratio in the last third of a phase must have
// of the best that a cache could reach there (see bestRatio).
const least = 0.94

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
	held := keySpace // the fill stores every key once
	for cycle := range cycles {
		for _, valueBytes := range phases {
			ratio, requests := r.phase(valueBytes, perPhase)
			best := bestRatio(valueBytes, held, requests)
			t.Logf("hit ratio %.2f %% in the last third, best possible by then %.2f %%, in the end %.2f %%", 100*ratio, 100*best, 100*bestRatio(valueBytes, keySpace, 0))
			if ratio < least*best {
				t.Errorf("%d-byte values, cycle %d: a hit ratio of %.2f %% at the end of the phase; the best possible is %.2f %%, want %.2f of that",
					valueBytes, cycle+1, 100*ratio, 100*best, least)
			}
			held = capacity(valueBytes)
		}
	}
	r.checkInfo()
}

// capacity is the number of keys that fit with values of so many bytes.
func capacity(valueBytes int) int {
	const overheadBytes = 24 // of a key, without itself
	const keyBytes = len("key:100000000")
	return maxMemory / (valueBytes + keyBytes + overheadBytes)
}

// bestRatio is the hit ratio of a cache that began the phase with the held
// most popular keys, has seen so many requests since, and keeps the most
// popular of the keys that it has seen, as many as fit. A cache can't know a
// key before it is asked for: of the rare ones, most are first asked for
// tens of millions of requests later.
func bestRatio(valueBytes, held int, requests int64) float64 {
	all, hits, fit := 0.0, 0.0, capacity(valueBytes)
	for k := range keySpace {
		all += math.Pow(1+float64(k), -zipfS)
	}
	for k := range min(keySpace, fit) {
		p := math.Pow(1+float64(k), -zipfS) / all
		if k < held {
			hits += p
		} else {
			hits += p * -math.Expm1(-p*float64(requests))
		}
	}
	return hits
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
	r.tally.valueBytes.Store(int64(phases[0]))
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

// phase writes values of another size from now on. It returns the hit ratio of
// its last third, and how many requests had been made when half of that third
// was over.
func (r *run) phase(valueBytes int, d time.Duration) (ratio float64, requests int64) {
	r.t.Helper()
	r.tally.valueBytes.Store(int64(valueBytes))
	start, cpu := time.Now(), r.cpu()
	gets, sets := r.tally.gets.Load(), r.tally.sets.Load()
	asked := func() int64 { // a GET that misses is followed by a SET, which asks for nothing new
		return (r.tally.gets.Load() - gets) * batch / (batch - updates)
	}
	r.peak = 0
	r.watch(func() bool { return time.Since(start) >= 2*d/3 && r.tally.gets.Load()-gets >= phaseGets*2/3 })
	requests = asked()
	ratio = r.ratio(func() {
		r.watch(func() bool { return time.Since(start) >= d && r.tally.gets.Load()-gets >= phaseGets })
	})
	requests = (requests + asked()) / 2
	gets, sets = r.tally.gets.Load()-gets, r.tally.sets.Load()-sets
	r.t.Logf("%4d-byte values: %.1fM GET, %.1fM SET, %.2f µs of CPU each, at most %.1f MiB resident",
		valueBytes, float64(gets)/1e6, float64(sets)/1e6, (r.cpu()-cpu)*1e6/float64(gets+sets), mib(r.peak))
	return ratio, requests
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
