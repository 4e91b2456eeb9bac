//go:build unix

package main

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
)

// Backups go to a service that speaks S3, and come back from there; what the
// service refuses is explained.
func TestBackupToS3(t *testing.T) {
	backend := s3mem.New()
	service := httptest.NewServer(gofakes3.New(backend).Server())
	t.Cleanup(service.Close)
	if err := backend.CreateBucket("safe"); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_ACCESS_KEY_ID", "id")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	at := []string{"--backup-target", "s3://safe/some/where", "--backup-s3-endpoint", service.URL}
	with := func(args ...string) []string { return append(args, at...) }
	dir := t.TempDir()
	p := launch(t, "--dir", dir, "--appendonly", "yes", "--enable-debug-command", "yes")
	p.awaitReady(t)
	c := p.dial(t)
	c.settled()
	fill(c)
	c.settled()
	old := c.now()
	works(t, with("create", "--from", p.socket)...)
	c.want("SET more value", "OK")
	c.settled()
	newest := c.now()
	works(t, with("create", "--from", p.socket)...)
	p.kill()
	works(t, with("verify")...)
	to := t.TempDir()
	works(t, with("restore", "--dir", to)...)
	holds(t, newest.digest, "--dir", to, "--appendonly", "yes")
	to = t.TempDir()
	works(t, with("restore", "--dir", to, "--until", old.at)...)
	holds(t, old.digest, "--dir", to, "--appendonly", "yes")
	works(t, with("prune", "--backup-retention", "keep-last 1")...)
	if list := works(t, with("list")...); strings.Count(list, "log") != 1 {
		t.Errorf("one backup is to be kept:\n%s", list)
	}
	works(t, with("verify")...)
	refuses(t, "there is no bucket", "list", "--backup-target", "s3://other", "--backup-s3-endpoint", service.URL)
	refuses(t, "is not a URL", "list", "--backup-target", "s3://safe", "--backup-s3-endpoint", "localhost")
	refuses(t, "names no bucket", "list", "--backup-target", "s3://")
	refuses(t, "go together", with("list", "--backup-s3-access-key", "id")...)
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", dir+"/none")
	refuses(t, "there are no credentials for S3", with("list")...)
}
