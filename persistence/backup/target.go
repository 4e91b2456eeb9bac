package backup

import (
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	"larder/persistence"
)

// Target says where backups are kept.
type Target struct {
	// Place is the path of a folder, which has to be there, or s3://BUCKET/PREFIX.
	Place string
	// FS is the file system of a folder.
	FS persistence.FS
	// Getenv returns the value of an environment variable.
	Getenv func(name string) string
	// Endpoint, Region, AccessKey and SecretKey are for S3. What is empty comes
	// from the environment.
	Endpoint, Region, AccessKey, SecretKey string
}

const s3Scheme = "s3://"

// Open returns the store of a target. It does not look whether it is there.
func Open(t Target) (Store, error) {
	place, isS3 := strings.CutPrefix(t.Place, s3Scheme)
	if isS3 {
		bucket, prefix, _ := strings.Cut(place, "/")
		if bucket == "" {
			return nil, fmt.Errorf("%q names no bucket: write s3://BUCKET or s3://BUCKET/PREFIX", t.Place)
		}
		return openS3(t, bucket, strings.Trim(prefix, "/"))
	}
	if u, err := url.Parse(t.Place); err == nil && strings.Contains(t.Place, "://") {
		return nil, fmt.Errorf("targets of the kind %q are unknown: name a folder, or s3://BUCKET/PREFIX with backup-s3-endpoint", u.Scheme)
	}
	return &Folder{FS: t.FS, Dir: filepath.Clean(t.Place)}, nil
}
