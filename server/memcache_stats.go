package server

import (
	"strconv"

	"larder/protocol/memcache"
	"larder/server/config"
)

// statWriter writes the lines of stats in the protocol of the request.
type statWriter struct {
	s    *session
	r    *memcache.Request
	wait *shardWait // of what runs on a worker
}

func (w statWriter) stat(name, value string) {
	if w.r.Proto == memcache.Binary {
		w.s.out.Buf = memcache.AppendBinaryStat(w.s.out.Buf, w.r, name, value)
	} else {
		w.s.out.Buf = memcache.AppendStat(w.s.out.Buf, name, value)
	}
}

// end is what stands behind the last line.
func (w statWriter) end() { w.line(memcache.LineEnd) }

// line writes a reply without statistics; in binary that is an empty one.
func (w statWriter) line(l memcache.Line) {
	if w.r.Proto == memcache.Binary {
		w.s.out.Buf = memcache.AppendBinaryStat(w.s.out.Buf, w.r, "", "")
	} else {
		w.s.out.Buf = memcache.AppendLine(w.s.out.Buf, l)
	}
}

// ok replies that all is well.
func (w statWriter) ok() {
	switch {
	case w.r.NoReply:
	case w.r.Proto == memcache.Binary:
		w.s.out.Buf = memcache.AppendBinaryOK(w.s.out.Buf, w.r, 0)
	default:
		w.s.out.Buf = memcache.AppendLine(w.s.out.Buf, memcache.LineOK)
	}
}

// unknown replies that there are no statistics of that name.
func (w statWriter) unknown() {
	if w.r.Proto == memcache.Binary {
		w.s.out.Buf = memcache.AppendBinaryError(w.s.out.Buf, w.r, memcache.StatusNotFound)
	} else {
		w.s.out.Buf = memcache.AppendLine(w.s.out.Buf, memcache.LineError)
	}
}

// statRow is one statistic.
type statRow struct{ name, value string }

func (w statWriter) rows(rows []statRow) {
	for _, row := range rows {
		w.stat(row.name, row.value)
	}
	w.end()
}

// memcacheStats is stats and what may follow it. What looks at all shards waits
// for them on a worker.
func (ex *executor) memcacheStats(s *session, r *memcache.Request) {
	w, words, srv := statWriter{s: s, r: r}, splitWords(r.Args), ex.srv
	if len(words) == 0 {
		ex.memcachePark(s, r, func(w statWriter) { w.rows(srv.memcacheGeneral()) })
		return
	}
	switch words[0] {
	case "settings":
		w.rows(srv.memcacheSettings())
	case "items":
		ex.memcachePark(s, r, func(w statWriter) { w.rows(srv.memcacheItems()) })
	case "slabs":
		ex.memcachePark(s, r, func(w statWriter) { w.rows(srv.memcacheSlabs()) })
	case "sizes":
		// Counting the items of each size would visit all of them.
		w.stat("sizes_status", "disabled")
		w.end()
	case "conns":
		ex.memcachePark(s, r, func(w statWriter) { w.rows(srv.memcacheConns()) })
	case "reset":
		srv.resetMemcacheTotals()
		w.line(memcache.LineReset)
	case "detail":
		word := ""
		if len(words) > 1 {
			word = words[1]
		}
		ex.memcacheDetail(w, word)
	case "cachedump":
		ex.memcachePark(s, r, func(w statWriter) { srv.memcacheCachedump(w, words[1:]) })
	default:
		w.unknown()
	}
}

// memcachePark runs f on a worker while the session waits: for what locks
// other sessions, many shards or the configuration. f writes to a session of its
// own, whose output then follows that of s. It may wait for shards by w.wait; if
// that is given up, the client is told that a script is busy.
// REQUIRES: s.mu is held.
func (ex *executor) memcachePark(s *session, r *memcache.Request, f func(w statWriter)) {
	s.parked = true
	request := &memcache.Request{Proto: r.Proto, Op: r.Op, Opcode: r.Opcode, Opaque: r.Opaque, NoReply: r.NoReply}
	answer := func(reply []byte) {
		s.mu.Lock()
		s.out.Buf = append(s.out.Buf, reply...)
		s.parked = false
		s.mu.Unlock()
		s.driver.wake(s)
	}
	refuse := func(string) { answer(appendMemcacheRefusal(nil, request, memcachedBusy)) }
	ex.srv.workers.start(func() {
		w := statWriter{&session{srv: s.srv}, request, &shardWait{srv: s.srv, giveUp: refuse}}
		f(w)
		switch {
		case w.wait.given:
		case w.wait.refusal != "":
			refuse("")
		default:
			answer(w.s.out.Buf)
		}
	})
}

// minMemlimitMiB is the least that cache_memlimit takes.
const minMemlimitMiB = 8

// memcacheMemlimit is cache_memlimit: it sets maxmemory.
func (ex *executor) memcacheMemlimit(s *session, r *memcache.Request) {
	if r.Delta < minMemlimitMiB {
		s.out.Buf = append(s.out.Buf, quietly(r, "MEMLIMIT_TOO_SMALL cannot set maxbytes to less than 8m\r\n")...)
		return
	}
	mib := r.Delta
	ex.memcachePark(s, r, func(w statWriter) {
		srv := w.s.srv
		_, err := srv.cfg.Set([]string{"maxmemory", strconv.FormatUint(mib<<20, 10)}, config.SetOptions{
			Apply: func(_, next *config.Config, _ []string) (string, error) {
				srv.memory.apply(next)
				return "", nil
			},
		})
		switch {
		case w.r.NoReply:
		case err != nil:
			w.s.out.Buf = append(w.s.out.Buf, "MEMLIMIT_ADJUST_FAILED out of bounds or unable to adjust\r\n"...)
		default:
			w.line(memcache.LineOK)
		}
	})
}
