package server

import "testing"

// BenchmarkCredit is what the time of a command costs it, its histogram
// included, without the reading of the clock.
func BenchmarkCredit(b *testing.B) {
	srv := newTestServer(b)
	ex := newExecutor(srv)
	get := &ex.stats.commands[srv.lookup([]byte("get")).ID]
	b.ReportAllocs()
	for i := range b.N {
		ex.credit(get, int64(300+i&0xfff))
	}
}

// TestCountingAllocatesNothing holds the hot path to its promise.
func TestCountingAllocatesNothing(t *testing.T) {
	srv := newTestServer(t)
	ex := newExecutor(srv)
	get := srv.lookup([]byte("get"))
	figures := &ex.stats.commands[get.ID]
	ex.credit(figures, 1) // makes the histogram
	if n := testing.AllocsPerRun(100, func() {
		ex.stats.count(get, false)
		ex.credit(figures, 1000)
	}); n != 0 {
		t.Errorf("counting a command makes %v allocations", n)
	}
}

// TestRates takes them over the samples that there are.
func TestRates(t *testing.T) {
	var p sampler
	if r := p.rates(); r != (rates{}) {
		t.Errorf("nothing sampled: %v", r)
	}
	for i := range 2 * samples {
		p.ring[p.next%samples] = sample{ns: int64(i) * 1e8, commands: uint64(i) * 50, inBytes: uint64(i) * 1024}
		p.next++
	}
	if r := p.rates(); r.commands != 500 || r.inBytes != 10240 || r.outBytes != 0 {
		t.Errorf("rates %+v", r)
	}
}
