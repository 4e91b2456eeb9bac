package compat

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"larder/test/compat/harness"
)

// streamRows are the commands that streams are compared with. IDs come from a
// clock that the history carries along, so that most of those that XADD gets
// are new and most others are those of entries.
var streamRows = []string{
	"XADD skey newid (field svalue)*",
	"XADD skey newid same",
	"XADD skey newid same",
	"XADD skey newid same",
	"XADD skey newid same",
	"XADD skey {NOMKSTREAM|MAXLEN approx slen|MINID approx sid|LIMIT slimit} newid same",
	"XADD skey sid field svalue",
	"XLEN skey",
	"XRANGE skey bound bound",
	"XRANGE skey bound bound COUNT scount",
	"XREVRANGE skey bound bound",
	"XREVRANGE skey bound bound COUNT scount",
	"XREAD {COUNT scount} STREAMS skey sid",
	"XREAD {COUNT scount} STREAMS skey skey sid readid",
	"XREAD BLOCK block STREAMS skey readid",
	"XDEL skey sid*",
	"XTRIM skey MAXLEN approx slen",
	"XTRIM skey MINID approx sid",
	"XTRIM skey MAXLEN slen {LIMIT slimit|MINID sid}",
	"XSETID skey sid {ENTRIESADDED slen|MAXDELETEDID sid}",
	"XGROUP CREATE skey group groupid {MKSTREAM|ENTRIESREAD slen}",
	"XGROUP CREATE skey group groupid MKSTREAM",
	"XGROUP SETID skey group groupid {ENTRIESREAD slen}",
	"XGROUP DESTROY skey group",
	"XGROUP CREATECONSUMER skey group consumer",
	"XGROUP DELCONSUMER skey group consumer",
	"XREADGROUP GROUP group consumer {COUNT scount|NOACK} STREAMS skey readid",
	"XREADGROUP GROUP group consumer COUNT scount STREAMS skey >",
	"XREADGROUP GROUP group consumer COUNT scount STREAMS skey >",
	"XREADGROUP GROUP group consumer {BLOCK block} STREAMS skey skey > sid",
	"XACK skey group sid*",
	"XPENDING skey group",
	"XPENDING skey group bound bound scount",
	"XPENDING skey group [IDLE idle] bound bound scount consumer",
	"XCLAIM skey group consumer idle sid* {IDLE idle|TIME time|RETRYCOUNT slen|FORCE|JUSTID|LASTID sid}",
	"XCLAIM skey group consumer idle sid* {FORCE|JUSTID}",
	"XAUTOCLAIM skey group consumer idle bound {COUNT scount|JUSTID}",
	"XINFO STREAM skey",
	"XINFO STREAM skey FULL [COUNT slimit]",
	"XINFO GROUPS skey",
	"XINFO CONSUMERS skey group",
	"COPY skey skey [REPLACE]",
	"RENAME skey skey",
	"DEL skey",
	"TYPE skey",
	"OBJECT ENCODING skey",
	"SET skey svalue",
	"EXPIRE skey secs",
}

// streamClock is what a history's IDs are made of.
type streamClock struct{ ms int }

func (k *streamClock) newID(r *rand.Rand) []byte {
	k.ms += r.IntN(3)
	if r.IntN(4) == 0 {
		return fmt.Appendf(nil, "%d", k.ms+1)
	}
	return fmt.Appendf(nil, "%d-*", k.ms)
}

// id is that of an entry, more or less.
func (k *streamClock) id(r *rand.Rand) []byte {
	return fmt.Appendf(nil, "%d-%d", max(0, k.ms-r.IntN(25)), r.IntN(3))
}

func (k *streamClock) classes() harness.Classes {
	odd := harness.Choose("0", "0-0", "-", "+", "$", ">", "1-*", "18446744073709551615-18446744073709551615", "18446744073709551615",
		"18446744073709551616", "-1", "1--1", "1- 2", "1-+2", "007", "abc", "", "1-1-1", "(", "1-1\x00x")
	id := harness.Mix(40, harness.Arg(k.id), 1, odd)
	exclusive := func(r *rand.Rand) []byte { return append([]byte{'('}, id(r)...) }
	return harness.Classes{
		"skey":     harness.Mix(60, harness.Choose("a", "b", "c"), 1, harness.Choose("ключ", "k\x00\xff", "")),
		"newid":    harness.Mix(50, harness.Arg(k.newID), 1, odd),
		"sid":      id,
		"bound":    harness.Mix(4, id, 3, harness.Choose("-", "+"), 2, harness.Arg(exclusive), 1, odd),
		"groupid":  harness.Mix(3, harness.Choose("0", "$"), 3, id),
		"readid":   harness.Mix(6, harness.Choose("0", ">", "$"), 5, id),
		"group":    harness.Choose("g1", "g2", "g2", "gruppe drei"),
		"consumer": harness.Choose("alice", "bob", "bob", "carol", ""),
		"field":    harness.Choose("f", "temperature", "17", ""),
		"same":     func(r *rand.Rand) []byte { return nil },
		"svalue":   harness.Mix(20, harness.Letters(0, 8, "abc"), 20, harness.Integer(-100000, 100000), 2, harness.Bytes(60, 70), 1, harness.Bytes(1000, 3000)),
		"approx":   harness.Choose("~", "=", "~", "="),
		"slen":     harness.Mix(30, harness.Integer(0, 30), 1, harness.Choose("-1", "-2", "abc", "9223372036854775807")),
		"slimit":   harness.Mix(30, harness.Integer(0, 20), 1, harness.Choose("-1", "abc", "9223372036854775807")),
		"scount":   harness.Mix(30, harness.Integer(0, 12), 1, harness.Choose("-1", "abc", "9223372036854775807", "99999999999999999999")),
		"idle":     harness.Mix(10, harness.Choose("0", "0", "100000000"), 1, harness.Choose("-1", "abc", "")),
		"time":     harness.Choose("0", "1", "1700000000000", "-1", "9223372036854775807", "abc"),
		"block":    harness.Mix(20, harness.Integer(1, 2), 1, harness.Choose("-1", "abc", "1.5")),
	}
}

// streamFamily makes the histories of one seed with nodes of at most so many
// entries and bytes.
func streamFamily(entries, nodeBytes int) *family {
	clock := &streamClock{ms: 1}
	f := &family{
		name: "streams", rows: streamRows, classes: clock.classes(), spoil: 6,
		prologue: commands(fmt.Sprintf("0> CONFIG SET stream-node-max-entries %d stream-node-max-bytes %d", entries, nodeBytes)),
		restore:  [][]string{{"CONFIG", "SET", "stream-node-max-entries", "100", "stream-node-max-bytes", "4096"}},
	}
	for _, key := range []string{"a", "b", "c"} {
		f.epilogue = append(f.epilogue, commands("0> XINFO STREAM "+key+" FULL COUNT 0", "0> XRANGE "+key+" - +", "0> XINFO GROUPS "+key)...)
	}
	return f
}

// history expands the class "same" into the two fields that most entries have.
func (f *family) streamHistory(seed uint64) harness.History {
	h := f.generate(seed, length())
	r := rand.New(rand.NewPCG(seed, 7))
	for i, s := range h.Steps {
		var args [][]byte
		for _, a := range s.Args {
			if a == nil {
				args = append(args, []byte("sensor"), fmt.Appendf(nil, "%d", r.IntN(300)), []byte("at"), fmt.Appendf(nil, "place-%d", r.IntN(5)))
				continue
			}
			args = append(args, a)
		}
		h.Steps[i].Args = args
	}
	return h
}

func TestStreamCommands(t *testing.T) {
	for _, nodes := range []struct{ entries, bytes int }{{100, 4096}, {3, 4096}, {0, 150}, {10, 0}, {1, 0}} {
		t.Run(fmt.Sprintf("%d entries, %d bytes", nodes.entries, nodes.bytes), func(t *testing.T) {
			r := respPair(t)
			r.Equal = equalStreams
			r.Restore = streamFamily(nodes.entries, nodes.bytes).restore
			runHistories(t, r, func(seed uint64) harness.History {
				return streamFamily(nodes.entries, nodes.bytes).streamHistory(seed)
			}, max(2, histories()/2))
		})
	}
}

// equalStreams compares replies that have times in them: idle times and times
// of delivery agree within the tolerance, and what is new in Redis 7.2 is left
// out.
func equalStreams(step harness.Step, oracle, subject harness.Reply) string {
	pending := step.Name() == "XPENDING"
	info := len(step.Args) > 1 && strings.EqualFold(string(step.Args[0]), "XINFO") && !strings.EqualFold(string(step.Args[1]), "HELP")
	makes := len(step.Args) > 1 && strings.EqualFold(string(step.Args[1]), "CREATECONSUMER")
	if makes && oracle.Value.Kind == ':' && subject.Value.Kind == ':' {
		return ""
	}
	if !pending && !info || oracle.Value.IsError() || subject.Value.IsError() {
		return harness.Compare(step, oracle, subject)
	}
	list := pending && len(step.Args) > 3
	return differsInMore(withoutNew(oracle.Value), withoutNew(subject.Value), list)
}

// withoutNew takes out what Redis has only since 7.2: the pairs inactive and
// active-time, and consumers for which nothing is pending, because since then
// XREADGROUP and XCLAIM make a consumer also if it gets nothing.
func withoutNew(v harness.Value) harness.Value {
	var elems []harness.Value
	for i := 0; i < len(v.Elems); i++ {
		e := v.Elems[i]
		if word := string(e.Str); word == "inactive" || word == "active-time" || word == "consumers" && v.Elems[i+1].Kind == ':' {
			i++
			continue
		}
		if !isIdleConsumer(e) {
			elems = append(elems, withoutNew(e))
		}
	}
	v.Elems = elems
	return v
}

func isIdleConsumer(v harness.Value) bool {
	pairs, _ := v.Pairs()
	if _, seen := pairs["seen-time"]; seen {
		return string(pairs["pel-count"].Str) == "0"
	}
	_, consumer := pairs["idle"]
	return consumer && string(pairs["pending"].Str) == "0"
}

// differsInMore compares two replies of the same shape. pending tells that they
// are lists of entries that are pending, each with a time.
func differsInMore(a, b harness.Value, pending bool) string {
	if a.Kind != b.Kind || a.Null != b.Null || !bytes.Equal(a.Str, b.Str) || len(a.Elems) != len(b.Elems) {
		return fmt.Sprintf("%q and %q differ", a.Raw, b.Raw)
	}
	for i := range a.Elems {
		x, y := a.Elems[i], b.Elems[i]
		before := ""
		if i > 0 {
			before = string(a.Elems[i-1].Str)
		}
		if before == "idle" || before == "seen-time" {
			if !closeNumbers(x, y) {
				return fmt.Sprintf("%s differs: %s and %s", before, x.Str, y.Str)
			}
			continue
		}
		if pending && len(x.Elems) == len(y.Elems) && len(x.Elems) >= 3 {
			at := len(x.Elems) - 2
			if !closeNumbers(x.Elems[at], y.Elems[at]) {
				return fmt.Sprintf("the times in %q and %q differ", x.Raw, y.Raw)
			}
			x.Elems[at], y.Elems[at] = harness.Value{}, harness.Value{}
		}
		if why := differsInMore(x, y, before == "pending" && len(x.Elems) > 0); why != "" {
			return why
		}
	}
	return ""
}

// closeNumbers tells whether two integers are no further apart than the two
// servers' runs of a history.
func closeNumbers(a, b harness.Value) bool {
	x, okX := a.Int()
	y, okY := b.Int()
	return okX && okY && x-y < 2000 && y-x < 2000
}
