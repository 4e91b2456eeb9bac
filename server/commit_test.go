package server

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// testCommitter keeps records in memory.
type testCommitter struct {
	mu      sync.Mutex
	records []Record
	durable atomic.Uint64
	waits   atomic.Bool
	full    atomic.Bool
	fault   atomic.Pointer[error]
}

func (c *testCommitter) Append(rec *Record) uint64 {
	r := Record{TimeMs: rec.TimeMs}
	for _, ch := range rec.Commands {
		ch.Args = cloneArgs(ch.Args, requestBytes(ch.Args))
		r.Commands = append(r.Commands, ch)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.records = append(c.records, r)
	return uint64(len(c.records))
}

func (c *testCommitter) Last() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return uint64(len(c.records))
}

func (c *testCommitter) Durable() uint64 { return c.durable.Load() }
func (c *testCommitter) Waits() bool     { return c.waits.Load() }
func (c *testCommitter) Room() bool      { return !c.full.Load() }

func (c *testCommitter) Err() error {
	if err := c.fault.Load(); err != nil {
		return *err
	}
	return nil
}

// commitTo makes c take what the server changes.
func commitTo(srv *Server, c Committer) {
	srv.engine.LockAll()
	srv.Commit(c)
	srv.engine.UnlockAll()
}

// sameData tells where two servers differ.
func sameData(t *testing.T, a, b *Server) {
	t.Helper()
	now := time.Now().UnixMilli()
	for db := range a.engine.Databases() {
		if x, y := a.engine.Digest(db, now), b.engine.Digest(db, now); x != y {
			t.Errorf("database %d is %x, and %x where its records were applied", db, x, y)
		}
	}
}

// historyWords are commands with places for a key of a type and other words:
// %s string, %h hash, %l list, %t set, %z sorted set, %x stream, %n number, %w
// word, %d ms from now.
var historyWords = []string{
	"SET %s %w", "SET %s %n PX %d", "APPEND %s %w", "INCR %s", "INCRBYFLOAT %s 1.5", "SETRANGE %s 5 %w", "GETDEL %s", "GETEX %s PERSIST",
	"GETEX %s PX %d", "MSET %s %w %s %w", "MSETNX %s %w %s %w", "SETBIT %s %n 1", "BITFIELD %s INCRBY u8 0 250", "BITOP OR %s %s %s",
	"PFADD %s %w %w", "PFMERGE %s %s", "EXPIRE %s 1000", "PEXPIRE %s %d", "PERSIST %s", "DEL %s %h", "UNLINK %l", "RENAME %s %s", "COPY %h %h REPLACE",
	"HSET %h %w %w %w %w", "HINCRBY %h %w %n", "HDEL %h %w", "HPEXPIRE %h %d FIELDS 1 %w", "HGETDEL %h FIELDS 1 %w", "HSETEX %h PX %d FIELDS 1 %w %w",
	"HINCRBYFLOAT %h f 0.1", "LPUSH %l %w %w %w", "RPUSH %l %w %n", "LPOP %l", "RPOP %l 2", "LINSERT %l BEFORE %w %w", "LSET %l 0 %w", "LREM %l 0 %w",
	"LTRIM %l 1 -2", "LMOVE %l %l LEFT RIGHT", "RPOPLPUSH %l %l", "LMPOP 2 %l %l LEFT", "BLPOP %l 0.01", "BLMOVE %l %l LEFT LEFT 0.01",
	"SADD %t %w %w %n", "SREM %t %w", "SPOP %t", "SPOP %t 3", "SMOVE %t %t %w", "SINTERSTORE %t %t %t", "SUNIONSTORE %t %t %t", "SDIFFSTORE %t %t %t",
	"ZADD %z %n %w %n %w", "ZADD %z GT CH INCR %n %w", "ZINCRBY %z 1.5 %w", "ZREM %z %w", "ZPOPMIN %z", "ZPOPMAX %z 2", "ZREMRANGEBYRANK %z 0 0",
	"ZREMRANGEBYSCORE %z 3 4", "ZUNIONSTORE %z 2 %z %z", "ZINTERSTORE %z 2 %z %t", "ZRANGESTORE %z %z 0 3", "ZMPOP 1 %z MIN", "GEOADD %z 13.3 38.1 %w",
	"XADD %x * f %w", "XADD %x MAXLEN 5 * f %w g %n", "XADD %x NOMKSTREAM * f %w", "XTRIM %x MAXLEN 3", "XGROUP CREATE %x g $ MKSTREAM",
	"XREADGROUP GROUP g c COUNT 2 STREAMS %x >", "XAUTOCLAIM %x g d 0 0", "XACK %x g 1-1", "XDEL %x 1-1", "XSETID %x 99999999999999-1", "XGROUP DELCONSUMER %x g c",
	"SORT %l ALPHA STORE %l", "SELECT %n", "SWAPDB 1 2", "FLUSHDB", "MOVE %s 1", "RESTORE %s 0 \x00\xc0\x07\n\x00\xd0 REPLACE",
	"EVAL return{redis.call('SPOP',KEYS[1]),redis.call('SET',KEYS[2],redis.call('TIME')[1])} 2 %t %s",
	"EVAL redis.call('INCR',KEYS[1])redis.call('XADD',KEYS[2],'*','f',math.random())return(redis.pcall('LPUSH',KEYS[1],1)) 2 %s %x",
	"FUNCTION LOAD REPLACE #!lua_name=lib\nredis.register_function('f',function(keys)return(redis.call('SADD',keys[1],redis.sha1hex(keys[1])))end)",
	"FCALL f 1 %t", "MULTI", "EXEC", "DISCARD", "WATCH %s",
}

// memcachedWords are commands of memcached on the same strings.
var memcachedWords = []string{
	"set %s 5 0 3\r\nabc", "add %s 1 100 1\r\n7", "append %s 0 0 2\r\nzz", "incr %s 5", "touch %s 500", "gat 100 %s", "delete %s", "ms %s 2 T90 F9 I\r\nhi",
	"mg %s v T60 N30", "ma %s N0 J5 D3", "md %s I T30", "cas %s 0 0 1 9\r\nx", "flush_all", "md %s q",
}

func fillWords(rng *rand.Rand, pattern string) string {
	var b strings.Builder
	for i := 0; i < len(pattern); i++ {
		if pattern[i] != '%' {
			b.WriteByte(pattern[i])
			continue
		}
		switch i++; pattern[i] {
		case 'n':
			fmt.Fprint(&b, rng.IntN(10))
		case 'd':
			fmt.Fprint(&b, 1+rng.IntN(15))
		case 'w':
			b.WriteString(strings.Repeat(string('a'+rune(rng.IntN(12))), 1+rng.IntN(8)*rng.IntN(12)))
		default:
			fmt.Fprintf(&b, "%c%d", pattern[i], rng.IntN(6))
		}
	}
	return b.String()
}

// request is a line as a request of RESP.
func respRequest(words string) string {
	args := strings.Split(words, " ")
	var b strings.Builder
	fmt.Fprintf(&b, "*%d\r\n", len(args))
	for _, a := range args {
		fmt.Fprintf(&b, "$%d\r\n%s\r\n", len(a), a)
	}
	return b.String()
}

// TestRecordsMakeTheSameState proves that the records of random histories of
// several clients, applied to an empty server, make what the histories made:
// with chance, time, deadlines that pass, transactions, scripts, functions,
// blocking commands and memcached clients.
func TestRecordsMakeTheSameState(t *testing.T) {
	for seed := range uint64(20) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) { replayHistory(t, seed) })
	}
}

func replayHistory(t *testing.T, seed uint64) {
	low := []string{"--hash-max-listpack-entries", "4", "--zset-max-listpack-entries", "4", "--set-max-listpack-entries", "4", "--list-max-listpack-size", "4", "--databases", "10"}
	live, again := newSeededServer(t, 42, append(low, "--io-threads", "2")...), newSeededServer(t, 42, append(low, "--io-threads", "1")...)
	c := &testCommitter{}
	commitTo(live, c)
	var wg sync.WaitGroup
	for id := range uint64(3) {
		rng := rand.New(rand.NewPCG(seed, id))
		front, words := front(&respFront{}), historyWords
		if id == 2 {
			front, words = &memcacheFront{}, memcachedWords
		}
		client := newTestClient(t, live, front)
		wg.Go(func() {
			for range 600 {
				line := fillWords(rng, words[rng.IntN(len(words))])
				if strings.HasPrefix(strings.ToUpper(line), "FLUSH") && rng.IntN(8) > 0 {
					continue
				}
				if id == 2 {
					client.do(line + "\r\n")
				} else {
					client.do(respRequest(line))
				}
			}
		})
	}
	wg.Wait()
	commitTo(live, nil)
	a := again.NewApplier()
	defer a.Close()
	for i := range c.records {
		if err := a.Apply(&c.records[i]); err != nil {
			t.Fatalf("record %d: %v", i, err)
		}
	}
	sameData(t, live, again)
	if len(c.records) < 300 {
		t.Errorf("only %d records", len(c.records))
	}
}
