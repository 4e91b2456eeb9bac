package engine

import (
	"bytes"
	"encoding/binary"

	"larder/engine/mem"
)

// The groups of a stream and the consumers of a group are few, and they are
// listed in the order of their names. So each kind is a sorted array of
// references, in memory of its own, to objects that stay where they are:
//
//	array   capacity 4 | n 4 | ref 8 …                little-endian
//	object  size 4 | name length 4 | … | name         size is what was asked for
type nameList struct{ ref mem.Ref }

const (
	namesHeader = 8
	namesMin    = 4 // references that the first array has room for
	namedHeader = 8
)

func (n *nameList) array(s *Shard) []byte {
	if n.ref == 0 {
		return nil
	}
	return s.region.Bytes(n.ref, namesBytes(int(binary.LittleEndian.Uint32(s.region.Bytes(n.ref, 4)))))
}

func namesBytes(capacity int) int { return namesHeader + 8*capacity }

func (n *nameList) len(s *Shard) int {
	if n.ref == 0 {
		return 0
	}
	return int(binary.LittleEndian.Uint32(s.region.Bytes(n.ref, namesHeader)[4:]))
}

func (n *nameList) at(s *Shard, i int) mem.Ref {
	return mem.Ref(binary.LittleEndian.Uint64(n.array(s)[namesHeader+8*i:]))
}

// namedBytes returns all of a named object.
func (s *Shard) namedBytes(ref mem.Ref) []byte {
	return s.region.Bytes(ref, int(binary.LittleEndian.Uint32(s.region.Bytes(ref, 4))))
}

// nameOf returns a view of a named object's name.
func (s *Shard) nameOf(ref mem.Ref) []byte {
	b := s.namedBytes(ref)
	return b[len(b)-int(binary.LittleEndian.Uint32(b[4:])):]
}

// newNamed allocates a named object: n zeroed bytes, the header included, and
// the name behind them.
func (s *Shard) newNamed(hd *containerHeader, n int, name []byte) (mem.Ref, bool) {
	ref, ok := s.node(hd, n+len(name))
	if !ok {
		return 0, false
	}
	b := s.region.Bytes(ref, n+len(name))
	clear(b[:n])
	binary.LittleEndian.PutUint32(b, uint32(len(b)))
	binary.LittleEndian.PutUint32(b[4:], uint32(len(name)))
	copy(b[n:], name)
	return ref, true
}

// freeNamed frees a named object.
func (s *Shard) freeNamed(hd *containerHeader, ref mem.Ref) {
	s.freeNode(hd, ref, len(s.namedBytes(ref)))
}

// find returns where the object with a name is, or belongs.
func (n *nameList) find(s *Shard, name []byte) (i int, found bool) {
	low, high := 0, n.len(s)
	for low < high {
		mid := int(uint(low+high) / 2)
		switch c := bytes.Compare(s.nameOf(n.at(s, mid)), name); {
		case c == 0:
			return mid, true
		case c < 0:
			low = mid + 1
		default:
			high = mid
		}
	}
	return low, false
}

// reserve makes room for one more reference. It reports false if there is no
// memory.
func (n *nameList) reserve(s *Shard, hd *containerHeader) bool {
	old, used := n.array(s), n.len(s)
	if used < (len(old)-namesHeader)/8 {
		return true
	}
	capacity := max(namesMin, 2*used)
	ref, ok := s.node(hd, namesBytes(capacity))
	if !ok {
		return false
	}
	b := s.region.Bytes(ref, namesBytes(capacity))
	clear(b[:namesHeader])
	copy(b, old)
	binary.LittleEndian.PutUint32(b, uint32(capacity))
	n.free(s, hd)
	n.ref = ref
	return true
}

// insert adds a reference before the i-th. REQUIRES: reserve has succeeded.
func (n *nameList) insert(s *Shard, i int, ref mem.Ref) {
	b, used := n.array(s), n.len(s)
	at, end := namesHeader+8*i, namesHeader+8*used
	copy(b[at+8:end+8], b[at:end])
	binary.LittleEndian.PutUint64(b[at:], uint64(ref))
	binary.LittleEndian.PutUint32(b[4:], uint32(used+1))
}

// remove takes the i-th reference out; the array goes with the last one.
func (n *nameList) remove(s *Shard, hd *containerHeader, i int) {
	b, used := n.array(s), n.len(s)
	at, end := namesHeader+8*i, namesHeader+8*used
	copy(b[at:], b[at+8:end])
	binary.LittleEndian.PutUint32(b[4:], uint32(used-1))
	if used == 1 {
		n.free(s, hd)
		n.ref = 0
	}
}

// free frees the array.
func (n *nameList) free(s *Shard, hd *containerHeader) {
	if n.ref != 0 {
		s.freeNode(hd, n.ref, len(n.array(s)))
	}
}
