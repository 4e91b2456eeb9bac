package server

import (
	"bytes"
	"slices"
	"strconv"
	"sync"

	"larder/protocol/memcache"
	"larder/server/command"
)

// prefixStats are the figures of stats detail: commands by the part of the key
// in front of the first colon. They cost a lock and a map a command, and only
// while somebody has switched them on.
type prefixStats struct {
	// mu guards byPrefix. It is a leaf.
	mu       sync.Mutex
	byPrefix map[string]*prefixCount
}

type prefixCount struct{ get, hit, set, del uint64 }

// maxPrefixes bounds the prefixes that are counted; keys of others are not.
const maxPrefixes = 10_000

func (p *prefixStats) count(r *memcache.Request, key []byte, outcome command.Outcome) {
	at := bytes.IndexByte(key, ':')
	if at <= 0 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.byPrefix[string(key[:at])]
	if c == nil {
		if len(p.byPrefix) >= maxPrefixes {
			return
		}
		if p.byPrefix == nil {
			p.byPrefix = map[string]*prefixCount{}
		}
		c = &prefixCount{}
		p.byPrefix[string(key[:at])] = c
	}
	switch op := statOp(r); {
	case op == memcache.OpGet || op == memcache.OpGat || op == memcache.OpTouch:
		c.get++
		if outcome == command.OutcomeHit {
			c.hit++
		}
	case op == memcache.OpDelete:
		c.del++
	case isStorage(op):
		c.set++
	}
}

// dump appends the figures of all prefixes in order of their names, and END.
func (p *prefixStats) dump(dst []byte) []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	names := make([]string, 0, len(p.byPrefix))
	for name := range p.byPrefix {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		c := p.byPrefix[name]
		dst = append(dst, "PREFIX "...)
		dst = append(dst, name...)
		for _, part := range []struct {
			word string
			n    uint64
		}{{" get ", c.get}, {" hit ", c.hit}, {" set ", c.set}, {" del ", c.del}} {
			dst = append(dst, part.word...)
			dst = strconv.AppendUint(dst, part.n, 10)
		}
		dst = append(dst, "\r\n"...)
	}
	return memcache.AppendLine(dst, memcache.LineEnd)
}

// memcacheDetail is stats detail on|off|dump.
func (ex *executor) memcacheDetail(w statWriter, word string) {
	srv := &ex.srv.memcached
	switch word {
	case "on":
		srv.observed.Or(observeDetail)
		w.line(memcache.LineOK)
	case "off":
		srv.observed.And(^uint32(observeDetail))
		w.line(memcache.LineOK)
	case "dump":
		if w.r.Proto == memcache.Binary {
			w.stat("detailed", string(srv.detail.dump(nil)))
			w.end()
			return
		}
		w.s.out.Buf = srv.detail.dump(w.s.out.Buf)
	default:
		if w.r.Proto == memcache.Binary {
			w.unknown()
			return
		}
		w.s.out.Buf = memcache.AppendClientError(w.s.out.Buf, "usage: stats detail on|off|dump")
	}
}
