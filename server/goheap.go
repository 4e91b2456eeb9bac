package server

import (
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// idleHeapBytes is the size of the Go heap, in bytes, below which what lies idle
// in it is left alone.
const idleHeapBytes = 64 << 20

// trimHeapEvery is how often the heap is looked at.
const trimHeapEvery = 2 * time.Second

// goHeap gives back what large requests and replies leave behind. The data is
// not on the Go heap, so the heap grows only by clients' buffers, and once these
// are dropped hardly anything is allocated that would make the collector run: a
// client that has sent a gigabyte would cost it for minutes.
type goHeap struct {
	samples [3]metrics.Sample
	kept    uint64 // bytes held after the last collection from here
}

func newGoHeap() *goHeap {
	return &goHeap{samples: [3]metrics.Sample{
		{Name: "/memory/classes/heap/objects:bytes"},
		{Name: "/memory/classes/heap/free:bytes"},
		{Name: "/memory/classes/heap/unused:bytes"},
	}}
}

// held is what the heap has taken from the system, in bytes.
func (h *goHeap) held() uint64 {
	metrics.Read(h.samples[:])
	n := uint64(0)
	for i := range h.samples {
		n += h.samples[i].Value.Uint64()
	}
	return n
}

// trim collects and gives back if the heap is large and has grown by half since
// the last time.
func (h *goHeap) trim() {
	if held := h.held(); held < idleHeapBytes || held < h.kept+h.kept/2 {
		return
	}
	debug.FreeOSMemory()
	h.kept = h.held()
}
