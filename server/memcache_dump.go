package server

import (
	"larder/engine"
	"larder/protocol/memcache"
	"larder/server/command"
)

const (
	// dumpPartBytes is how much of a dump is made before it has to wait until
	// that is written: little enough not to hold up the loop.
	dumpPartBytes = 32 << 10
	// dumpSlots is how many slots are visited under a shard's lock at a time.
	dumpSlots = 64
)

// memcacheDump makes the next part of lru_crawler metadump or mgdump and tells
// whether it was the last. Items that are there throughout are in the dump.
func (ex *executor) memcacheDump(s *session, f *memcacheFront, metadump bool) (done bool) {
	e := ex.srv.engine
	cursor := f.progress.cursor
	for {
		index, _ := e.CursorShard(cursor)
		shard := e.Shards()[index]
		switch ex.lockFor(s, shard) {
		case lockWaits:
			f.progress.cursor = cursor
			return false
		case lockBusy:
			s.out.Buf = memcache.AppendServerError(s.out.Buf, memcachedBusy)
			return true
		}
		cursor = e.Scan(memcacheDB, cursor, dumpSlots, ex.nowMs, func(it engine.Item) {
			switch {
			case it.Type() != engine.TypeString:
			case metadump:
				s.out.Buf = command.AppendMetadump(s.out.Buf, &it, ex.nowMs)
			default:
				s.out.Buf = command.AppendMgdump(s.out.Buf, &it)
			}
		})
		shard.Unlock()
		if cursor == 0 {
			break
		}
		if len(s.out.Buf) >= dumpPartBytes {
			f.progress.cursor = cursor
			return false
		}
	}
	if metadump {
		s.out.Buf = memcache.AppendLine(s.out.Buf, memcache.LineEnd)
	} else {
		s.out.Buf = append(s.out.Buf, "EN\r\n"...)
	}
	return true
}
