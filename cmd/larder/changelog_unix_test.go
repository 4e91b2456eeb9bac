//go:build unix

package main

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// kill ends a process as kill -9 does.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait() // it was killed
}

// until waits until a section of INFO says something.
func (c *client) until(section, says string) {
	c.t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		info := c.do("INFO " + section)
		if strings.Contains(info, says) {
			return
		}
		if time.Now().After(deadline) {
			c.t.Fatalf("INFO %s never says %s:\n%s", section, says, info)
		}
	}
}

// rewritten waits until the log was rewritten at least n times.
func (c *client) rewritten(n int) {
	c.t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		info := c.do("INFO persistence")
		_, rest, _ := strings.Cut(info, "aof_rewrites:")
		digits, _, _ := strings.Cut(rest, "\r")
		if times, err := strconv.Atoi(digits); err == nil && times >= n {
			return
		}
		if time.Now().After(deadline) {
			c.t.Fatalf("the log is not rewritten %d times:\n%s", n, info)
		}
	}
}

// settled waits until the log is in force and everything in it durable.
func (c *client) settled() {
	c.t.Helper()
	c.until("persistence", "aof_pending_rewrite:0")
	c.until("persistence", "aof_rewrite_in_progress:0")
	c.until("persistence", "aof_pending_bio_fsync:0")
}

// What was written is there after kill -9 and a restart, whatever has happened to
// the log in between, and so is what chance and time have decided.
func TestLogSurvivesKill(t *testing.T) {
	always := []string{"--appendonly", "yes", "--appendfsync", "always"}
	tests := []struct {
		name string
		args []string
		live func(c *client)
	}{
		{"always", always, func(*client) {}},
		{"everysec", []string{"--appendonly", "yes"}, func(c *client) { c.settled() }},
		{"no", []string{"--appendonly", "yes", "--appendfsync", "no"}, func(c *client) {
			c.until("persistence", "aof_pending_rewrite:0")
			c.want("CONFIG SET appendfsync always", "OK")
			c.want("SET last write", "OK")
			c.want("DEL last", "1")
		}},
		{"rewritten", always, func(c *client) {
			c.until("persistence", "aof_pending_rewrite:0")
			for c.do("BGREWRITEAOF") != "Background append only file rewriting started" {
				time.Sleep(time.Millisecond) // another snapshot is being written
			}
			c.want("SET while rewriting", "OK")
			c.rewritten(2)
			c.want("DEL while", "1")
		}},
		{"rewritten by itself", append([]string{"--auto-aof-rewrite-min-size", "20kb"}, always...), func(c *client) {
			c.settled()
			for i := range 300 {
				c.want(fmt.Sprintf("SET filler%d %s", i%3, strings.Repeat("x", 500)), "OK")
			}
			c.rewritten(2)
			c.want("DEL filler0 filler1 filler2", "3")
		}},
		{"switched on", []string{"--appendfsync", "always"}, func(c *client) {
			c.want("BGREWRITEAOF", "ERR there is no log to rewrite: CONFIG SET appendonly yes begins one")
			c.want("CONFIG SET appendonly yes", "OK")
			c.until("persistence", "aof_enabled:1")
			c.settled()
		}},
		{"switched off and on", always, func(c *client) {
			c.until("persistence", "aof_pending_rewrite:0")
			c.want("CONFIG SET appendonly no", "OK")
			c.until("persistence", "aof_enabled:0")
			c.want("SET unlogged 1", "OK")
			c.want("CONFIG SET appendonly yes", "OK")
			c.until("persistence", "aof_enabled:1")
			c.settled()
			c.want("DEL unlogged", "1")
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			p := launch(t, append([]string{"--dir", dir, "--enable-debug-command", "yes"}, tt.args...)...)
			p.awaitReady(t)
			c := p.dial(t)
			fill(c)
			tt.live(c)
			c.want("SADD chance a b c d e f g h i j k l m n o p", "16")
			c.do("SPOP chance 7")
			c.do("XADD time * f v")
			c.want("MULTI", "OK")
			c.want("INCR n", "QUEUED")
			c.want("EXPIRE n 1000", "QUEUED")
			c.want("EXEC", "1 1")
			c.want(`EVAL "return redis.call('incr','n')" 1 n`, "2")
			expires, members, stream := c.do("PEXPIRETIME n"), c.do("SORT chance ALPHA"), c.do("XRANGE time - +")
			digest := c.do("DEBUG DIGEST")
			c.settled()
			p.kill()
			again := launch(t, "--dir", dir, "--appendonly", "yes", "--enable-debug-command", "yes")
			again.awaitReady(t)
			c = again.dial(t)
			c.want("DEBUG DIGEST", digest)
			c.want("PEXPIRETIME n", expires)
			c.want("SORT chance ALPHA", members)
			c.want("XRANGE time - +", stream)
			c.want("DEL n chance time", "3")
			filled(c)
		})
	}
}

// A log of a server that had snapshots only begins with what the snapshot holds.
func TestLogBeginsWithTheSnapshot(t *testing.T) {
	dir := t.TempDir()
	p := launch(t, "--dir", dir)
	p.awaitReady(t)
	c := p.dial(t)
	fill(c)
	c.ended("SHUTDOWN SAVE")
	_ = p.cmd.Wait()
	for range 2 {
		p = launch(t, "--dir", dir, "--appendonly", "yes", "--appendfsync", "always")
		p.awaitReady(t)
		c = p.dial(t)
		filled(c)
		c.settled()
		p.kill()
		_ = os.Remove(filepath.Join(dir, "dump.rdb")) // the second start has the log
	}
}

// A crash that tears the end of the log costs what was not durable, and says so;
// damage in front of that is refused, with place and reason.
func TestTornAndDamagedLog(t *testing.T) {
	dir := t.TempDir()
	args := []string{"--dir", dir, "--appendonly", "yes", "--appendfsync", "always"}
	p := launch(t, args...)
	p.awaitReady(t)
	c := p.dial(t)
	c.settled()
	for i := range 10 {
		c.want(fmt.Sprintf("SET k%d v", i), "OK")
	}
	p.kill()
	segments, err := filepath.Glob(filepath.Join(dir, "appendonlydir", "appendonly.aof.????????????????????"))
	if err != nil || len(segments) == 0 {
		t.Fatalf("segments: %v, %v", segments, err)
	}
	segment := segments[len(segments)-1]
	b, err := os.ReadFile(segment)
	if err != nil {
		t.Fatal(err)
	}
	b = []byte(strings.TrimRight(string(b), "\x00"))
	write := func(b []byte) {
		if err := os.WriteFile(segment, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	refused := func(says string, args ...string) {
		t.Helper()
		p := launch(t, args...)
		printed, err := io.ReadAll(p.out)
		_ = p.cmd.Wait() // ProcessState tells
		if code := p.cmd.ProcessState.ExitCode(); err != nil || code != 1 || !strings.Contains(string(printed), says) {
			t.Errorf("exit code %d, want 1, and %q in\n%s", code, says, printed)
		}
	}
	check := func(says string, args ...string) {
		t.Helper()
		var out strings.Builder
		err := checkCommand(context.Background(), args, &out)
		if text := fmt.Sprint(out.String(), err); !strings.Contains(text, says) {
			t.Errorf("check %q says %q, want %q", args, text, says)
		}
	}
	check("the log is in order: 10 records behind its base", segment)
	check("the snapshot is in order: 0 keys", copyOf(t, segment+".rdb", filepath.Join(dir, "copy.rdb")))
	check("the snapshot is in order", "--repair", filepath.Join(dir, "copy.rdb"))
	check("usage: larder check")
	flipped := []byte(string(b))
	flipped[100] ^= 1
	write(flipped)
	refused(fmt.Sprintf("cannot load the data set: %s is damaged at offset 48: the checksum of a block is wrong", segment), args...)
	check("larder check --repair ends the log before that", segment)
	check("at least 9 records", "--repair", filepath.Join(dir, "appendonlydir", "appendonly.aof.manifest"))
	check("the log is in order: 0 records behind its base", segment)
	write(b[:len(b)-3])
	refused("aof-load-truncated no forbids", append([]string{"--aof-load-truncated", "no"}, args...)...)
	p = launch(t, args...)
	p.awaitReady(t)
	p.dial(t).want("DBSIZE", "9")
}

// copyOf copies a file and returns the copy's name.
func copyOf(t *testing.T, from, to string) string {
	t.Helper()
	b, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, b, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return to
}

// crashRounds is how often TestAcknowledgedWritesSurvive kills the server.
func crashRounds(t *testing.T) int {
	if s := os.Getenv("CRASH_ROUNDS"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil {
			t.Fatalf("CRASH_ROUNDS: %v", err)
		}
		return n
	}
	return 10
}

// Clients write numbers that rise, each its own keys, alone and in transactions.
// The server is killed at a random moment, over and over. With appendfsync always
// each key then holds the last number that was acknowledged or the one after, and
// both keys of a transaction the same.
func TestAcknowledgedWritesSurvive(t *testing.T) {
	dir := t.TempDir()
	args := []string{"--dir", dir, "--appendonly", "yes", "--appendfsync", "always", "--auto-aof-rewrite-min-size", "100kb"}
	const writers = 4
	var acked [writers]int
	rng := rand.New(rand.NewPCG(1, 2))
	for round := range crashRounds(t) {
		p := launch(t, args...)
		p.awaitReady(t)
		c := p.dial(t)
		for w := range writers {
			got := "0"
			if acked[w] > 0 || c.do(fmt.Sprintf("EXISTS a%d", w)) == "1" {
				got = c.do(fmt.Sprintf("GET a%d", w))
			}
			n, err := strconv.Atoi(got)
			if err != nil || n < acked[w] || n > acked[w]+1 {
				t.Fatalf("round %d: writer %d finds %q, acknowledged was %d", round, w, got, acked[w])
			}
			if n > 0 {
				c.want(fmt.Sprintf("GET b%d", w), got)
			}
			acked[w] = n
		}
		var group sync.WaitGroup
		for w := range writers {
			c := p.dial(t)
			group.Go(func() {
				for n := acked[w] + 1; ; n++ {
					request := fmt.Sprintf("MULTI\r\nSET a%d %d\r\nSET b%d %d\r\nEXEC\r\n", w, n, w, n)
					if w%2 == 0 {
						request = fmt.Sprintf("MSET a%d %d b%d %d\r\n", w, n, w, n)
					}
					if _, err := io.WriteString(c.conn, request); err != nil {
						return
					}
					for range strings.Count(request, "\r\n") {
						if _, err := c.reply(); err != nil {
							return
						}
					}
					acked[w] = n
				}
			})
		}
		time.Sleep(time.Duration(20+rng.IntN(150)) * time.Millisecond)
		p.kill()
		group.Wait()
	}
	for w, n := range acked {
		if n == 0 {
			t.Errorf("writer %d has written nothing", w)
		}
	}
	t.Logf("acknowledged: %v", acked)
}

// What the first client writes after a start that begins the log is as safe as
// what comes later.
func TestFirstWritesSurvive(t *testing.T) {
	for _, snapshot := range []bool{false, true} {
		dir := t.TempDir()
		if snapshot {
			p := launch(t, "--dir", dir)
			p.awaitReady(t)
			c := p.dial(t)
			fill(c)
			c.ended("SHUTDOWN SAVE")
			_ = p.cmd.Wait()
		}
		args := []string{"--dir", dir, "--appendonly", "yes", "--appendfsync", "always"}
		p := launch(t, args...)
		p.awaitReady(t)
		p.dial(t).want("SET first write", "OK")
		p.kill()
		p = launch(t, args...)
		p.awaitReady(t)
		c := p.dial(t)
		c.want("GET first", "write")
		c.want("DEL first", "1")
		if snapshot {
			filled(c)
		}
		p.kill()
	}
}

// A log that has had nothing to write for longer than a record may wait takes the
// first write at once: the cut that it began with is no record.
func TestFirstWriteAfterIdling(t *testing.T) {
	p := launch(t, "--dir", t.TempDir(), "--appendonly", "yes", "--appendfsync", "everysec")
	p.awaitReady(t)
	c := p.dial(t)
	time.Sleep(2200 * time.Millisecond) // more than two seconds is what is tested
	c.want("SET first write", "OK")
}
