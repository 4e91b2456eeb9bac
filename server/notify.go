package server

import (
	"strconv"

	"larder/server/command"
)

// Keyspace notifications: what happens to keys is published, if
// notify-keyspace-events says so, to those who subscribe to the key or to the
// kind of event:
//
//	__keyspace@DB__:KEY     the event's name     class K
//	__keyevent@DB__:EVENT   the key              class E
//
// They are published while the key's shard is locked, so that their order is
// that of the changes. If they have many receivers, they are delivered beside
// (see pubsub_publish.go), and the command does not wait.

// notifyLetters are the letters of notify-keyspace-events.
var notifyLetters = map[rune]command.EventClass{
	'K': command.EventKeyspace, 'E': command.EventKeyevent, 'A': command.EventAll,
	'g': command.EventGeneric, '$': command.EventString, 'l': command.EventList, 's': command.EventSet,
	'h': command.EventHash, 'z': command.EventZSet, 'x': command.EventExpired, 'e': command.EventEvicted,
	't': command.EventStream, 'm': command.EventKeyMiss, 'd': command.EventModule, 'n': command.EventNew,
}

// notifyClasses parses notify-keyspace-events. Without K or E nothing is
// published, so that there are no classes then.
func notifyClasses(letters string) command.EventClass {
	var set command.EventClass
	for _, letter := range letters {
		set |= notifyLetters[letter]
	}
	if set&(command.EventKeyspace|command.EventKeyevent) == 0 {
		return 0
	}
	return set
}

// applyNotify makes notify-keyspace-events take effect.
func (srv *Server) applyNotify(letters string) {
	set := notifyClasses(letters)
	srv.notifying.Store(uint32(set))
	srv.listening.set(command.ListenNotify, set != 0)
	srv.listening.set(command.ListenMiss, set&command.EventKeyMiss != 0)
	srv.listening.set(command.ListenNew, set&command.EventNew != 0)
	srv.engine.NoteNew(set&command.EventNew != 0)
}

// notify publishes an event. REQUIRES: the key's shard is locked.
func (srv *Server) notify(ev *command.Event) {
	set := command.EventClass(srv.notifying.Load())
	if set&ev.Class == 0 || srv.pubsub.total.Load() == 0 {
		return
	}
	var text [256]byte // names are seldom longer
	if set&command.EventKeyspace != 0 {
		channel := append(appendNotifyChannel(text[:0], "__keyspace@", ev.DB), ev.Key...)
		all := append(channel, ev.Name...)
		srv.pubsub.publishLater(kindChannel, all[:len(channel)], all[len(channel):])
	}
	if set&command.EventKeyevent != 0 {
		channel := append(appendNotifyChannel(text[:0], "__keyevent@", ev.DB), ev.Name...)
		srv.pubsub.publishLater(kindChannel, channel, ev.Key)
	}
}

func appendNotifyChannel(dst []byte, space string, db int) []byte {
	dst = append(dst, space...)
	dst = strconv.AppendInt(dst, int64(db), 10)
	return append(dst, "__:"...)
}
