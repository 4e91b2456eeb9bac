package backup

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"path"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// bucketStore is a store in a bucket of an S3-compatible service. A Put is one
// request, or a multipart upload that counts only when it is completed; Sweep
// ends uploads that were not.
type bucketStore struct {
	client         *minio.Client
	bucket, prefix string
}

const (
	awsEndpoint = "https://s3.amazonaws.com"
	// anyRegion is what services other than that of AWS mostly take for theirs.
	anyRegion = "us-east-1"
	// s3Retries is how often a request is tried, with growing pauses between.
	s3Retries = 5
	// s3PartBytes is the size of a part of a multipart upload. A service takes up to
	// 10000 parts; longer objects have longer parts.
	s3PartBytes = 16 << 20
)

// openS3 makes the store for a bucket.
func openS3(t Target, bucket, prefix string) (Store, error) {
	endpoint := cmp.Or(t.Endpoint, t.Getenv("AWS_ENDPOINT_URL_S3"), t.Getenv("AWS_ENDPOINT_URL"), awsEndpoint)
	u, err := url.Parse(endpoint)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.Path != "" && u.Path != "/" {
		return nil, fmt.Errorf("backup-s3-endpoint: %q is not a URL like https://s3.example.com:9000", endpoint)
	}
	region := cmp.Or(t.Region, t.Getenv("AWS_REGION"), t.Getenv("AWS_DEFAULT_REGION"))
	if region == "" && endpoint != awsEndpoint {
		region = anyRegion
	}
	creds, err := s3Credentials(t)
	if err != nil {
		return nil, err
	}
	client, err := minio.New(u.Host, &minio.Options{Creds: creds, Secure: u.Scheme == "https", Region: region, MaxRetries: s3Retries})
	if err != nil {
		return nil, err
	}
	return &bucketStore{client, bucket, prefix}, nil
}

// s3Credentials are those of the directives, of the environment or of the file
// of AWS, in this order.
func s3Credentials(t Target) (*credentials.Credentials, error) {
	if (t.AccessKey == "") != (t.SecretKey == "") {
		return nil, errors.New("backup-s3-access-key and backup-s3-secret-key go together: one of them is missing")
	}
	if t.AccessKey != "" {
		return credentials.NewStaticV4(t.AccessKey, t.SecretKey, ""), nil
	}
	if id, secret := t.Getenv("AWS_ACCESS_KEY_ID"), t.Getenv("AWS_SECRET_ACCESS_KEY"); id != "" && secret != "" {
		return credentials.NewStaticV4(id, secret, t.Getenv("AWS_SESSION_TOKEN")), nil
	}
	file := credentials.NewFileAWSCredentials(t.Getenv("AWS_SHARED_CREDENTIALS_FILE"), t.Getenv("AWS_PROFILE"))
	if v, err := file.GetWithContext(nil); err != nil || v.AccessKeyID == "" {
		return nil, errors.New("there are no credentials for S3: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the directives backup-s3-access-key and backup-s3-secret-key")
	}
	return file, nil
}

// String implements Store.
func (s *bucketStore) String() string {
	return s3Scheme + path.Join(s.bucket, s.prefix) + " (" + s.client.EndpointURL().String() + ")"
}

func (s *bucketStore) key(name string) string { return path.Join(s.prefix, name) }

// Put implements Store.
func (s *bucketStore) Put(ctx context.Context, name string, r io.ReaderAt, size int64) error {
	part := uint64(max(s3PartBytes, size/9000))
	// Signing the content too would send it in a form that not every service
	// takes apart in a multipart upload; its MD5 lets the service see what the
	// network has changed, and our SHA-256 what anybody has.
	_, err := s.client.PutObject(ctx, s.bucket, s.key(name), io.NewSectionReader(r, 0, size), size,
		minio.PutObjectOptions{ContentType: "application/octet-stream", PartSize: part, DisableContentSha256: true, SendContentMd5: true})
	return s.explain(err)
}

// Get implements Store.
func (s *bucketStore) Get(ctx context.Context, name string) (io.ReadCloser, error) {
	o, err := s.client.GetObject(ctx, s.bucket, s.key(name), minio.GetObjectOptions{})
	if err != nil {
		return nil, s.explain(err)
	}
	return &bucketReader{o, s}, nil
}

// bucketReader explains the errors of reading an object.
type bucketReader struct {
	*minio.Object
	s *bucketStore
}

func (r *bucketReader) Read(b []byte) (int, error) {
	n, err := r.Object.Read(b)
	if err != nil && err != io.EOF {
		err = r.s.explain(err)
	}
	return n, err
}

// List implements Store.
func (s *bucketStore) List(ctx context.Context, kind string) (list []Object, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // the listing goroutine ends with it
	for o := range s.client.ListObjects(ctx, s.bucket, minio.ListObjectsOptions{Prefix: s.key(kind) + "/", Recursive: true}) {
		if o.Err != nil {
			return nil, s.explain(o.Err)
		}
		list = append(list, Object{Name: path.Base(o.Key), Bytes: o.Size, Modified: o.LastModified})
	}
	return list, nil
}

// Remove implements Store.
func (s *bucketStore) Remove(ctx context.Context, name string) error {
	return s.explain(s.client.RemoveObject(ctx, s.bucket, s.key(name), minio.RemoveObjectOptions{}))
}

// Sweep implements Store.
func (s *bucketStore) Sweep(ctx context.Context, before time.Time) (n int, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for _, kind := range allKinds {
		for u := range s.client.ListIncompleteUploads(ctx, s.bucket, s.key(kind)+"/", true) {
			if minio.ToErrorResponse(u.Err).Code == minio.NoSuchUpload {
				break // some services say so where there is none
			}
			if u.Err != nil {
				return n, s.explain(u.Err)
			}
			if !u.Initiated.Before(before) {
				continue
			}
			if err := (minio.Core{Client: s.client}).AbortMultipartUpload(ctx, s.bucket, u.Key, u.UploadID); err != nil {
				return n, s.explain(err)
			}
			n++
		}
	}
	return n, nil
}

// explain says what to do about an error of the service.
func (s *bucketStore) explain(err error) error {
	if err == nil {
		return nil
	}
	switch code := minio.ToErrorResponse(err).Code; code {
	case minio.NoSuchKey:
		return fmt.Errorf("%w: %w", ErrNotFound, err)
	case minio.NoSuchBucket:
		return fmt.Errorf("there is no bucket %q at %s: create it, or see backup-target, backup-s3-endpoint and backup-s3-region: %w", s.bucket, s.client.EndpointURL(), err)
	case minio.AccessDenied, "InvalidAccessKeyId", "SignatureDoesNotMatch":
		return fmt.Errorf("%s refuses the credentials (%s): they must allow to list, read, write and delete in %s: %w", s.client.EndpointURL(), code, s.bucket, err)
	}
	return err
}
