package main

import (
	"fmt"
	"time"

	"larder/bench/host"
	"larder/bench/load"
	"larder/bench/report"
)

// A respLoad is a row that redis-benchmark measures with one of its tests.
type respLoad struct {
	test     string
	pipeline int
	target   float64 // at most this × redis
}

func (r respLoad) name() string {
	return fmt.Sprintf("%s, P=%d", map[string]string{"set": "SET", "get": "GET"}[r.test], r.pipeline)
}

var throughputLoads = []respLoad{
	{"set", 1, 0.90}, {"get", 1, 0.95}, {"set", 16, 0.50}, {"get", 16, 0.50}, {"set", 64, 0.45}, {"get", 64, 0.48},
}

var manyKeysLoads = []respLoad{{"get", 16, 0.50}, {"set", 16, 0.42}}

func throughputSuite() suite {
	var rows []string
	for _, r := range throughputLoads {
		rows = append(rows, r.name())
	}
	return suite{"throughput", rows, func(l *lab, t *report.Table) error {
		t.Title = fmt.Sprintf("CPU time per operation, Redis protocol, %s keys", millions(l.keys))
		return l.respTable(t, throughputLoads, l.keys, "")
	}}
}

func manyKeysSuite() suite {
	var rows []string
	for _, r := range manyKeysLoads {
		rows = append(rows, r.name())
	}
	return suite{"manykeys", rows, func(l *lab, t *report.Table) error {
		t.Title = fmt.Sprintf("CPU time per operation, Redis protocol, %s keys", millions(l.manyKeys))
		const bytesPerKey = 2 * 250 // in two servers, with room to grow
		if need := int64(l.manyKeys) * bytesPerKey; host.AvailableBytes() < need {
			return fmt.Errorf("%d MB of free memory are needed, %d MB are there", need>>20, host.AvailableBytes()>>20)
		}
		return l.respTable(t, manyKeysLoads, l.manyKeys, ", "+millions(l.manyKeys)+" keys")
	}}
}

// respTable fills redis and larder with keys and measures loads on them.
func (l *lab) respTable(t *report.Table, loads []respLoad, keys uint64, suffix string) error {
	t.Unit, t.Columns = "µs", []string{"redis", "larder"}
	t.Notes = []string{mainNote, fmt.Sprintf("redis-benchmark -d %d -r %d over a keyspace that is full from the start", valueBytes, keys)}
	l.logf("%s: filling %s keys", t.Name, millions(keys))
	g := l.startGroup(host.Params{Cores: serverCores}, l.redis, l.larder)
	if err := l.fill(g, keys, resp, load.NewRESP(valueBytes, 0)); err != nil {
		return err
	}
	for _, r := range loads {
		if !l.wants(t.Name, r.name()) {
			continue
		}
		l.logf("%s: %s", t.Name, r.name())
		run := load.RedisBenchmark{Test: r.test, Pipeline: r.pipeline, Conns: conns, Keys: keys, Value: valueBytes}
		ops, err := l.pilot(g, run, l.cpuPerRun)
		if err != nil {
			return err
		}
		got, err := l.alternate(g, func(s *host.Server) (float64, error) { return l.redisBenchmark(s, run, ops) })
		if err != nil {
			return err
		}
		t.Rows = append(t.Rows, report.Row{Name: r.name() + suffix, Cells: got.cells(t.Columns), Score: got.against("redis", report.AtMost, r.target), Chart: true})
	}
	return nil
}

// redisBenchmark returns the server's CPU time per operation in µs.
func (l *lab) redisBenchmark(s *host.Server, run load.RedisBenchmark, ops uint64) (float64, error) {
	run.Addr, run.Ops = s.Addr, ops
	return cpuPerOp(s, ops, func() error {
		_, err := run.Run(l.ctx)
		return err
	})
}

// pilot finds how many operations make a run of the wanted CPU time, with a
// short run against the first server that answers.
func (l *lab) pilot(g *group, run load.RedisBenchmark, cpu time.Duration) (uint64, error) {
	const pilotOps = 10_000
	for _, name := range g.names {
		s := g.servers[name]
		if s == nil {
			continue
		}
		perOp, err := l.redisBenchmark(s, run, pilotOps)
		if err == nil {
			return opsFor(cpu, perOp), nil
		}
		if l.ctx.Err() != nil {
			return 0, l.ctx.Err()
		}
	}
	return pilotOps, nil // no server answers; alternate says why
}
