package load

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"larder/bench/host"
)

func start(t *testing.T, spec host.Spec) *host.Server {
	t.Helper()
	s, err := host.Start(context.Background(), spec, host.Params{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	return s
}

func startRedis(t *testing.T) *host.Server {
	return start(t, host.Spec{Name: "redis", Path: "redis-server", Args: `--port {port} --dir {dir} --save "" --appendonly no`})
}

func startMemcached(t *testing.T) *host.Server {
	return start(t, host.Spec{Name: "memcached", Path: "memcached", Args: "-l 127.0.0.1 -p {mcport} -U 0 -t 1 -m 64 -u root"})
}

func dial(t *testing.T, addr string, n int) *Pool {
	t.Helper()
	p, err := Dial(addr, n)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

// The closed loop fills a server of each protocol and finds everything again.
func TestClosedLoopAgainstRealServers(t *testing.T) {
	redis, memcached := startRedis(t), startMemcached(t)
	const keys = 2000
	for _, c := range []struct {
		name     string
		addr     string
		protocol Protocol
		pipeline int
	}{
		{"resp P=1", redis.Addr, NewRESP(64, 0), 1},
		{"resp P=16", redis.Addr, NewRESP(64, 0), 16},
		{"resp large values", redis.Addr, NewRESP(100_000, 0), 16},
		{"text P=1", memcached.MemcAddr, NewText(64), 1},
		{"text P=16", memcached.MemcAddr, NewText(64), 16},
		{"binary P=1", memcached.MemcAddr, NewBinary(64, false), 1},
		{"binary P=16", memcached.MemcAddr, NewBinary(64, false), 16},
		{"quiet binary P=16", memcached.MemcAddr, NewBinary(64, true), 16},
	} {
		t.Run(c.name, func(t *testing.T) {
			keys := uint64(keys)
			if c.name == "resp large values" {
				keys = 100
			}
			p := dial(t, c.addr, 10)
			ctx := context.Background()
			if _, err := p.Closed(ctx, Closed{Protocol: c.protocol, Pipeline: c.pipeline, Ops: keys, Next: FillKeys()}); err != nil {
				t.Fatal(err)
			}
			ops := keys*3 + 1
			r, err := p.Closed(ctx, Closed{Protocol: c.protocol, Pipeline: c.pipeline, Ops: ops, Next: Mix(keys, 10, 1)})
			if err != nil {
				t.Fatal(err)
			}
			if sets := ops/11 + min(ops%11, 1); r.Ops != ops || r.Gets != ops-sets || r.Hits != r.Gets || r.Elapsed <= 0 {
				t.Errorf("got %+v, want %d requests, %d of them sets, and no miss", r, ops, sets)
			}
		})
	}
	// A keyspace ten times as large: nine of ten gets miss.
	r, err := dial(t, memcached.MemcAddr, 5).Closed(context.Background(),
		Closed{Protocol: NewText(64), Pipeline: 4, Ops: 20000, Next: func(i uint64) Request { return Request{Key: i % (keys * 10)} }})
	if err != nil || r.Hits != keys {
		t.Errorf("got %d hits, %v; want %d", r.Hits, err, keys)
	}
}

func TestClosedLoopNoticesWrongValues(t *testing.T) {
	redis := startRedis(t)
	c, err := DialClient(redis.Addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Do("SET", "key:000000000000", strings.Repeat("x", 64)); err != nil {
		t.Fatal(err)
	}
	_, err = dial(t, redis.Addr, 1).Closed(context.Background(),
		Closed{Protocol: NewRESP(64, 0), Pipeline: 1, Ops: 1, Next: func(uint64) Request { return Request{} }})
	if err == nil || !strings.Contains(err.Error(), "wrong value") {
		t.Errorf("got %v", err)
	}
}

func TestExists(t *testing.T) {
	redis := startRedis(t)
	p := dial(t, redis.Addr, 5)
	if _, err := p.Closed(context.Background(), Closed{Protocol: NewRESP(8, 0), Pipeline: 16, Ops: 100, Next: FillKeys()}); err != nil {
		t.Fatal(err)
	}
	exists := Closed{Protocol: NewExists(), Pipeline: 16, Ops: 1000, Next: Mix(100, 10, 1)}
	if r, err := p.Closed(context.Background(), exists); err != nil || r.Hits != r.Gets || r.Ops != 1000 {
		t.Errorf("got %+v, %v", r, err)
	}
	exists.Next = FillFrom(100)
	if _, err := p.Closed(context.Background(), exists); !errors.Is(err, ErrUnexpected) {
		t.Errorf("keys that do not exist: got %v", err)
	}
}

func TestOpenLoopKeepsItsSchedule(t *testing.T) {
	redis := startRedis(t)
	p := dial(t, redis.Addr, 10)
	protocol := NewRESP(64, 0)
	if _, err := p.Closed(context.Background(), Closed{Protocol: protocol, Pipeline: 16, Ops: 1000, Next: FillKeys()}); err != nil {
		t.Fatal(err)
	}
	got, err := p.Open(context.Background(), Open{Protocol: protocol, Rate: 5000, Duration: 400 * time.Millisecond,
		Split: 100 * time.Millisecond, Next: Mix(1000, 10, 1)})
	if err != nil {
		t.Fatal(err)
	}
	if got.Ops != 2000 || got.Before.Count() != 500 || got.After.Count() != 1500 || got.Hits != got.Gets {
		t.Errorf("%d requests, %d before and %d after the split, %d hits of %d gets", got.Ops, got.Before.Count(), got.After.Count(), got.Hits, got.Gets)
	}
	if got.Elapsed < 399*time.Millisecond {
		t.Errorf("the schedule of 400 ms took %v", got.Elapsed)
	}
}

// A pause of the server counts for every request that was due meanwhile.
func TestOpenLoopCountsEveryDelayedRequest(t *testing.T) {
	redis := startRedis(t)
	p := dial(t, redis.Addr, 4)
	c, err := DialClient(redis.Addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Do("CLIENT", "PAUSE", "200", "ALL"); err != nil {
		t.Fatal(err)
	}
	got, err := p.Open(context.Background(), Open{Protocol: NewRESP(64, 0), Rate: 5000, Duration: 400 * time.Millisecond, Next: Mix(1000, 10, 1)})
	if err != nil {
		t.Fatal(err)
	}
	if p75 := got.After.Quantile(0.75); got.After.Max() < 150*time.Millisecond || p75 < 50*time.Millisecond {
		t.Errorf("after a pause of 200 ms in 400 ms: p75 %v, max %v", p75, got.After.Max())
	}
}

func TestLoopsEndWithTheirContext(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0") // accepts in the kernel, never answers
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if _, err := dial(t, l.Addr().String(), 2).Closed(ctx, Closed{Protocol: NewText(8), Pipeline: 2, Ops: 10, Next: FillKeys()}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("closed loop: got %v", err)
	}
	if _, err := dial(t, l.Addr().String(), 2).Open(ctx, Open{Protocol: NewText(8), Rate: 100, Duration: time.Second, Next: FillKeys()}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("open loop: got %v", err)
	}
}

func TestClosedConnectionIsAnError(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		if c, err := l.Accept(); err == nil {
			_, _ = c.Read(make([]byte, 1000))
			c.Close()
		}
	}()
	_, err = dial(t, l.Addr().String(), 1).Closed(context.Background(), Closed{Protocol: NewText(8), Pipeline: 1, Ops: 1, Next: FillKeys()})
	if err == nil || !strings.Contains(err.Error(), "closed a connection") {
		t.Errorf("got %v", err)
	}
}

func TestClient(t *testing.T) {
	c, err := DialClient(startRedis(t).Addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Pipeline(context.Background(), 500, func(int) []string { return []string{"RPUSH", "l", "a"} }); err != nil {
		t.Fatal(err)
	}
	if n, err := c.Int("LLEN", "l"); n != 500 || err != nil {
		t.Errorf("LLEN: %d, %v", n, err)
	}
	v, err := c.Do("LRANGE", "l", "0", "1")
	if list, ok := v.([]any); !ok || err != nil || len(list) != 2 || list[0] != "a" {
		t.Errorf("LRANGE: %v, %v", v, err)
	}
	if v, err := c.Do("GET", "none"); v != nil || err != nil {
		t.Errorf("GET: %v, %v", v, err)
	}
	var refused ErrorReply
	if _, err := c.Do("GET", "l"); !errors.As(err, &refused) || !strings.HasPrefix(string(refused), "WRONGTYPE") {
		t.Errorf("GET of a list: %v", err)
	}
	// A refused pipeline leaves no reply behind.
	err = c.Pipeline(context.Background(), 500, func(int) []string { return []string{"INCR", "l"} })
	if !errors.As(err, &refused) || !strings.Contains(err.Error(), "INCR") {
		t.Errorf("INCR of a list: %v", err)
	}
	if v, err := c.Do("PING"); v != "PONG" || err != nil {
		t.Errorf("PING after a refused pipeline: %v, %v", v, err)
	}
}

func TestRedisBenchmark(t *testing.T) {
	s := startRedis(t)
	run := RedisBenchmark{Addr: s.Addr, Pipeline: 16, Conns: 5, Ops: 2000, Keys: 100, Value: 64}
	set := run
	set.Test = "set"
	if rps, err := set.Run(context.Background()); err != nil || rps <= 0 {
		t.Errorf("set: %v, %v", rps, err)
	}
	unknown := run
	unknown.Command = []string{"NOSUCHCOMMAND", "x"}
	if _, err := unknown.Run(context.Background()); !errors.Is(err, ErrNotAvailable) || !strings.Contains(err.Error(), "unknown command") {
		t.Errorf("unknown command: got %v", err)
	}
}

func TestParseRedisBenchmark(t *testing.T) {
	got, err := ParseRedisBenchmark("\"test\",\"rps\",\"avg_latency_ms\"\n\"SET\",\"584795.31\",\"1.2\"\n\"LPUSH (needed to benchmark LRANGE)\",\"10.00\",\"1\"\n")
	if err != nil || len(got) != 2 || got[0] != (BenchmarkRow{"SET", 584795.31}) || got[1].PerSecond != 10 {
		t.Errorf("got %v, %v", got, err)
	}
	for _, bad := range []string{"", "Could not connect\n", "\"test\",\"rps\"\n\"SET\",\"many\"\n", "\"test\",\"rps\"\n\"SET\"\n"} {
		if rows, err := ParseRedisBenchmark(bad); err == nil {
			t.Errorf("%q was read as %v", bad, rows)
		}
	}
}
