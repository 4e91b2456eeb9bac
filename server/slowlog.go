package server

import (
	"strconv"
	"sync"
	"time"

	"larder/protocol/resp"
	"larder/server/command"
)

const (
	// slowlogArgs and slowlogArgBytes bound what an entry of the slow log
	// keeps of a request.
	slowlogArgs     = 32
	slowlogArgBytes = 128
)

// slowlog holds the last commands that took longer than
// slowlog-log-slower-than, at most slowlog-max-len of them.
type slowlog struct {
	// mu guards the fields below. It is a leaf.
	mu      sync.Mutex
	nextID  int64
	entries []slowEntry // oldest first
}

// slowEntry is a command that was slow. Its id is never used again.
type slowEntry struct {
	id     int64
	unix   int64 // seconds
	micros int64
	args   []string
	addr   string
	name   string
}

// noteSlow records a command that took ns: in the slow log, and as a latency
// event. REQUIRES: s.mu is held.
func (srv *Server) noteSlow(s *session, ex *executor, cmd *bound, args [][]byte, ns int64) {
	cfg := srv.cfg.Load()
	if cfg.SlowlogMicros >= 0 && ns >= cfg.SlowlogMicros*1000 && cmd.Is&command.SkipSlowlog == 0 {
		srv.slowlog.add(slowEntry{
			unix: ex.nowMs / 1000, micros: ns / 1000, args: slowArgs(redact(cmd, args)),
			addr: s.peer.display(), name: s.name,
		}, int(cfg.SlowlogMaxLen))
	}
	event := eventCommand
	if cmd.Is&command.Fast != 0 {
		event = eventFastCommand
	}
	srv.latency.note(cfg, event, time.Duration(ns))
}

// slowArgs copies what the slow log keeps of a request.
func slowArgs(args [][]byte) []string {
	out := make([]string, 0, min(len(args), slowlogArgs))
	for i, a := range args {
		if i == slowlogArgs-1 && len(args) > slowlogArgs {
			return append(out, "... ("+strconv.Itoa(len(args)-i)+" more arguments)")
		}
		if len(a) > slowlogArgBytes {
			out = append(out, string(a[:slowlogArgBytes])+"... ("+strconv.Itoa(len(a)-slowlogArgBytes)+" more bytes)")
			continue
		}
		out = append(out, string(a))
	}
	return out
}

func (l *slowlog) add(e slowEntry, maxLen int) {
	l.mu.Lock()
	e.id = l.nextID
	l.nextID++
	l.entries = append(l.entries, e)
	l.trimLocked(maxLen)
	l.mu.Unlock()
}

// trim forgets the oldest entries beyond maxLen.
func (l *slowlog) trim(maxLen int) {
	l.mu.Lock()
	l.trimLocked(maxLen)
	l.mu.Unlock()
}

func (l *slowlog) trimLocked(maxLen int) {
	if extra := len(l.entries) - max(maxLen, 0); extra > 0 {
		clear(l.entries[:extra])
		l.entries = l.entries[extra:]
	}
}

// slowlogGet implements SLOWLOG GET [count].
func slowlogGet(q *call) {
	count := int64(10)
	switch {
	case len(q.args) > 3:
		q.wrongSubcommand()
		return
	case len(q.args) == 3:
		n, ok := resp.ParseInt(q.args[2])
		if !ok || n < -1 {
			q.out.Error("ERR count should be greater than or equal to -1")
			return
		}
		count = n
	}
	l := &q.srv.slowlog
	l.mu.Lock()
	defer l.mu.Unlock()
	n := len(l.entries)
	if count >= 0 && count < int64(n) {
		n = int(count)
	}
	q.out.Array(n)
	for i := range n {
		e := &l.entries[len(l.entries)-1-i]
		q.out.Array(6)
		q.out.Int(e.id)
		q.out.Int(e.unix)
		q.out.Int(e.micros)
		q.out.Array(len(e.args))
		for _, a := range e.args {
			q.out.BulkString(a)
		}
		q.out.BulkString(e.addr)
		q.out.BulkString(e.name)
	}
}

func slowlogLen(q *call) {
	q.srv.slowlog.mu.Lock()
	n := len(q.srv.slowlog.entries)
	q.srv.slowlog.mu.Unlock()
	q.out.Int(int64(n))
}

func slowlogReset(q *call) {
	q.srv.slowlog.trim(0)
	q.out.OK()
}

func slowlogHelp(q *call) {
	q.help(
		"GET [<count>]",
		"    Return the newest entries (default: 10, -1 means all): id, time in",
		"    seconds since 1970, duration in microseconds, command, address and name",
		"    of the client.",
		"LEN",
		"    Return the number of entries.",
		"RESET",
		"    Forget all entries.",
	)
}
