package compat

import (
	"math"
	"testing"

	"larder/test/compat/harness"
)

// TestMemcachedLargeCounters counts around the limits of 63 and 64 bits, by all
// three protocols. Its memcached has stored nothing before, and here nothing
// with a minus sign: see memNumber.
func TestMemcachedLargeCounters(t *testing.T) {
	needMemcached(t)
	fresh, err := harness.StartMemcached("fresh memcached", quietMemcached...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := fresh.Stop(); err != nil {
			t.Error(err)
		}
	})
	var steps []harness.Step
	for _, request := range []string{
		"set a 0 0 20\r\n18446744073709551615\r\n", "incr a 0\r\n", "incr a 1\r\n", "get a\r\n",
		"decr a 1\r\n", "incr a 18446744073709551615\r\n", "decr a 18446744073709551615\r\n", "get a\r\n",
		"set b 0 0 19\r\n9223372036854775807\r\n", "incr b 1\r\n", "incr b 9223372036854775808\r\n", "incr b 9223372036854775807\r\n",
		"decr b 9223372036854775808\r\n", "get b\r\n", "set c 0 0 19\r\n9223372036854775808\r\n", "decr c 1\r\n", "get c\r\n",
		"ma d N0 J18446744073709551615 v\r\n", "ma d N0 J18446744073709551615 v\r\n", "ma d D18446744073709551615 v\r\n", "ma d MD D1 v\r\n",
		"incr a 18446744073709551616\r\n", "set e 0 0 20\r\n18446744073709551616\r\n", "incr e 1\r\n", "ma e v\r\n",
	} {
		steps = append(steps, text(request)...)
	}
	for _, opcode := range []byte{opIncrement, 0x06} {
		for _, n := range []uint64{math.MaxUint64, math.MaxInt64, 1 << 63, 1} {
			f := frame{opcode: opcode, key: []byte{'x', opcode}, extras: append(append(u64(n), u64(math.MaxUint64)...), u32(0)...)}
			steps = append(steps, harness.Step{Op: harness.OpBinary, Args: [][]byte{f.bytes()}})
		}
	}
	r := &harness.Runner{Oracle: fresh, Subject: servers.memSubject, Intended: intended(t)}
	m, err := r.Run(harness.History{Family: "large counters", Proto: 2, Steps: steps})
	if err != nil {
		t.Fatal(err)
	}
	if m != nil {
		t.Error(m)
	}
}
