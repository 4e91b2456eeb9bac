package backup

import (
	"bytes"
	"io"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"github.com/minio/minio-go/v7"
)

// A bucket keeps objects that go in parts, and Sweep ends uploads that were
// never completed, but none that may still be under way.
func TestBucket(t *testing.T) {
	backend := s3mem.New()
	service := httptest.NewServer(gofakes3.New(backend).Server())
	t.Cleanup(service.Close)
	if err := backend.CreateBucket("bucket"); err != nil {
		t.Fatal(err)
	}
	store, err := Open(Target{Place: "s3://bucket/a/b/", Getenv: func(string) string { return "" }, Endpoint: service.URL, AccessKey: "id", SecretKey: "secret"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, large := t.Context(), bytes.Repeat([]byte("0123456789abcdef"), (2*s3PartBytes+4096)/16)
	if err := store.Put(ctx, "objects/large", bytes.NewReader(large), int64(len(large))); err != nil {
		t.Fatal(err)
	}
	in, err := store.Get(ctx, "objects/large")
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(in)
	if err != nil || !bytes.Equal(got, large) {
		t.Fatalf("%d bytes come back of %d, %v", len(got), len(large), err)
	}
	if err := in.Close(); err != nil {
		t.Fatal(err)
	}
	bucket := store.(*bucketStore)
	if _, err := (minio.Core{Client: bucket.client}).NewMultipartUpload(ctx, "bucket", bucket.key("objects/part"), minio.PutObjectOptions{}); err != nil {
		t.Fatal(err)
	}
	if list, err := store.List(ctx, kindObject); err != nil || len(list) != 1 || list[0].Name != "large" || list[0].Bytes != int64(len(large)) {
		t.Errorf("listed are %v, %v", list, err)
	}
	for _, sweep := range []struct {
		before time.Time
		want   int
	}{{time.Now().Add(-time.Hour), 0}, {time.Now().Add(time.Hour), 1}, {time.Now().Add(time.Hour), 0}} {
		if n, err := store.Sweep(ctx, sweep.before); err != nil || n != sweep.want {
			t.Errorf("%d uploads from before %s are ended, want %d; %v", n, sweep.before, sweep.want, err)
		}
	}
	for range 2 {
		if err := store.Remove(ctx, "objects/large"); err != nil {
			t.Fatal(err)
		}
	}
	if list, err := store.List(ctx, kindObject); err != nil || len(list) != 0 {
		t.Errorf("listed are %v, %v", list, err)
	}
}

// A manifest is read back, and nothing in it can change unnoticed.
func TestManifestFaults(t *testing.T) {
	b := &Backup{ID: newID(day), Kind: KindSnapshot, Taken: day, From: day, Files: []File{{Name: "dump.rdb", Bytes: 3, SHA256: string(bytes.Repeat([]byte("ab"), 32))}}}
	page := b.encode()
	if got, fault := decodeBackup(b.ID, page); fault != "" || got.Files[0] != b.Files[0] || !got.Taken.Equal(day) {
		t.Fatalf("%+v, %q", got, fault)
	}
	for i := range page {
		changed := bytes.Clone(page)
		changed[i] ^= 1
		if _, fault := decodeBackup(b.ID, changed); fault == "" {
			t.Errorf("byte %d may change", i)
		}
		if _, fault := decodeBackup(b.ID, page[:i]); fault == "" {
			t.Errorf("it may end at byte %d", i)
		}
	}
	if _, fault := decodeBackup("another", page); fault == "" {
		t.Error("it may have another name")
	}
	for _, name := range []string{"../dump.rdb", "", ".", "..", "a/b"} {
		bad := *b
		bad.Files = []File{{Name: name, SHA256: b.Files[0].SHA256}}
		if _, fault := decodeBackup(bad.ID, bad.encode()); fault == "" {
			t.Errorf("a file may be named %q", name)
		}
	}
}
