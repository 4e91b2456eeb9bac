package load

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// Closed describes a closed loop: every connection sends a batch, waits for
// all its replies and sends the next one.
type Closed struct {
	Protocol Protocol
	Pipeline int    // requests a batch, >= 1
	Ops      uint64 // requests in all
	// Next returns the i-th request, i counting from 0 over all connections.
	Next func(i uint64) Request
}

// Result is what a run has counted.
type Result struct {
	Ops        uint64 // requests that were answered
	Gets, Hits uint64
	Elapsed    time.Duration
}

// verifyMask picks the replies whose content is compared: every 64th.
const verifyMask = 63

// Closed runs a closed loop over all connections of the pool, until all
// requests are answered.
func (p *Pool) Closed(ctx context.Context, load Closed) (Result, error) {
	if load.Pipeline < 1 || len(p.conns) == 0 {
		return Result{}, fmt.Errorf("load: a closed loop needs connections (has %d) and a pipeline of at least 1 (has %d)", len(p.conns), load.Pipeline)
	}
	run := closedRun{Closed: load, pool: p}
	begin := time.Now()
	for i := range p.conns {
		if err := run.send(i); err != nil {
			return run.result, err
		}
	}
	lastReply := begin
	for run.result.Ops < load.Ops {
		events, err := p.wait(100)
		if err != nil {
			return run.result, err
		}
		if err := ctx.Err(); err != nil {
			return run.result, err
		}
		if len(events) == 0 {
			if time.Since(lastReply) > stallTimeout {
				return run.result, fmt.Errorf("load: no reply for %v, %d of %d requests answered", stallTimeout, run.result.Ops, load.Ops)
			}
			continue
		}
		lastReply = time.Now()
		for _, e := range events {
			if err := run.ready(e); err != nil {
				return run.result, err
			}
		}
	}
	run.result.Elapsed = time.Since(begin)
	return run.result, nil
}

type closedRun struct {
	Closed
	pool   *Pool
	issued uint64
	result Result
}

// send issues the next batch of connection i, if requests are left.
func (r *closedRun) send(i int) error {
	c := r.pool.conns[i]
	batch := min(uint64(r.Pipeline), r.Ops-r.issued)
	if batch == 0 {
		return nil
	}
	for left := batch; left > 0; left-- {
		q := r.Next(r.issued)
		r.issued++
		c.out = r.Protocol.Append(c.out, q, left == 1)
		c.push(flight{Request: q})
	}
	return r.pool.flush(i)
}

// ready serves one event of a connection.
func (r *closedRun) ready(e unix.EpollEvent) error {
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
	for c.owed() > 0 {
		q := c.pending[c.head].Request
		n, hit, err := r.Protocol.Reply(c.in[c.start:c.end], q, r.result.Ops&verifyMask == 0)
		if err != nil {
			return err
		}
		if n == 0 {
			return nil
		}
		c.start += n
		c.head++
		r.result.count(q, hit)
	}
	if c.start != c.end {
		return fmt.Errorf("load: %d bytes more than the replies to all requests: %.80q", c.end-c.start, c.in[c.start:c.end])
	}
	return r.send(i)
}

func (r *Result) count(q Request, hit bool) {
	r.Ops++
	if !q.Set {
		r.Gets++
		if hit {
			r.Hits++
		}
	}
}

// Ping sends PING on every connection of the pool and awaits the replies, so
// that the server has seen each of them as a client of the Redis protocol.
func (p *Pool) Ping(ctx context.Context) error {
	_, err := p.Closed(ctx, Closed{Protocol: pings{}, Pipeline: 1, Ops: uint64(len(p.conns)), Next: func(uint64) Request { return Request{} }})
	for _, c := range p.conns {
		c.in = nil // 64 KB for each of thousands would be for nothing
	}
	return err
}

// pings is the Redis protocol with PING as its only request.
type pings struct{}

// Append implements Protocol.
func (pings) Append(dst []byte, _ Request, _ bool) []byte {
	return append(dst, "*1\r\n$4\r\nPING\r\n"...)
}

// Reply implements Protocol.
func (pings) Reply(buf []byte, r Request, _ bool) (int, bool, error) {
	n := takeLine(buf)
	if n > 0 && string(buf[:n]) != "+PONG\r\n" {
		return 0, false, unexpected(buf, r)
	}
	return n, false, nil
}
