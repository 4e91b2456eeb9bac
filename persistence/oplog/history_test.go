package oplog

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"hash/fnv"
	"io"
	"io/fs"
	"math/rand/v2"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"larder/persistence"
	"larder/persistence/faultfs"
	"larder/protocol/record"
)

// A history is a life of a log on a file system that fails: records, cuts,
// snapshots, syncs, changes of the policy, a disk that is full or broken for a
// while, a process that is killed, and power cuts at any operation, also in the
// middle of recovering. After each death it is recovered and compared with what
// was appended:
//
//   - everything that was durable is there,
//   - what is there is what was appended, in order, from the base on,
//   - nothing that a crash can leave is taken for damage.
//
// All that happens follows from the seed: `go test -run Histories -seed N` runs
// one history again.

var (
	histories = flag.Int("histories", 2000, "how many histories TestHistories runs")
	oneSeed   = flag.Uint64("seed", 0, "run only the history of this seed")
)

func TestHistories(t *testing.T) {
	if *oneSeed != 0 {
		runHistory(t, *oneSeed).report(t)
		return
	}
	var total tally
	for seed := range uint64(*histories) {
		total.add(runHistory(t, seed+1))
		if t.Failed() {
			t.Fatalf("run it again with: go test -run Histories -seed %d ./persistence/oplog", seed+1)
		}
	}
	total.report(t)
	if short := total.neverHappened(); *histories >= 1000 && short != "" {
		t.Errorf("in %d histories there was never %s: the test tests less than it says", *histories, short)
	}
}

// tally counts what happened in histories, so that a test of nothing is noticed.
type tally struct {
	records, crashes, kills, crashedAgain, torn, whole, lost, rebases, failures, recoveries int
}

func (a *tally) add(b *tally) {
	a.records += b.records
	a.crashes += b.crashes
	a.kills += b.kills
	a.crashedAgain += b.crashedAgain
	a.torn += b.torn
	a.whole += b.whole
	a.lost += b.lost
	a.rebases += b.rebases
	a.failures += b.failures
	a.recoveries += b.recoveries
}

func (a *tally) neverHappened() string {
	for what, n := range map[string]int{"a record": a.records, "a crash": a.crashes, "a killed process": a.kills,
		"a crash while recovering": a.crashedAgain, "a torn end": a.torn, "a whole block behind a torn one": a.whole, "a record lost that was not durable": a.lost,
		"a new base": a.rebases, "a disk that failed": a.failures, "a disk that worked again": a.recoveries} {
		if n == 0 {
			return what
		}
	}
	return ""
}

func (a *tally) report(t *testing.T) { t.Logf("%+v", *a) }

const historyDir = "dir"

type history struct {
	t     *testing.T
	seed  uint64
	rng   *rand.Rand
	fs    *faultfs.FS
	log   *Log
	now   time.Time
	life  int // how many times it was started
	tally tally

	// model holds, for each LSN, in which life its record was appended.
	model   []int
	durable uint64 // the highest that the log has said
	cut     uint64 // a snapshot is being written of the state before it, 0: none
	picture string // what that says
	fault   error  // what the disk fails with
	odds    int    // one in so many operations does
}

func runHistory(t *testing.T, seed uint64) *tally {
	rng := rand.New(rand.NewPCG(seed, 0x10a))
	h := &history{t: t, seed: seed, rng: rng, fs: faultfs.New(rng), now: time.Unix(1_790_000_000, 0)}
	if err := h.fs.MkdirAll(historyDir, 0o755); err != nil {
		t.Fatal(err)
	}
	for range 2 + rng.IntN(3) {
		if h.start(); h.log != nil {
			h.live()
			h.end()
		}
		if t.Failed() {
			return &h.tally
		}
	}
	h.setFault(nil, 0)
	h.start()
	h.closeAndCompare()
	return &h.tally
}

func (h *history) errorf(format string, args ...any) {
	h.t.Helper()
	h.t.Errorf("seed %d, life %d: %s", h.seed, h.life, fmt.Sprintf(format, args...))
}

// record is the one with an LSN that was appended in a life.
func (h *history) record(lsn uint64, life int) *record.Record {
	r := numbered(lsn + uint64(life)*1000)
	if lsn%5 == 0 { // some do not fit the sectors that a crash tears
		r.Commands[0].Args[2] = make([]byte, 700+lsn%1500)
	}
	return r
}

// state is what a snapshot before a record says: a digest of all before it.
func (h *history) state(lsn uint64) string {
	sum := fnv.New64a()
	for _, life := range h.model[:lsn-1] {
		fmt.Fprintf(sum, "%d ", life)
	}
	return fmt.Sprintf("the state before %d is %x", lsn, sum.Sum64())
}

// start recovers, perhaps with power cuts in the middle, and opens the log.
func (h *history) start() {
	h.life++
	if h.setFault(nil, 0); h.rng.IntN(4) == 0 {
		h.setFault(syscall.EIO, 5)
	}
	for again := h.rng.IntN(3) == 0; ; again = false {
		h.fs.CrashAfter(-1)
		if again {
			h.fs.CrashAfter(h.rng.IntN(12))
		}
		l, from, err := h.open()
		if err != nil && h.fault != nil && !h.fs.Crashed() {
			h.setFault(nil, 0)
			continue // the disk works at the next attempt
		}
		if h.fs.Crashed() {
			h.tally.crashedAgain++
			h.fs = h.fs.Crash()
			continue
		}
		h.fs.CrashAfter(-1)
		if err != nil {
			h.errorf("it does not start: %v", err)
			return
		}
		h.setFault(nil, 0)
		if from != nil && from.TornBytes > 0 {
			h.tally.torn++
			if from.TornRecords > 0 {
				h.tally.whole++
			}
		}
		h.tally.lost += len(h.model) - int(l.Last())
		h.model = h.model[:l.Last()]
		h.log, h.durable, h.cut = l, l.Last(), 0
		return
	}
}

func (h *history) open() (*Log, *Recovered, error) {
	from, err := h.recover()
	switch {
	case errors.Is(err, ErrNoLog) && h.durable > 0:
		return nil, nil, fmt.Errorf("%w, but %d records were durable", err, h.durable)
	case errors.Is(err, ErrNoLog):
		from = nil
	case err != nil:
		return nil, nil, err
	case from.Next <= h.durable:
		return nil, nil, fmt.Errorf("recovered up to %d, but %d were durable", from.Next-1, h.durable)
	}
	l, err := Open(Options{
		FS: h.fs, Dir: historyDir, Name: testName, DataSet: testSet, Policy: SyncPolicy(h.rng.IntN(3)),
		SegmentBytes: int64(2000 + h.rng.IntN(20_000)), MaxHeldBytes: 50_000, OnDurable: h.onDurable,
		Now: func() time.Time { return h.now }, Nonce: h.rng.Uint64, steps: true, allocateBytes: int64(1 + h.rng.IntN(5000)),
	}, from, true)
	return l, from, err
}

func (h *history) onDurable(lsn uint64) {
	if lsn <= h.durable || lsn > uint64(len(h.model)) {
		h.errorf("%d is said to be durable after %d, with %d records", lsn, h.durable, len(h.model))
	}
	h.durable = lsn
}

// recover reads the log and compares it with the model.
func (h *history) recover() (*Recovered, error) {
	next := uint64(1)
	base := func(path string, b BaseFile) error {
		text, err := readSmallFile(h.fs, path, 1000)
		if err == nil && (b.LSN-1 > uint64(len(h.model)) || string(text) != h.state(b.LSN)) {
			err = fmt.Errorf("base %s holds %q", path, text)
		}
		next = b.LSN
		return err
	}
	return Recover(Files{h.fs, historyDir, testName}, base, func(b *Batch) error {
		defer b.Release()
		var got record.Record
		for {
			more, err := b.Next(&got)
			if err != nil || !more {
				return err
			}
			if b.LSN() != next || next > uint64(len(h.model)) || !sameRecord(&got, h.record(next, h.model[next-1])) {
				return fmt.Errorf("record %d came back as number %d: %.100s", next, b.LSN(), fmt.Sprint(got))
			}
			next++
		}
	})
}

// live does things until it is enough or the machine crashes.
func (h *history) live() {
	if h.rng.IntN(3) > 0 {
		h.fs.CrashAfter(h.rng.IntN(150))
	}
	for range 20 + h.rng.IntN(100) {
		if h.step(); h.fs.Crashed() || h.t.Failed() {
			return
		}
	}
}

func (h *history) step() {
	switch h.rng.IntN(20) {
	default:
		for range 1 + h.rng.IntN(6) {
			h.model = append(h.model, h.life)
			h.tally.records++
			lsn := uint64(len(h.model))
			if got := h.log.Append(h.record(lsn, h.life)); got != lsn {
				h.errorf("record %d got the LSN %d", lsn, got)
			}
		}
	case 8, 9, 10, 11, 12:
		h.log.writeStep()
	case 13, 14:
		if len(h.log.toSync) > 0 {
			<-h.log.toSync
			h.log.sync()
		}
	case 15:
		h.now = h.now.Add(time.Duration(h.rng.IntN(900)) * time.Millisecond)
		h.log.tick()
		h.checkAge()
	case 16:
		h.snapshot()
	case 17:
		h.log.SetPolicy(SyncPolicy(h.rng.IntN(3)))
	case 18:
		if h.rng.IntN(3) == 0 {
			h.setFault([]error{syscall.EIO, syscall.ENOSPC}[h.rng.IntN(2)], 1+h.rng.IntN(4))
		}
	case 19:
		h.setFault(nil, 0)
	}
	if d := h.log.Durable(); d < h.durable || d > uint64(len(h.model)) {
		h.errorf("durable went from %d to %d", h.durable, d)
	}
}

// snapshot cuts, or tries to make the last cut the base.
func (h *history) snapshot() {
	if h.cut == 0 {
		h.cut = h.log.Cut()
		if want := uint64(len(h.model)) + 1; h.cut != want {
			h.errorf("the cut is before record %d, want %d", h.cut, want)
		}
		h.picture = h.state(h.cut)
		return
	}
	path := h.log.BaseName(h.cut)
	err := persistence.ReplaceFile(h.fs, path, path+".tmp", func(f persistence.File) error {
		_, err := io.WriteString(f, h.picture)
		return err
	})
	if err != nil {
		h.cut = 0 // the snapshot came to nothing
		return
	}
	// Nobody else takes steps: if the segment has not begun, it does not now.
	done, cancel := context.WithCancel(context.Background())
	cancel()
	if h.log.Rebase(done, h.cut) == nil {
		h.tally.rebases++
		h.cut = 0
	}
}

// checkAge: there is room only while the disk is less than two seconds behind.
func (h *history) checkAge() {
	age := h.now.Sub(h.log.ages.oldest)
	if !h.log.ages.oldest.IsZero() && age > 2*time.Second && h.log.Policy() == SyncEverySec && h.log.Room() {
		h.errorf("there is room although the oldest record that is not durable is %v old", age)
	}
}

// setFault makes one in so many operations fail from now on.
func (h *history) setFault(err error, odds int) {
	h.fault, h.odds = err, odds
	h.fs.Inject(func(faultfs.Op, string) error {
		if h.fault == nil || h.rng.IntN(h.odds) > 0 {
			return nil
		}
		h.tally.failures++
		return h.fault
	})
}

// end is how a life ends.
func (h *history) end() {
	switch how := h.rng.IntN(4); {
	case h.fs.Crashed():
		h.tally.crashes++
		h.fs = h.fs.Crash()
	case how == 0:
		h.tally.crashes++
		h.fs = h.fs.Crash()
	case how < 3:
		h.tally.kills++
		h.fs = h.fs.Kill()
	default:
		h.setFault(nil, 0)
		if h.closeAndCompare(); h.fs.Crashed() {
			h.tally.crashes++
			h.fs = h.fs.Crash()
		}
	}
	h.log = nil
}

// closeAndCompare waits until the disk works, closes the log and finds all
// records again.
func (h *history) closeAndCompare() {
	if h.log == nil {
		return
	}
	failed := h.log.Err() != nil
	for range 20 {
		h.now = h.now.Add(lastRetry)
		for h.log.writeStep() {
		}
		h.log.sync()
	}
	if h.fs.Crashed() {
		return
	}
	if err := h.log.Err(); err != nil {
		h.errorf("the disk works, but the log says: %v", err)
	}
	if failed {
		h.tally.recoveries++
	}
	if h.durable != uint64(len(h.model)) || !h.log.Room() {
		h.errorf("%d of %d records are durable, room %v", h.durable, len(h.model), h.log.Room())
	}
	if err := h.log.Close(); h.fs.Crashed() {
		return
	} else if err != nil {
		h.errorf("closing: %v", err)
	}
	h.fs.CrashAfter(-1)
	switch from, err := h.recover(); {
	case err != nil:
		h.errorf("after closing: %v", err)
	case from.Next != uint64(len(h.model))+1 || from.TornBytes != 0:
		h.errorf("after closing: records up to %d of %d, %d bytes torn", from.Next-1, len(h.model), from.TornBytes)
	}
	h.checkFiles()
}

// checkFiles: nothing is left over that nobody needs.
func (h *history) checkFiles() {
	m, err := readManifest(h.fs, historyDir, testName)
	if err != nil {
		h.errorf("%v", err)
		return
	}
	for _, line := range m.segments {
		if _, err := h.fs.Stat(filepath.Join(historyDir, line.file)); errors.Is(err, fs.ErrNotExist) {
			h.errorf("%s is missing", line.file)
		}
	}
}
