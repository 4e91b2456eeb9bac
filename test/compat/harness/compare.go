package harness

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Tolerances of replies that depend on when each server ran the command. Two
// servers run a step one after the other, so that a whole history lies
// between the two moments at most.
const (
	toleranceSec = 2
	toleranceMs  = 2000
)

// rule compares two replies to one step; "" means the same.
type rule func(oracle, subject Reply) string

// rules lists the replies that are not compared byte for byte. The key is
// Step.Name; commands with subcommands may stand by their first word.
var rules = map[string]rule{
	"TTL":           within(toleranceSec),
	"PTTL":          within(toleranceMs),
	"EXPIRETIME":    within(toleranceSec),
	"PEXPIRETIME":   within(toleranceMs),
	"KEYS":          unordered,
	"RANDOMKEY":     sameNullness,
	"SCAN":          sameShape(2),
	"SMEMBERS":      unordered,
	"SINTER":        unordered,
	"SUNION":        unordered,
	"SDIFF":         unordered,
	"SPOP":          sameLength,
	"SRANDMEMBER":   sameLength,
	"HKEYS":         unordered,
	"HVALS":         unordered,
	"HGETALL":       samePairs,
	"HRANDFIELD":    sameLength,
	"SSCAN":         sameScan,
	"HSCAN":         sameScan,
	"HTTL":          eachWithin(toleranceSec),
	"HPTTL":         eachWithin(toleranceMs),
	"CONFIG GET":    samePairs,
	"TIME":          sameShape(2),
	"LASTSAVE":      sameType,
	"CLIENT ID":     sameType,
	"CLIENT INFO":   sameFields,
	"CLIENT LIST":   sameFields,
	"MEMORY USAGE":  sameType,
	"MEMORY STATS":  sameType,
	"MEMORY DOCTOR": sameType,
	"DEBUG DIGEST":  sameType,
	"DEBUG OBJECT":  sameType,
	"SLOWLOG GET":   sameType,
	"SLOWLOG LEN":   sameType,
	"HELLO":         sameKeys,
	"COMMAND COUNT": sameType,
	"COMMAND":       commandList,
	"COMMAND LIST":  commandList,
	"COMMAND INFO":  commandList,
	"COMMAND DOCS":  commandList,
	"INFO":          sameType,
	"LOLWUT":        sameType,
	"text me":       metaDebug,
	"text version":  sameWord,

	"OBJECT IDLETIME":   within(toleranceSec),
	"LATENCY HISTOGRAM": sameType,
}

// Compare says how two replies to step differ; "" means that they agree.
func Compare(step Step, oracle, subject Reply) string {
	if oracle.Closed != subject.Closed {
		return "one side closed the connection"
	}
	if oracle.Closed {
		return ""
	}
	name := step.Name()
	switch step.Op {
	case OpBinary:
		return binaryFrames(oracle, subject)
	case OpHear:
		return heardTheSame(name, oracle, subject)
	}
	if oracle.Value.IsError() || subject.Value.IsError() {
		return exact(oracle, subject)
	}
	if strings.HasSuffix(name, " HELP") {
		return helpShape(oracle, subject)
	}
	if r, ok := rules[name]; ok {
		return r(oracle, subject)
	}
	if step.Op == OpText {
		return textLines(oracle, subject)
	}
	return exact(oracle, subject)
}

func exact(oracle, subject Reply) string {
	if bytes.Equal(oracle.Raw, subject.Raw) {
		return ""
	}
	return "replies differ"
}

// within compares integers: those that are not both positive must be equal.
func within(tolerance int64) rule {
	return func(oracle, subject Reply) string {
		a, okA := oracle.Value.Int()
		b, okB := subject.Value.Int()
		if !okA || !okB || a <= 0 || b <= 0 {
			return exact(oracle, subject)
		}
		if a-b > tolerance || b-a > tolerance {
			return fmt.Sprintf("numbers differ by more than %d", tolerance)
		}
		return ""
	}
}

// eachWithin is within for arrays of integers.
func eachWithin(tolerance int64) rule {
	return func(oracle, subject Reply) string {
		if d := sameLength(oracle, subject); d != "" {
			return d
		}
		for i, e := range oracle.Value.Elems {
			if d := within(tolerance)(Reply{Raw: e.Raw, Value: e}, Reply{Raw: subject.Value.Elems[i].Raw, Value: subject.Value.Elems[i]}); d != "" {
				return fmt.Sprintf("element %d: %s", i, d)
			}
		}
		return ""
	}
}

func unordered(oracle, subject Reply) string {
	a, b := sortedRaws(oracle.Value), sortedRaws(subject.Value)
	if oracle.Value.Kind != subject.Value.Kind || !slices.Equal(a, b) {
		return "the sets of elements differ"
	}
	return ""
}

// sameLength compares types and numbers of elements: what is chosen by chance
// differs.
func sameLength(oracle, subject Reply) string {
	if d := sameType(oracle, subject); d != "" {
		return d
	}
	if len(oracle.Value.Elems) != len(subject.Value.Elems) {
		return "the numbers of elements differ"
	}
	return ""
}

// sameScan compares scans of one key. Where both have come to the end at once
// the elements are compared, in any order.
func sameScan(oracle, subject Reply) string {
	if d := sameShape(2)(oracle, subject); d != "" {
		return d
	}
	a, b := oracle.Value.Elems, subject.Value.Elems
	if string(a[0].Str) != "0" || string(b[0].Str) != "0" {
		return ""
	}
	return unordered(Reply{Value: a[1]}, Reply{Value: b[1]})
}

// fullListLength is more than any filtered COMMAND LIST of the generators has.
const fullListLength = 100

// commandList compares lists of named commands as sets. The list of all
// commands is each server's own.
func commandList(oracle, subject Reply) string {
	if len(oracle.Value.Elems) > fullListLength {
		return sameType(oracle, subject)
	}
	return unordered(oracle, subject)
}

func sortedRaws(v Value) []string {
	raws := make([]string, len(v.Elems))
	for i, e := range v.Elems {
		raws[i] = string(e.Raw)
	}
	slices.Sort(raws)
	return raws
}

func sameNullness(oracle, subject Reply) string {
	if oracle.Value.Kind != subject.Value.Kind || oracle.Value.Null != subject.Value.Null {
		return "one side is null or of another type"
	}
	return ""
}

func sameType(oracle, subject Reply) string {
	if oracle.Value.Kind != subject.Value.Kind || oracle.Value.Null != subject.Value.Null {
		return "types differ"
	}
	return ""
}

// sameWord compares the first word of text replies.
func sameWord(oracle, subject Reply) string {
	a, _, _ := bytes.Cut(oracle.Raw, []byte(" "))
	b, _, _ := bytes.Cut(subject.Raw, []byte(" "))
	if !bytes.Equal(a, b) {
		return "the first words differ"
	}
	return ""
}

func sameShape(elems int) rule {
	return func(oracle, subject Reply) string {
		if d := sameType(oracle, subject); d != "" {
			return d
		}
		if len(subject.Value.Elems) != elems || len(oracle.Value.Elems) != elems {
			return fmt.Sprintf("not %d elements on both sides", elems)
		}
		for i := range elems {
			if oracle.Value.Elems[i].Kind != subject.Value.Elems[i].Kind {
				return fmt.Sprintf("element %d has another type", i)
			}
		}
		return ""
	}
}

// samePairs compares maps (or flat arrays of pairs) in any order.
func samePairs(oracle, subject Reply) string {
	a, okA := oracle.Value.Pairs()
	b, okB := subject.Value.Pairs()
	if !okA || !okB || oracle.Value.Kind != subject.Value.Kind || len(a) != len(b) {
		return exact(oracle, subject)
	}
	for k, v := range a {
		if w, ok := b[k]; !ok || !bytes.Equal(v.Raw, w.Raw) {
			return fmt.Sprintf("the pair %q differs", k)
		}
	}
	return ""
}

// sameKeys compares the keys of a map and the types of its values: HELLO
// answers with the server's own name, version and connection id.
func sameKeys(oracle, subject Reply) string {
	a, okA := oracle.Value.Pairs()
	b, okB := subject.Value.Pairs()
	if !okA || !okB || oracle.Value.Kind != subject.Value.Kind || len(a) != len(b) {
		return exact(oracle, subject)
	}
	for k, v := range a {
		if w, ok := b[k]; !ok || v.Kind != w.Kind {
			return fmt.Sprintf("the pair %q differs in type or is missing", k)
		}
	}
	return ""
}

// helpShape compares HELP replies: their texts are each server's own, their
// types are not.
func helpShape(oracle, subject Reply) string {
	if d := sameType(oracle, subject); d != "" {
		return d
	}
	for _, e := range subject.Value.Elems {
		if e.Kind != '+' {
			return "a HELP line is no simple string"
		}
	}
	if len(subject.Value.Elems) < 3 {
		return "HELP has fewer than 3 lines"
	}
	return ""
}

var fieldName = regexp.MustCompile(`(?:^|[ \n])([a-z][a-z0-9-]*)=`)

// FieldNames returns the sorted set of NAME in the NAME=VALUE words of text.
func FieldNames(text []byte) []string {
	var names []string
	for _, m := range fieldName.FindAllSubmatch(text, -1) {
		names = append(names, string(m[1]))
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// fieldsSince72 are fields of CLIENT INFO that Redis 7.0 has not and 7.2 has.
var fieldsSince72 = map[string]bool{"lib-name": true, "lib-ver": true, "watch": true}

func sameFields(oracle, subject Reply) string {
	if d := sameType(oracle, subject); d != "" {
		return d
	}
	a := FieldNames(oracle.Value.Str)
	b := slices.DeleteFunc(FieldNames(subject.Value.Str), func(n string) bool { return fieldsSince72[n] })
	a = slices.DeleteFunc(a, func(n string) bool { return fieldsSince72[n] })
	if !slices.Equal(a, b) {
		return fmt.Sprintf("field names differ: %v and %v", a, b)
	}
	return ""
}

// textLines compares memcached text word by word; words of meta replies that
// carry a time (t, l) agree within the tolerance.
func textLines(oracle, subject Reply) string {
	if bytes.Equal(oracle.Raw, subject.Raw) {
		return ""
	}
	a, b := bytes.Fields(oracle.Raw), bytes.Fields(subject.Raw)
	if len(a) != len(b) || bytes.Count(oracle.Raw, []byte("\r\n")) != bytes.Count(subject.Raw, []byte("\r\n")) {
		return "replies differ"
	}
	for i := range a {
		if !bytes.Equal(a[i], b[i]) && !closeTimes(a[i], b[i], "t", "l", "exp=", "la=") {
			return fmt.Sprintf("word %d differs", i+1)
		}
	}
	return ""
}

func closeTimes(a, b []byte, prefixes ...string) bool {
	for _, p := range prefixes {
		x, okA := bytes.CutPrefix(a, []byte(p))
		y, okB := bytes.CutPrefix(b, []byte(p))
		if !okA || !okB {
			continue
		}
		m, errA := strconv.ParseInt(string(x), 10, 64)
		n, errB := strconv.ParseInt(string(y), 10, 64)
		// -1 is no time, it says that the item never expires.
		if errA == nil && errB == nil && m != -1 && n != -1 && m-n <= toleranceSec && n-m <= toleranceSec {
			return true
		}
	}
	return false
}

// metaDebug compares "me" replies: the slab class and the size in memory are
// each allocator's own.
func metaDebug(oracle, subject Reply) string {
	strip := func(raw []byte) []byte {
		return ownSizes.ReplaceAll(raw, []byte("$1=own"))
	}
	return textLines(Reply{Raw: strip(oracle.Raw)}, Reply{Raw: strip(subject.Raw)})
}

var ownSizes = regexp.MustCompile(`\b(cls|size)=\d+`)

// binaryFrames compares binary answers; the version text may differ.
func binaryFrames(oracle, subject Reply) string {
	if bytes.Equal(oracle.Raw, subject.Raw) {
		return ""
	}
	a, b := splitFrames(oracle.Raw), splitFrames(subject.Raw)
	if len(a) != len(b) {
		return fmt.Sprintf("%d frames and %d frames", len(a), len(b))
	}
	for i := range a {
		if bytes.Equal(a[i], b[i]) || (isVersion(a[i]) && isVersion(b[i])) {
			continue
		}
		return fmt.Sprintf("frame %d differs", i+1)
	}
	return ""
}

func isVersion(frame []byte) bool {
	return len(frame) > BinaryHeader && frame[0] == 0x81 && frame[1] == 0x0b &&
		frame[6] == 0 && frame[7] == 0
}

func splitFrames(raw []byte) [][]byte {
	var frames [][]byte
	for len(raw) >= BinaryHeader {
		n := BinaryHeader + int(binary.BigEndian.Uint32(raw[8:12]))
		if n > len(raw) {
			break
		}
		frames = append(frames, raw[:n])
		raw = raw[n:]
	}
	if len(raw) > 0 {
		frames = append(frames, raw)
	}
	return frames
}
