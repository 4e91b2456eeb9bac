package main

import (
	"fmt"
	"strconv"

	"larder/bench/host"
	"larder/bench/load"
	"larder/bench/report"
	"larder/bench/stats"
)

func idleSuite() suite {
	return suite{"idle", []string{"CPU time per operation", "requests a second", "memory per idle connection"}, runIdle}
}

// maxIdleBytes is the memory that an idle connection may cost: 50 MB for
// 10,000 of them.
const maxIdleBytes = 5000

// idleResult is what one server shows, alone and beside idle connections.
type idleResult struct {
	cpuAlone, cpuBeside   []float64 // µs an operation
	rateAlone, rateBeside []float64 // requests a second
	bytesPerConn          float64
}

func runIdle(l *lab, t *report.Table) error {
	t.Title = fmt.Sprintf("%d busy connections beside %d idle ones", conns, l.idleConns)
	t.Unit, t.Columns = "as the row says", []string{"redis", "larder"}
	t.Notes = []string{mainNote, "1:10 set:get at P=16; every idle connection has sent one PING; the score is larder beside the idle connections ÷ larder alone"}
	results := make(map[string]*idleResult)
	missing := make(map[string]string)
	for _, spec := range []host.Spec{l.redis, l.larder} {
		l.logf("%s: %s", t.Name, spec.Name)
		r, err := l.idle(spec)
		if l.ctx.Err() != nil {
			return l.ctx.Err()
		}
		if err != nil {
			missing[spec.Name] = err.Error()
			continue
		}
		results[spec.Name] = r
	}
	cells := func(values func(*idleResult) []float64) []report.Cell {
		s := samples{values: make(map[string][]float64), missing: missing}
		for name, r := range results {
			s.values[name] = values(r)
		}
		return s.cells(t.Columns)
	}
	cpu := &report.Score{Relation: report.AtMost, Target: 1.1, Of: "× alone"}
	rate := &report.Score{Relation: report.AtLeast, Target: 0.9, Of: "× alone"}
	memory := &report.Score{Relation: report.AtMost, Target: maxIdleBytes, Of: "B"}
	if r := results["larder"]; r != nil {
		cpu.Figure = stats.Ratio(r.cpuBeside, r.cpuAlone)
		rate.Figure = stats.Ratio(r.rateBeside, r.rateAlone)
		memory.Figure = stats.Summarize([]float64{r.bytesPerConn})
	}
	t.Rows = []report.Row{
		{Name: "CPU time per operation, alone (µs)", Cells: cells(func(r *idleResult) []float64 { return r.cpuAlone })},
		{Name: "CPU time per operation, beside (µs)", Cells: cells(func(r *idleResult) []float64 { return r.cpuBeside }), Score: cpu},
		{Name: "requests a second, alone", Cells: cells(func(r *idleResult) []float64 { return r.rateAlone })},
		{Name: "requests a second, beside", Cells: cells(func(r *idleResult) []float64 { return r.rateBeside }), Score: rate},
		{Name: "memory per idle connection (B)", Cells: cells(func(r *idleResult) []float64 { return []float64{r.bytesPerConn} }), Score: memory},
	}
	return nil
}

// idle measures one server: in every round first alone, then beside idle
// connections that are opened for the round.
func (l *lab) idle(spec host.Spec) (*idleResult, error) {
	s, err := l.start(spec, host.Params{Cores: serverCores})
	if err != nil {
		return nil, err
	}
	defer l.stop(s)
	g := &group{names: []string{spec.Name}, servers: map[string]*host.Server{spec.Name: s}, missing: make(map[string]string)}
	if err := l.fill(g, l.keys, resp, load.NewRESP(valueBytes, 0)); err != nil {
		return nil, err
	}
	if why := g.missing[spec.Name]; why != "" {
		return nil, fmt.Errorf("%s", why)
	}
	c, err := load.DialClient(s.Addr)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	if _, err := c.Do("CONFIG", "SET", "maxclients", strconv.Itoa(l.idleConns+500)); err != nil {
		return nil, fmt.Errorf("CONFIG SET maxclients: %w", err)
	}
	r := new(idleResult)
	perOp, _, err := l.busy(s, 20_000, 1)
	if err != nil {
		return nil, err
	}
	ops := opsFor(l.cpuPerRun, perOp)
	for round := range uint64(l.plan.rounds) {
		if err := l.idleRound(s, r, ops, round); err != nil {
			return nil, err
		}
	}
	return r, nil
}

func (l *lab) idleRound(s *host.Server, r *idleResult, ops, round uint64) error {
	cpu, rate, err := l.busy(s, ops, 2*round)
	if err != nil {
		return err
	}
	r.cpuAlone, r.rateAlone = append(r.cpuAlone, cpu), append(r.rateAlone, rate)
	before, err := l.settledRSS(s)
	if err != nil {
		return err
	}
	pool, err := load.Dial(s.Addr, l.idleConns)
	if err != nil {
		return err
	}
	defer pool.Close()
	if err := pool.Ping(l.ctx); err != nil {
		return err
	}
	after, err := l.settledRSS(s)
	if err != nil {
		return err
	}
	if round == 0 { // later rounds find the memory of the first one
		r.bytesPerConn = float64(after-before) / float64(l.idleConns)
	}
	cpu, rate, err = l.busy(s, ops, 2*round+1)
	if err != nil {
		return err
	}
	r.cpuBeside, r.rateBeside = append(r.cpuBeside, cpu), append(r.rateBeside, rate)
	return nil
}

// busy runs the usual load and returns CPU time per operation (µs) and
// requests a second.
func (l *lab) busy(s *host.Server, ops, seed uint64) (perOp, rate float64, err error) {
	perOp, err = cpuPerOp(s, ops, func() error {
		r, err := l.closed(s.Addr, load.Closed{Protocol: load.NewRESP(valueBytes, 0), Pipeline: 16, Ops: ops, Next: load.Mix(l.keys, getsPerSet, seed)})
		rate = float64(r.Ops) / max(r.Elapsed.Seconds(), 1e-9)
		return err
	})
	return perOp, rate, err
}
