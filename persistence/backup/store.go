package backup

import (
	"context"
	"errors"
	"io"
	"time"
)

// A Store keeps objects by name. Names are "kind/name", without further
// slashes. A Put is wholly there or not at all, and List shows it at once.
type Store interface {
	// Put keeps size bytes of r under a name, in place of what had it.
	Put(ctx context.Context, name string, r io.ReaderAt, size int64) error
	// Get reads an object; ErrNotFound, perhaps only from the first Read, if there
	// is none. The caller owes Close.
	Get(ctx context.Context, name string) (io.ReadCloser, error)
	// List returns the objects of a kind in order of names.
	List(ctx context.Context, kind string) ([]Object, error)
	// Remove removes an object; it is no error if there is none.
	Remove(ctx context.Context, name string) error
	// Sweep removes what interrupted Puts have left before a moment, and returns
	// how many there were.
	Sweep(ctx context.Context, before time.Time) (int, error)
	// String is what people call the store.
	String() string
}

// Object is an object of a store.
type Object struct {
	Name     string // without the kind
	Bytes    int64
	Modified time.Time
}

// ErrNotFound says that a store has no object of that name.
var ErrNotFound = errors.New("there is no such object")

// Kinds of objects.
const (
	kindBackup  = "backups"
	kindObject  = "objects"
	kindPending = "pending"
	kindPruning = "pruning"
)

var allKinds = []string{kindBackup, kindObject, kindPending, kindPruning}
