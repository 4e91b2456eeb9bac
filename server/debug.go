package server

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"go.uber.org/zap"

	"larder/engine"
	"larder/protocol/resp"
	"larder/server/command"
)

const errDebugDisabled = `ERR DEBUG command not allowed. If the enable-debug-command option is set to "local", you can run it from a local connection, otherwise you need to set this option in the configuration file, and then restart the server.`

// debugRows are the subcommands of DEBUG. They are no commands of the table,
// because Redis's are not.
var debugRows = map[string]struct {
	min, max int // number of arguments, DEBUG and the name included
	run      func(q *call)
}{
	"HELP":              {2, 2, debugHelp},
	"SLEEP":             {3, 3, debugSleep},
	"SET-ACTIVE-EXPIRE": {3, 3, debugSetActiveExpire},
	"OBJECT":            {3, 4, debugObject},
	"SDSLEN":            {3, 3, debugSDSLen},
	"DIGEST":            {2, 2, debugDigest},
	"DIGEST-VALUE":      {2, math.MaxInt32, debugDigestValue},
	"ERROR":             {3, 3, func(q *call) { q.out.Error(string(q.args[2])) }},
	"LOG":               {3, 3, debugLog},
	"PROTOCOL":          {3, 3, debugProtocol},
	"POPULATE":          {3, 5, debugPopulate},
	"CHANGE-REPL-ID":    {2, 2, debugChangeReplID},
	"HTSTATS":           {3, 4, debugHTStats},
	"HTSTATS-KEY":       {3, 4, debugNotEncoded("The value stored at the specified key is not represented using an hash table")},
	"LISTPACK":          {3, 3, debugNotEncoded("Not a listpack encoded object.")},
	"QUICKLIST":         {3, 4, debugNotEncoded("Not a quicklist encoded object.")},

	// Knobs of Redis's inner workings that have no counterpart here: there is
	// nothing to turn, and suites that turn them go on.
	"AOF-FLUSH-SLEEP":              {3, 3, debugNoKnob},
	"DICT-RESIZING":                {3, 3, debugNoKnob},
	"PAUSE-CRON":                   {3, 3, debugNoKnob},
	"QUICKLIST-PACKED-THRESHOLD":   {3, 3, debugNoKnob},
	"REPLYBUFFER":                  {4, 4, debugReplyBuffer},
	"SET-SKIP-CHECKSUM-VALIDATION": {3, 3, debugNoKnob},
	"SET-DISABLE-DENY-SCRIPTS":     {3, 3, debugNoKnob},

	"ASSERT":            {2, 2, debugRefused("larder does not crash on request")},
	"CRASH-AND-RECOVER": {2, 3, debugRefused("larder does not crash on request")},
	"OOM":               {2, 2, debugRefused("larder does not crash on request")},
	"PANIC":             {2, 2, debugRefused("larder does not crash on request")},
	"SEGFAULT":          {2, 2, debugRefused("larder does not crash on request")},
	"RESTART":           {2, 3, debugRefused("larder does not restart itself: its service manager does")},
	"LEAK":              {3, 3, debugRefused("larder does not leak on request")},
	"RELOAD":            {2, math.MaxInt32, debugReload},
	"LOADAOF":           {2, 2, debugRefused("this version keeps no log of writes")},
}

// debugCommand implements DEBUG for those whom enable-debug-command lets.
func debugCommand(q *call) {
	switch allowed := q.srv.cfg.Load().EnableDebugCommand; {
	case allowed == "yes", allowed == "local" && q.s.peer.secure:
	default:
		q.out.Error(errDebugDisabled)
		return
	}
	row, known := debugRows[string(bytes.ToUpper(q.args[1]))]
	if !known || len(q.args) < row.min || len(q.args) > row.max {
		q.wrongSubcommand()
		return
	}
	row.run(q)
}

// sessionDB is the session's database, for handlers on a worker.
func (q *call) sessionDB() int {
	q.s.mu.Lock()
	defer q.s.mu.Unlock()
	return q.s.db
}

// withKey runs f with the item at a key, its shard locked; found is false if
// there is none.
func (q *call) withKey(db int, name []byte, f func(it engine.Item)) (found bool) {
	k := q.srv.engine.Key(name)
	k.Shard.Lock()
	defer k.Shard.Unlock()
	it, ok := q.srv.engine.Peek(db, k, q.ex.nowMs)
	if ok {
		f(it)
	}
	return ok
}

// debugSleep stops the whole server, as far as it touches data, to let tests
// see what clients do then.
func debugSleep(q *call) {
	secs, err := strconv.ParseFloat(string(q.args[2]), 64)
	if err == nil && secs > 0 {
		q.srv.engine.LockAll()
		time.Sleep(time.Duration(min(secs, 1e9) * float64(time.Second)))
		q.srv.engine.UnlockAll()
	}
	q.out.OK()
}

func debugSetActiveExpire(q *call) {
	n, _ := strconv.Atoi(string(q.args[2])) // as in Redis, what is no number is 0
	q.srv.expiry.setActive(n != 0)
	q.out.OK()
}

// debugObject implements DEBUG OBJECT. Redis's fields are there; those about
// its own layout of memory say what larder's is.
func debugObject(q *call) {
	found := q.withKey(q.sessionDB(), q.args[2], func(it engine.Item) {
		q.out.Simple(fmt.Sprintf("Value at:0x%x refcount:1 encoding:%s serializedlength:%d lru:0 lru_seconds_idle:0 entry_bytes:%d",
			q.srv.engine.Hash(q.args[2]), command.EncodingName(&it), serializedLen(&it), it.EntryBytes()+it.ContentBytes()))
	})
	if !found {
		q.out.Error(command.ErrNoKey)
	}
}

// serializedLen is what a string takes in an RDB file, uncompressed; of a
// container it is what it takes in memory.
func serializedLen(it *engine.Item) int {
	if it.Type() != engine.TypeString {
		return len(it.Raw()) + it.ContentBytes()
	}
	if n, ok := it.Int(); ok {
		switch {
		case n == int64(int8(n)):
			return 2
		case n == int64(int16(n)):
			return 3
		case n == int64(int32(n)):
			return 5
		}
	}
	switch n := it.Len(); {
	case n < 1<<6:
		return 1 + n
	case n < 1<<14:
		return 2 + n
	case n <= math.MaxUint32:
		return 5 + n
	default:
		return 9 + n
	}
}

func debugSDSLen(q *call) {
	found := q.withKey(q.sessionDB(), q.args[2], func(it engine.Item) {
		if it.Type() != engine.TypeString || it.Encoding() == engine.EncInt {
			q.out.Error("ERR Not an sds encoded string.")
			return
		}
		q.out.Simple(fmt.Sprintf("key_sds_len:%d, key_sds_avail:0, key_zmalloc: %d, val_sds_len:%d, val_sds_avail:0, val_zmalloc: %d",
			len(it.Key()), len(it.Key()), it.Len(), it.EntryBytes()-len(it.Key())))
	})
	if !found {
		q.out.Error(command.ErrNoKey)
	}
}

func debugLog(q *call) {
	q.srv.log.Warn("DEBUG LOG", zap.ByteString("message", q.args[2]))
	q.out.OK()
}

func debugChangeReplID(q *call) {
	q.srv.newReplID()
	q.out.OK()
}

// newReplID draws the id of this data set's history.
func (srv *Server) newReplID() {
	var raw [20]byte
	_, _ = rand.Read(raw[:]) // never fails
	id := hex.EncodeToString(raw[:])
	srv.replID.Store(&id)
}

// maxPopulateBytes bounds the values that DEBUG POPULATE makes.
const maxPopulateBytes = 512 << 20

// debugPopulate implements DEBUG POPULATE count [prefix] [size]: it makes the
// keys prefix:0, prefix:1, … that do not exist yet.
func debugPopulate(q *call) {
	n, ok := resp.ParseInt(q.args[2])
	if !ok || n < 0 {
		q.out.Error(command.ErrNegative)
		return
	}
	prefix, size := "key", int64(0)
	if len(q.args) > 3 {
		prefix = string(q.args[3])
	}
	if len(q.args) > 4 {
		if size, ok = resp.ParseInt(q.args[4]); !ok || size < 0 || size > maxPopulateBytes {
			q.out.Error(command.ErrNegative)
			return
		}
	}
	db := q.sessionDB()
	for i := range n {
		value := []byte("value:" + formatInt(i))
		if size > 0 {
			sized := make([]byte, size)
			copy(sized, value)
			value = sized
		}
		if err := q.populate(db, []byte(prefix+":"+formatInt(i)), value); err != nil {
			q.out.Error(command.ErrOOM)
			return
		}
	}
	q.out.OK()
}

// populate sets a key that does not exist yet.
func (q *call) populate(db int, name, value []byte) error {
	e := q.srv.engine
	if !q.srv.memory.makeRoom() {
		return engine.ErrNoRoom
	}
	k := e.Key(name)
	k.Shard.Lock()
	defer k.Shard.Unlock()
	if _, exists := e.Peek(db, k, q.ex.nowMs); exists {
		return nil
	}
	q.ex.stats.dirty.add(1)
	return e.SetString(db, k, value, engine.Attrs{Deadline: engine.NoDeadline}, q.ex.nowMs)
}

// debugHTStats implements DEBUG HTSTATS db.
func debugHTStats(q *call) {
	db, ok := q.int(2)
	if !ok {
		return
	}
	if db < 0 || db >= int64(q.srv.engine.Databases()) {
		q.out.Error("ERR Out of range database")
		return
	}
	var b strings.Builder
	keys, expires, most := 0, 0, 0
	for _, s := range q.srv.engine.Shards() {
		s.Lock()
		n, d := s.Len(int(db))
		s.Unlock()
		keys, expires, most = keys+n, expires+d, max(most, n)
	}
	fmt.Fprintf(&b, "[Dictionary HT]\n shards: %d\n number of elements: %d\n most elements in a shard: %d\n", len(q.srv.engine.Shards()), keys, most)
	fmt.Fprintf(&b, "[Expires HT]\n number of elements: %d\n", expires)
	q.out.Verbatim("txt", b.String())
}

// debugNotEncoded is for subcommands about encodings that no value has here.
func debugNotEncoded(text string) func(q *call) {
	return func(q *call) {
		if q.withKey(q.sessionDB(), q.args[2], func(engine.Item) { q.out.Error("ERR " + text) }) {
			return
		}
		q.out.Error(command.ErrNoKey)
	}
}

func debugNoKnob(q *call) { q.out.OK() }

func debugReplyBuffer(q *call) {
	if !q.is(2, "PEAK-RESET-TIME") && !q.is(2, "RESIZING") {
		q.wrongSubcommand()
		return
	}
	q.out.OK()
}

func debugRefused(why string) func(q *call) {
	return func(q *call) {
		q.out.Error("ERR DEBUG " + strings.ToUpper(string(q.args[1])) + " is not available: " + why)
	}
}
