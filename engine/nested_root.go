package engine

import (
	"encoding/binary"
	"math"
	"unsafe"

	"github.com/cespare/xxhash/v2"

	"larder/engine/mem"
)

// tableRoot is the root of a container that is a nested table and nothing
// else: a large hash or a large set.
type tableRoot struct {
	containerHeader
	nestedRoot
}

const tableRootBytes = int(unsafe.Sizeof(tableRoot{}))

// tableOps are the containerOps of hashes and sets.
var tableOps = containerOps{free: freeTable, copy: copyTable, state: appendTable}

// tableAt is the table of a large hash or set.
func (s *Shard) tableAt(root mem.Ref) nested {
	r := (*tableRoot)(s.region.Ptr(root))
	return nested{s, &r.nestedRoot, &r.containerHeader}
}

// newTableRoot makes an empty table with room for about hint entries.
func (s *Shard) newTableRoot(typ Type, hint int) (mem.Ref, error) {
	root, ok := s.newRoot(typ, tableRootBytes)
	if !ok {
		return 0, ErrNoRoom
	}
	if err := s.tableAt(root).start(hint); err != nil {
		s.dropRoot(root, tableRootBytes)
		return 0, err
	}
	return root, nil
}

// dropTable undoes newTableRoot for a table that never came into use, with
// what was inserted meanwhile.
func (s *Shard) dropTable(root mem.Ref) {
	s.tableAt(root).freeSlots(never)
	s.dropRoot(root, tableRootBytes)
}

func freeTable(s *Shard, root mem.Ref, budget int) (freed int, done bool) {
	if freed, done = s.tableAt(root).freeSlots(budget); done {
		s.freeRoot(root, tableRootBytes)
	}
	return freed, done
}

func copyTable(from *Shard, root mem.Ref, to *Shard, pause pauseFunc) (mem.Ref, bool) {
	copied, ok := to.newRoot(from.container(root).typ, tableRootBytes)
	if !ok {
		return 0, false
	}
	if err := from.tableAt(root).copyTo(to.tableAt(copied), pause); err != nil {
		return copied, false
	}
	return copied, true
}

func appendTable(s *Shard, root mem.Ref, dst []byte) []byte {
	return s.tableAt(root).appendState(dst, math.MinInt64)
}

// appendState appends the sum of the digests of the entries that do not expire
// until nowMs, so that their order does not count.
func (n nested) appendState(dst []byte, nowMs int64) []byte {
	var sum Digest
	var scratch []byte
	count := 0
	n.each(func(e entry) bool {
		if e.deadline() <= nowMs {
			return true
		}
		count++
		l := e.layout()
		scratch = binary.LittleEndian.AppendUint64(scratch[:0], uint64(e.deadline()))
		scratch = binary.AppendUvarint(scratch, uint64(len(e.key())))
		scratch = append(append(scratch, e.key()...), e.bytes(l.value, l.valueLen)...)
		for i := range sum {
			var d xxhash.Digest
			d.ResetWithSeed(uint64(i))
			_, _ = d.Write(scratch) // a Digest's Write never fails
			sum[i] += d.Sum64()
		}
		return true
	})
	dst = binary.LittleEndian.AppendUint64(dst, uint64(count))
	dst = binary.LittleEndian.AppendUint64(dst, sum[0])
	return binary.LittleEndian.AppendUint64(dst, sum[1])
}
