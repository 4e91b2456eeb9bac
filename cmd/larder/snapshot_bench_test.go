package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"testing"

	"larder/engine"
	"larder/persistence"
)

// benchKeys is how many keys the benchmarks of snapshots write and load.
const benchKeys = 200_000

// filledLoader returns an engine of keys with values of 60 bytes, as many caches hold.
func filledLoader(b *testing.B) *loader {
	l := newLoader(b)
	for i := range benchKeys {
		k := l.Engine.Key(fmt.Appendf(nil, "key:%d", i))
		k.Shard.Lock()
		err := l.Engine.SetString(0, k, fmt.Appendf(nil, "value:%054d", i*7919), engine.Attrs{Deadline: engine.NoDeadline}, filesNowMs)
		k.Shard.Unlock()
		if err != nil {
			b.Fatal(err)
		}
	}
	return l
}

// BenchmarkSnapshotWrite writes a snapshot to nowhere; ns/op are for a key.
func BenchmarkSnapshotWrite(b *testing.B) {
	l := filledLoader(b)
	defer l.close()
	b.ResetTimer()
	for range max(1, b.N/benchKeys) {
		if err := l.Write(context.Background(), io.Discard, persistence.Info{}, new(persistence.Progress)); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkSnapshotLoad loads one from memory, by one inserting goroutine.
func BenchmarkSnapshotLoad(b *testing.B) {
	l := filledLoader(b)
	var file bytes.Buffer
	if err := l.Write(context.Background(), &file, persistence.Info{}, new(persistence.Progress)); err != nil {
		b.Fatal(err)
	}
	l.close()
	b.ResetTimer()
	for range max(1, b.N/benchKeys) {
		to := newLoader(b)
		p := new(persistence.Progress)
		p.BytesTotal.Store(int64(file.Len())) // as if it were a file
		if _, err := to.Load(context.Background(), bytes.NewReader(file.Bytes()), "x", persistence.LoadOptions{NowMs: filesNowMs, Loaders: 1}, p); err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		to.close()
		b.StartTimer()
	}
}
