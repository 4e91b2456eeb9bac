package command

// Events. What a command does to a key concerns others: who WATCHes it, who
// caches it, who has subscribed to keyspace notifications, who is blocked until
// it holds something. A handler says what it did with one call a change
// (Changed, Notify, ...), and the dispatcher tells them, while the shards are
// still locked, so that they learn of changes in the order in which those
// happen. As long as nobody listens, which is nearly always, a call costs an
// addition and a comparison.

// EventClass is a class of keyspace notifications, a bit of
// notify-keyspace-events.
type EventClass uint16

// The classes, with their letters in notify-keyspace-events.
const (
	EventKeyspace EventClass = 1 << iota // K: publish to __keyspace@db__:key
	EventKeyevent                        // E: publish to __keyevent@db__:event
	EventGeneric                         // g
	EventString                          // $
	EventList                            // l
	EventSet                             // s
	EventHash                            // h
	EventZSet                            // z
	EventExpired                         // x
	EventEvicted                         // e
	EventStream                          // t
	EventKeyMiss                         // m: a key that is read is absent
	EventModule                          // d: no command of this server raises one
	EventNew                             // n: a key comes into being

	// EventAll is the letter A: all classes of what is done to keys, but for
	// misses and new keys.
	EventAll = EventGeneric | EventString | EventList | EventSet | EventHash |
		EventZSet | EventExpired | EventEvicted | EventStream | EventModule
)

// EventKind says what an event means to others than subscribers.
type EventKind uint8

// The kinds.
const (
	// KeyChanged: the key's value, deadline or being there has changed.
	KeyChanged EventKind = iota
	// KeyNoted: there is something to publish, and nothing else: the change
	// itself is, if there was one, another event.
	KeyNoted
	// KeyAbsent: a command has looked for the key in vain. If it is there still
	// and has expired, the dispatcher removes it: those who listen expect to
	// hear of that when the key is used, and not when the sweeper comes by. The
	// handler cannot do so itself, because that invalidates the items that it
	// has found before.
	KeyAbsent
	// DatabaseFlushed: all keys of DB are gone.
	DatabaseFlushed
	// DatabasesSwapped: DB and Other have changed their contents.
	DatabasesSwapped
)

// Event is one thing that a command did.
type Event struct {
	Kind  EventKind
	Class EventClass
	DB    int
	Other int    // the other database of DatabasesSwapped
	NowMs int64  // time of DatabasesSwapped, ms since 1970
	Key   []byte // valid until the command ends
	Name  string // as Redis publishes it: "set", "del", ...
}

// Listeners tells who wants to know of events, one bit for each kind.
type Listeners uint32

// The kinds of listeners.
const (
	ListenWatch   Listeners = 1 << iota // clients WATCH keys
	ListenTrack                         // clients cache keys (CLIENT TRACKING)
	ListenNotify                        // notify-keyspace-events is not empty
	ListenBlocked                       // clients are blocked on keys
	ListenMiss                          // notify-keyspace-events has the class m
	ListenNew                           // notify-keyspace-events has the class n
)

// Changed says that the command has changed its i-th key: Dirty grows by one.
// A change of class 0 is not published.
func (c *Ctx) Changed(i int, class EventClass, event string) {
	c.Dirty++
	if c.Listening != 0 {
		c.note(KeyChanged, c.DB, c.Keys[i].Name, class, event)
	}
}

// ChangedKey is Changed for a key of any database.
// REQUIRES: key stays what it is until the command ends.
func (c *Ctx) ChangedKey(db int, key []byte, class EventClass, event string) {
	c.Dirty++
	if c.Listening != 0 {
		c.note(KeyChanged, db, key, class, event)
	}
}

// Notify publishes a further event about the i-th key, which counts as no
// change of its own: SET with EX is one change and two events.
func (c *Ctx) Notify(i int, class EventClass, event string) {
	if c.Listening&ListenNotify != 0 {
		c.note(KeyNoted, c.DB, c.Keys[i].Name, class, event)
	}
}

// NotifyKey is Notify for a key of any database.
// REQUIRES: key stays what it is until the command ends.
func (c *Ctx) NotifyKey(db int, key []byte, class EventClass, event string) {
	if c.Listening&ListenNotify != 0 {
		c.note(KeyNoted, db, key, class, event)
	}
}

// missed says that the i-th key was to be read and is absent.
func (c *Ctx) missed(i int) {
	if c.Listening == 0 {
		return
	}
	c.absent(i)
	if c.Listening&ListenMiss != 0 {
		c.note(KeyNoted, c.DB, c.Keys[i].Name, EventKeyMiss, "keymiss")
	}
}

// absent says that the i-th key was not found.
func (c *Ctx) absent(i int) {
	if c.Listening != 0 {
		c.note(KeyAbsent, c.DB, c.Keys[i].Name, 0, "")
	}
}

// flushed says that all keys of a database are gone.
func (c *Ctx) flushed(db int) {
	if c.Listening != 0 {
		c.Events = append(c.Events, Event{Kind: DatabaseFlushed, DB: db})
	}
}

// swapped says that two databases have changed their contents.
func (c *Ctx) swapped(a, b int) {
	if c.Listening != 0 {
		c.Events = append(c.Events, Event{Kind: DatabasesSwapped, DB: a, Other: b, NowMs: c.NowMs})
	}
}

// note records an event for the dispatcher.
func (c *Ctx) note(kind EventKind, db int, key []byte, class EventClass, event string) {
	if kind == KeyChanged && c.Listening&ListenNew != 0 {
		c.noteNew(db, key)
	}
	c.Events = append(c.Events, Event{Kind: kind, Class: class, DB: db, Key: key, Name: event})
}

// noteNew records that a key has come into being, if it has. The event stands
// before the one that says what has been made of the key.
func (c *Ctx) noteNew(db int, key []byte) {
	if c.Engine.TakeCreated(db, c.Engine.Key(key)) {
		c.Events = append(c.Events, Event{Kind: KeyNoted, Class: EventNew, DB: db, Key: key, Name: "new"})
	}
}
