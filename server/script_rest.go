package server

import "context"

// A script that computes for long, before it has locked anything, is in nobody's
// way but for the core that it uses. It leaves that to others now and then: the
// system would take it from the script too, but only when the script's share of
// time is used up, some milliseconds later.

const (
	// restSteps is after how many instructions of the interpreter the clock is
	// read: some 50 to 100 µs.
	restSteps = 1024
	// scriptSliceNs is how long a script computes between two rests, in ns.
	scriptSliceNs = 1_000_000
)

// restingContext is the context of a script. The interpreter asks it before each
// instruction whether the script is to end.
type restingContext struct {
	context.Context
	done  <-chan struct{}
	steps uint32
	rest  func() // called every restSteps instructions
}

func newRestingContext(ctx context.Context, rest func()) *restingContext {
	return &restingContext{Context: ctx, done: ctx.Done(), rest: rest}
}

// Done implements context.Context. Only the goroutine that runs the script calls
// it.
func (c *restingContext) Done() <-chan struct{} {
	if c.steps++; c.steps%restSteps == 0 {
		c.rest()
	}
	return c.done
}

// rest naps if it is time for that and the script holds no shard.
func (h *scriptHost) rest() {
	if len(h.locked) > 0 || h.q.within != nil || monotonicNs()-h.restedNs < scriptSliceNs {
		return
	}
	nap(restFor)
	h.restedNs = monotonicNs()
}
