package main

import (
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"runtime"
	"sync"

	"larder/bench/host"
	"larder/bench/report"
	"larder/bench/stats"
	"larder/bench/trace"
)

// A hitLoad is a row of the hit-ratio table.
type hitLoad struct {
	trace    string
	capacity int     // items
	target   float64 // %, at least
}

func (h hitLoad) name() string { return fmt.Sprintf("%s, %d items", h.trace, h.capacity) }

var hitLoads = []hitLoad{
	{"oltp", 1000, 40}, {"oltp", 10000, 62}, {"loop", 500, 35}, {"gli", 500, 25}, {"gli", 2000, 54},
	{"cloudphysics", 1000, 17}, {"cloudphysics", 10000, 32},
}

// capacityTolerance is how far the number of keys may be from the capacity.
// Redis, which is here for comparison only, is shown when it stays within
// looseTolerance: it counts index and client buffers as used memory, and
// both change in steps of several per cent of a small cache.
const (
	capacityTolerance = 0.02
	looseTolerance    = 0.10
)

func hitRatioSuite() suite {
	var rows []string
	for _, h := range hitLoads {
		rows = append(rows, h.name())
	}
	return suite{"hitratio", rows, runHitRatio}
}

// A cache is a column of the hit-ratio table.
type cache struct {
	spec   host.Spec
	policy string
}

func (c cache) name() string { return c.spec.Name + " " + c.policy }

func runHitRatio(l *lab, t *report.Table) error {
	t.Title, t.Unit = "Hit ratio of recorded requests", "%"
	caches := []cache{{l.redis, "allkeys-lru"}}
	for _, p := range l.policies {
		caches = append(caches, cache{l.larder, p})
	}
	for _, c := range caches {
		t.Columns = append(t.Columns, c.name())
	}
	t.Notes = []string{fmt.Sprintf("GET, on a miss SET of %d bytes, one request after the other; maxmemory is set so that the server holds the capacity ± %.0f %% while it is full (redis: ± %.0f %%); the score is %s", valueBytes, capacityTolerance*100, looseTolerance*100, t.Columns[1]),
		"redis's clock for LRU ticks once a second: replayed faster than its keys age, allkeys-lru evicts nearly at random there"}
	traces := make(map[string]*trace.Trace)
	for _, h := range hitLoads {
		if !l.wantsHit(t.Name, h) || traces[h.trace] != nil {
			continue
		}
		tr, err := trace.ReadFile(filepath.Join(l.traces, h.trace+".txt.gz"), l.traceRequests)
		if err != nil {
			return fmt.Errorf("%w (-traces names the folder)", err)
		}
		traces[h.trace] = tr
	}
	if l.traceRequests > 0 {
		t.Notes = append(t.Notes, fmt.Sprintf("only the first %d requests of each trace: the targets are for whole traces", l.traceRequests))
	}
	// Hit ratios do not depend on speed, so several replays share both cores.
	restore := runtime.GOMAXPROCS(2)
	defer runtime.GOMAXPROCS(restore)
	if err := host.PinSelf(0, loadCore); err != nil {
		return err
	}
	defer func() { _ = host.PinSelf(loadCore) }()
	rows := l.replayAll(t, caches, traces)
	if l.ctx.Err() != nil {
		return l.ctx.Err()
	}
	t.Rows = rows
	return nil
}

// wantsHit says whether a row is picked and within the plan.
func (l *lab) wantsHit(table string, h hitLoad) bool {
	return l.wants(table, h.name()) && (l.maxCapacity == 0 || h.capacity <= l.maxCapacity)
}

// replaysAtOnce bounds the replays that run at the same time.
const replaysAtOnce = 3

// replayAll measures every cell of the table.
func (l *lab) replayAll(t *report.Table, caches []cache, traces map[string]*trace.Trace) []report.Row {
	var rows []report.Row
	for _, h := range hitLoads {
		if l.wantsHit(t.Name, h) {
			rows = append(rows, report.Row{Name: h.name(), Cells: make([]report.Cell, len(caches)),
				Score: &report.Score{Relation: report.AtLeast, Target: h.target, Of: "%"}})
		}
	}
	slots := make(chan struct{}, replaysAtOnce)
	var wait sync.WaitGroup
	at := 0
	for _, h := range hitLoads {
		if !l.wantsHit(t.Name, h) {
			continue
		}
		row := &rows[at]
		at++
		for i, c := range caches {
			wait.Add(1)
			slots <- struct{}{}
			l.logf("%s: %s, %s", t.Name, h.name(), c.name())
			go func() {
				defer wait.Done()
				row.Cells[i] = l.replayCell(c, h, traces[h.trace])
				<-slots
			}()
		}
	}
	wait.Wait()
	for i := range rows {
		rows[i].Score.Figure = rows[i].Cells[1].Summary
	}
	return rows
}

// replayCell measures one hit ratio with a server of its own. A server that
// cannot be held at the capacity has no figure: a larger cache hits more.
func (l *lab) replayCell(c cache, h hitLoad, tr *trace.Trace) report.Cell {
	if len(tr.Distinct) < h.capacity*11/10 {
		return report.Cell{Missing: fmt.Sprintf("%d different keys are too few for a capacity of %d", len(tr.Distinct), h.capacity)}
	}
	s, err := host.Start(l.ctx, c.spec, host.Params{Cores: "0-1", MaxMemory: 1 << 30, Policy: c.policy})
	if err != nil {
		return report.Cell{Missing: err.Error()}
	}
	defer s.Stop()
	r, err := newCalibration(l.ctx, s.Addr, tr, h.capacity).replay()
	near := math.Abs(r.MeanKeys-float64(h.capacity)) <= looseTolerance*float64(h.capacity)
	if err != nil && !(errors.Is(err, errNotHeld) && near && c.spec.Name == l.redis.Name) {
		return report.Cell{Missing: err.Error()}
	}
	return report.Cell{Summary: stats.Summarize([]float64{r.HitRatio()})}
}
