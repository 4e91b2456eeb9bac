package compat

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"larder/test/compat/harness"
)

// memKeys are the keys of memcached histories: a small pool, the limits of
// the key's length, and bytes that text clients may send.
var memKeys = []string{"a", "a", "b", "b", "c", "d", "k:1", "ключ", "\x01\xff", strings.Repeat("k", 250), strings.Repeat("k", 251)}

// Numbers stay far below 2^63: in the text of a larger one memcached looks for a
// minus sign beyond its end, in memory that other items have left behind.
// TestMemcachedLargeCounters compares those on memory that is fresh.
var (
	memFlags  = []string{"0", "0", "0", "1", "42", "4294967295", "4294967296", "-1", "abc", "1.5"}
	memNumber = []string{"0", "1", "2", "5", "100", "1099511627776", "18446744073709551616", "-1", "abc", "1.5", "+1"}
	memCAS    = []string{"{cas:0}", "{cas:0}", "{cas:1}", "{cas:2}", "0", "1", "abc", "-1", "18446744073709551615", "18446744073709551616"}
	memValues = []string{"", "v", "hello", "0", "1", "9", "10", "99", "100", "100000000000", "18446744073709551616", "-1", "12abc", " 7", "7 ", "00010", "a\x00b", "\xff\xfe"}
)

func pick(r *rand.Rand, words []string) string { return words[r.IntN(len(words))] }

// memExptime is a time to live that cannot end within a history, or is over.
func memExptime(r *rand.Rand) string {
	switch r.IntN(6) {
	case 0:
		return pick(r, []string{"-1", "abc", "2592001", "1000000000", "-2592001", "2592000", "1.5", "-9223372036854775808"})
	case 1, 2:
		return fmt.Sprint(100_000 + r.IntN(2_000_000))
	}
	return "0"
}

func memValue(r *rand.Rand) string {
	switch r.IntN(8) {
	case 0:
		return strings.Repeat("x", r.IntN(300))
	case 1:
		return strings.Repeat("large ", 1500+r.IntN(3000))
	}
	return pick(r, memValues)
}

// text makes a step of raw memcached text.
func text(raw string) []harness.Step {
	return []harness.Step{{Op: harness.OpText, Args: [][]byte{[]byte(raw)}}}
}

// textStep makes one request of the classic text protocol.
func textStep(r *rand.Rand) []harness.Step {
	key := pick(r, memKeys)
	noreply := ""
	if r.IntN(12) == 0 {
		noreply = pick(r, []string{" noreply", " noreply", " junk", " noreply junk"})
	}
	switch r.IntN(17) {
	case 0, 1, 2:
		return storage(r, "set", key, "", noreply)
	case 3:
		return storage(r, "add", key, "", noreply)
	case 4:
		return storage(r, "replace", key, "", noreply)
	case 5:
		return storage(r, pick(r, []string{"append", "prepend"}), key, "", noreply)
	case 6:
		return storage(r, "cas", key, " "+pick(r, memCAS), noreply)
	case 7, 8:
		return text(pick(r, []string{"get", "gets", "gets"}) + someKeys(r) + "\r\n")
	case 9:
		return text(pick(r, []string{"gat", "gats"}) + " " + memExptime(r) + someKeys(r) + "\r\n")
	case 10, 11:
		return text(pick(r, []string{"incr", "decr"}) + " " + key + " " + pick(r, memNumber) + noreply + "\r\n")
	case 12:
		return text("delete " + key + pick(r, []string{"", "", "", " 0", " 1", " noreply", " 0 noreply", " abc"}) + "\r\n")
	case 13:
		return text("touch " + key + " " + memExptime(r) + noreply + "\r\n")
	case 14:
		return text("gets " + key + "\r\n")
	case 15:
		return text("set " + key + " 0 0 2\r\n" + fmt.Sprintf("%02d", r.IntN(100)) + "\r\n")
	}
	return text(pick(r, oddLines) + "\r\n")
}

// oddLines are requests that are wrong or rare.
var oddLines = []string{
	"", " ", "get", "gets", "gat", "gat 0", "gat abc a", "touch a", "touch", "incr a", "incr", "decr a", "delete",
	"set a 0 0", "set a", "set", "cas a 0 0 1", "add a b c d", "set a 0 0 -1", "set a 0 0 abc", "cas a 0 0 abc 1",
	"NOSUCH", "nosuch a b c", "GET a", "Set a 0 0 1", "flush_all", "flush_all 0", "flush_all noreply", "flush_all abc",
	"flush_all -1", "flush_all 0 noreply", "verbosity 0", "verbosity", "verbosity 0 noreply", "verbosity abc", "verbosity 0 0",
	"delete a b c d", "touch a 0 0 0", "incr a 1 2 3", "get  a", " get a", "get a ", "set  a 0 0 0\r\n", "shutdown", "shutdown graceful", "version extra",
	"cache_memlimit", "cache_memlimit abc", "cache_memlimit 64", "stats nosuch", "stats detail nosuch", "lru",
	"watch nosuch", "extstore", "refresh_certs", "me", "mg", "ms", "md", "ma", "mx a", "misbehave", "debugtime p",
}

func storage(r *rand.Rand, verb, key, cas, noreply string) []harness.Step {
	value, flags, exptime := memValue(r), pick(r, memFlags), memExptime(r)
	if len(value) > maxRefusedBytes {
		key, flags, exptime, noreply = acceptedKey(key), "42", "0", ""
		if cas != "" {
			cas = " {cas:0}"
		}
	}
	return text(fmt.Sprintf("%s %s %s %s %d%s%s\r\n%s\r\n", verb, key, flags, exptime, len(value), cas, noreply, value))
}

// maxRefusedBytes bounds the value of a request that may be refused. Its data
// block is then read as a line, and whether a longer line without an end in it
// closes the connection depends on how much of it has come.
const maxRefusedBytes = 1000

// acceptedKey is key unless that is too long.
func acceptedKey(key string) string {
	if len(key) > 250 {
		return "a"
	}
	return key
}

func someKeys(r *rand.Rand) string {
	var b strings.Builder
	for range 1 + r.IntN(4) {
		b.WriteString(" " + pick(r, memKeys))
	}
	return b.String()
}

// memHistory makes a history of one protocol's steps and reads all back.
func memHistory(name string, step func(r *rand.Rand) []harness.Step) func(seed uint64) harness.History {
	return func(seed uint64) harness.History {
		r := rand.New(rand.NewPCG(seed, 0x6d656d))
		h := harness.History{Family: name, Seed: seed, Proto: 2}
		for len(h.Steps) < length() {
			for _, s := range step(r) {
				if s.Op == harness.OpText {
					s.Conn = r.IntN(2)
				}
				h.Steps = append(h.Steps, s)
			}
		}
		for _, key := range memKeys[:len(memKeys)-1] {
			h.Steps = append(h.Steps, text("gets "+key+"\r\n")...)
			h.Steps = append(h.Steps, text("mg "+key+" f s t c h v\r\n")...)
		}
		return h
	}
}

func TestMemcachedText(t *testing.T) {
	runHistories(t, memPair(t), memHistory("memcached text", textStep), histories())
}

// metaFlags are the flags of each meta command that memcached 1.6.18 knows,
// some of them twice so that they are drawn more often. With ma T goes with
// counting down, because memcached loses it when a number gets longer.
var metaFlags = map[string][]string{
	"mg": {"b", "c", "f", "h", "k", "l", "Oopaque", "q", "s", "t", "v", "v", "v", "c", "N0", "N300000", "Nabc", "R0", "R400000", "R9000000", "Rabc", "T0", "T200000", "T-1", "Tabc", "O", "P", "L", "K", "?", "z"},
	"ms": {"b", "c", "C{cas:0}", "C{cas:1}", "C0", "Cabc", "F0", "F42", "F4294967295", "Fabc", "F-1", "I", "k", "Oopaque", "q", "T0", "T300000", "T-1", "Tabc", "MS", "ME", "MA", "MP", "MR", "Mset", "M", "Mx", "Madd", "?", "z"},
	"md": {"b", "C{cas:0}", "C{cas:2}", "I", "k", "Oopaque", "q", "T30000", "T0", "Tabc", "?", "z"},
	"ma": {"b", "C{cas:0}", "N0", "N300000", "J10", "J0", "Jabc", "D1", "D0", "D5", "D1099511627776", "D18446744073709551616", "Dabc", "D-1", "MD T0", "MD T300000", "M", "MI", "MD", "M+", "M-", "Mincr", "Mx", "Oopaque", "q", "t", "c", "v", "v", "k", "?", "z"},
}

// metaStep makes one request of the meta protocol.
func metaStep(r *rand.Rand) []harness.Step {
	verb := pick(r, []string{"mg", "mg", "mg", "ms", "ms", "ms", "md", "ma", "ma", "me", "odd"})
	key := pick(r, memKeys)
	if verb == "odd" {
		return text(pick(r, oddMeta) + "\r\n")
	}
	if verb == "me" {
		return text("me " + key + "\r\n")
	}
	flags, base64Key := "", false
	seen := map[byte]bool{}
	for range harness.Weighted(r, 15, 25, 25, 15, 10, 10) {
		f := pick(r, metaFlags[verb])
		if seen[f[0]] && r.IntN(10) > 0 {
			continue
		}
		seen[f[0]] = true
		base64Key = base64Key || f == "b"
		flags += " " + f
	}
	if base64Key && r.IntN(8) > 0 {
		key = base64.StdEncoding.EncodeToString([]byte(key))
	}
	if verb != "ms" {
		return text(verb + " " + key + flags + "\r\n")
	}
	value := memValue(r)
	if len(value) > maxRefusedBytes {
		key, flags = acceptedKey(key), " k"
	}
	return text(fmt.Sprintf("ms %s %d%s\r\n%s\r\n", key, len(value), flags, value))
}

var oddMeta = []string{
	"mg", "mg ", "ms a", "ms a abc", "ms a -1", "md", "ma", "me", "me nosuch", "mg a b", "mg !! b v", "mg YQ== b k v",
	"mg YQ= b k", "md YQ== b k", "mg a  v", "mg a v ", "ms a 2 S2\r\nhi", "ms a S2\r\nhi", "ms a 0\r\n", "ms a 1 T\r\nx", "ma a D", "ma a N", "mg a T", "mg a R", "mg a N",
	"mg a s s", "mg a O1 O2", "mg a k k", "mg " + strings.Repeat("a", 251), "mg a" + strings.Repeat(" v", 40), "mg a" + strings.Repeat(" c", 12),
	"mg nosuch q\r\nmg nosuch v", "md nosuch q", "ms a 1 q\r\nx", "ma nosuch q", "mg a q v k\r\nmg b q v k",
}

// metaOrTextStep makes a request of the meta protocol, or seldom of the classic
// one on the same items.
func metaOrTextStep(r *rand.Rand) []harness.Step {
	if r.IntN(8) == 0 {
		return textStep(r)
	}
	return metaStep(r)
}

func TestMemcachedMeta(t *testing.T) {
	runHistories(t, memPair(t), memHistory("memcached meta", metaOrTextStep), histories())
}
