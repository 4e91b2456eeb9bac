package engine

import (
	"math/rand/v2"
	"testing"
)

// The digest changes with everything that a command could notice, and with
// nothing else.
func TestDigestSeesEveryDifference(t *testing.T) {
	e := shardedEngine(t, 4)
	k := e.Key([]byte("k"))
	digests := map[Digest]string{}
	note := func(what string, f func() error) {
		t.Helper()
		k.Shard.Lock()
		err := f()
		k.Shard.Unlock()
		if err != nil {
			t.Fatal(err)
		}
		d := e.Digest(0, testNow)
		if other, ok := digests[d]; ok {
			t.Errorf("%s has the digest of %s", what, other)
		}
		digests[d] = what
	}
	set := func(value string, a Attrs) func() error {
		if a.Deadline == 0 {
			a.Deadline = NoDeadline
		}
		return func() error { return e.SetString(0, k, []byte(value), a, testNow) }
	}
	note("nothing", func() error { return nil })
	note("a value", set("v", Attrs{}))
	note("another value", set("w", Attrs{}))
	note("a longer value", set("ww", Attrs{}))
	note("an empty value", set("", Attrs{}))
	note("a number", set("1", Attrs{}))
	note("the number as bytes", func() error {
		return e.SetBytes(0, k, []byte("1"), EncBytes, Attrs{Deadline: NoDeadline}, testNow)
	})
	note("a deadline", set("v", Attrs{Deadline: testNow + 1}))
	note("another deadline", set("v", Attrs{Deadline: testNow + 2}))
	note("an item", set("v", Attrs{Item: true}))
	note("its flags", set("v", Attrs{Item: true, Flags: 1}))
	note("its CAS value", set("v", Attrs{Item: true, CAS: 1}))
	note("its marks", set("v", Attrs{Item: true, CAS: 1, Marks: MarkStale}))
	note("grown", func() error {
		b, err := e.EditString(0, k, 1, Attrs{Deadline: NoDeadline}, testNow)
		copy(b, "v")
		return err
	})
	k2 := e.Key([]byte("kv"))
	k2.Shard.Lock()
	if err := e.SetString(0, k2, nil, Attrs{Deadline: testNow}, testNow-1); err != nil {
		t.Fatal(err)
	}
	k2.Shard.Unlock()
	if _, ok := digests[e.Digest(0, testNow)]; !ok {
		t.Error("a key that has expired changes the digest")
	}
	if e.Digest(0, testNow-1) == e.Digest(0, testNow) {
		t.Error("a key that has not expired does not count")
	}
	if e.Digest(1, testNow) != (Digest{}) {
		t.Error("another database counts")
	}
}

// The order in which keys come, and the number of shards, do not matter.
func TestDigestKnowsNoOrder(t *testing.T) {
	const keys = 5000
	var want Digest
	for i, shards := range []int{1, 2, 32, 256} {
		e := shardedEngine(t, shards)
		for _, j := range rand.New(rand.NewPCG(uint64(i), 1)).Perm(keys) {
			putBulk(t, e, 0, j, j+1, testNow+int64(j)+1, testNow)
		}
		putBulk(t, e, 0, keys, 2*keys, NoDeadline, testNow) // leave a trace and go
		dropBulk(e, 0, keys, 2*keys, testNow)
		got := e.Digest(0, testNow)
		if i == 0 {
			want = got
		} else if got != want {
			t.Errorf("with %d shards the digest is %x, with one %x", shards, got, want)
		}
	}
	if want == (Digest{}) {
		t.Error("the digest of many keys is that of none")
	}
}
