package server

import (
	"fmt"
	"time"

	"larder/engine"
)

// spaceFigures describe a database.
type spaceFigures struct {
	db, keys, expires int
	avgTTL            int64 // ms, estimated; 0 if nothing expires
}

// keyspace describes the databases that have keys. A shard at a time gives up
// to ttlSamples of its keys for the estimate of the remaining time.
func (srv *Server) keyspace(ttlSamples int) []spaceFigures {
	now := time.Now().UnixMilli()
	seed := srv.entropy()
	var out []spaceFigures
	for db := range srv.engine.Databases() {
		f := spaceFigures{db: db}
		var sum, seen int64
		for _, s := range srv.engine.Shards() {
			s.Lock()
			keys, expires := s.Len(db)
			f.keys += keys
			f.expires += expires
			for i := 0; i < ttlSamples && expires > 0; i++ {
				seed = seed*6364136223846793005 + 1442695040888963407
				it, ok := s.Random(db, seed, now)
				if ok && it.Deadline() != engine.NoDeadline {
					sum += it.Deadline() - now
					seen++
				}
			}
			s.Unlock()
		}
		if seen > 0 {
			f.avgTTL = sum / seen
		}
		if f.keys > 0 {
			out = append(out, f)
		}
	}
	return out
}

// ttlSamplesPerShard is how many keys of a shard INFO keyspace looks at.
const ttlSamplesPerShard = 8

// infoKeyspace is the section about databases.
func infoKeyspace(srv *Server, b *infoText) {
	for _, f := range srv.keyspace(ttlSamplesPerShard) {
		b.text(fmt.Sprintf("db%d", f.db), fmt.Sprintf("keys=%d,expires=%d,avg_ttl=%d", f.keys, f.expires, f.avgTTL))
	}
}
