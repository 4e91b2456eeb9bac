package main

import (
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"time"

	"larder/bench/host"
	"larder/bench/load"
	"larder/bench/report"
	"larder/bench/stats"
)

// quantiles are the rows of every latency measurement.
var quantiles = []struct {
	name   string
	q      float64
	scored bool
}{{"p50", 0.5, true}, {"p99", 0.99, true}, {"p99.9", 0.999, true}, {"max", 1, false}}

// situations are what goes on while latency is measured.
var situations = []struct {
	name   string
	before func(*load.Client) error // starts it
}{
	{"at rest", func(*load.Client) error { return nil }},
	{"while a snapshot is taken", startSnapshot},
}

// startSnapshot asks for a snapshot as soon as the last one is complete.
func startSnapshot(c *load.Client) error {
	deadline := time.Now().Add(30 * time.Second)
	for {
		_, err := c.Do("BGSAVE")
		if err == nil || !strings.Contains(err.Error(), "in progress") || time.Now().After(deadline) {
			return err
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// latencyTurns is how many turns of latency a round has. One stall of the
// machine decides the p99.9 of a turn, so it takes more of them than other
// figures.
const latencyTurns = 2

func latencySuite() suite {
	var rows []string
	for _, s := range situations {
		for _, q := range quantiles {
			rows = append(rows, q.name+" "+s.name)
		}
	}
	return suite{"latency", rows, runLatency}
}

func runLatency(l *lab, t *report.Table) error {
	t.Unit, t.Columns = "µs", []string{"redis", "larder"}
	g := l.startGroup(host.Params{Cores: serverCores}, l.redis, l.larder)
	if err := l.fill(g, l.keys, resp, load.NewRESP(valueBytes, 0)); err != nil {
		return err
	}
	rate, err := l.offeredLoad(g)
	if err != nil {
		return err
	}
	t.Title = fmt.Sprintf("Latency at the same offered load, %.0f requests/s, %s keys", rate, millions(l.keys))
	t.Notes = []string{latencyNote(rate)}
	for _, situation := range situations {
		if !l.wants(t.Name, situation.name) && !l.wantsAny(t.Name, situation.name) {
			continue
		}
		l.logf("%s: %s", t.Name, situation.name)
		seen := make([]samples, len(quantiles))
		for i := range seen {
			seen[i] = samples{values: make(map[string][]float64)}
		}
		seed := uint64(100)
		got, err := l.alternateTimes(latencyTurns*l.plan.rounds, g, func(s *host.Server) (float64, error) {
			c, err := load.DialClient(s.Addr)
			if err != nil {
				return 0, err
			}
			defer c.Close()
			if err := situation.before(c); err != nil {
				return 0, err
			}
			seed++
			r, err := l.open(s, load.Open{Protocol: load.NewRESP(valueBytes, 0), Rate: rate, Duration: l.latencyRun, Next: load.Mix(l.keys, getsPerSet, seed)})
			if err != nil {
				return 0, err
			}
			for i, q := range quantiles {
				seen[i].values[s.Spec.Name] = append(seen[i].values[s.Spec.Name], micros(r.After.Quantile(q.q)))
			}
			return 0, nil
		})
		if err != nil {
			return err
		}
		for i, q := range quantiles {
			seen[i].missing = got.missing
			for name := range got.missing {
				delete(seen[i].values, name)
			}
			row := report.Row{Name: q.name + " " + situation.name, Cells: seen[i].cells(t.Columns), Chart: q.name == "p99"}
			if q.scored {
				row.Score = seen[i].against("redis", report.AtMost, 1.0)
			}
			t.Rows = append(t.Rows, row)
		}
	}
	return nil
}

// wantsAny says whether -only picks a quantile of a situation.
func (l *lab) wantsAny(table, situation string) bool {
	for _, q := range quantiles {
		if l.wants(table, q.name+" "+situation) {
			return true
		}
	}
	return false
}

func latencyNote(rate float64) string {
	return fmt.Sprintf("open loop: a request is due every %.1f µs, whatever was answered, and latency counts from then (no coordinated omission); 1:10 set:get over %d connections; the rate is half of what redis takes in a closed loop at P=1", 1e6/rate, conns)
}

// offeredLoad returns half of the requests a second that the first server of
// the group, redis, answers in a closed loop at P=1.
func (l *lab) offeredLoad(g *group) (float64, error) {
	for _, name := range g.names {
		s := g.servers[name]
		if s == nil {
			continue
		}
		best := 0.0
		for i := range uint64(3) {
			r, err := l.closed(s.Addr, load.Closed{Protocol: load.NewRESP(valueBytes, 0), Pipeline: 1, Ops: 50_000, Next: load.Mix(l.keys, getsPerSet, i)})
			if err != nil {
				return 0, err
			}
			best = max(best, float64(r.Ops)/r.Elapsed.Seconds())
		}
		return best / 2, nil
	}
	return 0, fmt.Errorf("no server answers: %v", g.missing)
}

// open runs an open loop without the garbage collector, whose pauses would be
// counted as the server's.
func (l *lab) open(s *host.Server, o load.Open) (*load.Latencies, error) {
	pool, err := load.Dial(s.Addr, conns)
	if err != nil {
		return nil, err
	}
	defer pool.Close()
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	return pool.Open(l.ctx, o)
}

func micros(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1000 }

func expirySuite() suite {
	rows := []string{"while keys expire", "keys left"}
	return suite{"expiry", rows, runExpiry}
}

// runExpiry measures each server alone, one after the other: the keys that
// expire must not compete with the other server for the core.
func runExpiry(l *lab, t *report.Table) error {
	count := millions(l.expiringKeys) + " keys expire"
	t.Title = fmt.Sprintf("Latency while %s in the same second", count)
	t.Unit, t.Columns = "µs", []string{"redis", "larder"}
	results := make(map[string]*expiryResult)
	missing := make(map[string]string)
	rate := 0.0
	for _, spec := range []host.Spec{l.redis, l.larder} {
		l.logf("%s: %s", t.Name, spec.Name)
		r, took, err := l.expire(spec, &rate, 0)
		if errors.Is(err, errLate) { // now it is known how long storing takes
			l.logf("%s: %s once more: %v", t.Name, spec.Name, err)
			r, _, err = l.expire(spec, &rate, took)
		}
		if l.ctx.Err() != nil {
			return l.ctx.Err()
		}
		if err != nil {
			missing[spec.Name] = err.Error()
		} else {
			results[spec.Name] = r
		}
	}
	row := func(name string, score func(samples) *report.Score, value func(*expiryResult) float64) {
		s := samples{values: make(map[string][]float64), missing: missing}
		for name, r := range results {
			s.values[name] = []float64{value(r)}
		}
		t.Rows = append(t.Rows, report.Row{Name: name, Cells: s.cells(t.Columns), Score: score(s)})
	}
	unscored := func(samples) *report.Score { return nil }
	toRedis := func(s samples) *report.Score { return s.against("redis", report.AtMost, 1.0) }
	own := func(target float64, of string) func(samples) *report.Score {
		return func(s samples) *report.Score {
			return &report.Score{Figure: stats.Summarize(s.values["larder"]), Relation: report.AtMost, Target: target, Of: of}
		}
	}
	for _, q := range quantiles {
		row(q.name+" before", unscored, func(r *expiryResult) float64 { return micros(r.Before.Quantile(q.q)) })
	}
	for _, q := range quantiles {
		score := unscored
		if q.scored {
			score = toRedis
		}
		row(q.name+" while keys expire", score, func(r *expiryResult) float64 { return micros(r.After.Quantile(q.q)) })
	}
	row("p99 while keys expire ÷ before (×)", own(2, "× its own"), func(r *expiryResult) float64 {
		return micros(r.After.Quantile(0.99)) / micros(r.Before.Quantile(0.99))
	})
	row(fmt.Sprintf("keys left %v later (‰)", l.reclaimTime), own(0, "‰"), func(r *expiryResult) float64 { return r.leftPermille })
	t.Notes = append(t.Notes, latencyNote(max(rate, 1)), fmt.Sprintf("measured from the common deadline of the keys until %v later; keys left are those that DBSIZE still counts then", l.reclaimTime))
	return nil
}

type expiryResult struct {
	*load.Latencies
	leftPermille float64 // of the keys that expired, not yet reclaimed at the end
}

// errLate says that the keys expired before all of them were stored.
var errLate = errors.New("the keys could not be stored in time for their deadline")

// expire fills a fresh server with keys of one deadline and measures across
// it. storing is how long storing them takes, 0 when that is not known; took
// is how long it has taken.
func (l *lab) expire(spec host.Spec, rate *float64, storing time.Duration) (result *expiryResult, took time.Duration, err error) {
	g := l.startGroup(host.Params{Cores: serverCores}, spec)
	defer l.stopAll()
	begin := time.Now()
	if err := l.fill(g, l.keys, resp, load.NewRESP(valueBytes, 0)); err != nil {
		return nil, 0, err
	}
	s := g.servers[spec.Name]
	if s == nil {
		return nil, 0, errors.New(g.missing[spec.Name])
	}
	if storing == 0 {
		// A deadline and an index that grows make a key about twice as dear.
		storing = 2 * time.Since(begin) / time.Duration(l.keys) * time.Duration(l.expiringKeys)
	}
	if *rate == 0 {
		if *rate, err = l.offeredLoad(g); err != nil {
			return nil, 0, err
		}
	}
	const lead = time.Second // measured before the deadline
	begin = time.Now()
	deadline := begin.Add(storing*5/4 + 3*lead)
	_, err = l.closed(s.Addr, load.Closed{Protocol: load.NewRESP(8, deadline.UnixMilli()), Pipeline: 64, Ops: l.expiringKeys, Next: load.FillFrom(l.keys)})
	took = time.Since(begin)
	if err != nil {
		return nil, took, err
	}
	if time.Until(deadline) < lead {
		return nil, took, fmt.Errorf("%w: it took %v, %v were expected", errLate, took.Round(time.Millisecond), storing.Round(time.Millisecond))
	}
	result, err = l.acrossDeadline(s, deadline, lead, *rate)
	return result, took, err
}

// acrossDeadline measures from shortly before the deadline of the stored keys
// until they have to be reclaimed.
func (l *lab) acrossDeadline(s *host.Server, deadline time.Time, lead time.Duration, rate float64) (*expiryResult, error) {
	select {
	case <-time.After(time.Until(deadline) - lead):
	case <-l.ctx.Done():
		return nil, l.ctx.Err()
	}
	split := time.Until(deadline)
	seen, err := l.open(s, load.Open{Protocol: load.NewRESP(valueBytes, 0), Rate: rate, Duration: split + l.reclaimTime, Split: split, Next: load.Mix(l.keys, getsPerSet, 7)})
	if err != nil {
		return nil, err
	}
	c, err := load.DialClient(s.Addr)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	left, err := c.Int("DBSIZE")
	if err != nil {
		return nil, err
	}
	return &expiryResult{seen, float64(left-int64(l.keys)) / float64(l.expiringKeys) * 1000}, nil
}
