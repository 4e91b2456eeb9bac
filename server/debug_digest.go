package server

import (
	"crypto/sha1"
	"encoding/binary"
	"encoding/hex"
	"math"
	"strconv"

	"larder/engine"
	"larder/protocol/resp"
)

// digest is the digest of DEBUG DIGEST, computed as Redis does, so that equal
// data have equal digests on both. Parts whose order counts are mixed in:
// XORed and hashed again. Parts without an order are only XORed.
type digest [sha1.Size]byte

// xor adds data whose place does not matter.
func (d *digest) xor(data []byte) {
	sum := sha1.Sum(data)
	for i := range d {
		d[i] ^= sum[i]
	}
}

// mix adds data whose place matters.
func (d *digest) mix(data []byte) {
	d.xor(data)
	*d = sha1.Sum(d[:])
}

func (d *digest) mixUint32(n uint32) {
	var b [4]byte
	binary.BigEndian.PutUint32(b[:], n)
	d.mix(b[:])
}

// mixValue adds the type and value of an item, and whether it expires.
func (d *digest) mixValue(it *engine.Item) {
	d.mixUint32(uint32(it.Type()))
	switch it.Type() {
	case engine.TypeString:
		var digits [20]byte
		d.mix(it.Bytes(digits[:0]))
	case engine.TypeList:
		l := it.List()
		w := l.Walk(0, false)
		for {
			v, more := w.Next()
			if !more {
				break
			}
			var digits [20]byte
			d.mix(v.Bytes(digits[:0]))
		}
	case engine.TypeSet:
		it.EachMember(func(member []byte) { d.xor(member) })
	case engine.TypeHash:
		it.EachField(func(field, value []byte) {
			var pair digest
			pair.mix(field)
			pair.mix(value)
			d.xor(pair[:])
		})
	case engine.TypeZSet:
		d.mixZSet(it)
	}
	if it.Deadline() != engine.NoDeadline {
		d.xor([]byte("!!expire!!"))
	}
}

// mixZSet adds the members of a sorted set with their scores.
func (d *digest) mixZSet(it *engine.Item) {
	var z engine.ZSet
	if z.View(it) != nil {
		return
	}
	var cur engine.ZCursor
	var text [32]byte
	for z.Seek(&cur, 0, false); cur.Next(); {
		var pair digest
		pair.mix(cur.Member())
		pair.mix(appendDigits(text[:0], cur.Score()))
		d.xor(pair[:])
	}
}

// appendDigits appends a score as C's %.17g prints it.
func appendDigits(dst []byte, score float64) []byte {
	if math.IsInf(score, 0) {
		return resp.AppendDouble(dst, score)
	}
	return strconv.AppendFloat(dst, score, 'g', 17, 64)
}

// digestScan is how many slots are visited under one lock.
const digestScan = 1024

// debugDigest implements DEBUG DIGEST. Writes go on meanwhile: the digest is
// of a moment only if nothing is written.
func debugDigest(q *call) {
	e := q.srv.engine
	var total digest
	for db := range e.Databases() {
		var part digest // of the entries of the database, in no order
		seen := false
		var cursor engine.Cursor
		for more := true; more; more = cursor != 0 {
			at, _ := e.CursorShard(cursor)
			s := e.Shards()[at]
			s.Lock()
			// A key that is returned twice, because the index changes
			// meanwhile, means that somebody writes.
			cursor = e.Scan(db, cursor, digestScan, q.ex.nowMs, func(it engine.Item) {
				seen = true
				var d digest
				d.mix(it.Key())
				d.mixValue(&it)
				part.xor(d[:])
			})
			s.Unlock()
		}
		if !seen {
			continue
		}
		total.mixUint32(uint32(db))
		for i := range total {
			total[i] ^= part[i]
		}
	}
	q.out.Simple(hex.EncodeToString(total[:]))
}

// debugDigestValue implements DEBUG DIGEST-VALUE key ….
func debugDigestValue(q *call) {
	db := q.sessionDB()
	q.out.Array(len(q.args) - 2)
	for _, name := range q.args[2:] {
		var d digest
		q.withKey(db, name, func(it engine.Item) { d.mixValue(&it) })
		q.out.Simple(hex.EncodeToString(d[:]))
	}
}
