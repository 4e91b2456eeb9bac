package importer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Options say how an import runs.
type Options struct {
	// KeysPerSec bounds how fast keys are handed over, 0 = as fast as it goes.
	KeysPerSec int
	// State, if it is not nil, keeps how far the import is.
	State *State
	// Progress, if it is not nil, is told now and then.
	Progress func(Progress)
}

// Progress is how far an import is.
type Progress struct {
	Keys, Total int64 // put; there are, 0 = unknown
	Elapsed     time.Duration
}

// Result is what an import has done.
type Result struct {
	Sent    map[int]int64 // keys put, by database
	Expired map[int]int64 // keys left out because their deadline has passed
}

const (
	// flushBytes and flushKeys are what is sent at a time.
	flushBytes = 512 << 10
	flushKeys  = 512
	// tellEvery is how often progress is told and the state is kept.
	tellEvery = 500 * time.Millisecond
)

// runner is an import under way.
type runner struct {
	target  Target
	o       Options
	total   int64
	res     Result
	start   time.Time
	told    time.Time
	keys    int64 // put in this run
	before  int64 // put in runs before
	waiting int   // keys that are not flushed
}

// Run puts all that the source has into the target.
func Run(ctx context.Context, src Source, target Target, o Options) (Result, error) {
	r := &runner{target: target, o: o, total: src.Total(), start: time.Now(), res: Result{Sent: map[int]int64{}, Expired: map[int]int64{}}}
	from := Position{}
	if o.State != nil {
		from = o.State.At
		r.res = o.State.result()
		for _, n := range r.res.Sent {
			r.before += n
		}
	}
	libraries, err := src.Libraries(ctx)
	if err != nil {
		return r.res, err
	}
	for _, code := range libraries {
		if err := target.Library(code); err != nil {
			return r.res, fmt.Errorf("a library of functions of %s: %w", src.Name(), err)
		}
	}
	err = src.Each(ctx, from, true, func(e *Entry, at Position) error { return r.put(ctx, e, at) })
	if err == nil {
		err = target.Flush()
	}
	r.tell()
	if err != nil && o.State != nil {
		err = errors.Join(err, o.State.Keep())
	}
	return r.res, err
}

// put hands an entry over. When what was put before is confirmed, at is where a
// later run goes on.
func (r *runner) put(ctx context.Context, e *Entry, at Position) error {
	if r.waiting >= flushKeys || r.target.Waiting() >= flushBytes {
		if err := r.confirm(at); err != nil {
			return err
		}
		if err := r.slow(ctx); err != nil {
			return err
		}
	}
	if e.expired(time.Now().UnixMilli()) {
		r.res.Expired[e.DB]++
		return nil
	}
	if err := r.target.Put(e); err != nil {
		return err
	}
	r.res.Sent[e.DB]++
	r.keys++
	r.waiting++
	return nil
}

// confirm flushes, and notes that all before at is there.
func (r *runner) confirm(at Position) error {
	if err := r.target.Flush(); err != nil {
		return err
	}
	r.waiting = 0
	if r.o.State != nil {
		r.o.State.note(at, r.res)
	}
	if now := time.Now(); now.Sub(r.told) >= tellEvery {
		r.told = now
		r.tell()
		if r.o.State != nil {
			return r.o.State.Keep()
		}
	}
	return nil
}

func (r *runner) tell() {
	if r.o.Progress != nil {
		r.o.Progress(Progress{Keys: r.before + r.keys, Total: r.total, Elapsed: time.Since(r.start)})
	}
}

// slow waits until the keys put so far are not too many for the time.
func (r *runner) slow(ctx context.Context) error {
	if r.o.KeysPerSec <= 0 {
		return nil
	}
	due := time.Duration(float64(r.keys) / float64(r.o.KeysPerSec) * float64(time.Second))
	select {
	case <-time.After(due - time.Since(r.start)):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Count is how the keys of a database compare.
type Count struct {
	DB      int
	There   int64  // in the source
	Here    int64  // of those, in the target
	Expired int64  // not in the target, their deadlines having passed
	Gone    int64  // not in the target, nor in the source any more
	Missing int64  // not in the target, for no reason that is known
	Example string // a key that is missing
}

// compareKeys is how many keys are asked for at a time.
const compareKeys = 512

// Compare lists the source's keys again and asks the target for each. missing
// returns those of entries that the target does not have.
func Compare(ctx context.Context, src Source, missing func(entries []Entry) ([]Entry, error)) ([]Count, error) {
	counts := map[int]*Count{}
	var batch []Entry
	check := func() error {
		lost, err := missing(batch)
		if err != nil {
			return err
		}
		for i := range batch {
			count(counts, batch[i].DB).There++
			count(counts, batch[i].DB).Here++
		}
		batch = batch[:0]
		return explain(ctx, src, counts, lost)
	}
	err := src.Each(ctx, Position{}, false, func(e *Entry, _ Position) error {
		batch = append(batch, Entry{DB: e.DB, Key: slices.Clone(e.Key), DeadlineMs: e.DeadlineMs, At: e.At})
		if len(batch) < compareKeys {
			return nil
		}
		return check()
	})
	if err == nil {
		err = check()
	}
	var list []Count
	for _, c := range counts {
		list = append(list, *c)
	}
	slices.SortFunc(list, func(a, b Count) int { return a.DB - b.DB })
	return list, err
}

func count(counts map[int]*Count, db int) *Count {
	if counts[db] == nil {
		counts[db] = &Count{DB: db}
	}
	return counts[db]
}

// explain counts the keys that the target does not have by why that is.
func explain(ctx context.Context, src Source, counts map[int]*Count, lost []Entry) error {
	now := time.Now().UnixMilli()
	var open []Entry
	for i := range lost {
		c := count(counts, lost[i].DB)
		c.Here--
		if lost[i].expired(now) {
			c.Expired++
		} else {
			open = append(open, lost[i])
		}
	}
	if len(open) == 0 {
		return nil
	}
	gone, err := src.Gone(ctx, open)
	if err != nil {
		return err
	}
	for i := range open {
		c := count(counts, open[i].DB)
		if gone[i] {
			c.Gone++
			continue
		}
		if c.Missing++; c.Example == "" {
			c.Example = string(open[i].Key)
		}
	}
	return nil
}
