//go:build unix

package main

import (
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
)

// The commands in docs/backup.md work as they stand there, but for the places.
func TestBackupDocs(t *testing.T) {
	text, err := os.ReadFile("../../docs/backup.md")
	if err != nil {
		t.Fatal(err)
	}
	backend := s3mem.New()
	service := httptest.NewServer(gofakes3.New(backend).Server())
	t.Cleanup(service.Close)
	if err := backend.CreateBucket("my-bucket"); err != nil {
		t.Fatal(err)
	}
	env := []string{"AWS_ENDPOINT_URL=" + service.URL, "AWS_ACCESS_KEY_ID=id", "AWS_SECRET_ACCESS_KEY=secret", "AWS_REGION=eu-central-1"}
	dir, target := t.TempDir(), t.TempDir()
	p := launch(t, "--dir", dir, "--appendonly", "yes", "--enable-debug-command", "yes")
	p.awaitReady(t)
	c := p.dial(t)
	fill(c)
	c.settled()
	held := c.now()
	conf := filepath.Join(t.TempDir(), "larder.conf")
	if err := os.WriteFile(conf, []byte("dir "+dir+"\nappendonly yes\nbackup-target "+target+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	ran := map[string]int{}
	for line := range strings.Lines(string(text)) {
		command, ok := strings.CutPrefix(line, "    larder backup ")
		if !ok {
			continue
		}
		command = strings.NewReplacer("/var/lib/larder-2", t.TempDir(), "/var/lib/larder", dir, "/mnt/backups", target,
			"127.0.0.1:6379", p.socket, "/etc/larder.conf", conf, "2026-11-22T10:00:00Z", held.at, `"keep-last 24 keep-daily 30"`, "keep-last 24 keep-daily 30").Replace(command)
		args := strings.Fields(command)
		if printed, code := larder(t, env, append([]string{"backup"}, args...)...); code != 0 {
			t.Errorf("%s: exit code %d:\n%s", strings.TrimSpace(line), code, printed)
		}
		ran[args[0]]++
	}
	for verb := range backupVerbs {
		if ran[verb] == 0 {
			t.Errorf("docs/backup.md has no larder backup %s", verb)
		}
	}
}
