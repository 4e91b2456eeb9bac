package server

import (
	"errors"

	"larder/protocol/resp"
)

// maxBatch is how many requests of a pipeline are parsed before they run. It
// is enough for the cache misses of a batch to overlap, and small enough for
// the first bucket to be in the cache still when its command runs.
const maxBatch = 64

// respFront parses RESP requests and executes them in batches.
type respFront struct {
	parser resp.Parser
}

func (f *respFront) need() int { return f.parser.Need() }

// consume implements front: parse a batch, touch the memory that it will need,
// then run it in order.
func (f *respFront) consume(s *session, ex *executor, buf []byte) int {
	ex.nowNs = monotonicNs()
	defer ex.settle()
	off := 0
	for off < len(buf) {
		end, err := f.parse(s, ex, buf, off)
		if len(ex.batch) > 1 {
			ex.prefetch(s.db)
		}
		for i := range ex.batch {
			r := &ex.batch[i]
			ex.dispatch(s, r)
			if s.held {
				s.held = false
				f.parser.Reset()
				if i > 0 {
					return ex.batch[i-1].end
				}
				return off
			}
			if s.parked || s.closing != stayOpen || len(s.out.Buf) >= burstBytes {
				if i+1 < len(ex.batch) || err != nil || r.end < len(buf) {
					s.stalled = s.closing == stayOpen && !s.parked
					f.parser.Reset()
					return r.end
				}
			}
		}
		if err != nil {
			var p resp.ProtocolError
			if errors.As(err, &p) {
				s.out.Error("ERR " + p.Error())
			}
			s.closing = closeFlushed
			ex.stats.protocolErrors.add(1)
			return len(buf)
		}
		if end == off {
			return off
		}
		off = end
	}
	return off
}

// parse fills ex.batch with the requests at buf[off:] and returns the offset
// behind them. The error belongs to the request after the last one.
func (f *respFront) parse(s *session, ex *executor, buf []byte, off int) (end int, err error) {
	ex.batch, ex.args = ex.batch[:0], ex.args[:0]
	f.parser.MaxBulkBytes = ex.ctx.Config.MaxStringBytes
	f.parser.Unauthenticated = !s.authed
	most := maxBatch
	if !s.authed {
		most = 1 // AUTH changes the limits of the requests behind it
	}
	for off < len(buf) && len(ex.batch) < most {
		from := len(ex.args)
		args, n, err := f.parser.Next(buf[off:], ex.args)
		if err != nil || n == 0 {
			return off, err
		}
		off += n
		ex.args = args
		if len(args) == from {
			continue
		}
		ex.batch = append(ex.batch, request{from: from, to: len(args), end: off, size: n, cmd: ex.srv.lookup(args[from])})
		if f.parser.SharesScratch() {
			break // its words must not be overwritten by the next request's
		}
	}
	return off, nil
}

// prefetch hashes the key of each request and asks for the memory where it
// may be, so that the cache misses of a batch overlap.
func (ex *executor) prefetch(db int) {
	e := ex.srv.engine
	for i := range ex.batch {
		r := &ex.batch[i]
		if r.cmd == nil || !r.cmd.onlyKey || r.cmd.firstKey >= r.to-r.from {
			continue
		}
		r.hash = e.Hash(ex.args[r.from+r.cmd.firstKey])
		r.ok = true
		e.PrefetchBucket(db, r.hash)
	}
	for i := range ex.batch {
		if r := &ex.batch[i]; r.ok {
			e.PrefetchEntry(db, r.hash)
		}
	}
}

func (f *respFront) ended(*session) {}

func (f *respFront) memcached() bool { return false }
