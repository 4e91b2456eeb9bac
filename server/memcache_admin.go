package server

import (
	"strconv"
	"time"

	"larder/protocol/memcache"
)

// memcachedVersion is what version and stats report. Clients parse it to know
// what they may send; the level is that of the commands served.
const memcachedVersion = "1.6.45"

// memcacheAdmin runs the requests that name no key. It returns false if the
// request is not done, see dispatchMemcached.
func (ex *executor) memcacheAdmin(s *session, f *memcacheFront, r *memcache.Request) (done bool) {
	binary := r.Proto == memcache.Binary
	switch r.Op {
	case memcache.OpMetaNoop:
		s.out.Buf = memcache.AppendLine(s.out.Buf, memcache.LineMetaNoop)
	case memcache.OpNoop:
		s.out.Buf = memcache.AppendBinaryOK(s.out.Buf, r, 0)
	case memcache.OpVersion:
		if binary {
			s.out.Buf = memcache.AppendBinaryText(s.out.Buf, r, memcachedVersion)
		} else {
			s.out.Buf = memcache.AppendVersion(s.out.Buf, memcachedVersion)
		}
	case memcache.OpQuit:
		if binary && !r.NoReply {
			s.out.Buf = memcache.AppendBinaryOK(s.out.Buf, r, 0)
		}
		s.closing = closeFlushed
	case memcache.OpFlushAll:
		ex.memcacheFlush(s, r)
	case memcache.OpStats:
		ex.memcacheStats(s, r)
	case memcache.OpVerbosity:
		// The log's level is a matter of loglevel; there is nothing to set.
		statWriter{s: s, r: r}.ok()
	case memcache.OpCacheMemlimit:
		ex.memcacheMemlimit(s, r)
	case memcache.OpShutdown:
		ex.memcacheShutdown(s)
	case memcache.OpSlabs:
		s.out.Buf = append(s.out.Buf, quietly(r, slabsReply(r.Args))...)
	case memcache.OpLru:
		s.out.Buf = append(s.out.Buf, quietly(r, lruReply(r.Args))...)
	case memcache.OpLruCrawler:
		return ex.memcacheCrawler(s, f, r)
	case memcache.OpWatch:
		if ex.srv.cfg.Load().MemcachedDisableWatch {
			s.out.Buf = memcache.AppendClientError(s.out.Buf, "watch commands not allowed")
		} else {
			ex.memcacheWatch(s, f, r)
		}
	case memcache.OpRefreshCerts:
		s.out.Buf = append(s.out.Buf, "Error TLS not enabled\r\n"...)
	default: // SASL, which is not served
		s.out.Buf = memcache.AppendBinaryError(s.out.Buf, r, memcache.StatusUnknownCommand)
	}
	return true
}

// quietly leaves the reply out if the request says so.
func quietly(r *memcache.Request, reply string) string {
	if r.NoReply {
		return ""
	}
	return reply
}

// maxFlushDelay is the longest delay of flush_all that counts from now; a
// larger one is a time since 1970, as in all of memcached.
const maxFlushDelay = 30 * 24 * 60 * 60

// memcacheFlush is flush_all: it empties the database now or at a later time,
// which replaces an earlier one.
func (ex *executor) memcacheFlush(s *session, r *memcache.Request) {
	srv := ex.srv
	ex.stats.memcache.flushes.add(1)
	if srv.cfg.Load().MemcachedDisableFlushAll {
		if r.Proto == memcache.Binary {
			s.out.Buf = memcache.AppendBinaryError(s.out.Buf, r, memcache.StatusAuthError)
		} else {
			s.out.Buf = memcache.AppendClientError(s.out.Buf, "flush_all not allowed")
		}
		return
	}
	delayMs := r.Exptime * 1000
	if r.Exptime > maxFlushDelay {
		delayMs -= ex.nowMs
	}
	if r.Exptime > 1<<40 { // in some 30,000 years
		delayMs = 0
	}
	if delayMs > 0 {
		srv.memcached.flush.set(time.Duration(delayMs)*time.Millisecond, func() {
			srv.workers.start(func() {
				lockLong(srv.engine.Shards(), nil)
				srv.flushMemcached(true)
			})
		})
	} else {
		srv.memcached.flush.set(0, nil)
		if !lockSoonEach(srv.engine.Shards()) {
			ex.memcachePark(s, r, func(w statWriter) {
				if lockLong(srv.engine.Shards(), w.wait.lock) {
					srv.flushMemcached(true)
					w.ok()
				}
			})
			return
		}
		srv.flushMemcached(false)
	}
	statWriter{s: s, r: r}.ok()
}

// memcacheShutdown is shutdown: the server drains and ends.
func (ex *executor) memcacheShutdown(s *session) {
	if !ex.srv.cfg.Load().MemcachedEnableShutdown {
		s.out.Buf = append(s.out.Buf, "ERROR: shutdown not enabled\r\n"...)
		return
	}
	ex.srv.requestShutdown()
}

// slabsReply answers slabs: there are no slab classes to move pages between,
// compaction does that by itself.
func slabsReply(args memcache.Tokens) string {
	w := splitWords(args)
	switch {
	case len(w) >= 3 && w[0] == "reassign":
		src, err1 := strconv.Atoi(w[1])
		dst, err2 := strconv.Atoi(w[2])
		switch {
		case err1 != nil || err2 != nil:
			return badFormat
		case src == dst:
			return "SAME src and dst class are identical\r\n"
		case src < 1 || src > maxSlabClass || dst < 1 || dst > maxSlabClass:
			return "BADCLASS invalid src or dst class id\r\n"
		}
		return "NOSPARE source class has no spare pages\r\n"
	case len(w) >= 2 && w[0] == "automove" && w[1] != "ratio":
		level, err := strconv.ParseUint(w[1], 10, 32)
		switch {
		case err != nil:
			return badFormat
		case level <= 2:
			return string(memcache.LineOK)
		}
	}
	return string(memcache.LineError)
}

const (
	badFormat    = "CLIENT_ERROR bad command line format\r\n"
	maxSlabClass = 63
)

// lruReply answers lru: it checks what memcached checks and changes nothing,
// since maxmemory-policy says what is evicted.
func lruReply(args memcache.Tokens) string {
	w := splitWords(args)
	switch {
	case len(w) >= 5 && w[0] == "tune":
		hot, err1 := strconv.ParseUint(w[1], 10, 32)
		warm, err2 := strconv.ParseUint(w[2], 10, 32)
		hotMax, err3 := strconv.ParseFloat(w[3], 64)
		warmMax, err4 := strconv.ParseFloat(w[4], 64)
		switch {
		case err1 != nil || err2 != nil || err3 != nil || err4 != nil:
			return string(memcache.LineError)
		case hot+warm > 80:
			return "ERROR hot and warm pcts must not exceed 80\r\n"
		case hotMax <= 0 || warmMax <= 0:
			return "ERROR hot/warm age factors must be greater than 0\r\n"
		}
		return string(memcache.LineOK)
	case len(w) >= 2 && w[0] == "mode" && (w[1] == "flat" || w[1] == "segmented"):
		return string(memcache.LineOK)
	case len(w) >= 2 && w[0] == "temp_ttl":
		if _, err := strconv.ParseInt(w[1], 10, 32); err == nil {
			return string(memcache.LineOK)
		}
	}
	return string(memcache.LineError)
}

func splitWords(args memcache.Tokens) (words []string) {
	for t, ok := args.Next(); ok; t, ok = args.Next() {
		words = append(words, string(t))
	}
	return words
}
