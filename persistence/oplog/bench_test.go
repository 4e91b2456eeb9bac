package oplog

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"larder/persistence"
	"larder/protocol/record"
)

func benchRecord() *record.Record {
	return &record.Record{TimeMs: 1_790_000_000_000, Commands: []record.Command{{Args: [][]byte{
		[]byte("SET"), []byte("key:000000012345"), []byte(strings.Repeat("v", 32))}}}}
}

// BenchmarkAppend is what a write pays while its shard is locked; the writer
// works beside it on a real file.
func BenchmarkAppend(b *testing.B) {
	for _, callers := range []int{1, 2} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			o := options(b.TempDir())
			o.Policy, o.MaxHeldBytes = SyncEverySec, 1<<40
			l, err := Open(o, nil, true)
			if err != nil {
				b.Fatal(err)
			}
			b.SetParallelism(1)
			b.ReportAllocs()
			b.ResetTimer()
			if callers == 1 {
				for rec := benchRecord(); b.Loop(); {
					l.Append(rec)
				}
			} else {
				b.RunParallel(func(pb *testing.PB) {
					for rec := benchRecord(); pb.Next(); {
						l.Append(rec)
					}
				})
			}
			b.StopTimer()
			if err := l.Close(); err != nil {
				b.Fatal(err)
			}
		})
	}
}

// BenchmarkGroupCommit is what SyncAlways gives: each caller waits for its
// record before it appends the next, so that one sync serves as many records as
// there are callers.
func BenchmarkGroupCommit(b *testing.B) {
	for _, callers := range []int{1, 16, 256} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			durable := make(chan uint64, 1024)
			o := options(b.TempDir())
			o.OnDurable = func(lsn uint64) { durable <- lsn }
			l, err := Open(o, nil, true)
			if err != nil {
				b.Fatal(err)
			}
			rec := benchRecord()
			b.ResetTimer()
			for sent, done := uint64(0), uint64(0); done < uint64(b.N); {
				for sent < done+uint64(callers) && sent < uint64(b.N) {
					sent = l.Append(rec)
				}
				done = <-durable
			}
			b.ReportMetric(float64(l.Stats().Syncs)/float64(b.N), "syncs/op")
			b.StopTimer()
			if err := l.Close(); err != nil {
				b.Fatal(err)
			}
		})
	}
}

// BenchmarkRecover reads a log of 64 MiB of short records and decodes them all.
func BenchmarkRecover(b *testing.B) {
	dir := b.TempDir()
	o := options(dir)
	o.Policy = SyncNo
	l, err := Open(o, nil, true)
	if err != nil {
		b.Fatal(err)
	}
	rec, records := benchRecord(), uint64(0)
	for bytes := 0; bytes < 64<<20; bytes += rec.BodySize() + 3 {
		l.Append(rec)
		records++
	}
	if err := l.Close(); err != nil {
		b.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(dir, segmentName(testName, 1)))
	if err != nil {
		b.Fatal(err)
	}
	for _, decode := range []bool{false, true} {
		b.Run(fmt.Sprintf("decode=%v", decode), func(b *testing.B) {
			b.SetBytes(info.Size())
			for b.Loop() {
				var rec record.Record
				got, err := Recover(Files{persistence.OS{}, dir, testName}, nil, func(b *Batch) error {
					defer b.Release()
					for decode {
						if more, err := b.Next(&rec); err != nil || !more {
							return err
						}
					}
					return nil
				})
				if err != nil || got.Records != records {
					b.Fatalf("%+v, %v", got, err)
				}
			}
		})
	}
}
