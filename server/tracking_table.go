package server

import (
	"encoding/binary"
	"math/bits"
)

// interestTable remembers which clients hold copies of which keys: name of key
// → ids of clients. There is one a shard, and the shard's lock guards it.
//
// It may hold millions of keys, so the garbage collector must find no pointer
// in it: a record is a run of bytes in a chunk, and whatever refers to it is its
// block, the number of its first 16 bytes.
//
//	record   next:4  hash:4  nameLen:4  ids:4  name  id:8 …      little endian
//	block    chunk:16 | 16-byte unit within the chunk:12, of 28 bits used; 0 is none
//
// A record takes the sizes of sizeClass, at most a quarter more than it needs.
// What a freed record leaves is given to the next one of its class. So a key of
// 20 bytes that one client holds costs 48 bytes and 4 to 8 for its place in the
// index. The index is split one bucket at a time (linear hashing), because
// whoever adds a key holds the shard's lock.
//
// Redis keeps a radix tree of keys with a radix tree of ids each, which finds
// the keys in order; nobody asks for that.
type interestTable struct {
	heads   []uint32 // first record of each bucket
	chunks  [][]byte
	current int                     // the chunk that new records come from
	used    int                     // units of it that have been given out
	vacant  [interestClasses]uint32 // first free record of each size
	spare   []uint16                // chunks of single large records that are free
	keys    int
	ids     int
}

const (
	interestShift   = 36 // of a key's hash the bits above are used: those below choose the shard
	interestUnit    = 16
	firstChunk      = 4 << 10 // bytes of the first chunk
	interestChunk   = 64 << 10
	interestHeader  = 16
	interestClasses = 64
	firstBuckets    = 8
	// maxChunks bounds a shard's table to 4 GiB: what is more is not remembered,
	// which add reports.
	maxChunks = 1 << 16
)

// sizeClass returns the class of records of n bytes and their size: multiples
// of 16 up to 128, then four sizes for each doubling.
func sizeClass(n int) (class, size int) {
	if n <= 128 {
		class = (n+interestUnit-1)/interestUnit - 1
		return class, (class + 1) * interestUnit
	}
	doubling := bits.Len(uint(n-1)) - 1 // n is in (2^doubling, 2^(doubling+1)]
	step := 1 << (doubling - 2)
	quarter := (n - 1<<doubling + step - 1) / step // 1..4
	return 8 + (doubling-7)*4 + quarter - 1, 1<<doubling + quarter*step
}

// at returns the bytes from a record on.
func (t *interestTable) at(block uint32) []byte {
	return t.chunks[block>>12][(block&(1<<12-1))*interestUnit:]
}

// A record's fields.
func recordNext(r []byte) uint32       { return binary.LittleEndian.Uint32(r) }
func setRecordNext(r []byte, b uint32) { binary.LittleEndian.PutUint32(r, b) }
func recordHash(r []byte) uint32       { return binary.LittleEndian.Uint32(r[4:]) }
func recordName(r []byte) []byte {
	return r[interestHeader : interestHeader+binary.LittleEndian.Uint32(r[8:])]
}
func recordIDs(r []byte) int { return int(binary.LittleEndian.Uint32(r[12:])) }
func recordID(r []byte, i int) uint64 {
	return binary.LittleEndian.Uint64(r[interestHeader+int(binary.LittleEndian.Uint32(r[8:]))+8*i:])
}
func recordBytes(nameLen, ids int) int { return interestHeader + nameLen + 8*ids }

// alloc returns the block of a record of n bytes, 0 if the table is full.
func (t *interestTable) alloc(n int) uint32 {
	class, size := sizeClass(n)
	if size > interestChunk {
		return t.allocLarge(size)
	}
	if b := t.vacant[class]; b != 0 {
		t.vacant[class] = recordNext(t.at(b))
		return b
	}
	units := size / interestUnit
	if len(t.chunks) == 0 || t.used+units > len(t.chunks[t.current])/interestUnit {
		if len(t.chunks) == maxChunks {
			return 0
		}
		room, used := interestChunk, 0
		if len(t.chunks) == 0 {
			room, used = max(firstChunk, size+interestUnit), 1 // block 0 is none
		}
		t.chunks, t.current, t.used = append(t.chunks, make([]byte, room)), len(t.chunks), used
	}
	b := uint32(t.current)<<12 | uint32(t.used)
	t.used += units
	return b
}

// allocLarge makes a chunk for a single record.
func (t *interestTable) allocLarge(size int) uint32 {
	if n := len(t.spare); n > 0 {
		i := t.spare[n-1]
		t.spare = t.spare[:n-1]
		t.chunks[i] = make([]byte, size)
		return uint32(i) << 12
	}
	if len(t.chunks) == maxChunks {
		return 0
	}
	if len(t.chunks) == 0 {
		t.chunks, t.used = append(t.chunks, make([]byte, firstChunk)), 1 // block 0 is none
	}
	t.chunks = append(t.chunks, make([]byte, size))
	return uint32(len(t.chunks)-1) << 12
}

// free gives a record's bytes to the next one of its size.
func (t *interestTable) free(b uint32, n int) {
	class, size := sizeClass(n)
	if size > interestChunk {
		t.chunks[b>>12] = nil
		t.spare = append(t.spare, uint16(b>>12))
		return
	}
	setRecordNext(t.at(b), t.vacant[class])
	t.vacant[class] = b
}

// bucket is where a hash is to be found: linear hashing, of which the buckets
// below len(heads) - 2^k have been split already.
func (t *interestTable) bucket(hash uint32) int {
	round := bits.Len(uint(len(t.heads))) - 1
	i := int(hash) & (1<<(round+1) - 1)
	if i >= len(t.heads) {
		i = int(hash) & (1<<round - 1)
	}
	return i
}

// grow adds a bucket and moves there what belongs there.
func (t *interestTable) grow() {
	if len(t.heads) == 0 {
		t.heads = make([]uint32, firstBuckets)
		return
	}
	from := len(t.heads) - 1<<(bits.Len(uint(len(t.heads)))-1)
	to := len(t.heads)
	t.heads = append(t.heads, 0)
	b := t.heads[from]
	t.heads[from] = 0
	for b != 0 {
		r := t.at(b)
		next, i := recordNext(r), t.bucket(recordHash(r))
		if i != from && i != to {
			panic("tracking table: a record is in no bucket of its hash")
		}
		setRecordNext(r, t.heads[i])
		t.heads[i] = b
		b = next
	}
}

// find returns the record of a name and the one before it in its bucket, 0 for
// none.
func (t *interestTable) find(hash uint32, name []byte) (block, before uint32) {
	if t.keys == 0 {
		return 0, 0
	}
	for b := t.heads[t.bucket(hash)]; b != 0; {
		r := t.at(b)
		if recordHash(r) == hash && string(recordName(r)) == string(name) {
			return b, before
		}
		before, b = b, recordNext(r)
	}
	return 0, 0
}

// add remembers that a client holds a key. It reports false when there is no
// room for that in the table.
func (t *interestTable) add(hash64 uint64, name []byte, id uint64) bool {
	hash := uint32(hash64 >> interestShift)
	old, before := t.find(hash, name)
	if old == 0 {
		return t.insert(hash, name, id)
	}
	r := t.at(old)
	n := recordIDs(r)
	// In order of ids: the last one is that of a client that has just connected,
	// or the only one.
	i := n
	for i > 0 && recordID(r, i-1) > id {
		i--
	}
	if i > 0 && recordID(r, i-1) == id {
		return true
	}
	if oldClass, _ := sizeClass(recordBytes(len(name), n)); oldClass != classOf(recordBytes(len(name), n+1)) {
		b := t.alloc(recordBytes(len(name), n+1))
		if b == 0 {
			return false
		}
		copy(t.at(b), r[:recordBytes(len(name), n)])
		t.link(hash, before, b)
		t.free(old, recordBytes(len(name), n))
		r = t.at(b)
	}
	binary.LittleEndian.PutUint32(r[12:], uint32(n+1))
	ids := r[recordBytes(len(name), 0):recordBytes(len(name), n+1)]
	copy(ids[8*(i+1):], ids[8*i:])
	binary.LittleEndian.PutUint64(ids[8*i:], id)
	t.ids++
	return true
}

func classOf(n int) int {
	class, _ := sizeClass(n)
	return class
}

// insert adds the record of a key that nobody held.
func (t *interestTable) insert(hash uint32, name []byte, id uint64) bool {
	b := t.alloc(recordBytes(len(name), 1))
	if b == 0 {
		return false
	}
	if t.keys >= len(t.heads) {
		t.grow()
	}
	r := t.at(b)
	i := t.bucket(hash)
	setRecordNext(r, t.heads[i])
	binary.LittleEndian.PutUint32(r[4:], hash)
	binary.LittleEndian.PutUint32(r[8:], uint32(len(name)))
	binary.LittleEndian.PutUint32(r[12:], 1)
	copy(r[interestHeader:], name)
	binary.LittleEndian.PutUint64(r[recordBytes(len(name), 0):], id)
	t.heads[i] = b
	t.keys++
	t.ids++
	return true
}

// link makes b follow the record before it, or the bucket's head.
func (t *interestTable) link(hash, before, b uint32) {
	if before == 0 {
		t.heads[t.bucket(hash)] = b
	} else {
		setRecordNext(t.at(before), b)
	}
}

// take appends the ids of the clients that hold a key to dst and forgets them.
func (t *interestTable) take(hash64 uint64, name []byte, dst []uint64) []uint64 {
	hash := uint32(hash64 >> interestShift)
	b, before := t.find(hash, name)
	if b == 0 {
		return dst
	}
	r := t.at(b)
	n := recordIDs(r)
	for i := range n {
		dst = append(dst, recordID(r, i))
	}
	t.link(hash, before, recordNext(r))
	t.free(b, recordBytes(len(name), n))
	t.keys--
	t.ids -= n
	if t.keys == 0 {
		t.clear()
	}
	return dst
}

// clear forgets all, and keeps what a small table needs.
func (t *interestTable) clear() {
	if len(t.chunks) == 0 || len(t.chunks[0]) > interestChunk {
		*t = interestTable{}
		return
	}
	clear(t.heads)
	*t = interestTable{heads: t.heads[:min(len(t.heads), firstBuckets):min(cap(t.heads), 8*firstBuckets)], chunks: t.chunks[:1:1], used: 1}
}

// pick appends the name of some key to dst, chosen by seed, and returns it
// with its hash as add takes it. REQUIRES: there are keys.
func (t *interestTable) pick(seed uint64, dst []byte) (name []byte, hash64 uint64) {
	i := int(seed % uint64(len(t.heads)))
	for t.heads[i] == 0 {
		i = (i + 1) % len(t.heads)
	}
	r := t.at(t.heads[i])
	return append(dst, recordName(r)...), uint64(recordHash(r)) << interestShift
}

// bytes is the memory that the table takes.
func (t *interestTable) bytes() int {
	n := 4*cap(t.heads) + 2*cap(t.spare)
	for _, c := range t.chunks {
		n += cap(c)
	}
	return n
}
