package main

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"time"

	"larder/bench/host"
	"larder/bench/load"
	"larder/bench/report"
	"larder/bench/stats"
)

// What it costs to keep the data: the log, and snapshots of many keys.

// Targets of the table.
const (
	everySecTarget = 0.85    // × its own throughput without a log
	logTarget      = 1 / 1.5 // × redis's CPU time per operation
	fileTarget     = 1 / 2.0 // × redis's time to write and to load a snapshot
	pauseTarget    = 1 / 2.0 // × redis's worst latency while a snapshot is taken
	p99Target      = 1.5     // × its own p99 at rest
	memoryTarget   = 10.0    // % of the data
	filePolls      = 5 * time.Millisecond
	memoryPolls    = 10 * time.Millisecond
	fileTurns      = 3
)

var persistenceRows = []string{"SET, P=16, everysec", "SET, P=16, everysec ÷ no log", "snapshot", "load", "max while a snapshot is taken", "p99 while a snapshot is taken ÷ at rest", "memory for a snapshot"}

func persistenceSuite() suite { return suite{"persistence", persistenceRows, runPersistence} }

func runPersistence(l *lab, t *report.Table) error {
	t.Title = fmt.Sprintf("What it costs to keep the data, snapshots of %s keys", millions(l.savedKeys))
	t.Unit, t.Columns = "", []string{"redis", "larder"}
	t.Notes = []string{"log: appendonly yes, appendfsync everysec; servers pinned to core 0 with one event loop; CPU time in µs per operation, throughput as a ratio",
		"snapshot and load: both cores, nothing else runs, in s; load is DEBUG RELOAD NOSAVE of an emptied server",
		"memory: the most that the process holds while a snapshot is written and SETs of random keys run as fast as they are answered, less what it held before, in % of that"}
	for _, part := range []func(*lab, *report.Table) error{logRows, fileRows, snapshotLatencyRows, snapshotMemoryRow} {
		if err := part(l, t); err != nil {
			return err
		}
	}
	return nil
}

// with returns a server with other arguments.
func with(s host.Spec, name string, change ...string) host.Spec {
	s.Name, s.Args = name, strings.NewReplacer(change...).Replace(s.Args)
	return s
}

// logged is a server that keeps a log.
func logged(s host.Spec) host.Spec {
	return with(s, s.Name, "--appendonly no", "--appendonly yes --appendfsync everysec")
}

// wantsRows says whether -only picks one of some rows.
func (l *lab) wantsRows(t *report.Table, rows ...string) bool {
	for _, row := range rows {
		if l.wants(t.Name, row) {
			return true
		}
	}
	return false
}

// logRows measures SETs with a log.
func logRows(l *lab, t *report.Table) error {
	if !l.wantsRows(t, persistenceRows[:2]...) {
		return nil
	}
	l.logf("%s: the log", t.Name)
	defer l.stopAll()
	g := l.startGroup(host.Params{Cores: serverCores}, logged(l.redis), logged(l.larder), with(l.larder, "larder without"))
	if err := l.fill(g, l.keys, resp, load.NewRESP(valueBytes, 0)); err != nil {
		return err
	}
	run := load.RedisBenchmark{Test: "set", Pipeline: 16, Conns: conns, Keys: l.keys, Value: valueBytes}
	ops, err := l.pilot(g, run, l.cpuPerRun)
	if err != nil {
		return err
	}
	speed := samples{values: make(map[string][]float64)}
	cpu, err := l.alternate(g, func(s *host.Server) (float64, error) {
		begin := time.Now()
		v, err := l.redisBenchmark(s, run, ops)
		speed.values[s.Spec.Name] = append(speed.values[s.Spec.Name], float64(ops)/time.Since(begin).Seconds())
		return v, err
	})
	if err != nil {
		return err
	}
	t.Rows = append(t.Rows, report.Row{Name: persistenceRows[0] + " (µs)", Cells: cpu.cells(t.Columns), Score: cpu.against("redis", report.AtMost, logTarget)})
	ratio := samples{values: map[string][]float64{}, missing: cpu.missing}
	for i, v := range speed.values["larder"] {
		if without := speed.values["larder without"]; i < len(without) {
			ratio.values["larder"] = append(ratio.values["larder"], v/without[i])
		}
	}
	t.Rows = append(t.Rows, report.Row{Name: persistenceRows[1], Cells: ratio.cells(t.Columns),
		Score: &report.Score{Figure: stats.Summarize(ratio.values["larder"]), Relation: report.AtLeast, Target: everySecTarget, Of: "× its own"}})
	return nil
}

// fileRows measures writing and loading snapshots.
func fileRows(l *lab, t *report.Table) error {
	if !l.wantsRows(t, persistenceRows[2:4]...) {
		return nil
	}
	l.logf("%s: files", t.Name)
	write, read := samples{values: map[string][]float64{}}, samples{values: map[string][]float64{}}
	for _, spec := range []host.Spec{l.redis, l.larder} {
		g := l.startGroup(host.Params{Cores: "0-1", Threads: 2}, with(spec, spec.Name, `--save ""`, `--save "" --enable-debug-command yes`))
		if err := l.fill(g, l.savedKeys, resp, load.NewRESP(valueBytes, 0)); err != nil {
			return err
		}
		for range min(fileTurns, l.plan.rounds) {
			took, err := l.saves(g)
			if err != nil {
				return err
			}
			write.values[spec.Name] = append(write.values[spec.Name], took[0])
			read.values[spec.Name] = append(read.values[spec.Name], took[1])
		}
		l.stopAll()
	}
	for i, s := range []samples{write, read} {
		t.Rows = append(t.Rows, report.Row{Name: persistenceRows[2+i] + " (s)", Cells: s.cells(t.Columns), Score: s.against("redis", report.AtMost, fileTarget)})
	}
	return nil
}

// saves writes a snapshot and loads it again, and returns how long both took, in
// seconds.
func (l *lab) saves(g *group) (took [2]float64, err error) {
	s := g.servers[g.names[0]]
	if s == nil {
		return took, errors.New(g.missing[g.names[0]])
	}
	c, err := load.DialClient(s.Addr)
	if err != nil {
		return took, err
	}
	defer c.Close()
	begin := time.Now()
	if err := startSnapshot(c); err != nil {
		return took, err
	}
	if err := awaitSnapshot(l, c); err != nil {
		return took, err
	}
	took[0] = time.Since(begin).Seconds()
	if _, err := c.Do("FLUSHALL"); err != nil {
		return took, err
	}
	if err := l.pause(time.Second); err != nil { // what was flushed is freed
		return took, err
	}
	begin = time.Now()
	if _, err := c.Do("DEBUG", "RELOAD", "NOSAVE"); err != nil {
		return took, err
	}
	took[1] = time.Since(begin).Seconds()
	keys, err := c.Int("DBSIZE")
	if err == nil && keys != int64(l.savedKeys) {
		err = fmt.Errorf("%d keys are loaded of %d", keys, l.savedKeys)
	}
	return took, err
}

// pause waits.
func (l *lab) pause(d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-l.ctx.Done():
		return l.ctx.Err()
	}
}

// awaitSnapshot returns when no snapshot is being written any more.
func awaitSnapshot(l *lab, c *load.Client) error {
	for {
		info, err := c.Do("INFO", "persistence")
		text, _ := info.(string)
		switch {
		case err != nil:
			return err
		case strings.Contains(text, "rdb_bgsave_in_progress:0"):
			if !strings.Contains(text, "rdb_last_bgsave_status:ok") {
				return errors.New("the snapshot failed")
			}
			return nil
		}
		if err := l.pause(filePolls); err != nil {
			return err
		}
	}
}

// snapshotLatencyRows measures latency at rest and while a snapshot is taken.
func snapshotLatencyRows(l *lab, t *report.Table) error {
	if !l.wantsRows(t, persistenceRows[4:6]...) {
		return nil
	}
	l.logf("%s: latency", t.Name)
	defer l.stopAll()
	g := l.startGroup(host.Params{Cores: serverCores}, l.redis, l.larder)
	if err := l.fill(g, l.savedKeys, resp, load.NewRESP(valueBytes, 0)); err != nil {
		return err
	}
	rate, err := l.offeredLoad(g)
	if err != nil {
		return err
	}
	worst, ratio := samples{values: map[string][]float64{}}, samples{values: map[string][]float64{}}
	seed := uint64(900)
	got, err := l.alternate(g, func(s *host.Server) (float64, error) {
		var p99 [2]float64
		for i, situation := range situations {
			c, err := load.DialClient(s.Addr)
			if err != nil {
				return 0, err
			}
			err = situation.before(c)
			seed++
			var r *load.Latencies
			if err == nil {
				r, err = l.open(s, load.Open{Protocol: load.NewRESP(valueBytes, 0), Rate: rate, Duration: l.latencyRun, Next: load.Mix(l.savedKeys, getsPerSet, seed)})
			}
			if err == nil {
				err = awaitSnapshot(l, c)
			}
			c.Close()
			if err != nil {
				return 0, err
			}
			p99[i] = micros(r.After.Quantile(0.99))
			if i == 1 {
				worst.values[s.Spec.Name] = append(worst.values[s.Spec.Name], micros(r.After.Quantile(1)))
			}
		}
		ratio.values[s.Spec.Name] = append(ratio.values[s.Spec.Name], p99[1]/p99[0])
		return 0, nil
	})
	if err != nil {
		return err
	}
	worst.missing, ratio.missing = got.missing, got.missing
	t.Rows = append(t.Rows, report.Row{Name: persistenceRows[4] + " (µs)", Cells: worst.cells(t.Columns), Score: worst.against("redis", report.AtMost, pauseTarget)})
	t.Rows = append(t.Rows, report.Row{Name: persistenceRows[5], Cells: ratio.cells(t.Columns),
		Score: &report.Score{Figure: stats.Summarize(ratio.values["larder"]), Relation: report.AtMost, Target: p99Target, Of: "× its own"}})
	t.Notes = append(t.Notes, "latency: "+latencyNote(rate))
	return nil
}

// snapshotMemoryRow measures how much more memory a server takes while it writes
// a snapshot under full load.
func snapshotMemoryRow(l *lab, t *report.Table) error {
	if !l.wantsRows(t, persistenceRows[6]) {
		return nil
	}
	l.logf("%s: memory", t.Name)
	got := samples{values: map[string][]float64{}, missing: map[string]string{}}
	for _, spec := range []host.Spec{l.redis, l.larder} {
		g := l.startGroup(host.Params{Cores: serverCores}, spec)
		if err := l.fill(g, l.savedKeys, resp, load.NewRESP(valueBytes, 0)); err != nil {
			return err
		}
		if s := g.servers[spec.Name]; s != nil {
			more, err := l.memoryOfSnapshot(s)
			if err != nil {
				return err
			}
			got.values[spec.Name] = []float64{more}
		} else {
			got.missing[spec.Name] = g.missing[spec.Name]
		}
		l.stopAll()
	}
	t.Rows = append(t.Rows, report.Row{Name: persistenceRows[6] + " (%)", Cells: got.cells(t.Columns),
		Score: &report.Score{Figure: stats.Summarize(got.values["larder"]), Relation: report.AtMost, Target: memoryTarget, Of: "%"}})
	return nil
}

// memoryOfSnapshot returns by how much the memory of a server and of the process
// that it forks grows at most, in % of what it was.
func (l *lab) memoryOfSnapshot(s *host.Server) (percent float64, err error) {
	c, err := load.DialClient(s.Addr)
	if err != nil {
		return 0, err
	}
	defer c.Close()
	// The same load first: what it makes grow is no part of the snapshot.
	// Who looks at the memory must not wait for the load.
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2))
	random := load.Closed{Protocol: load.NewRESP(valueBytes, 0), Pipeline: 16, Ops: l.savedKeys, Next: load.Mix(l.savedKeys, 0, 1)}
	if _, err := l.closed(s.Addr, random); err != nil {
		return 0, err
	}
	before, err := s.Memory()
	if err != nil {
		return 0, err
	}
	if err := startSnapshot(c); err != nil {
		return 0, err
	}
	most, done := before, make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			if now, err := s.Memory(); err == nil {
				most = max(most, now)
			}
			select {
			case <-done:
				return
			case <-time.After(memoryPolls):
			}
		}
	})
	random.Next = load.Mix(l.savedKeys, 0, 2)
	_, err = l.closed(s.Addr, random)
	if err == nil {
		err = awaitSnapshot(l, c)
	}
	close(done)
	wg.Wait()
	return 100 * float64(most-before) / float64(before), err
}
