//go:build unix

package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// payload reads what answers SYNC or PSYNC: to the mark at its end, or as many
// bytes as stand in front.
func (c *client) payload() []byte {
	c.t.Helper()
	line, err := c.in.ReadString('\n')
	if err != nil {
		c.t.Fatal(err)
	}
	rest, err := io.ReadAll(c.in) // the server ends the connection
	if err != nil {
		c.t.Fatal(err)
	}
	line = strings.TrimRight(line, "\r\n")
	if mark, ok := strings.CutPrefix(line, "$EOF:"); ok {
		snapshot, ok := bytes.CutSuffix(rest, []byte(mark))
		if !ok || len(mark) != 40 {
			c.t.Fatalf("%d bytes end without the mark %q", len(rest), mark)
		}
		return snapshot
	}
	if n, err := strconv.Atoi(strings.TrimPrefix(line, "$")); err != nil || n != len(rest) {
		c.t.Fatalf("%d bytes follow %q", len(rest), line)
	}
	return rest
}

// A snapshot that a client fetches holds what the server holds, in either form,
// and leaves no file behind.
func TestSync(t *testing.T) {
	dir := t.TempDir()
	p := launch(t, "--dir", dir, "--save", "", "--enable-debug-command", "yes")
	p.awaitReady(t)
	c := p.dial(t)
	fill(c)
	for name, send := range map[string][]string{
		"SYNC":                {"SYNC"},
		"SYNC with a mark":    {"REPLCONF capa eof", "SYNC"},
		"for redis-cli --rdb": {"REPLCONF capa eof", "REPLCONF rdb-only 1", "SYNC"},
		"PSYNC":               {"PSYNC ? -1"},
		"PSYNC with a mark":   {"REPLCONF capa psync2 capa eof", "PSYNC ? -1"},
	} {
		t.Run(name, func(t *testing.T) {
			s := p.dial(t)
			for _, command := range send[:len(send)-1] {
				s.want(command, "OK")
			}
			if last := send[len(send)-1]; strings.HasPrefix(last, "PSYNC") {
				if got := s.do(last); !strings.HasPrefix(got, "FULLRESYNC ") || !strings.HasSuffix(got, " 0") {
					t.Fatalf("PSYNC answers %q", got)
				}
			} else if _, err := io.WriteString(s.conn, last+"\r\n"); err != nil {
				t.Fatal(err)
			}
			copied := t.TempDir()
			if err := os.WriteFile(filepath.Join(copied, "dump.rdb"), s.payload(), 0o600); err != nil {
				t.Fatal(err)
			}
			again := launch(t, "--dir", copied, "--save", "")
			again.awaitReady(t)
			filled(again.dial(t))
		})
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) > 0 {
		t.Errorf("%v is left, %v", files, err)
	}
}

// A client that reads slowly does not make the server hold much for it.
func TestSyncSlowly(t *testing.T) {
	p := launch(t, "--dir", t.TempDir(), "--save", "", "--rdbcompression", "no", "--enable-debug-command", "yes")
	p.awaitReady(t)
	c := p.dial(t)
	c.want("DEBUG POPULATE 2000 key 20000", "OK")
	s := p.dial(t)
	s.want("REPLCONF capa eof", "OK")
	if _, err := io.WriteString(s.conn, "SYNC\r\n"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.in.Peek(1); err != nil { // it has begun, and now nobody reads
		t.Fatal(err)
	}
	list := ""
	for range 50 {
		list = c.do("CLIENT LIST")
		c.want("SET key:1 changed", "OK") // others go on
	}
	for _, line := range strings.Split(list, "\n") {
		_, field, ok := strings.Cut(line, " omem=")
		if n, _ := strconv.Atoi(strings.Fields(field + " 0")[0]); ok && n > 2<<20 {
			t.Errorf("%d bytes wait for a client: %s", n, line)
		}
	}
	if got := s.payload(); len(got) < 2000*20000 || !bytes.HasPrefix(got, []byte("REDIS0010")) {
		t.Errorf("a snapshot of %d bytes begins with %.10q", len(got), got)
	}
}

// What a snapshot is asked for without keys holds the functions, and what wants
// to be a replica is refused.
func TestSyncOptions(t *testing.T) {
	p := launch(t, "--dir", t.TempDir(), "--save", "")
	p.awaitReady(t)
	c := p.dial(t)
	c.want("SET key value", "OK")
	c.want(`FUNCTION LOAD "#!lua name=one\nredis.register_function('f1', function() return 1 end)"`, "one")
	s := p.dial(t)
	s.want("REPLCONF rdb-filter-only functions", "OK")
	if _, err := io.WriteString(s.conn, "SYNC\r\n"); err != nil {
		t.Fatal(err)
	}
	if got := s.payload(); !bytes.Contains(got, []byte("register_function")) || bytes.Contains(got, []byte("value")) {
		t.Errorf("the functions are sent as %q", got)
	}
	s = p.dial(t)
	s.want("REPLCONF listening-port 7000", "OK")
	s.want("SYNC", "ERR larder has no Redis replicas: to copy its data once, use redis-cli --rdb, or MIGRATE")
	for command, reply := range map[string]string{
		"REPLCONF capa":                 "ERR syntax error",
		"REPLCONF nonsense 1":           "ERR Unrecognized REPLCONF option: nonsense",
		"REPLCONF rdb-filter-only keys": "ERR Unsupported rdb-filter-only option: keys",
		"REPLCONF listening-port x":     "ERR value is not an integer or out of range",
		"PSYNC ? x":                     "ERR value is not an integer or out of range",
	} {
		s.want(command, reply)
	}
}
