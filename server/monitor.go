package server

import (
	"strconv"
	"sync"
	"sync/atomic"

	"larder/server/command"
)

// monitorSet holds the sessions that MONITOR.
type monitorSet struct {
	n atomic.Int32
	// mu guards sessions. Only mailbox.mu is taken under it.
	mu       sync.Mutex
	sessions map[*session]struct{}
}

func (m *monitorSet) any() bool { return m.n.Load() > 0 }

func (m *monitorSet) add(s *session) {
	m.mu.Lock()
	if m.sessions == nil {
		m.sessions = map[*session]struct{}{}
	}
	m.sessions[s] = struct{}{}
	m.n.Store(int32(len(m.sessions)))
	m.mu.Unlock()
}

func (m *monitorSet) remove(s *session) {
	if !m.any() {
		return
	}
	m.mu.Lock()
	delete(m.sessions, s)
	m.n.Store(int32(len(m.sessions)))
	m.mu.Unlock()
}

// feedMonitors shows a command that has run, or runs on a worker, to all monitors.
func (srv *Server) feedMonitors(s *session, ex *executor, cmd *bound, args [][]byte) {
	if cmd.Is&(command.SkipMonitor|command.Admin) != 0 {
		return
	}
	ex.scratch = appendMonitorLine(ex.scratch[:0], ex.nowMs*1000+ex.nowNs/1000%1000, s, redact(cmd, args))
	srv.monitors.mu.Lock()
	for m := range srv.monitors.sessions {
		m.push(ex.scratch)
	}
	srv.monitors.mu.Unlock()
}

// appendMonitorLine appends `+SECONDS.MICROS [DB ADDR] "WORD" …` for a command
// at the time given in µs since 1970.
func appendMonitorLine(dst []byte, us int64, s *session, args [][]byte) []byte {
	dst = append(dst, '+')
	dst = strconv.AppendInt(dst, us/1e6, 10)
	dst = append(dst, '.')
	micros := strconv.FormatInt(us%1e6+1e6, 10)
	dst = append(dst, micros[1:]...)
	dst = append(dst, " ["...)
	dst = strconv.AppendInt(dst, int64(s.db), 10)
	dst = append(dst, ' ')
	if s.peer.unix {
		dst = append(dst, "unix:"...)
		dst = append(dst, s.peer.remote[:len(s.peer.remote)-2]...)
	} else {
		dst = append(dst, s.peer.remote...)
	}
	dst = append(dst, ']')
	for _, a := range args {
		dst = append(dst, ' ')
		dst = appendQuoted(dst, a)
	}
	return append(dst, '\r', '\n')
}

// appendQuoted appends b in double quotes, escaped as redis-cli shows strings.
func appendQuoted(dst, b []byte) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	for _, c := range b {
		switch c {
		case '\\', '"':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, `\n`...)
		case '\r':
			dst = append(dst, `\r`...)
		case '\t':
			dst = append(dst, `\t`...)
		case '\a':
			dst = append(dst, `\a`...)
		case '\b':
			dst = append(dst, `\b`...)
		default:
			if c >= ' ' && c < 0x7f {
				dst = append(dst, c)
			} else {
				dst = append(dst, '\\', 'x', hex[c>>4], hex[c&15])
			}
		}
	}
	return append(dst, '"')
}
