package persistence

import "sync/atomic"

// Progress tells others how far writing or loading a snapshot has come. It is
// changed while it is looked at; its zero value is that of a start.
type Progress struct {
	Keys      atomic.Int64 // written or loaded
	KeysTotal atomic.Int64 // as far as it is known in advance, 0 = it is not
	Bytes     atomic.Int64 // written or read
	// BytesTotal is the length of a file that is read, 0 = unknown.
	BytesTotal atomic.Int64
	Expired    atomic.Int64 // keys that were not loaded because they have expired
}
