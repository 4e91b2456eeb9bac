package load

import (
	"context"
	"errors"
	"fmt"
	"time"

	"larder/bench/stats"

	"golang.org/x/sys/unix"
)

// Open describes an open loop: requests are due at fixed moments, whether the
// server has answered the earlier ones or not, and latency counts from the
// moment at which a request was due. A server that pauses thus pays for every
// request that had to wait, not for one a connection ("coordinated omission").
type Open struct {
	Protocol Protocol
	Rate     float64       // requests a second over all connections
	Duration time.Duration // of the schedule
	// Split divides the run: requests due before it are counted in Before,
	// later ones in After. 0 puts all in After.
	Split time.Duration
	// Rest waits for the next due moment or reply in the kernel. It costs the
	// figures a timer's delay, some 60 µs, and leaves the core to a server that
	// has to share it.
	Rest bool
	Next func(i uint64) Request // as in Closed
}

// Latencies is what an open loop has seen.
type Latencies struct {
	Result
	Before, After stats.Histogram
}

// maxOwed bounds the requests in flight: a server that falls further behind
// cannot take the offered load, and its latency means nothing.
const maxOwed = 2_000_000

// ErrOverload says that the server cannot take the offered load.
var ErrOverload = errors.New("load: the server does not keep up with the offered load")

// Open runs an open loop, one connection after the other in turn. Unless it is
// to rest it spins on the clock and the sockets instead of sleeping, because a
// timer of the kernel would add its own delay to the figures.
func (p *Pool) Open(ctx context.Context, load Open) (*Latencies, error) {
	if load.Rate <= 0 || len(p.conns) == 0 {
		return nil, fmt.Errorf("load: an open loop needs connections (has %d) and a rate above 0 (has %g)", len(p.conns), load.Rate)
	}
	run := openRun{Open: load, pool: p, total: uint64(load.Rate * load.Duration.Seconds()), touched: make([]bool, len(p.conns)), out: new(Latencies)}
	run.begin = time.Now()
	lastReply := run.begin
	for run.out.Ops < run.total {
		now := time.Since(run.begin)
		if err := run.sendDue(now); err != nil {
			return run.out, err
		}
		if load.Rest {
			if err := p.rest(run.dueAt(run.issued) - time.Since(run.begin)); err != nil {
				return run.out, err
			}
		}
		events, err := p.wait(0)
		if err != nil {
			return run.out, err
		}
		now = time.Since(run.begin)
		for _, e := range events {
			if err := run.ready(e); err != nil {
				return run.out, err
			}
		}
		if len(events) > 0 {
			lastReply = run.begin.Add(now)
			continue
		}
		if err := ctx.Err(); err != nil {
			return run.out, err
		}
		if now-lastReply.Sub(run.begin) > stallTimeout {
			return run.out, fmt.Errorf("load: no reply for %v", stallTimeout)
		}
	}
	run.out.Elapsed = time.Since(run.begin)
	return run.out, nil
}

type openRun struct {
	Open
	pool    *Pool
	begin   time.Time
	total   uint64
	issued  uint64
	touched []bool // connections with new requests in out
	turn    []int  // the same, as a list
	out     *Latencies
}

// dueAt returns when request i is due, measured from the start.
func (r *openRun) dueAt(i uint64) time.Duration {
	return time.Duration(float64(i) / r.Rate * float64(time.Second))
}

// sendDue sends all requests that are due, one write a connection.
func (r *openRun) sendDue(now time.Duration) error {
	for r.issued < r.total {
		due := r.dueAt(r.issued)
		if due > now {
			break
		}
		i := int(r.issued % uint64(len(r.pool.conns)))
		c := r.pool.conns[i]
		q := r.Next(r.issued)
		c.out = r.Protocol.Append(c.out, q, true)
		c.push(flight{Request: q, due: due})
		r.issued++
		if !r.touched[i] {
			r.touched[i] = true
			r.turn = append(r.turn, i)
		}
	}
	if r.issued-r.out.Ops > maxOwed {
		return ErrOverload
	}
	for _, i := range r.turn {
		r.touched[i] = false
		if r.pool.conns[i].wantWrite {
			continue // the event of its socket flushes it
		}
		if err := r.pool.flush(i); err != nil {
			return err
		}
	}
	r.turn = r.turn[:0]
	return nil
}

// ready serves one event of a connection.
func (r *openRun) ready(e unix.EpollEvent) error {
	i := int(e.Fd)
	c := r.pool.conns[i]
	if e.Events&unix.EPOLLOUT != 0 {
		if err := r.pool.flush(i); err != nil {
			return err
		}
	}
	if e.Events&^unix.EPOLLOUT == 0 {
		return nil
	}
	if _, err := c.fill(); err != nil {
		return err
	}
	now := time.Since(r.begin)
	for c.owed() > 0 {
		f := c.pending[c.head]
		n, hit, err := r.Protocol.Reply(c.in[c.start:c.end], f.Request, r.out.Ops&verifyMask == 0)
		if err != nil {
			return err
		}
		if n == 0 {
			return nil
		}
		c.start += n
		c.head++
		r.out.count(f.Request, hit)
		if f.due < r.Split {
			r.out.Before.Record(now - f.due)
		} else {
			r.out.After.Record(now - f.due)
		}
	}
	return nil
}
