package server

import (
	"bytes"
	"slices"
	"sync"
)

// maxErrorCodes bounds the codes that are told apart: scripts can make up
// their own. What comes later counts as otherErrors.
const (
	maxErrorCodes = 128
	otherErrors   = "OTHER"
)

// errorCodes counts error replies by their first word. Errors are rare enough
// for a lock.
type errorCodes struct {
	// mu guards counts. It is a leaf.
	mu     sync.Mutex
	counts map[string]uint64
}

// note counts an error reply, which starts with '-'.
func (e *errorCodes) note(reply []byte) {
	code := []byte("ERR")
	if end := bytes.IndexByte(reply[:min(len(reply), 32)], ' '); end > 0 {
		code = reply[1:end]
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.counts == nil {
		e.counts = map[string]uint64{}
	}
	if _, known := e.counts[string(code)]; !known && len(e.counts) >= maxErrorCodes {
		e.counts[otherErrors]++
		return
	}
	e.counts[string(code)]++
}

func (e *errorCodes) reset() {
	e.mu.Lock()
	e.counts = nil
	e.mu.Unlock()
}

// errorCount is how often a code was sent.
type errorCount struct {
	code  string
	count uint64
}

// sorted returns the counts by code.
func (e *errorCodes) sorted() []errorCount {
	e.mu.Lock()
	defer e.mu.Unlock()
	out := make([]errorCount, 0, len(e.counts))
	for code, n := range e.counts {
		out = append(out, errorCount{code, n})
	}
	slices.SortFunc(out, func(a, b errorCount) int { return bytes.Compare([]byte(a.code), []byte(b.code)) })
	return out
}
