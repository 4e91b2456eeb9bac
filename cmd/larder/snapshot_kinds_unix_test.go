//go:build unix

package main

import (
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// versionOf is what a snapshot begins with.
func versionOf(t *testing.T, file string) string {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil || len(b) < 9 {
		t.Fatalf("%s holds %d bytes, %v", file, len(b), err)
	}
	return string(b[:9])
}

// A file has the version that Redis 7.0 loads unless a hash has fields with
// deadlines; those come back, packed and large.
func TestSnapshotOfFieldDeadlines(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "dump.rdb")
	p := launch(t, "--dir", dir, "--save", "", "--enable-debug-command", "yes")
	p.awaitReady(t)
	c := p.dial(t)
	c.want("HSET small a 1 b 2", "2")
	for i := range 600 {
		c.want("HSET large f"+strconv.Itoa(i)+" v", "1")
	}
	c.want("SAVE", "OK")
	if got := versionOf(t, file); got != "REDIS0010" {
		t.Errorf("without deadlines the file begins with %q", got)
	}
	const late = "9999999999999"
	c.want("HPEXPIREAT small "+late+" FIELDS 1 a", "1")
	c.want("HPEXPIREAT large "+late+" FIELDS 2 f5 f500", "1 1")
	c.want("HPEXPIRE small 100000 FIELDS 1 b", "1")
	c.want("SAVE", "OK")
	if got := versionOf(t, file); got != "REDIS0012" {
		t.Errorf("with deadlines the file begins with %q", got)
	}
	due := c.do("HPEXPIRETIME small FIELDS 1 b")
	for range 2 {
		c.want("HPEXPIRETIME small FIELDS 2 a b", late+" "+due)
		c.want("HPEXPIRETIME large FIELDS 3 f4 f5 f500", "-1 "+late+" "+late)
		c.want("HLEN large", "600")
		c.want("DEBUG RELOAD", "OK")
	}
	c.want("DEL small large", "2")
	c.want("SAVE", "OK")
	if got := versionOf(t, file); got != "REDIS0010" {
		t.Errorf("without them again it begins with %q", got)
	}
}

// A file that does not fit into maxmemory is loaded as far as the policy makes
// room, or refused with advice if it makes none.
func TestLoadBeyondMaxmemory(t *testing.T) {
	dir := t.TempDir()
	p := launch(t, "--dir", dir, "--save", "", "--rdbcompression", "no", "--enable-debug-command", "yes")
	p.awaitReady(t)
	c := p.dial(t)
	c.want("DEBUG POPULATE 400 key 100000", "OK")
	c.ended("SHUTDOWN SAVE")
	evicting := launch(t, "--dir", dir, "--save", "", "--maxmemory", "20mb", "--maxmemory-policy", "allkeys-lru")
	evicting.awaitReady(t)
	c = evicting.dial(t)
	for deadline := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		n, err := strconv.Atoi(c.do("DBSIZE"))
		if err == nil && n >= 100 && n <= 210 {
			break // what is a little too much when the last key comes goes soon
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d keys of 100,000 bytes are there with 20 MB, %v", n, err)
		}
	}
	strict := launch(t, "--dir", dir, "--save", "", "--maxmemory", "20mb", "--maxmemory-policy", "noeviction")
	if printed := strict.refusedToStart(t); !strings.Contains(printed, "there is no room for the data: raise maxmemory") || !strings.Contains(printed, "dump.rdb, offset ") {
		t.Errorf("it printed\n%s", printed)
	}
}

// refusedToStart returns what a server printed that did not start.
func (p *process) refusedToStart(t *testing.T) string {
	t.Helper()
	printed, err := io.ReadAll(p.out)
	if err != nil {
		t.Fatal(err)
	}
	_ = p.cmd.Wait() // ProcessState tells
	if code := p.cmd.ProcessState.ExitCode(); code != 1 {
		t.Errorf("exit code %d, want 1; it printed\n%s", code, printed)
	}
	return string(printed)
}
