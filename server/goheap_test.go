package server

import (
	"runtime"
	"testing"
)

// What large requests leave behind is given back, and what is in use is not
// collected over and over.
func TestGoHeapTrim(t *testing.T) {
	h := newGoHeap()
	h.trim()
	before := h.held()
	sink := make([]byte, 4*idleHeapBytes)
	for i := range sink {
		sink[i] = 1
	}
	h.trim()
	if kept := h.kept; kept < 4*idleHeapBytes {
		t.Fatalf("%d bytes are held while %d are in use", kept, len(sink))
	}
	runtime.KeepAlive(sink)
	h.kept = 0
	h.trim()
	if after := h.held(); after > before+idleHeapBytes {
		t.Errorf("%d bytes are held after the buffer was dropped, %d before it was made", after, before)
	}
}
