package importer

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"larder/protocol/rdb"
)

// Redis is a running server of Redis's protocol, 5.0 or newer: its keys are
// listed by SCAN and come as DUMP writes them. SCAN lists a key that is there
// all the time at least once, and may list it twice; what is written meanwhile
// comes in the state of some moment.
type Redis struct {
	addr     Address
	c        *conn
	runID    string
	version  string
	dbs      []int // that hold keys
	total    int64
	vanished int64
}

// OpenRedis connects to the server at a.
func OpenRedis(ctx context.Context, a Address) (*Redis, error) {
	c, err := dialRedis(ctx, a)
	if err != nil {
		return nil, err
	}
	s := &Redis{addr: a, c: c}
	if err := s.look(); err != nil {
		c.close()
		return nil, err
	}
	return s, nil
}

// look asks what the server is, and which databases hold keys.
func (s *Redis) look() error {
	r, err := s.c.do("INFO", "server")
	if err != nil {
		return err
	}
	s.runID, s.version = infoField(r.text, "run_id"), infoField(r.text, "redis_version")
	if major, _, _ := strings.Cut(s.version, "."); len(major) == 1 && major < "5" {
		return fmt.Errorf("%s is Redis %s: import its dump.rdb, running servers are read from 5.0 on", s.c.addr, s.version)
	}
	if r, err = s.c.do("INFO", "keyspace"); err != nil {
		return err
	}
	for line := range strings.Lines(string(r.text)) {
		var db int
		var keys int64
		if n, _ := fmt.Sscanf(line, "db%d:keys=%d", &db, &keys); n == 2 {
			s.dbs = append(s.dbs, db)
			s.total += keys
		}
	}
	return nil
}

func infoField(text []byte, name string) string {
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, name+":"); ok {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// Close ends the connection.
func (s *Redis) Close() { s.c.close() }

// Name implements Source.
func (s *Redis) Name() string { return fmt.Sprintf("redis://%s (Redis %s)", s.addr.Host, s.version) }

// Identity implements Source: a cursor means nothing to a server that was
// started anew.
func (s *Redis) Identity() string { return fmt.Sprintf("redis://%s run %s", s.addr.Host, s.runID) }

// Total implements Source.
func (s *Redis) Total() int64 { return s.total }

// Vanished implements Source.
func (s *Redis) Vanished() int64 { return s.vanished }

// Libraries implements Source. Redis before 7.0 has no functions.
func (s *Redis) Libraries(context.Context) ([]string, error) {
	if major, _, _ := strings.Cut(s.version, "."); len(major) == 1 && major < "7" {
		return nil, nil
	}
	r, err := s.c.do("FUNCTION", "DUMP")
	if err != nil {
		return nil, err
	}
	payload, err := rdb.Open(r.text)
	if err != nil {
		return nil, fmt.Errorf("%s, FUNCTION DUMP: %w", s.c.addr, err)
	}
	var codes []string
	err = rdb.Libraries(payload, func(code []byte) error {
		codes = append(codes, string(code))
		return nil
	})
	return codes, err
}

// scanCount is how many keys SCAN is asked for at a time.
const scanCount = "256"

// Each implements Source.
func (s *Redis) Each(ctx context.Context, from Position, values bool, put func(e *Entry, at Position) error) error {
	for _, db := range s.dbs {
		if db < from.DB {
			continue
		}
		at := Position{DB: db, Cursor: "0"}
		if db == from.DB && from.Cursor != "" {
			at.Cursor = from.Cursor
		}
		if _, err := s.c.do("SELECT", strconv.Itoa(db)); err != nil {
			return err
		}
		for {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			r, err := s.c.do("SCAN", at.Cursor, "COUNT", scanCount)
			if err != nil {
				return err
			}
			if len(r.list) != 2 {
				return fmt.Errorf("%s: SCAN answers no cursor", s.c.addr)
			}
			if err := s.page(r.list[1].list, at, values, put); err != nil {
				return err
			}
			if at.Cursor = string(r.list[0].text); at.Cursor == "0" {
				break
			}
		}
	}
	return nil
}

// page hands over the keys that a SCAN has listed.
func (s *Redis) page(keys []reply, at Position, values bool, put func(e *Entry, at Position) error) error {
	if !values {
		for _, k := range keys {
			if err := put(&Entry{DB: at.DB, Key: k.text, At: s.addr.Host}, at); err != nil {
				return err
			}
		}
		return nil
	}
	for _, k := range keys {
		s.c.send("PTTL", string(k.text))
		s.c.send("DUMP", string(k.text))
	}
	if len(keys) > 0 {
		if err := s.c.flush(); err != nil {
			return err
		}
	}
	for _, k := range keys {
		ttl, err := s.c.read()
		if err != nil {
			return err
		}
		now := time.Now().UnixMilli()
		dump, err := s.c.read()
		if err != nil {
			return err
		}
		if err := s.key(k.text, ttl, dump, now, at, put); err != nil {
			return err
		}
	}
	return nil
}

// key hands over a key, unless it has gone since it was listed.
func (s *Redis) key(key []byte, ttl, dump reply, nowMs int64, at Position, put func(e *Entry, at Position) error) error {
	switch {
	case ttl.failed():
		return fmt.Errorf("%s answers to PTTL: %s", s.c.addr, ttl.text)
	case dump.failed():
		return fmt.Errorf("%s answers to DUMP of key %.80q: %s", s.c.addr, key, dump.text)
	case dump.null, string(ttl.text) == "-2":
		s.vanished++
		return nil
	}
	value, err := rdb.Open(dump.text)
	if err != nil || len(value) == 0 {
		return fmt.Errorf("%s, database %d, key %.80q: the server's DUMP is of a version that is not known, newer than Redis 7.4", s.c.addr, at.DB, key)
	}
	e := Entry{DB: at.DB, Key: key, Value: value, At: s.addr.Host}
	if ms, err := strconv.ParseInt(string(ttl.text), 10, 64); err == nil && ms >= 0 {
		e.DeadlineMs = nowMs + ms
	}
	return put(&e, at)
}

// Gone implements Source.
func (s *Redis) Gone(_ context.Context, missing []Entry) ([]bool, error) {
	gone := make([]bool, len(missing))
	for i := range missing {
		// One database after the other is compared, and the selected one is that
		// of the keys.
		r, err := s.c.do("EXISTS", string(missing[i].Key))
		if err != nil {
			return nil, err
		}
		gone[i] = string(r.text) == "0"
	}
	return gone, nil
}
