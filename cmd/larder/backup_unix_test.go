//go:build unix

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// larder runs larder to its end and returns what it prints.
func larder(t *testing.T, env []string, args ...string) (printed string, code int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0], args...)
	cmd.Env = append(append(os.Environ(), asLarder+"=1"), env...)
	cmd.Dir = t.TempDir()
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

// works runs larder backup, which has to succeed.
func works(t *testing.T, args ...string) string {
	t.Helper()
	printed, code := larder(t, nil, append([]string{"backup"}, args...)...)
	if code != 0 {
		t.Fatalf("larder backup %q: exit code %d:\n%s", args, code, printed)
	}
	return printed
}

// refuses runs larder backup, which has to fail and say why.
func refuses(t *testing.T, says string, args ...string) {
	t.Helper()
	printed, code := larder(t, nil, append([]string{"backup"}, args...)...)
	if code != 1 || !strings.Contains(printed, says) {
		t.Errorf("larder backup %q: exit code %d, want 1, and %q in\n%s", args, code, says, printed)
	}
}

// holds starts a server on data and compares what it holds.
func holds(t *testing.T, digest string, args ...string) {
	t.Helper()
	p := launch(t, append([]string{"--enable-debug-command", "yes", "--save", ""}, args...)...)
	p.awaitReady(t)
	p.dial(t).want("DEBUG DIGEST", digest)
	p.kill()
}

// state is a moment and what the server held at it.
type state struct{ at, digest string }

// now notes what a server holds. Nothing else happens in the same millisecond.
func (c *client) now() state {
	s := state{digest: c.do("DEBUG DIGEST")}
	time.Sleep(2 * time.Millisecond)
	s.at = time.Now().UTC().Format("2006-01-02T15:04:05.000Z")
	time.Sleep(2 * time.Millisecond)
	return s
}

// A backup of a running server with a log brings back its data as they were, and
// as they were before, on both sides of a rewrite.
func TestBackupOfLog(t *testing.T) {
	dir, target := t.TempDir(), t.TempDir()
	p := launch(t, "--dir", dir, "--appendonly", "yes", "--appendfsync", "always", "--enable-debug-command", "yes")
	p.awaitReady(t)
	c := p.dial(t)
	c.settled()
	var states []state
	write := func(n int) {
		c.want(fmt.Sprintf("SET key value%d", n), "OK")
		c.want("MULTI", "OK")
		c.want("INCR n", "QUEUED")
		c.want(fmt.Sprintf("RPUSH list %d", n), "QUEUED")
		c.want("EXEC", fmt.Sprint(n+1, n+1))
		states = append(states, c.now())
	}
	create := func() string {
		return works(t, "create", "--dir", dir, "--appendonly", "yes", "--backup-target", target)
	}
	for n := range 3 {
		write(n)
	}
	create()
	for n := range 3 {
		write(n + 3)
	}
	create()
	c.until("persistence", "rdb_bgsave_in_progress:0")
	for c.do("BGREWRITEAOF") != "Background append only file rewriting started" {
		time.Sleep(time.Millisecond)
	}
	c.rewritten(2)
	write(6)
	write(7)
	printed := works(t, "create", "--from", p.socket, "--backup-target", target)
	p.kill()
	list := strings.Split(strings.TrimSpace(works(t, "list", "--backup-target", target)), "\n")
	if len(list) != 4 {
		t.Fatalf("%d lines, want a title and three backups:\n%s", len(list), strings.Join(list, "\n"))
	}
	if newest, _, _ := strings.Cut(printed, " "); !strings.HasPrefix(list[3], newest) {
		t.Errorf("the last line is %q, want the backup of %q", list[3], printed)
	}
	if printed := works(t, "verify", "--backup-target", target); strings.Count(printed, "it loads") != 3 {
		t.Errorf("verify prints\n%s", printed)
	}
	for i, s := range states {
		to := t.TempDir()
		works(t, "restore", "--dir", to, "--backup-target", target, "--until", s.at)
		holds(t, s.digest, "--dir", to, "--appendonly", "yes")
		if i == 0 {
			refuses(t, "there are data already", "restore", "--dir", to, "--backup-target", target)
		}
	}
	to := t.TempDir()
	works(t, "restore", "--dir", to, "--backup-target", target)
	holds(t, states[len(states)-1].digest, "--dir", to, "--appendonly", "yes")
	refuses(t, "has the state of 2001-02-03T04:05:06.000Z; the nearest one after is that of", "restore", "--dir", t.TempDir(), "--backup-target", target, "--until", "2001-02-03T04:05:06Z")
	refuses(t, "the nearest one before is that of", "restore", "--dir", t.TempDir(), "--backup-target", target, "--until", "2999-02-03T04:05:06Z")
}

// A server without a log is backed up as a snapshot: what it sends, or what it
// has saved.
func TestBackupOfSnapshot(t *testing.T) {
	dir, target := t.TempDir(), t.TempDir()
	p := launch(t, "--dir", dir, "--enable-debug-command", "yes", "--requirepass", "secret")
	p.awaitReady(t)
	c := p.dial(t)
	c.want("AUTH secret", "OK")
	fill(c)
	sent := c.now()
	refuses(t, "AUTH", "create", "--from", p.socket, "--backup-target", target)
	if printed, code := larder(t, []string{"REDISCLI_AUTH=secret"}, "backup", "create", "--from", p.socket, "--backup-target", target); code != 0 {
		t.Fatal(printed)
	}
	refuses(t, "there is neither a log nor a snapshot", "create", "--dir", dir, "--backup-target", target)
	c.want("SET one more", "OK")
	saved := c.now()
	c.want("SAVE", "OK")
	c.want("SET not saved", "OK")
	works(t, "create", "--dir", dir, "--backup-target", target)
	p.kill()
	works(t, "verify", "--backup-target", target)
	list := strings.Fields(works(t, "list", "--backup-target", target))
	for id, want := range map[string]string{list[5]: sent.digest, list[10]: saved.digest} {
		to := t.TempDir()
		works(t, "restore", "--dir", to, "--backup-target", target, "--backup", id)
		holds(t, want, "--dir", to)
	}
}

// What has changed at the target is found, and not restored.
func TestDamagedBackup(t *testing.T) {
	dir, target := t.TempDir(), t.TempDir()
	p := launch(t, "--dir", dir)
	p.awaitReady(t)
	c := p.dial(t)
	fill(c)
	c.want("SAVE", "OK")
	p.kill()
	works(t, "create", "--dir", dir, "--backup-target", target)
	objects, err := filepath.Glob(filepath.Join(target, "objects", "*"))
	if err != nil || len(objects) != 1 {
		t.Fatalf("%v, %v", objects, err)
	}
	good, err := os.ReadFile(objects[0])
	if err != nil {
		t.Fatal(err)
	}
	flipped := append([]byte{}, good...)
	flipped[len(flipped)/2] ^= 1
	for says, content := range map[string][]byte{
		"its SHA-256 is": flipped, "it ends at offset": good[:len(good)-1], "it has more than its": append(append([]byte{}, good...), 0),
	} {
		if err := os.WriteFile(objects[0], content, 0o600); err != nil {
			t.Fatal(err)
		}
		to := t.TempDir()
		refuses(t, says, "restore", "--dir", to, "--backup-target", target)
		refuses(t, says, "verify", "--backup-target", target)
		refuses(t, says, "verify", "--no-load", "--backup-target", target)
		if left, err := os.ReadDir(to); err != nil || len(left) > 0 {
			t.Errorf("%v is left, %v", left, err)
		}
	}
	if err := os.Remove(objects[0]); err != nil {
		t.Fatal(err)
	}
	refuses(t, "it is gone", "verify", "--backup-target", target)
}

// What cannot be is refused with what to do.
func TestBackupRefuses(t *testing.T) {
	empty, gone := t.TempDir(), filepath.Join(t.TempDir(), "gone")
	for _, tt := range []struct{ says, args string }{
		{`"copy" is none of create, list`, "copy"},
		{"add --backup-target", "list"},
		{"create it, or see that it is mounted", "list --backup-target " + gone},
		{"create it, or see that it is mounted", "prune --backup-target " + gone},
		{"there is no backup at", "verify --backup-target " + empty},
		{"there is none at", "restore --dir " + empty + " --backup-target " + empty},
		{"is not a time like", "restore --until yesterday --dir " + empty + " --backup-target " + empty},
		{"--until has no meaning here", "create --until yesterday --backup-target " + empty},
		{"--from takes a value", "create --backup-target " + empty + " --from"},
		{"unknown directive", "list --bakup-target " + empty},
		{"cannot reach the server", "create --from " + gone + " --backup-target " + empty},
		{`"keep-some" is not a rule`, "prune --backup-retention keep-some 3 --backup-target " + empty},
		{"is not a time like 90m", "prune --interrupted-after soon --backup-target " + empty},
	} {
		refuses(t, tt.says, strings.Fields(tt.args)...)
	}
	if printed := works(t, "--help"); printed != backupHelp {
		t.Errorf("help is %q", printed)
	}
}

// A server with a schedule makes backups of what it has, with a log and without,
// and keeps as many as it is told to.
func TestScheduledBackups(t *testing.T) {
	for _, appendonly := range []string{"yes", "no"} {
		target := t.TempDir()
		p := launch(t, "--dir", t.TempDir(), "--appendonly", appendonly, "--save", "", "--enable-debug-command", "yes",
			"--backup-target", target, "--backup-schedule", "1s", "--backup-retention", "keep-last 2")
		p.awaitReady(t)
		c := p.dial(t)
		fill(c)
		if appendonly == "yes" {
			c.settled()
		}
		held := c.now()
		removed := 0
		for lines := bufio.NewReader(p.out); removed < 2; {
			line, err := lines.ReadString('\n')
			if err != nil || strings.Contains(line, "cannot make") {
				t.Fatalf("appendonly %s: %q, %v", appendonly, line, err)
			}
			if strings.Contains(line, `"removed": 1`) {
				removed++
			}
		}
		p.end(t)
		if list := strings.Count(works(t, "list", "--backup-target", target), "\n"); list != 3 {
			t.Errorf("appendonly %s: %d lines, want a title and two backups", appendonly, list)
		}
		to := t.TempDir()
		works(t, "restore", "--dir", to, "--backup-target", target)
		holds(t, held.digest, "--dir", to, "--appendonly", appendonly)
	}
	for says, args := range map[string]string{
		"backup-schedule: \"often\" is neither": "--backup-schedule often --backup-target .",
		"add --backup-target":                   "--backup-schedule 1h",
		"backup-retention: \"x\"":               "--backup-schedule 1h --backup-target . --backup-retention x",
	} {
		if printed, code := larder(t, nil, strings.Fields("--port 0 --memcached-port 0 --unixsocket s "+args)...); code != 1 || !strings.Contains(printed, says) {
			t.Errorf("%s: exit code %d, want 1, and %q in\n%s", args, code, says, printed)
		}
	}
}
