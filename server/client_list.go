package server

import (
	"strconv"
	"strings"
	"time"
	"unsafe"

	"larder/protocol/resp"
)

// clientType is a kind of client as CLIENT LIST and CLIENT KILL filter by it.
type clientType string

// The types. Masters and replicas do not exist as clients.
const (
	typeNormal  clientType = "normal"
	typeMaster  clientType = "master"
	typeReplica clientType = "replica"
	typePubSub  clientType = "pubsub"
)

// clientTypeNamed parses a type's name in any case; on failure it has replied.
func (q *call) clientTypeNamed(i int) (clientType, bool) {
	switch {
	case q.is(i, "NORMAL"):
		return typeNormal, true
	case q.is(i, "MASTER"):
		return typeMaster, true
	case q.is(i, "REPLICA"), q.is(i, "SLAVE"):
		return typeReplica, true
	case q.is(i, "PUBSUB"):
		return typePubSub, true
	}
	q.out.Error("ERR Unknown client type '" + q.shown(i) + "'")
	return "", false
}

// clientType returns the session's kind. REQUIRES: s.mu is held.
func (s *session) clientType() clientType {
	if s.subscriber.Load() {
		return typePubSub
	}
	return typeNormal
}

// clientInfo implements CLIENT INFO.
func clientInfo(q *call) {
	line := q.s.appendInfo(nil, time.Now().UnixMilli())
	q.out.Verbatim("txt", string(append(line, '\n')))
}

// clientList implements CLIENT LIST [TYPE type] [ID id …].
func clientList(q *call) {
	keep := func(*session) bool { return true }
	sessions := []*session(nil)
	switch {
	case len(q.args) == 4 && q.is(2, "TYPE"):
		want, ok := q.clientTypeNamed(3)
		if !ok {
			return
		}
		keep = func(s *session) bool { return s.clientType() == want }
		sessions = q.srv.clients.all()
	case len(q.args) > 3 && q.is(2, "ID"):
		for _, arg := range q.args[3:] {
			id, ok := resp.ParseInt(arg)
			if !ok {
				q.out.Error("ERR Invalid client ID")
				return
			}
			if s := q.srv.clients.get(uint64(id)); s != nil {
				sessions = append(sessions, s)
			}
		}
	case len(q.args) != 2:
		q.out.Error("ERR syntax error")
		return
	default:
		sessions = q.srv.clients.all()
	}
	now := time.Now().UnixMilli()
	var text []byte
	for _, s := range sessions {
		s.mu.Lock()
		if keep(s) && !s.killed.Load() {
			text = append(s.appendInfo(text, now), '\n')
		}
		s.mu.Unlock()
	}
	q.out.Verbatim("txt", string(text))
}

// appendInfo appends the session's line of CLIENT LIST, without its end.
// REQUIRES: s.mu is held.
func (s *session) appendInfo(dst []byte, nowMs int64) []byte {
	text := func(name, value string) {
		dst = append(dst, name...)
		dst = append(dst, value...)
	}
	number := func(name string, n int64) {
		dst = append(dst, name...)
		dst = strconv.AppendInt(dst, n, 10)
	}
	number("id=", int64(s.id))
	text(" addr=", s.peer.remote)
	text(" laddr=", s.peer.local)
	number(" fd=", int64(s.peer.fd))
	text(" name=", s.name)
	number(" age=", max(0, nowMs-s.since)/1000)
	number(" idle=", max(0, nowMs-s.activeMs)/1000)
	text(" flags=", s.flagLetters())
	number(" db=", int64(s.db))
	channels, patterns, shards := s.srv.pubsub.counts(s)
	number(" sub=", int64(channels))
	number(" psub=", int64(patterns))
	number(" ssub=", int64(shards))
	number(" multi=", int64(s.queued()))
	number(" watch=", int64(s.srv.watches.count(&s.watching)))
	number(" qbuf=", int64(len(s.in)))
	number(" qbuf-free=", int64(cap(s.in)-len(s.in)))
	number(" argv-mem=0 multi-mem=", int64(s.tx.memoryBytes()))
	number(" rbs=", int64(cap(s.out.Buf)))
	number(" rbp=", int64(s.waiting()))
	number(" obl=", int64(s.waiting()))
	pushed := int64(s.pushes.size())
	number(" oll=", min(pushed, 1))
	number(" omem=", pushed)
	number(" tot-mem=", int64(s.memoryBytes()))
	text(" events=", s.eventLetters())
	text(" cmd=", s.lastCommand())
	text(" user=", s.user)
	number(" redir=", s.redirection())
	number(" resp=", int64(s.out.Proto))
	text(" lib-name=", s.libName)
	text(" lib-ver=", s.libVer)
	return dst
}

// display is the client's address as SLOWLOG and MONITOR show it.
func (p *peer) display() string {
	if p.unix {
		return "unix:" + strings.TrimSuffix(p.remote, ":0")
	}
	return p.remote
}

// memoryBytes is what the session holds. REQUIRES: s.mu is held.
func (s *session) memoryBytes() int {
	n := int(unsafe.Sizeof(*s)) + cap(s.in) + cap(s.out.Buf) + cap(s.unsent) + s.piecesBytes + s.pushes.size() + s.tx.memoryBytes() + s.blocked.memoryBytes()
	channels, patterns, shards := s.srv.pubsub.counts(s)
	n += (channels + patterns + shards) * subscriptionBytes
	if f, ok := s.front.(*respFront); ok {
		n += int(unsafe.Sizeof(*f)) + f.parser.HeldBytes()
	}
	return n
}

// flagLetters describes the session's state as CLIENT LIST does.
// REQUIRES: s.mu is held.
func (s *session) flagLetters() string {
	var f []byte
	if s.monitor {
		f = append(f, 'O')
	}
	if s.subscriber.Load() {
		f = append(f, 'P')
	}
	if s.tx != nil {
		f = append(f, 'x')
	}
	if s.paused || s.blocked != nil {
		f = append(f, 'b')
	}
	if t := s.tracker.Load(); t != nil {
		f = append(f, 't')
		if t.broken.Load() {
			f = append(f, 'R')
		}
		if t.bcast {
			f = append(f, 'B')
		}
	}
	if s.watching.dirty.Load() {
		f = append(f, 'd')
	}
	switch s.closing {
	case closeFlushed:
		f = append(f, 'c')
	case closeNow:
		f = append(f, 'A')
	}
	if s.peer.unix {
		f = append(f, 'U')
	}
	if s.readOnly {
		f = append(f, 'r')
	}
	if s.noEvict {
		f = append(f, 'e')
	}
	if s.noTouch {
		f = append(f, 'T')
	}
	if len(f) == 0 {
		return "N"
	}
	return string(f)
}

// eventLetters says what the driver waits for. REQUIRES: s.mu is held.
func (s *session) eventLetters() string {
	if s.waiting() > 0 {
		return "rw"
	}
	return "r"
}

// lastCommand is the name of the last command. REQUIRES: s.mu is held.
func (s *session) lastCommand() string {
	if s.lastCmd == 0 {
		return "NULL"
	}
	return s.srv.table.All[s.lastCmd-1].FullName()
}
