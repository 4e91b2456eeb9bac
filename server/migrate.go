package server

import (
	"bytes"
	"errors"
	"net"
	"slices"
	"strconv"
	"syscall"
	"time"

	"larder/engine"
	"larder/protocol/resp"
	"larder/server/command"
)

// MIGRATE moves keys to another server: DUMP here, RESTORE there, DEL here. The
// other server may be slow or gone, and no lock is held while it is waited for.
// So a key may change between its dump and its deletion: it is dumped once more
// before it is deleted, and if that is not what was sent, it stays, and the
// reply says so. Nothing that was written is lost; the other server then has an
// older copy, which the next MIGRATE with REPLACE takes the place of.

// migration is a parsed MIGRATE.
type migration struct {
	address       string
	db            int64
	timeout       time.Duration // of each step of the conversation
	copy, replace bool
	auth          [][]byte // the AUTH to send, nil = none
	keys          [][]byte
}

// defaultMigrateTimeout stands in for a timeout that is not positive.
const defaultMigrateTimeout = time.Second

// migration parses the request; on failure it has replied.
func (q *call) migration() (m migration, ok bool) {
	m.address = net.JoinHostPort(string(q.args[1]), string(q.args[2]))
	m.keys = q.args[3:4]
options:
	for i := 6; i < len(q.args); i++ {
		more := len(q.args) - 1 - i
		switch {
		case q.is(i, "COPY"):
			m.copy = true
		case q.is(i, "REPLACE"):
			m.replace = true
		case q.is(i, "AUTH") && more >= 1:
			m.auth = [][]byte{[]byte("AUTH"), q.args[i+1]}
			i++
		case q.is(i, "AUTH2") && more >= 2:
			m.auth = [][]byte{[]byte("AUTH"), q.args[i+1], q.args[i+2]}
			i += 2
		case q.is(i, "KEYS"):
			if len(q.args[3]) > 0 {
				q.out.Error("ERR When using MIGRATE KEYS option, the key argument must be set to the empty string")
				return m, false
			}
			m.keys = q.args[i+1:]
			break options
		default:
			q.out.Error(command.ErrSyntax)
			return m, false
		}
	}
	ms, ok := q.int(5)
	if !ok {
		return m, false
	}
	if m.timeout = time.Duration(ms) * time.Millisecond; ms <= 0 || ms > int64(time.Hour/time.Millisecond) {
		m.timeout = defaultMigrateTimeout
	}
	m.db, ok = q.int(4)
	return m, ok
}

// migrate implements MIGRATE. It runs on a worker.
func migrate(q *call) {
	m, ok := q.migration()
	if !ok {
		return
	}
	h := q.hand()
	defer q.ex.settleNested(&h.n)
	if !slices.ContainsFunc(m.keys, h.exists) {
		q.out.Simple("NOKEY")
		return
	}
	conn, err := net.DialTimeout("tcp", m.address, m.timeout)
	if err != nil {
		q.out.Error(unreachable(err))
		return
	}
	defer func() { _ = conn.Close() }()
	t := newTarget(conn, m.timeout)
	t.greet(&m)
	changed := false
	for keys := m.keys; len(keys) > 0 && !t.broken; {
		keys = keys[h.sendBatch(&m, t, keys):]
		changed = h.settleBatch(&m, t) || changed
	}
	switch {
	case t.fault != "":
		q.out.Error(t.fault)
	case changed:
		q.out.Error("ERR a key has changed while it was sent, and was kept: MIGRATE it again with REPLACE")
	default:
		q.out.OK()
	}
}

// unreachable is the reply for a target to which there is no connection. Redis
// notices one that refuses only when it writes, and says so.
func unreachable(err error) string {
	var waited net.Error
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return errTargetWrite
	case errors.As(err, &waited) && waited.Timeout():
		return "IOERR error or timeout connecting to the client"
	}
	return "ERR Can't connect to target node: " + err.Error()
}

// Batches are sent before a reply is waited for.
const (
	migrateBatchKeys  = 64
	migrateBatchBytes = 1 << 20
)

// sendBatch sends keys from the first on and returns how many it has looked
// at. Those that are absent are left out.
func (h *hand) sendBatch(m *migration, t *target, keys [][]byte) (n int) {
	h.sent = h.sent[:0]
	h.q.ex.tick()
	for n < len(keys) && n < migrateBatchKeys && t.waiting() < migrateBatchBytes {
		k := h.q.srv.engine.Key(keys[n])
		n++
		k.Shard.Lock()
		d, ok := h.dump(k)
		k.Shard.Unlock()
		if !ok {
			continue
		}
		h.sent = append(h.sent, d)
		words := [][]byte{[]byte("RESTORE"), d.key, d.ttl(h.q.ex.nowMs), d.payload}
		if m.replace {
			words = append(words, []byte("REPLACE"))
		}
		t.send(words...)
	}
	t.flush()
	return n
}

// settleBatch reads what became of the batch and deletes what has arrived. It
// tells whether a key has changed in the meantime and was kept.
func (h *hand) settleBatch(m *migration, t *target) (changed bool) {
	for _, d := range h.sent {
		if t.read() && !m.copy && !h.deleteIfSame(d) {
			changed = true
		}
	}
	return changed
}

// deleteIfSame deletes a key that is still as it was sent; false if it is not.
func (h *hand) deleteIfSame(d dumped) bool {
	k := h.q.srv.engine.Key(d.key)
	k.Shard.Lock()
	defer k.Shard.Unlock()
	now, ok := h.dump(k)
	if !ok {
		return true // it is gone anyway
	}
	if !bytes.Equal(now.payload, d.payload) || now.deadline != d.deadline {
		return false
	}
	h.locked("DEL", k)
	h.q.ex.commitNested(&h.n)
	return true
}

// hand runs commands on keys for a session handler, locking the key's shard
// for each.
type hand struct {
	q   *call
	n   nesting
	out resp.Writer
	// sent are the keys of a batch, as they were dumped.
	sent []dumped
}

// dumped is a key as it was sent.
type dumped struct {
	key, payload []byte
	deadline     int64 // ms since 1970, -1 = none
}

func (q *call) hand() *hand {
	h := &hand{q: q}
	h.n = nesting{s: q.s, out: &h.out, mayTakeLong: true, noTouch: true}
	q.withSession(func() { h.n.db = q.s.db })
	return h
}

// exists tells whether there is a key.
func (h *hand) exists(key []byte) bool {
	k := h.q.srv.engine.Key(key)
	k.Shard.Lock()
	defer k.Shard.Unlock()
	h.locked("EXISTS", k)
	return string(h.out.Buf) == ":1\r\n"
}

// locked runs a command whose only argument is a key, whose shard is locked.
// The reply is in h.out, in RESP2.
func (h *hand) locked(name string, k engine.Key) {
	h.out.Buf = h.out.Buf[:0]
	h.q.ex.runNested(&h.n, h.q.srv.lookup([]byte(name)), [][]byte{[]byte(name), k.Name}, []engine.Key{k})
}

// dump returns a key as it is now; ok is false if it is absent.
// REQUIRES: its shard is locked.
func (h *hand) dump(k engine.Key) (d dumped, ok bool) {
	h.locked("DUMP", k)
	payload, ok := bulkContent(h.out.Buf)
	if !ok {
		return d, false
	}
	payload = bytes.Clone(payload)
	h.locked("PEXPIRETIME", k)
	n, _ := resp.ParseInt(bytes.Trim(h.out.Buf, ":\r\n"))
	return dumped{k.Name, payload, n}, true
}

// ttl returns the key's time to live in ms, as RESTORE takes it.
func (d *dumped) ttl(nowMs int64) []byte {
	if d.deadline < 0 {
		return []byte("0")
	}
	return strconv.AppendInt(nil, max(1, d.deadline-nowMs), 10)
}

// bulkContent returns what a reply that is a bulk string holds; ok is false
// for any other.
func bulkContent(reply []byte) (content []byte, ok bool) {
	head, rest, found := bytes.Cut(reply, []byte("\r\n"))
	if !found || head[0] != '$' || len(rest) < 2 {
		return nil, false
	}
	return rest[:len(rest)-2], true
}
