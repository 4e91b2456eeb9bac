package server

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"go.uber.org/zap"

	"larder/server/command"
)

// SYNC, PSYNC and REPLCONF, as far as tools use them to fetch a snapshot over
// a connection (redis-cli --rdb, --functions-rdb): the snapshot is sent, and
// the connection ends. A replica would go on to wait for the writes that follow,
// which are not sent, so that what announces itself as one is refused.
//
//	"$" length CR LF, bytes                      what was not said to know more
//	"$EOF:" mark CR LF, bytes, mark (40 bytes)   after REPLCONF capa eof
//
// The second form is written while the snapshot is taken; for the first one it
// goes to a file before, because the length stands in front.

const (
	// syncMark is the length of the mark at the end.
	syncMark = 40
	// syncBufferBytes is how much of a snapshot waits for the client at a time.
	syncBufferBytes = 1 << 20
	// syncPoll is how often it is looked whether that has become less, and
	// syncPatience how long a client may read nothing.
	syncPoll     = time.Millisecond
	syncPatience = time.Minute
)

// syncWishes is what a connection has said by REPLCONF of the snapshot that it
// will ask for.
type syncWishes struct {
	endMark   bool // it understands the form with a mark
	replica   bool // it wants to be one
	filtered  bool // only what is named:
	functions bool
}

// replconf implements REPLCONF option value …
func replconf(q *call) {
	if len(q.args)%2 == 0 {
		q.out.Error(command.ErrSyntax)
		return
	}
	w := &q.s.sync
	for i := 1; i < len(q.args); i += 2 {
		value := string(q.args[i+1])
		switch {
		case q.is(i, "LISTENING-PORT"):
			if _, ok := q.int(i + 1); !ok {
				return
			}
			w.replica = true
		case q.is(i, "IP-ADDRESS"):
			w.replica = true
		case q.is(i, "CAPA"):
			w.endMark = w.endMark || strings.EqualFold(value, "eof")
		case q.is(i, "RDB-ONLY"):
			n, ok := q.int(i + 1)
			if !ok {
				return
			}
			w.replica = w.replica && n == 0
		case q.is(i, "RDB-FILTER-ONLY"):
			w.filtered, w.functions = true, false
			for _, word := range strings.Fields(value) {
				if word != "functions" {
					q.out.Error("ERR Unsupported rdb-filter-only option: " + word)
					return
				}
				w.functions = true
			}
		case q.is(i, "ACK"):
			return // it is not answered, and here of no use
		case q.is(i, "GETACK"):
			return
		default:
			q.out.Error("ERR Unrecognized REPLCONF option: " + string(q.args[i]))
			return
		}
	}
	q.out.OK()
}

const errNoReplicas = "ERR larder has no Redis replicas: to copy its data once, use redis-cli --rdb, or MIGRATE"

// syncCommand implements SYNC. It runs on a worker.
func syncCommand(q *call) { q.sendSnapshot("") }

// psync implements PSYNC replicationid offset. It runs on a worker.
func psync(q *call) {
	if _, ok := q.int(2); !ok {
		return
	}
	q.sendSnapshot("+FULLRESYNC " + *q.srv.replID.Load() + " 0\r\n")
}

// sendSnapshot sends a snapshot, behind a greeting, and ends the connection.
func (q *call) sendSnapshot(greeting string) {
	srv := q.srv
	q.s.mu.Lock()
	wishes := q.s.sync
	q.s.mu.Unlock()
	switch {
	case wishes.replica:
		q.out.Error(errNoReplicas)
		return
	case srv.saver.store == nil:
		q.replySaveFault(errNoSnapshots)
		return
	}
	info := srv.snapshotInfo(time.Now().Unix())
	if wishes.filtered {
		info.NoKeys = true
		if !wishes.functions {
			info.Libraries = nil
		}
	}
	q.hangUp = true
	out := &sessionWriter{s: q.s}
	send := srv.sendMarked
	if !wishes.endMark {
		send = srv.sendCounted
	}
	started, p := time.Now(), new(SnapshotProgress)
	_, err := io.WriteString(out, greeting)
	if err == nil {
		err = send(out, info, p)
	}
	fields := append(p.fields(time.Since(started)), zap.String("addr", q.s.peer.remote))
	if err != nil {
		srv.log.Warn("a snapshot was not sent to its end", append(fields, zap.Error(err))...)
		q.s.kill() // what was sent must not look complete
		return
	}
	srv.log.Info("a snapshot was sent to a client", fields...)
}

// sendMarked sends a snapshot with a mark behind it.
func (srv *Server) sendMarked(out io.Writer, info SnapshotInfo, p *SnapshotProgress) error {
	var raw [syncMark / 2]byte
	_, _ = rand.Read(raw[:]) // never fails
	mark := hex.EncodeToString(raw[:])
	if _, err := io.WriteString(out, "$EOF:"+mark+"\r\n"); err != nil {
		return err
	}
	if err := srv.saver.store.Write(context.Background(), out, info, p); err != nil {
		return err
	}
	_, err := io.WriteString(out, mark)
	return err
}

// sendCounted sends a snapshot with its length in front.
func (srv *Server) sendCounted(out io.Writer, info SnapshotInfo, p *SnapshotProgress) (err error) {
	file := filepath.Join(srv.cfg.Load().Dir, "send-"+strconv.FormatUint(srv.entropy(), 36)+".rdb")
	if err := srv.saver.store.Save(context.Background(), file, info, p); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.Remove(file)) }()
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	st, err := f.Stat()
	if err != nil {
		return err
	}
	if _, err := io.WriteString(out, "$"+strconv.FormatInt(st.Size(), 10)+"\r\n"); err != nil {
		return err
	}
	_, err = io.Copy(out, f)
	return err
}

// sessionWriter writes to a parked session's output as fast as the client takes
// it.
type sessionWriter struct{ s *session }

var (
	errClientGone = errors.New("the client has gone")
	errClientDeaf = errors.New("the client reads nothing")
)

// Write implements io.Writer.
func (w *sessionWriter) Write(b []byte) (n int, err error) {
	deadline := time.Now().Add(syncPatience)
	for n < len(b) {
		room := w.room()
		switch {
		case room < 0:
			return n, errClientGone
		case room == 0 && time.Now().After(deadline):
			return n, errClientDeaf
		case room == 0:
			time.Sleep(syncPoll)
			continue
		}
		part := b[n:min(len(b), n+room)]
		w.s.mu.Lock()
		w.s.out.Buf = append(w.s.out.Buf, part...)
		w.s.mu.Unlock()
		w.s.driver.wake(w.s)
		n += len(part)
		deadline = time.Now().Add(syncPatience)
	}
	return n, nil
}

// room is how many bytes more may wait for the client, -1 if it has gone.
func (w *sessionWriter) room() int {
	s := w.s
	if s.gone.Load() || s.killed.Load() {
		return -1
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing != stayOpen || s.ended {
		return -1
	}
	return max(0, syncBufferBytes-s.waiting())
}
