package server

import (
	"fmt"
	"hash/maphash"
	"math/rand/v2"
	"slices"
	"testing"
)

// The table holds what a map of sets would, whatever is added, taken and
// cleared, with names and numbers of clients of all sizes.
func TestInterestTableLikeAMap(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	seed := maphash.MakeSeed()
	var table interestTable
	model := map[string][]uint64{}
	check := func() {
		ids := 0
		for _, want := range model {
			ids += len(want)
		}
		if table.keys != len(model) || table.ids != ids {
			t.Fatalf("the table counts %d keys and %d ids; there are %d and %d", table.keys, table.ids, len(model), ids)
		}
	}
	name := func() string {
		switch r.IntN(20) {
		case 0:
			return fmt.Sprintf("%0*d", r.IntN(3000), r.IntN(50))
		case 1:
			return ""
		}
		return fmt.Sprint("key:", r.IntN(20000))
	}
	hash := func(name string) uint64 {
		h := maphash.String(seed, name)
		if len(name)%5 == 0 {
			h &= 7 << interestShift // collisions
		}
		return h
	}
	for step := range 120_000 {
		switch n := name(); {
		case r.IntN(10) < 6 || step%30_000 < 15_000:
			id := uint64(r.IntN(40))
			if len(n)%7 == 0 {
				id = uint64(r.IntN(20000))
			}
			if !table.add(hash(n), []byte(n), id) {
				t.Fatal("the table is full")
			}
			if i, has := slices.BinarySearch(model[n], id); !has {
				model[n] = slices.Insert(model[n], i, id)
			}
		case r.IntN(3) == 0 && table.keys > 0:
			got, h := table.pick(r.Uint64(), nil)
			if model[string(got)] == nil || h != hash(string(got))&^(1<<interestShift-1) {
				t.Fatalf("picks %q with hash %x", got, h)
			}
		case step%60_000 == 45_000:
			table.clear()
			clear(model)
		default:
			if got := table.take(hash(n), []byte(n), nil); !slices.Equal(got, model[n]) {
				t.Fatalf("step %d: %q is held by %v, the model says %v", step, n, got, model[n])
			}
			delete(model, n)
		}
		if step%10_000 == 0 {
			check()
		}
	}
	for n, want := range model {
		if got := table.take(hash(n), []byte(n), nil); !slices.Equal(got, want) {
			t.Fatalf("%q is held by %v, the model says %v", n, got, want)
		}
		delete(model, n)
	}
	check()
	if n := table.bytes(); n > 8<<10 {
		t.Errorf("the empty table takes %d bytes", n)
	}
}

// A key that one client holds costs little.
func TestInterestTableIsSmall(t *testing.T) {
	var table interestTable
	seed := maphash.MakeSeed()
	const keys = 100_000
	for i := range keys {
		name := fmt.Sprintf("user:profile:%07d", i)
		table.add(maphash.String(seed, name), []byte(name), 7)
	}
	if per := table.bytes() / keys; per > 58 {
		t.Errorf("a key of 20 bytes costs %d bytes", per)
	}
}

// Records come and go in sizes that change; what is freed is used again.
func TestInterestTableReusesMemory(t *testing.T) {
	var table interestTable
	seed := maphash.MakeSeed()
	most := 0
	for round := range 20 {
		for i := range 2000 {
			name := fmt.Sprintf("%0*d", 20+i%30, i)
			for id := range uint64(1 + i%9) {
				table.add(maphash.String(seed, name), []byte(name), id)
			}
		}
		if round == 0 {
			most = table.bytes()
		}
		for i := range 1999 {
			name := fmt.Sprintf("%0*d", 20+i%30, i)
			table.take(maphash.String(seed, name), []byte(name), nil)
		}
		if table.bytes() > most+interestChunk {
			t.Fatalf("round %d: %d bytes, at first %d", round, table.bytes(), most)
		}
	}
}
