package oplog

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"larder/persistence"
	"larder/persistence/faultfs"
	"larder/protocol/record"
)

// The log with its own goroutines, many callers, snapshots and a disk that
// fails now and then: when it works again everything is durable, and callers
// that keep to Room and Err never find the bound passed by more than what they
// had begun.
func TestManyCallersOnAFailingDisk(t *testing.T) {
	for _, policy := range []SyncPolicy{SyncAlways, SyncEverySec, SyncNo} {
		t.Run(fmt.Sprint(policy), func(t *testing.T) { testManyCallers(t, policy) })
	}
}

func testManyCallers(t *testing.T, policy SyncPolicy) {
	const callers, each = 4, 1500
	disk := faultfs.New(rand.New(rand.NewPCG(uint64(policy), 5)))
	if err := disk.MkdirAll("dir", 0o755); err != nil {
		t.Fatal(err)
	}
	var told, states atomic.Uint64
	o := options("dir")
	o.FS, o.Policy, o.SegmentBytes, o.MaxHeldBytes, o.allocateBytes = disk, policy, 50_000, 20_000, 4096
	room := make(chan struct{}, 1)
	signal := func() {
		select {
		case room <- struct{}{}:
		default:
		}
	}
	o.OnDurable = func(lsn uint64) {
		if told.Swap(lsn) >= lsn {
			t.Errorf("told of %d twice or late", lsn)
		}
	}
	o.OnRoom = signal
	o.OnState = func(error) { states.Add(1); signal() }
	l := openTestLog(t, o, nil)

	var mu sync.Mutex // stands for the shard locks: order of the model is order of the log
	model := []uint64{}
	var group sync.WaitGroup
	for c := range callers {
		group.Go(func() {
			rng := rand.New(rand.NewPCG(uint64(c), 6))
			for range each {
				for l.Err() != nil || !l.Room() {
					select {
					case <-room:
					case <-time.After(time.Millisecond):
					}
				}
				n := rng.Uint64N(5000)
				mu.Lock()
				model = append(model, n)
				lsn := l.Append(numbered(n))
				if lsn != uint64(len(model)) {
					t.Errorf("record %d got the LSN %d", len(model), lsn)
				}
				mu.Unlock()
				if held := l.Stats().HeldBytes; held > o.MaxHeldBytes+callers*50_000 {
					t.Errorf("%d bytes are held", held)
				}
			}
		})
	}
	group.Go(func() {
		for k := range 12 {
			var fault error
			if k%2 == 0 {
				fault = []error{syscall.EIO, syscall.ENOSPC}[k/2%2]
			}
			disk.Inject(func(faultfs.Op, string) error { return fault })
			time.Sleep(15 * time.Millisecond)
		}
		disk.Inject(nil)
	})
	var base uint64
	group.Go(func() {
		for range 5 {
			mu.Lock()
			cut := l.Cut()
			mu.Unlock()
			path := l.BaseName(cut)
			err := persistence.ReplaceFile(disk, path, path+".tmp", func(f persistence.File) error {
				_, err := f.Write([]byte("state"))
				return err
			})
			if err != nil {
				continue
			}
			ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
			if l.Rebase(ctx, cut) == nil {
				base = cut
			}
			cancel()
		}
	})
	group.Wait()
	wait(t, "the disk works again", func() bool { return l.Err() == nil })
	closeLog(t, l)
	if l.Durable() != uint64(len(model)) || told.Load() != l.Durable() || states.Load()%2 != 0 {
		t.Errorf("%d of %d records are durable, told of %d, the state changed %d times", l.Durable(), len(model), told.Load(), states.Load())
	}
	checkModel(t, disk, model, base)
	t.Logf("%d records, base before %d, %+v", len(model), base, l.Stats())
}

// checkModel recovers a log and compares it with the numbers of its records.
func checkModel(t *testing.T, disk persistence.FS, model []uint64, base uint64) {
	t.Helper()
	next := uint64(1)
	rec, err := Recover(Files{disk, "dir", testName}, func(_ string, b BaseFile) error {
		if b.LSN < base {
			t.Errorf("the base is before %d, put in place was %d", b.LSN, base)
		}
		next = b.LSN
		return nil
	}, func(b *Batch) error {
		defer b.Release()
		var got record.Record
		for {
			more, err := b.Next(&got)
			if err != nil || !more {
				return err
			}
			if b.LSN() != next || !sameRecord(&got, numbered(model[next-1])) {
				t.Fatalf("record %d came back as number %d: %.100s", next, b.LSN(), fmt.Sprint(got))
			}
			next++
		}
	})
	if err != nil || rec.Next != uint64(len(model))+1 {
		t.Errorf("recovered %+v, %v; want %d records", rec, err, len(model))
	}
}
