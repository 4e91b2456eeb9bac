package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"larder/bench/host"
	"larder/bench/load"
	"larder/bench/report"
	"larder/bench/stats"
)

// The load of BENCH.md.
const (
	conns      = 50
	valueBytes = 64
	getsPerSet = 10 // memtier's 1:10
)

// serverCores and loadCore are where servers and generators are pinned.
const (
	serverCores = "0"
	loadCore    = 1
)

// A plan is how much is measured.
type plan struct {
	rounds        int
	cpuPerRun     time.Duration // of server CPU that a run should take, at least
	cpuPerTest    time.Duration // the same for the many tests of redis-benchmark
	keys          uint64        // usual keyspace
	manyKeys      uint64        // large keyspace
	memoryKeys    uint64
	collections   int           // small ones
	members       int           // of a large one
	settle        time.Duration // for which resident memory must not change
	latencyRun    time.Duration
	worstRun      time.Duration
	savedKeys     uint64 // in a snapshot
	expiringKeys  uint64
	reclaimTime   time.Duration // how long reclaiming the expired keys may take
	idleConns     int
	traceRequests int // at most; 0 is all
	maxCapacity   int // of the hit ratio's rows; 0 is all
}

var (
	fullPlan = plan{rounds: 3, cpuPerRun: 800 * time.Millisecond, cpuPerTest: 250 * time.Millisecond, keys: 1_000_000, manyKeys: 10_000_000,
		memoryKeys: 4_000_000, collections: 1_000_000, members: 1_000_000, settle: 500 * time.Millisecond, latencyRun: 1500 * time.Millisecond, worstRun: 600 * time.Millisecond, savedKeys: 5_000_000, expiringKeys: 10_000_000, reclaimTime: 10 * time.Second, idleConns: 10_000}
	quickPlan = plan{rounds: 2, cpuPerRun: 150 * time.Millisecond, cpuPerTest: 40 * time.Millisecond, keys: 200_000, manyKeys: 1_500_000,
		memoryKeys: 300_000, collections: 10_000, members: 100_000, settle: 150 * time.Millisecond, latencyRun: 500 * time.Millisecond, worstRun: 200 * time.Millisecond,
		savedKeys: 200_000, expiringKeys: 300_000, reclaimTime: 2 * time.Second, idleConns: 1_000, traceRequests: 30_000, maxCapacity: 2_000}
)

// A lab owns the servers of a comparison.
type lab struct {
	options
	plan
	ctx      context.Context
	progress io.Writer
	running  []*host.Server
}

func newLab(ctx context.Context, o options, progress io.Writer) (*lab, error) {
	if host.Cores() < 2 {
		return nil, errors.New("two cores are needed: one for the server, one for the load generator")
	}
	l := &lab{options: o, plan: fullPlan, ctx: ctx, progress: progress}
	if o.quick {
		l.plan = quickPlan
	}
	if o.rounds > 0 {
		l.plan.rounds = o.rounds
	}
	// Standard streams, epoll instances and the busy connections besides.
	if err := host.RaiseFileLimit(uint64(l.idleConns) + 1000); err != nil {
		return nil, err
	}
	return l, host.PinSelf(loadCore)
}

// A suite measures one table.
type suite struct {
	name string
	rows []string // all that it could measure, for -only; nil: named by the table alone
	run  func(l *lab, t *report.Table) error
}

func suites() []suite {
	return []suite{
		throughputSuite(), manyKeysSuite(), otherTestsSuite(), largeSuite(), memcachedSuite(), memorySuite(), latencySuite(), worstSuite(), persistenceSuite(),
		expirySuite(), hitRatioSuite(), scalingSuite(), idleSuite(),
	}
}

// runAll runs the tables that -only picks and writes each as soon as it is
// complete. A table that cannot be measured does not stop the others.
func (l *lab) runAll(w io.Writer) (tables []report.Table, failures []error) {
	for _, s := range suites() {
		if !slices.ContainsFunc(append(s.rows, ""), func(row string) bool { return l.wants(s.name, row) }) {
			continue
		}
		t := report.Table{Name: s.name}
		begin := time.Now()
		err := s.run(l, &t)
		l.logf("%s: took %v", s.name, time.Since(begin).Round(100*time.Millisecond))
		l.stopAll()
		if l.ctx.Err() != nil {
			return tables, append(failures, l.ctx.Err())
		}
		if err != nil {
			failures = append(failures, fmt.Errorf("table %s: %w", s.name, err))
			t.Notes = append(t.Notes, "not complete: "+err.Error())
		}
		if len(t.Rows) > 0 || err != nil {
			tables = append(tables, t)
			if err := report.WriteText(w, t); err != nil {
				failures = append(failures, err)
			}
		}
	}
	return tables, failures
}

// wants says whether -only picks a row.
func (l *lab) wants(table, row string) bool { return l.only.MatchString(table + "/" + row) }

// start starts a server that is ended with the table at the latest.
func (l *lab) start(spec host.Spec, p host.Params) (*host.Server, error) {
	s, err := host.Start(l.ctx, spec, p)
	if err == nil {
		l.running = append(l.running, s)
	}
	return s, err
}

// stop ends one server.
func (l *lab) stop(s *host.Server) {
	s.Stop()
	l.running = slices.DeleteFunc(l.running, func(other *host.Server) bool { return other == s })
}

// stopAll ends all servers.
func (l *lab) stopAll() {
	for _, s := range l.running {
		s.Stop()
	}
	l.running = nil
}

func (l *lab) logf(format string, args ...any) {
	fmt.Fprintf(l.progress, "bench: "+format+"\n", args...)
}

// A group is the servers that take turns in a table.
type group struct {
	names   []string
	servers map[string]*host.Server
	missing map[string]string // why a server takes no part
}

// startGroup starts the servers, each alone on the server's core. One that
// does not start is reported in every row instead of ending the comparison.
func (l *lab) startGroup(p host.Params, specs ...host.Spec) *group {
	g := &group{servers: make(map[string]*host.Server), missing: make(map[string]string)}
	for _, spec := range specs {
		g.names = append(g.names, spec.Name)
		s, err := l.start(spec, p)
		if err != nil {
			g.missing[spec.Name] = err.Error()
			continue
		}
		g.servers[spec.Name] = s
	}
	return g
}

// fill stores keys in all servers of the group.
func (l *lab) fill(g *group, keys uint64, addr func(*host.Server) string, protocol load.Protocol) error {
	return l.each(g, func(s *host.Server) error {
		_, err := l.closed(addr(s), load.Closed{Protocol: protocol, Pipeline: 64, Ops: keys, Next: load.FillKeys()})
		return err
	})
}

// each does something to every server of a group. One where it fails takes no
// further part.
func (l *lab) each(g *group, do func(*host.Server) error) error {
	for _, name := range g.names {
		if s := g.servers[name]; s != nil {
			if err := do(s); err != nil {
				if l.ctx.Err() != nil {
					return l.ctx.Err()
				}
				g.missing[name] = err.Error()
				delete(g.servers, name)
			}
		}
	}
	return nil
}

// samples are the figures of a row: by contender, one a round.
type samples struct {
	values  map[string][]float64
	missing map[string]string
}

// alternate measures every server of the group once a round, in turns. One
// that fails has no figure in this row.
func (l *lab) alternate(g *group, measure func(s *host.Server) (float64, error)) (samples, error) {
	return l.alternateTimes(l.plan.rounds, g, measure)
}

func (l *lab) alternateTimes(rounds int, g *group, measure func(s *host.Server) (float64, error)) (samples, error) {
	out := samples{values: make(map[string][]float64), missing: make(map[string]string)}
	for name, why := range g.missing {
		out.missing[name] = why
	}
	for range rounds {
		for _, name := range g.names {
			if out.missing[name] != "" {
				continue
			}
			v, err := measure(g.servers[name])
			if l.ctx.Err() != nil {
				return out, l.ctx.Err()
			}
			if err != nil {
				out.missing[name] = err.Error()
				delete(out.values, name)
				continue
			}
			out.values[name] = append(out.values[name], v)
		}
	}
	return out, nil
}

// cells lays samples out in the columns of a table.
func (s samples) cells(columns []string) []report.Cell {
	cells := make([]report.Cell, len(columns))
	for i, name := range columns {
		cells[i] = report.Cell{Summary: stats.Summarize(s.values[name]), Missing: s.missing[name]}
	}
	return cells
}

// against scores larder by its ratio to a baseline.
func (s samples) against(baseline string, relation report.Relation, target float64) *report.Score {
	return &report.Score{Figure: stats.Ratio(s.values["larder"], s.values[baseline]), Relation: relation, Target: target, Of: "× " + baseline}
}

// closed runs a closed loop over the usual connections.
func (l *lab) closed(addr string, c load.Closed) (load.Result, error) {
	if addr == "" {
		return load.Result{}, errors.New("the server was started without a port for this protocol")
	}
	pool, err := load.Dial(addr, conns)
	if err != nil {
		return load.Result{}, err
	}
	defer pool.Close()
	return pool.Closed(l.ctx, c)
}

// cpuPerOp returns the CPU time, in µs, that the server spends on each of ops
// operations while do runs.
func cpuPerOp(s *host.Server, ops uint64, do func() error) (float64, error) {
	before, err := s.CPU()
	if err != nil {
		return 0, err
	}
	if err := do(); err != nil {
		if _, gone := s.CPU(); gone != nil {
			return 0, fmt.Errorf("%w (%v)", gone, err)
		}
		return 0, err
	}
	after, err := s.CPU()
	if err != nil {
		return 0, err
	}
	return float64((after - before).Nanoseconds()) / 1000 / float64(ops), nil
}

// opsFor returns how many operations take that much CPU time at a cost of
// perOp µs, in thousands and within bounds that keep a run short.
func opsFor(cpu time.Duration, perOp float64) uint64 {
	n := float64(cpu.Microseconds()) / max(perOp, 0.05)
	return min(max(uint64(n)/1000*1000, 2000), 10_000_000)
}

// mainNote says in every table that counts CPU how that is done.
const mainNote = "server pinned to core 0 with one event loop, load generator to core 1, 50 connections; user + system CPU time of the server ÷ operations; median [range] of runs in turns"

// resp and memc are the two addresses of a server.
func resp(s *host.Server) string { return s.Addr }
func memc(s *host.Server) string { return s.MemcAddr }

// millions prints a number of keys.
func millions(n uint64) string {
	return strings.TrimSuffix(fmt.Sprintf("%.1f", float64(n)/1e6), ".0") + " M"
}
