package server

import (
	"slices"
	"strings"
	"sync"
	"time"

	"larder/server/config"
)

// The events of the latency monitor.
const (
	eventCommand     = "command"
	eventFastCommand = "fast-command"
)

// latencySamples bounds the history of an event.
const latencySamples = 160

// latencyMonitor keeps, by event, what took longer than
// latency-monitor-threshold: the worst of each second.
type latencyMonitor struct {
	// mu guards events. It is a leaf.
	mu     sync.Mutex
	events map[string]*latencyEvent
}

// latencyEvent is the history of an event.
type latencyEvent struct {
	samples []latencySample // oldest first, at most latencySamples
	maxMs   int64           // worst ever
}

// latencySample is the worst that an event took within a second.
type latencySample struct {
	unix int64 // seconds since 1970
	ms   int64
}

// note records that an event took d, if it is to be recorded.
func (m *latencyMonitor) note(cfg *config.Config, event string, d time.Duration) {
	ms := d.Milliseconds()
	if cfg.LatencyMonitorMillis <= 0 || ms < cfg.LatencyMonitorMillis {
		return
	}
	now := time.Now().Unix()
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.events == nil {
		m.events = map[string]*latencyEvent{}
	}
	e := m.events[event]
	if e == nil {
		e = &latencyEvent{}
		m.events[event] = e
	}
	e.maxMs = max(e.maxMs, ms)
	if n := len(e.samples); n > 0 && e.samples[n-1].unix == now {
		e.samples[n-1].ms = max(e.samples[n-1].ms, ms)
		return
	}
	if len(e.samples) == latencySamples {
		e.samples = append(e.samples[:0], e.samples[1:]...)
	}
	e.samples = append(e.samples, latencySample{now, ms})
}

// history returns a copy of an event's history, nil if there is none.
func (m *latencyMonitor) history(event string) []latencySample {
	m.mu.Lock()
	defer m.mu.Unlock()
	if e := m.events[event]; e != nil {
		return slices.Clone(e.samples)
	}
	return nil
}

// names returns the events that were recorded, sorted.
func (m *latencyMonitor) names() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var names []string
	for name := range m.events {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// forget removes an event's history and tells whether there was one.
func (m *latencyMonitor) forget(event string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, had := m.events[event]
	delete(m.events, event)
	return had
}

func latencyLatest(q *call) {
	m := &q.srv.latency
	names := m.names()
	m.mu.Lock()
	defer m.mu.Unlock()
	names = slices.DeleteFunc(names, func(n string) bool { return m.events[n] == nil })
	q.out.Array(len(names))
	for _, name := range names {
		e := m.events[name]
		last := e.samples[len(e.samples)-1]
		q.out.Array(4)
		q.out.BulkString(name)
		q.out.Int(last.unix)
		q.out.Int(last.ms)
		q.out.Int(e.maxMs)
	}
}

func latencyHistory(q *call) {
	h := q.srv.latency.history(string(q.args[2]))
	q.out.Array(len(h))
	for _, s := range h {
		q.out.Array(2)
		q.out.Int(s.unix)
		q.out.Int(s.ms)
	}
}

// latencyReset implements LATENCY RESET [event …].
func latencyReset(q *call) {
	names := q.srv.latency.names()
	if len(q.args) > 2 {
		names = nil
		for _, a := range q.args[2:] {
			names = append(names, string(a))
		}
	}
	n := 0
	for _, name := range names {
		if q.srv.latency.forget(name) {
			n++
		}
	}
	q.out.Int(int64(n))
}

// latencyHistogramCommand implements LATENCY HISTOGRAM [command …]; a
// container stands for its subcommands.
func latencyHistogramCommand(q *call) {
	t := q.srv.statistics(true)
	var ids []int
	add := func(id int) {
		if t.commands[id].latency != nil && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	if len(q.args) == 2 {
		for id := range t.commands {
			add(id)
		}
	}
	for _, a := range q.args[2:] {
		c := q.srv.table.LookupFull(string(a))
		if c == nil {
			continue
		}
		add(c.ID)
		for _, sub := range c.Sub {
			add(sub.ID)
		}
	}
	q.out.Map(len(ids))
	for _, id := range ids {
		q.out.BulkString(q.srv.table.All[id].FullName())
		q.out.Map(2)
		q.out.BulkString("calls")
		powers := t.commands[id].latency.powers()
		q.out.Int(int64(powers[len(powers)-1].count))
		q.out.BulkString("histogram_usec")
		q.out.Map(len(powers))
		for _, p := range powers {
			q.out.Int(int64(p.micros))
			q.out.Int(int64(p.count))
		}
	}
}

func latencyHelp(q *call) {
	q.help(
		"DOCTOR",
		"    Say in words what was slow and what may help.",
		"GRAPH <event>",
		"    Draw the history of an event.",
		"HISTOGRAM [<command> ...]",
		"    Return how long the named commands, or all, have taken.",
		"HISTORY <event>",
		"    Return the history of an event: seconds since 1970 and milliseconds.",
		"LATEST",
		"    Return the latest and the worst of each event.",
		"RESET [<event> ...]",
		"    Forget the named events, or all; return how many there were.",
	)
}

// graphRows is the height of the graph of LATENCY GRAPH.
const graphRows = 4

// latencyGraph implements LATENCY GRAPH: a column a sample, its height on a
// linear scale from the least to the worst, its age below it.
func latencyGraph(q *call) {
	event := string(q.args[2])
	h := q.srv.latency.history(event)
	if len(h) == 0 {
		q.out.Error("ERR No samples available for event '" + q.shown(2) + "'")
		return
	}
	q.out.Verbatim("txt", drawLatency(event, h, time.Now().Unix()))
}

// graphColumns is how many samples a graph shows: those that fit a terminal.
const graphColumns = 80

func drawLatency(event string, h []latencySample, nowUnix int64) string {
	h = h[max(0, len(h)-graphColumns):]
	low, high := h[0].ms, h[0].ms
	for _, s := range h {
		low, high = min(low, s.ms), max(high, s.ms)
	}
	var b strings.Builder
	b.WriteString(event + " - high " + formatInt(high) + " ms, low " + formatInt(low) + " ms\n")
	b.WriteString(strings.Repeat("-", graphColumns) + "\n")
	for row := graphRows - 1; row >= 0; row-- {
		for _, s := range h {
			// The height is 1 to 2*graphRows half rows.
			height := int64(1)
			if high > low {
				height += (s.ms - low) * (2*graphRows - 1) / (high - low)
			}
			switch {
			case height >= int64(2*row+2):
				b.WriteByte('#')
			case height == int64(2*row+1):
				b.WriteByte('_')
			default:
				b.WriteByte(' ')
			}
		}
		b.WriteByte('\n')
	}
	ages := make([]string, len(h))
	longest := 0
	for i, s := range h {
		ages[i] = shortAge(nowUnix - s.unix)
		longest = max(longest, len(ages[i]))
	}
	b.WriteByte('\n')
	for row := range longest {
		for _, age := range ages {
			if row < len(age) {
				b.WriteByte(age[row])
			} else {
				b.WriteByte(' ')
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// shortAge writes seconds with the largest unit that fits: 45s, 12m, 3h, 2d.
func shortAge(secs int64) string {
	switch {
	case secs < 60:
		return formatInt(max(secs, 0)) + "s"
	case secs < 3600:
		return formatInt(secs/60) + "m"
	case secs < 86400:
		return formatInt(secs/3600) + "h"
	}
	return formatInt(secs/86400) + "d"
}
