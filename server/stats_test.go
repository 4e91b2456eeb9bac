package server

import "testing"

// BenchmarkAccount is what counting costs each command, its histogram
// included.
func BenchmarkAccount(b *testing.B) {
	srv := newTestServer(b)
	c := newTestClient(b, srv, &respFront{})
	get := srv.lookup([]byte("get"))
	b.ReportAllocs()
	for i := range b.N {
		c.ex.account(c.s, get, nil, int64(300+i&0xfff), false)
	}
}

// TestAccountAllocatesNothing holds the hot path to its promise.
func TestAccountAllocatesNothing(t *testing.T) {
	srv := newTestServer(t)
	c := newTestClient(t, srv, &respFront{})
	get := srv.lookup([]byte("get"))
	c.ex.account(c.s, get, nil, 1, false) // makes the histogram
	if n := testing.AllocsPerRun(100, func() { c.ex.account(c.s, get, nil, 1000, false) }); n != 0 {
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
