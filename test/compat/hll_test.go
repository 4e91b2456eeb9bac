package compat

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"larder/test/compat/harness"
)

// hllFamily reads sketches back as strings, so that their bytes are compared,
// and sets the limit of the sparse form anew at times, so that sketches of all
// sizes become dense. Strings of other kinds, and sketches with a byte changed
// that SETRANGE should not have touched, are among the keys.
var hllFamily = family{
	name:  "hll",
	spoil: 4,
	rows: []string{
		"PFADD key element*",
		"PFADD key element*",
		"PFADD key",
		"PFADD key small",
		"PFCOUNT key",
		"PFCOUNT key*",
		"PFMERGE key key*",
		"PFMERGE key",
		"GET key",
		"GET key",
		"STRLEN key",
		"OBJECT ENCODING key",
		"PFDEBUG (GETREG|DECODE|ENCODING|TODENSE|JUNK) key",
		"CONFIG SET HLL-SPARSE-MAX-BYTES limit",
		"DEL key",
		"EXPIRE key secs",
		"TTL key",
		"RENAME key key",
		"COPY key key REPLACE",
	},
	classes: harness.Classes{
		"key":     harness.Choose("a", "b", "c", "d", "key:1"),
		"element": harness.Mix(3, harness.Integer(0, 400), 1, harness.Bytes(0, 20)),
		"limit":   harness.Choose("0", "17", "18", "20", "40", "200", "3000", "20000", "9223372036854775807"),
		"secs":    harness.Integer(100_000, 200_000_000),
	},
	prologue:       commands("0> CONFIG SET hll-sparse-max-bytes 3000"),
	special:        hllSteps,
	specialPercent: 20,
	epilogue:       readBack("GET", "PFCOUNT", "GET"),
	restore:        [][]string{{"CONFIG", "SET", "hll-sparse-max-bytes", "3000"}},
}

// hllSteps adds many elements at once, or changes a byte of a sketch and uses
// it with one element at a time: what fails in the middle of several has
// changed nothing in larder.
func hllSteps(r *rand.Rand) []harness.Step {
	key := []string{"a", "b", "c", "d", "key:1"}[r.IntN(5)]
	if r.IntN(3) > 0 {
		line := "0> PFADD " + key
		for range 1 << r.IntN(12) {
			line += fmt.Sprintf(" %d", r.Uint32())
		}
		return commands(line, "0> GET "+key, "0> PFCOUNT "+key, "0> GET "+key, "0> PFDEBUG DECODE "+key)
	}
	// None of these bytes starts a run of two bytes, which the string's end
	// might cut off.
	bytes := []string{`\x00`, `\x01`, `\x3f`, `\x80`, `\x83`, `\xff`}
	lines := []string{fmt.Sprintf("0> SETRANGE %s %d \"%s\"", key, r.IntN(40), bytes[r.IntN(len(bytes))])}
	for range 4 {
		lines = append(lines, []string{
			fmt.Sprintf("0> PFADD %s %d", key, r.IntN(1000)), "0> PFCOUNT " + key, "0> PFCOUNT a " + key,
			"0> PFMERGE e " + key, "0> PFDEBUG GETREG " + key, "0> PFDEBUG DECODE " + key, "0> GET " + key,
		}[r.IntN(7)])
	}
	return commands(append(lines, "0> GET "+key, "0> DEL "+key)...)
}

func TestHyperLogLogs(t *testing.T) { hllFamily.check(t, respPair(t)) }

// A sketch that grows one element at a time has Redis's bytes at every step,
// through the sparse form and into the dense one.
func TestHyperLogLogGrowth(t *testing.T) {
	lines := []string{"0> CONFIG SET hll-sparse-max-bytes 3000", "0> SET other x"}
	for i := range 1500 {
		lines = append(lines, fmt.Sprintf("0> PFADD grows element:%d", i))
		if i%25 == 0 {
			lines = append(lines, "0> GET grows", "0> PFCOUNT grows")
		}
	}
	lines = append(lines, "0> PFDEBUG ENCODING grows", "0> PFADD other a", "0> PFSELFTEST")
	h, err := harness.ParseTranscript("growth", strings.Join(lines, "\n"))
	if err != nil {
		t.Fatal(err)
	}
	m, err := respPair(t).Run(h)
	if err != nil {
		t.Fatal(err)
	}
	if m != nil {
		t.Errorf("step %d\n%.2000s", m.At, m)
	}
}
