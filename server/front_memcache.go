package server

import (
	"larder/engine"
	"larder/protocol/memcache"
)

// memcacheFront parses the requests of memcached's protocols and executes them
// in batches, as respFront does. The first byte of a connection tells text and
// meta from binary.
//
// A reply that may be large (get of many keys, a dump of all keys) is made in
// parts: when a request is not done, it stays in the input, the session waits
// until the output is written and comes here again. So does a request that has
// to wait for a shard, or for the end of CLIENT PAUSE. progress is how far the
// request at the front of the input is.
type memcacheFront struct {
	parser   memcacheParser
	progress memcacheProgress
	// watching is set by watch: the client hears of events and is not listened
	// to any more. See memcache_watch.go for what guards it.
	watching watchMask
}

// memcacheParser is what the two parsers have in common.
type memcacheParser interface {
	Next(buf []byte, r *memcache.Request) (n int, ok bool)
	Need() int
	Reset()
	Skipping() int64
}

// memcacheProgress is how much of an unfinished request has been answered. The
// zero value is that of a request which was not begun.
type memcacheProgress struct {
	begun  bool          // it was dispatched already, and counted
	under  bool          // get or gat: some keys are answered already
	left   int           // get or gat: bytes of the line behind those
	cursor engine.Cursor // of a dump
}

// maxMemcacheBatch is how many requests of a pipeline are parsed before they
// run. A parsed request has half a kilobyte, so that more would not stay in
// the first-level cache.
const maxMemcacheBatch = 16

// memcacheBatch is an executor's scratch space for memcached clients.
type memcacheBatch struct {
	requests [maxMemcacheBatch]memcache.Request
	hashes   [maxMemcacheBatch]uint64 // of the keys, if hashed
	ends     [maxMemcacheBatch]int    // offset behind the request in the input
	n        int
	hashed   bool

	many       [maxMemcacheBatch][]byte // keys of one get of several
	manyHashes [maxMemcacheBatch]uint64
	manyLeft   [maxMemcacheBatch]int // bytes of the line behind the key
}

func newMemcacheFront(*Server) front { return &memcacheFront{} }

func (f *memcacheFront) need() int {
	if f.parser == nil {
		return 0
	}
	return f.parser.Need()
}

func (f *memcacheFront) memcached() bool { return true }

func (f *memcacheFront) ended(s *session) { s.srv.memcached.leave(s, f) }

// chooseParser is called with the first byte of the connection.
func (f *memcacheFront) chooseParser(s *session, first byte) {
	cfg := s.srv.cfg.Load()
	limits := memcache.Limits{MaxItemBytes: int(cfg.MemcachedMaxItemSizeBytes)}
	binary := memcache.IsBinary(first)
	switch cfg.MemcachedProtocol {
	case "ascii":
		binary = false
	case "binary":
		binary = true
	}
	if binary {
		f.parser = memcache.NewBinaryParser(limits)
	} else {
		f.parser = memcache.NewTextParser(limits)
	}
}

// consume implements front: parse a batch, touch the memory that it will need,
// then run it in order.
func (f *memcacheFront) consume(s *session, ex *executor, buf []byte) int {
	if f.watching != 0 {
		return len(buf)
	}
	if f.parser == nil {
		f.chooseParser(s, buf[0])
	}
	if ex.mem == nil {
		ex.mem = &memcacheBatch{}
	}
	b, off := ex.mem, 0
	for off < len(buf) {
		// What is left of a refused block goes first, so that the batch starts
		// at a request, which is where a request that has to wait is read again.
		if skip := f.parser.Skipping(); skip > 0 {
			n, _ := f.parser.Next(buf[off:off+int(min(skip, int64(len(buf)-off)))], &b.requests[0])
			off += n
			continue
		}
		end := f.parse(b, buf, off)
		b.prefetch(ex)
		for i := range b.n {
			start := off
			if i > 0 {
				start = b.ends[i-1]
			}
			if !ex.dispatchMemcached(s, f, &b.requests[i], i) {
				f.parser.Reset()
				s.stalled = !s.parked && s.closing == stayOpen
				return start
			}
			if s.closing != stayOpen {
				return len(buf)
			}
			if s.parked || f.watching != 0 || len(s.out.Buf) >= maxBurstBytes {
				return f.pause(s, buf, i, b)
			}
		}
		if b.n == 0 {
			return end
		}
		off = end
	}
	return off
}

// pause stops behind request i of the batch because the session parks, begins
// to watch, or has enough output for now.
func (f *memcacheFront) pause(s *session, buf []byte, i int, b *memcacheBatch) int {
	if f.watching != 0 {
		return len(buf)
	}
	if i+1 < b.n {
		f.parser.Reset()
	}
	s.stalled = !s.parked && b.ends[i] < len(buf)
	return b.ends[i]
}

// parse fills the batch with the requests at buf[off:] and returns the offset
// behind what the parser is done with.
func (f *memcacheFront) parse(b *memcacheBatch, buf []byte, off int) int {
	b.n = 0
	for off < len(buf) && b.n < maxMemcacheBatch {
		n, ok := f.parser.Next(buf[off:], &b.requests[b.n])
		off += n
		if !ok {
			break
		}
		b.ends[b.n] = off
		b.n++
		if f.parser.Skipping() > 0 {
			break // pause could not go back to before this place
		}
	}
	return off
}

// prefetch hashes the key of each request and touches where it may be, so that
// the cache misses of a batch overlap. A lone request is not worth it.
func (b *memcacheBatch) prefetch(ex *executor) {
	if b.hashed = b.n > 1; !b.hashed {
		return
	}
	e := ex.srv.engine
	for i := range b.n {
		b.hashes[i] = e.Hash(b.requests[i].Key)
		e.PrefetchBucket(memcacheDB, b.hashes[i])
	}
	for i := range b.n {
		e.PrefetchEntry(memcacheDB, b.hashes[i])
	}
}
