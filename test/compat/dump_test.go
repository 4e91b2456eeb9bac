package compat

import (
	"math/rand/v2"
	"strings"
	"testing"

	"larder/test/compat/harness"
)

// compressible makes strings of all kinds that compression treats
// differently: random bytes, few letters, repeated words, long runs, and
// mixtures, up to max bytes.
func compressible(r *rand.Rand, max int) string {
	var b strings.Builder
	words := make([]string, 1+r.IntN(8))
	for i := range words {
		words[i] = string(harness.Letters(1, 12, "abcde fgh")(r))
	}
	for size := r.IntN(max + 1); b.Len() < size; {
		switch r.IntN(4) {
		case 0:
			b.Write(harness.Bytes(0, 40)(r))
		case 1:
			b.WriteString(strings.Repeat(words[0][:1], r.IntN(600)))
		case 2:
			b.Write(harness.Letters(0, 30, "ab")(r))
		default:
			for range r.IntN(30) {
				b.WriteString(words[r.IntN(len(words))])
			}
		}
	}
	return b.String()
}

// What larder dumps of a string is what Redis dumps, and each restores what
// the other has dumped.
func TestDumpStrings(t *testing.T) {
	needLarder(t)
	r := rand.New(rand.NewPCG(*flagSeed, 0xd04b))
	theirs, ours := dial(t, servers.redis), dial(t, servers.subject)
	values := []string{"", "0", "-1", "127", "128", "-128", "-129", "32767", "32768", "-32769", "2147483647", "2147483648", "-2147483648",
		"-2147483649", "9223372036854775807", "-9223372036854775808", "01", "+1", " 1", "12345678901", strings.Repeat("x", 20), strings.Repeat("x", 21)}
	for range 20 * histories() {
		values = append(values, compressible(r, 1<<r.IntN(16)))
	}
	for _, v := range values {
		want := setAndDump(t, theirs, v)
		got := setAndDump(t, ours, v)
		if got != want {
			t.Fatalf("DUMP of %.200q (%d bytes) is %.300q, the oracle says %.300q", v, len(v), got, want)
		}
		for _, c := range []*harness.RESPConn{theirs, ours} {
			must(t, c, "RESTORE", "restored", "0", got, "REPLACE")
			if back := string(must(t, c, "GET", "restored").Str); back != v {
				t.Fatalf("%.200q comes back as %.200q", v, back)
			}
		}
	}
}

func setAndDump(t *testing.T, c *harness.RESPConn, v string) string {
	t.Helper()
	must(t, c, "SET", "dumped", v)
	return string(must(t, c, "DUMP", "dumped").Str)
}

// payloads are dumps of strings, whole and damaged.
func payloads() []string {
	const whole = "\x00\xc0\x2a\x0a\x00\x81\xfb\x5c\xfa\x86\x63\x4f\x50"
	list := []string{whole, "", "x", whole[:len(whole)-1], whole[1:], whole + "x"}
	for i := range len(whole) {
		list = append(list, whole[:i]+string([]byte{whole[i] ^ 1})+whole[i+1:])
	}
	return list
}

var restoreFamily = family{
	name:  "restore",
	spoil: 15,
	rows: []string{
		"RESTORE key millis payload",
		"RESTORE key millis payload {REPLACE|ABSTTL|IDLETIME number|FREQ number}",
		"RESTORE key millis payload REPLACE",
		"RESTORE key unixms payload REPLACE ABSTTL",
		"DUMP key",
		"DEL key",
		"GET key",
		"TTL key",
		"SET key value",
		"OBJECT ENCODING key",
	},
	classes: harness.Classes{
		"payload": harness.Mix(5, harness.Choose(payloads()[0]), 1, harness.Choose(payloads()...)),
		"millis":  harness.Mix(3, harness.Choose("0"), 3, harness.Integer(100_000_000, 1_000_000_000), 1, harness.Choose("-1", "x", "", "9223372036854775807")),
		"number":  harness.Choose("0", "1", "255", "256", "-1", "x", ""),
	},
	epilogue: readBack("GET", "TTL", "DUMP"),
}

func TestRestore(t *testing.T) {
	conn := dial(t, servers.redis)
	if v := must(t, conn, "RESTORE", "whole", "0", payloads()[0], "REPLACE"); string(v.Str) != "OK" {
		t.Fatalf("the payload that the histories use is damaged: %q", v.Raw)
	}
	must(t, conn, "DEL", "whole")
	restoreFamily.check(t, respPair(t))
}
