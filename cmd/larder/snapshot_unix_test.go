//go:build unix

package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// client is a connection that sends inline commands.
type client struct {
	t    *testing.T
	conn net.Conn
	in   *bufio.Reader
}

func (p *process) dial(t *testing.T) *client {
	t.Helper()
	conn, err := net.DialTimeout("unix", p.socket, patience)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(patience)) // a unix socket has deadlines
	return &client{t, conn, bufio.NewReader(conn)}
}

// do sends a command and returns its reply, the elements of arrays separated by
// spaces.
func (c *client) do(command string) string {
	c.t.Helper()
	if _, err := io.WriteString(c.conn, command+"\r\n"); err != nil {
		c.t.Fatal(err)
	}
	reply, err := c.reply()
	if err != nil {
		c.t.Fatalf("%s: %v", command, err)
	}
	return reply
}

func (c *client) reply() (string, error) {
	line, err := c.in.ReadString('\n')
	if err != nil {
		return "", err
	}
	line = strings.TrimRight(line, "\r\n")
	n, _ := strconv.Atoi(line[1:])
	switch line[0] {
	case '$':
		if n < 0 {
			return "(nil)", nil
		}
		b := make([]byte, n+2)
		_, err := io.ReadFull(c.in, b)
		return string(b[:n]), err
	case '*':
		items := make([]string, max(n, 0))
		for i := range items {
			if items[i], err = c.reply(); err != nil {
				return "", err
			}
		}
		return strings.Join(items, " "), nil
	}
	return line[1:], nil
}

// want fails the test unless the command has the reply.
func (c *client) want(command, reply string) {
	c.t.Helper()
	if got := c.do(command); got != reply {
		c.t.Errorf("%s answers %q, want %q", command, got, reply)
	}
}

// ended waits for the connection to end, without a reply.
func (c *client) ended(command string) {
	c.t.Helper()
	if _, err := io.WriteString(c.conn, command+"\r\n"); err != nil {
		c.t.Fatal(err)
	}
	if got, err := io.ReadAll(c.in); err != nil || len(got) > 0 {
		c.t.Errorf("%s answers %q, %v", command, got, err)
	}
}

// fill makes a key of each type, and filled checks that all are there.
func fill(c *client) {
	for command, reply := range map[string]string{
		"SET string value": "OK", "SET number 12": "OK", "SET late v PXAT 99999999999999": "OK",
		"RPUSH list a b 3": "3", "SADD set x y": "2", "SADD ints 1 2 3": "3", "ZADD zset 1.5 m 2 n": "2", "HSET hash f v g 2": "2",
		"XADD stream 5-1 f v": "5-1", "SETBIT bits 100 1": "0",
	} {
		c.want(command, reply)
	}
	c.want("XGROUP CREATE stream group 0", "OK")
	c.want("SELECT 3", "OK")
	c.want("SET other db", "OK")
	c.want("SELECT 0", "OK")
}

func filled(c *client) {
	c.want("GET string", "value")
	c.want("GET number", "12")
	c.want("PEXPIRETIME late", "99999999999999")
	c.want("LRANGE list 0 -1", "a b 3")
	c.want("SMISMEMBER set x y z", "1 1 0")
	c.want("OBJECT ENCODING ints", "intset")
	c.want("ZRANGE zset 0 -1 WITHSCORES", "m 1.5 n 2")
	c.want("HMGET hash f g", "v 2")
	c.want("XRANGE stream - +", "5-1 f v")
	c.want("BITCOUNT bits", "1")
	c.want("SELECT 3", "OK")
	c.want("DBSIZE", "1")
	c.want("GET other", "db")
	c.want("SELECT 0", "OK")
	c.want("DBSIZE", "10")
}

// What is there at the end of the server is there again after its next start:
// because a client or a signal has ended it with save points, or because of
// SAVE, BGSAVE or a save point before it was killed.
func TestDataSurvivesRestart(t *testing.T) {
	kill := func(p *process, _ *client) { _ = p.cmd.Process.Kill() }
	saved := func(c *client) {
		for deadline := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
			info := c.do("INFO persistence")
			if strings.Contains(info, "rdb_bgsave_in_progress:0") && strings.Contains(info, "rdb_changes_since_last_save:0") {
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("no snapshot is written:\n%s", info)
			}
		}
	}
	tests := []struct {
		name, save string
		end        func(p *process, c *client)
	}{
		{"SAVE and kill", "", func(p *process, c *client) { c.want("SAVE", "OK"); kill(p, c) }},
		{"BGSAVE and kill", "", func(p *process, c *client) { c.want("BGSAVE", "Background saving started"); saved(c); kill(p, c) }},
		{"BGSAVE in a transaction", "", func(p *process, c *client) {
			c.want("MULTI", "OK")
			c.want("BGSAVE", "QUEUED")
			c.want("EXEC", "Background saving scheduled")
			saved(c)
			kill(p, c)
		}},
		{"save point and kill", "1 1", func(p *process, c *client) { saved(c); kill(p, c) }},
		{"SHUTDOWN", "3600 1", func(_ *process, c *client) { c.ended("SHUTDOWN") }},
		{"SHUTDOWN SAVE", "", func(_ *process, c *client) { c.ended("SHUTDOWN SAVE") }},
		{"signal", "3600 1", func(p *process, _ *client) { _ = p.cmd.Process.Signal(syscall.SIGTERM) }},
		{"signal that asks for it", "", func(p *process, c *client) {
			c.want("CONFIG SET shutdown-on-sigint save", "OK")
			_ = p.cmd.Process.Signal(syscall.SIGINT)
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			args := []string{"--dir", t.TempDir(), "--save", tt.save, "--dbfilename", "data.rdb"}
			p := launch(t, args...)
			p.awaitReady(t)
			c := p.dial(t)
			fill(c)
			tt.end(p, c)
			_ = p.cmd.Wait() // some are killed
			again := launch(t, args...)
			again.awaitReady(t)
			filled(again.dial(t))
		})
	}
}

// Without a wish for one, no snapshot is written.
func TestShutdownWithoutSnapshot(t *testing.T) {
	for name, tt := range map[string]struct{ save, command string }{
		"no save points": {"", "SHUTDOWN"},
		"NOSAVE":         {"3600 1", "SHUTDOWN NOSAVE"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			p := launch(t, "--dir", dir, "--save", tt.save)
			p.awaitReady(t)
			c := p.dial(t)
			c.want("SET k v", "OK")
			c.ended(tt.command)
			if err := p.cmd.Wait(); err != nil {
				t.Error(err)
			}
			if files, err := os.ReadDir(dir); err != nil || len(files) > 0 {
				t.Errorf("%v is left, %v", files, err)
			}
		})
	}
}

// A server whose snapshot cannot be written refuses writes and to shut down,
// until it can.
func TestSnapshotFails(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	p := launch(t, "--dir", dir, "--save", "3600 1")
	p.awaitReady(t)
	c := p.dial(t)
	c.want("SET k v", "OK")
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	c.want("SAVE", "ERR")
	c.want("SET k w", "OK") // SAVE tells its client, who may know what to do
	c.want("BGSAVE", "Background saving started")
	for deadline := time.Now().Add(patience); !strings.Contains(c.do("INFO persistence"), "rdb_last_bgsave_status:err"); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the snapshot does not fail")
		}
	}
	refusal := "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk."
	for _, command := range []string{"SET k x", "DEL k", "PING", `EVAL "return redis.call('del','k')" 0`} {
		if got := c.do(command); !strings.HasPrefix(got, refusal) {
			t.Errorf("%s answers %q", command, got)
		}
	}
	c.want("GET k", "w")
	c.want("SHUTDOWN", "ERR Errors trying to SHUTDOWN. Check logs.")
	c.want("CONFIG SET stop-writes-on-bgsave-error no", "OK")
	c.want("SET k x", "OK")
	c.want("CONFIG SET stop-writes-on-bgsave-error yes", "OK")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	c.want("SAVE", "OK")
	c.want("SET k y", "OK")
	c.ended("SHUTDOWN")
	if err := p.cmd.Wait(); err != nil {
		t.Error(err)
	}
}

// A snapshot that is damaged is named, with place and reason, and not loaded.
func TestDamagedSnapshot(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "dump.rdb")
	if err := os.WriteFile(file, []byte("REDIS0010\xfe\x00\x00\x01k\x05v"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := launch(t, "--dir", dir)
	want := fmt.Sprintf("cannot load the data set: %s is damaged at offset 11: the file ends in the middle of a record", file)
	if printed := p.refusedToStart(t); !strings.Contains(printed, want) {
		t.Errorf("want %q in\n%s", want, printed)
	}
}

// DEBUG RELOAD leaves everything as it is; FLUSHALL stays done over a restart.
func TestReload(t *testing.T) {
	args := []string{"--dir", t.TempDir(), "--save", "3600 1", "--enable-debug-command", "yes"}
	p := launch(t, args...)
	p.awaitReady(t)
	c := p.dial(t)
	fill(c)
	digest := c.do("DEBUG DIGEST")
	c.want("DEBUG RELOAD", "OK")
	c.want("DEBUG DIGEST", digest)
	filled(c)
	c.want("SET extra 1", "OK")
	c.want("DEBUG RELOAD NOSAVE", "OK")
	filled(c)
	c.want("SET string changed", "OK")
	c.want("DEBUG RELOAD NOSAVE NOFLUSH", "ERR Error trying to load the RDB dump, check server logs")
	c.want("DEBUG RELOAD NOSAVE NOFLUSH MERGE", "OK")
	filled(c)
	c.want("DEBUG RELOAD SOMETHING", "ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.")
	c.want("FLUSHALL", "OK")
	for deadline := time.Now().Add(patience); !strings.Contains(c.do("INFO persistence"), "rdb_changes_since_last_save:0"); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("no snapshot follows FLUSHALL")
		}
	}
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait() // it was killed
	again := launch(t, args...)
	again.awaitReady(t)
	again.dial(t).want("DBSIZE", "0")
}

// While the data is loaded, clients are told to wait, and INFO says how far it
// is. The file is a pipe, so that loading takes as long as the test likes.
func TestClientsWaitForData(t *testing.T) {
	dir := t.TempDir()
	pipe := filepath.Join(dir, "dump.rdb")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	p := launch(t, "--dir", dir, "--save", "3600 1")
	file, err := os.OpenFile(pipe, os.O_WRONLY, 0) // waits until the server reads
	if err != nil {
		t.Fatal(err)
	}
	snapshot := "REDIS0003\xfe\x00\x00\x03key\x05value\xff"
	if _, err := io.WriteString(file, snapshot[:20]); err != nil {
		t.Fatal(err)
	}
	c := p.dial(t)
	loading := "LOADING Redis is loading the dataset in memory"
	for _, command := range []string{"GET key", "SET key v", "PING", "SAVE", "EVAL return(1) 0"} {
		c.want(command, loading)
	}
	c.want("MULTI", "OK")
	c.want("GET key", loading)
	c.want("EXEC", "EXECABORT Transaction discarded because of previous errors.")
	for deadline := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		info := c.do("INFO persistence")
		if strings.Contains(info, "\nloading:1\r") && strings.Contains(info, "\nloading_loaded_bytes:20\r") &&
			strings.Contains(info, "\nloading_eta_seconds:") && strings.Contains(info, "\nsnapshot_load_keys_per_sec:0\r") {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("INFO says nothing of the loading:\n%s", info)
		}
	}
	if _, err := io.WriteString(file, snapshot[20:]); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	p.awaitReady(t)
	c.want("GET key", "value")
	if info := c.do("INFO persistence"); !strings.Contains(info, "\nloading:0\r") || !strings.Contains(info, "\nrdb_last_load_keys_loaded:1\r") || strings.Contains(info, "loading_start_time") {
		t.Errorf("INFO says after the loading:\n%s", info)
	}
}
