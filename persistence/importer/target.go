package importer

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"

	"larder/protocol/rdb"
)

// Server is a running server that keys are put into: by RESTORE, and by
// memcached's meta set where an item has flags and a CAS value, which RESTORE
// has no words for.
type Server struct {
	c     *conn
	items *conn // to its memcached port; nil until an item comes
	ctx   context.Context
	db    int
	sent  []sentKey
	put   []sentKey // by items
	buf   rdb.Writer
	// KeepGoing makes a refused key one that is counted.
	KeepGoing bool
	refused   int64
	first     error // the first key that was refused
}

// sentKey is a command whose reply is outstanding.
type sentKey struct {
	db      int
	key, at string
}

// DialServer connects to the server at a. The context ends what is under way.
func DialServer(ctx context.Context, a Address) (*Server, error) {
	c, err := dialRedis(ctx, a)
	if err != nil {
		return nil, err
	}
	return &Server{c: c, ctx: ctx}, nil
}

// Close ends the connections.
func (s *Server) Close() {
	s.c.close()
	if s.items != nil {
		s.items.close()
	}
}

// Refused is how many keys the server did not take, and the first of them.
func (s *Server) Refused() (n int64, first error) { return s.refused, s.first }

// Library implements Target.
func (s *Server) Library(code string) error {
	_, err := s.c.do("FUNCTION", "LOAD", "REPLACE", code)
	return err
}

// Waiting implements Target.
func (s *Server) Waiting() int {
	n := len(s.c.out)
	if s.items != nil {
		n += len(s.items.out)
	}
	return n
}

// Put implements Target.
func (s *Server) Put(e *Entry) error {
	if e.Item.Stored && e.DB == 0 && len(e.Value) > 0 && rdb.Kind(e.Value[0]) == rdb.KindString {
		return s.putItem(e)
	}
	if err := s.selectDB(e.DB, e.At); err != nil {
		return err
	}
	version := rdb.Version
	if len(e.Value) > 0 && rdb.Kind(e.Value[0]) >= rdb.KindSetListpack {
		version = rdb.VersionTTL
	}
	s.buf.Buf = append(s.buf.Buf[:0], e.Value...)
	s.buf.Seal(0, version)
	c := s.c
	c.begin(6)
	c.word([]byte("RESTORE"))
	c.word(e.Key)
	c.word(strconv.AppendInt(nil, e.DeadlineMs, 10))
	c.word(s.buf.Buf)
	c.word([]byte("REPLACE"))
	c.word([]byte("ABSTTL"))
	s.sent = append(s.sent, sentKey{e.DB, string(e.Key), e.At})
	return nil
}

// selectDB selects a database. It waits for the reply: keys that follow must not
// end up in another one.
func (s *Server) selectDB(db int, at string) error {
	if s.db == db {
		return nil
	}
	r, err := s.ask("SELECT", strconv.Itoa(db))
	switch {
	case r.failed() && strings.Contains(string(r.text), "out of range"):
		return fmt.Errorf("%s: the target has no database %d: start it with --databases %d or more", at, db, db+1)
	case err != nil:
		return fmt.Errorf("%s: %w", at, err)
	}
	s.db = db
	return nil
}

// putItem stores a string as memcached does.
func (s *Server) putItem(e *Entry) error {
	if s.items == nil {
		if err := s.dialItems(); err != nil {
			return err
		}
	}
	value, err := rdb.ReadString(e.Value[1:], nil)
	if err != nil {
		return fmt.Errorf("%s: %w", e.At, err)
	}
	c := s.items
	c.out = append(c.out, "ms "...)
	c.out = base64.StdEncoding.AppendEncode(c.out, e.Key)
	c.out = fmt.Appendf(c.out, " %d b F%d E%d", len(value), e.Item.Flags, e.Item.CAS)
	if e.DeadlineMs != 0 {
		c.out = fmt.Appendf(c.out, " T%d", (e.DeadlineMs+999)/1000) // more than 30 days are seconds since 1970
	}
	c.out = append(append(append(c.out, "\r\n"...), value...), "\r\n"...)
	s.put = append(s.put, sentKey{e.DB, string(e.Key), e.At})
	return nil
}

// dialItems asks the server for its memcached port and connects to it.
func (s *Server) dialItems() error {
	const what = "the items have flags and CAS values, which only the target's memcached port takes"
	r, err := s.ask("CONFIG", "GET", "memcached-port")
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	if len(r.list) != 2 || string(r.list[1].text) == "0" {
		return errors.New(what + ": start it with --memcached-port")
	}
	host, _, err := net.SplitHostPort(s.c.addr)
	if err != nil {
		return err
	}
	s.items, err = dial(s.ctx, net.JoinHostPort(host, string(r.list[1].text)))
	return err
}

// ask asks something between keys: those before are flushed.
func (s *Server) ask(words ...string) (reply, error) {
	if err := s.Flush(); err != nil {
		return reply{}, err
	}
	return s.c.do(words...)
}

// Flush implements Target.
func (s *Server) Flush() error {
	if s.ctx.Err() != nil {
		return context.Cause(s.ctx)
	}
	if err := s.flushKeys(); err != nil || len(s.put) == 0 {
		return err
	}
	return s.flushItems()
}

func (s *Server) flushKeys() error {
	if len(s.sent) == 0 {
		return nil
	}
	if err := s.c.flush(); err != nil {
		return err
	}
	var fault error
	for _, k := range s.sent {
		r, err := s.c.read()
		if err != nil {
			return err
		}
		if r.failed() && fault == nil {
			fault = s.refuse(k, string(r.text))
		}
	}
	s.sent = s.sent[:0]
	return fault
}

func (s *Server) flushItems() error {
	if err := s.items.flush(); err != nil {
		return err
	}
	var fault error
	for _, k := range s.put {
		line, err := s.items.line()
		if err != nil {
			return s.items.broken(err)
		}
		if !strings.HasPrefix(string(line), "HD") && fault == nil {
			fault = s.refuse(k, string(line))
		}
	}
	s.put = s.put[:0]
	return fault
}

// hopeless begin the replies after which no other key will fare better.
var hopeless = []string{"OOM", "MISCONF", "READONLY", "NOPERM", "NOAUTH", "LOADING", "MASTERDOWN", "SERVER_ERROR"}

// refuse is what comes of a refusal: an error, or a number.
func (s *Server) refuse(k sentKey, reason string) error {
	err := error(&RefusedError{DB: k.db, Key: []byte(k.key), At: k.at, Reason: reason})
	for _, word := range hopeless {
		if strings.HasPrefix(reason, word) {
			return fmt.Errorf("%w: mend that on the target, and start the same import again: it goes on where it stopped", err)
		}
	}
	if !s.KeepGoing {
		return fmt.Errorf("%w; with --keep-going such keys are counted and left out", err)
	}
	if s.refused++; s.first == nil {
		s.first = err
	}
	return nil
}

// Missing tells which of the entries the server does not have.
func (s *Server) Missing(entries []Entry) (missing []Entry, err error) {
	for from := 0; from < len(entries); {
		if err := s.selectDB(entries[from].DB, entries[from].At); err != nil {
			return nil, err
		}
		to := from
		for to < len(entries) && entries[to].DB == s.db {
			s.c.begin(2)
			s.c.word([]byte("EXISTS"))
			s.c.word(entries[to].Key)
			to++
		}
		if err := s.c.flush(); err != nil {
			return nil, err
		}
		for i := from; i < to; i++ {
			r, err := s.c.read()
			if err == nil && r.failed() {
				err = fmt.Errorf("%s: %s", s.c.addr, r.text)
			}
			if err != nil {
				return nil, err
			}
			if string(r.text) == "0" {
				missing = append(missing, entries[i])
			}
		}
		from = to
	}
	return missing, nil
}
