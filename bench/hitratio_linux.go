package main

import (
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"

	"larder/bench/host"
	"larder/bench/load"
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
const capacityTolerance = 0.02

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
	t.Notes = []string{fmt.Sprintf("GET, on a miss SET of %d bytes, one request after the other; maxmemory is set so that the server holds the capacity ± %.0f %% while it is full; the score is %s", valueBytes, capacityTolerance*100, t.Columns[1])}
	traces := make(map[string]*trace.Trace)
	for _, h := range hitLoads {
		if !l.wants(t.Name, h.name()) || traces[h.trace] != nil {
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

// replaysAtOnce bounds the replays that run at the same time.
const replaysAtOnce = 3

// replayAll measures every cell of the table.
func (l *lab) replayAll(t *report.Table, caches []cache, traces map[string]*trace.Trace) []report.Row {
	var rows []report.Row
	for _, h := range hitLoads {
		if traces[h.trace] != nil && l.wants(t.Name, h.name()) {
			rows = append(rows, report.Row{Name: h.name(), Cells: make([]report.Cell, len(caches)),
				Score: &report.Score{Relation: report.AtLeast, Target: h.target, Of: "%"}})
		}
	}
	slots := make(chan struct{}, replaysAtOnce)
	var wait sync.WaitGroup
	at := 0
	for _, h := range hitLoads {
		if traces[h.trace] == nil || !l.wants(t.Name, h.name()) {
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

// replayCell measures one hit ratio with a server of its own.
func (l *lab) replayCell(c cache, h hitLoad, tr *trace.Trace) report.Cell {
	if len(tr.Distinct) < 2*h.capacity {
		return report.Cell{Missing: fmt.Sprintf("%d different keys are too few for a capacity of %d", len(tr.Distinct), h.capacity)}
	}
	s, err := host.Start(l.ctx, c.spec, host.Params{Cores: "0-1", MaxMemory: 1 << 30, Policy: c.policy})
	if err != nil {
		return report.Cell{Missing: err.Error()}
	}
	defer s.Stop()
	percent, err := l.replay(s, h.capacity, tr)
	if err != nil {
		return report.Cell{Missing: err.Error()}
	}
	return report.Cell{Summary: stats.Summarize([]float64{percent})}
}

// replay finds the maxmemory that holds capacity items and replays the trace
// with it. When the replay itself settles at another number of items than the
// calibration did, maxmemory is corrected and the replay repeated.
func (l *lab) replay(s *host.Server, capacity int, tr *trace.Trace) (percent float64, err error) {
	c, err := load.DialClient(s.Addr)
	if err != nil {
		return 0, err
	}
	defer c.Close()
	k := &calibration{lab: l, client: c, keys: tr.Distinct[:min(len(tr.Distinct), max(4*capacity, 2000))]}
	const attempts = 4
	aim := float64(capacity)
	held := 0.0
	for range attempts {
		if err := k.hold(aim); err != nil {
			return 0, fmt.Errorf("capacity of %d items: %w", capacity, err)
		}
		if _, err := c.Do("FLUSHALL"); err != nil {
			return 0, err
		}
		r, err := load.Replay(l.ctx, s.Addr, tr.Keys, valueBytes)
		if err != nil {
			return 0, err
		}
		held = r.MeanKeys
		if math.Abs(held-float64(capacity)) <= capacityTolerance*float64(capacity) {
			return r.HitRatio(), nil
		}
		aim *= float64(capacity) / max(held, 1)
	}
	return 0, fmt.Errorf("with a maxmemory for %.0f items the replay holds %.0f on average instead of %d; the server cannot be held at this capacity", aim, held, capacity)
}

// A calibration finds maxmemory for a number of items, by fills with keys of
// the trace: what an item costs, and what a server counts besides the items,
// is its own business, and for 500 items the latter is most of it.
type calibration struct {
	lab    *lab
	client *load.Client
	keys   [][]byte
	low    int64 // holds too few; 0: not known
	high   int64 // holds too many; 0: not known
}

// maxFills bounds one search: 2^40 bytes are halved to one in 40 steps.
const maxFills = 48

var errNotSettled = errors.New("no maxmemory gives it")

// hold sets maxmemory so that a fill leaves about that many items.
func (k *calibration) hold(items float64) error {
	k.low, k.high = 0, 0
	// From below, doubling what the items themselves need at least.
	try := int64(items) * (valueBytes + 8)
	best, bestOff := int64(0), math.Inf(1)
	for range maxFills {
		n, err := k.fill(try)
		if err != nil {
			return err
		}
		off := math.Abs(float64(n) - items)
		if off < bestOff {
			best, bestOff = try, off
		}
		if off <= max(items*capacityTolerance/4, 1) {
			return nil
		}
		if float64(n) < items {
			k.low = try
		} else {
			k.high = try
		}
		switch {
		case k.high == 0:
			try *= 2
		case k.high-k.low <= 8:
			return k.settle(best, bestOff, items)
		default:
			try = (k.low + k.high) / 2
		}
	}
	return k.settle(best, bestOff, items)
}

// settle takes the nearest that was found, if it is near enough.
func (k *calibration) settle(best int64, off, items float64) error {
	if off > items*capacityTolerance {
		return fmt.Errorf("%w: the nearest is %d bytes, which is %.0f items off", errNotSettled, best, off)
	}
	_, err := k.fill(best)
	return err
}

// fill empties the server, sets maxmemory, stores all keys and returns how
// many of them it holds then. A server that refuses to store because even
// nothing exceeds maxmemory holds none.
func (k *calibration) fill(maxMemory int64) (int64, error) {
	if _, err := k.client.Do("FLUSHALL"); err != nil {
		return 0, err
	}
	if _, err := k.client.Do("CONFIG", "SET", "maxmemory", strconv.FormatInt(maxMemory, 10)); err != nil {
		return 0, fmt.Errorf("CONFIG SET maxmemory: %w", err)
	}
	value := string(make([]byte, valueBytes))
	err := k.client.Pipeline(k.lab.ctx, len(k.keys), func(i int) []string { return []string{"SET", string(k.keys[i]), value} })
	var refused load.ErrorReply
	if err != nil && !errors.As(err, &refused) {
		return 0, err
	}
	if refused != "" {
		return 0, nil
	}
	return k.client.Int("DBSIZE")
}
