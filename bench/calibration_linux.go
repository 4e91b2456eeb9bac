package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"

	"larder/bench/load"
	"larder/bench/trace"
)

// A calibration finds the maxmemory with which a server holds a number of
// items. What an item costs, and what a server counts besides its items, is
// its own business; for 500 items the latter may be most of it. So the server
// is asked: it is filled with keys of the trace at one maxmemory after the
// other, until DBSIZE settles at the capacity.
//
// Every fill talks to the server exactly as the replay does, over a single
// connection and one request at a time, because some servers count the
// buffers of their clients as used memory.
type calibration struct {
	ctx      context.Context
	addr     string
	trace    *trace.Trace
	fill     [][]byte // distinct keys
	fullAt   int      // request of the trace from which on the server is full
	capacity float64
	low      point // the most that holds too few
	high     point // the least that holds too many
	best     point // the nearest so far
}

// A point is what was seen at one maxmemory.
type point struct {
	maxMemory int64 // bytes
	items     float64
}

const (
	// maxFills bounds the search, which halves its range every second step.
	maxFills = 40
	// maxReplays bounds how often the trace is replayed until the server
	// holds the capacity throughout.
	maxReplays = 5
	// leastItemBytes is less than any server needs for an item.
	leastItemBytes = valueBytes + 8
)

func newCalibration(ctx context.Context, addr string, tr *trace.Trace, capacity int) *calibration {
	return &calibration{ctx: ctx, addr: addr, trace: tr, capacity: float64(capacity),
		fill: tr.Distinct[:min(len(tr.Distinct), 2*capacity)], fullAt: fullAt(tr, capacity)}
}

// fullAt returns the request of a trace at which a cache of that many items
// is full for certain and has been for a while: a twentieth more keys have
// been asked for, and half of the trace is over.
func fullAt(tr *trace.Trace, capacity int) int {
	seen := make(map[string]struct{}, capacity)
	for i, key := range tr.Keys {
		seen[string(key)] = struct{}{}
		if len(seen) >= capacity*21/20 {
			return max(i, len(tr.Keys)/2)
		}
	}
	return len(tr.Keys) - 1
}

// replay calibrates the server and replays the trace. Where the replay itself
// settles at another number of items than the fill did, maxmemory is corrected
// and the replay repeated.
func (k *calibration) replay() (load.Replayed, error) {
	if err := k.search(); err != nil {
		return load.Replayed{}, fmt.Errorf("capacity of %.0f items: %w", k.capacity, err)
	}
	maxMemory, itemBytes := k.best.maxMemory, k.itemBytes()
	var nearest load.Replayed
	k.low, k.high = point{}, point{} // from here on of replays
	for range maxReplays {
		r, err := k.run(maxMemory, k.trace.Keys, k.fullAt)
		if err != nil {
			return r, err
		}
		off := r.MeanKeys - k.capacity
		if math.Abs(off) < math.Abs(nearest.MeanKeys-k.capacity) {
			nearest = r
		}
		if math.Abs(off) <= capacityTolerance*k.capacity {
			return r, nil
		}
		if off < 0 {
			k.low = point{maxMemory, r.MeanKeys}
		} else {
			k.high = point{maxMemory, r.MeanKeys}
		}
		if k.low.items > 0 && k.high.items > 0 && k.low.maxMemory < k.high.maxMemory {
			share := (k.capacity - k.low.items) / (k.high.items - k.low.items)
			maxMemory = k.low.maxMemory + int64(share*float64(k.high.maxMemory-k.low.maxMemory))
		} else {
			maxMemory -= int64(off * itemBytes)
		}
	}
	return nearest, fmt.Errorf("%w: %.0f items on average instead of %.0f, whatever maxmemory is tried near %d bytes", errNotHeld, nearest.MeanKeys, k.capacity, maxMemory)
}

// errNotHeld says that a server does not hold the capacity during a replay.
var errNotHeld = errors.New("the replay is not held at the capacity")

// search finds a maxmemory whose fill is within half of the tolerance. It
// comes from below: a server that has grown its index once may hold fewer
// items than before at the same size, so that there can be several answers.
func (k *calibration) search() error {
	k.best = point{items: math.Inf(-1)}
	try := int64(k.capacity) * leastItemBytes
	for i := range maxFills {
		items, err := k.measure(try)
		if err != nil {
			return err
		}
		p := point{try, items}
		if math.Abs(items-k.capacity) < math.Abs(k.best.items-k.capacity) {
			k.best = p
		}
		switch {
		case math.Abs(items-k.capacity) <= max(k.capacity*capacityTolerance/2, 1):
			return nil
		case items < k.capacity:
			k.low = p
		default:
			k.high = p
		}
		if k.high.maxMemory != 0 && k.high.maxMemory-k.low.maxMemory <= 1 {
			break
		}
		try = k.next(i)
	}
	if math.Abs(k.best.items-k.capacity) <= capacityTolerance*k.capacity {
		return nil
	}
	return fmt.Errorf("no maxmemory gives it; the nearest is %d bytes with %.0f items", k.best.maxMemory, k.best.items)
}

// next chooses the maxmemory of the next fill: by interpolation, by halves in
// every second step so that the search ends even where items come in jumps.
func (k *calibration) next(step int) int64 {
	if k.high.maxMemory == 0 {
		if k.low.items < 1 {
			return k.low.maxMemory * 2
		}
		return k.low.maxMemory + max(int64((k.capacity-k.low.items)*leastItemBytes), 1)
	}
	width := k.high.maxMemory - k.low.maxMemory
	part := width / 2
	if step%2 == 0 && k.low.items >= 1 && k.high.items > k.low.items {
		part = int64(float64(width) * (k.capacity - k.low.items) / (k.high.items - k.low.items))
	}
	return k.low.maxMemory + min(max(part, 1), width-1)
}

// itemBytes estimates what one more item costs the server.
func (k *calibration) itemBytes() float64 {
	if k.low.items >= 1 && k.high.items > k.low.items {
		if cost := float64(k.high.maxMemory-k.low.maxMemory) / (k.high.items - k.low.items); cost < 10*leastItemBytes {
			return max(cost, leastItemBytes)
		}
	}
	return 1.5 * leastItemBytes
}

// measure returns how many items a fill leaves. A server that refuses to
// store anything, because even empty it exceeds maxmemory, holds none.
func (k *calibration) measure(maxMemory int64) (float64, error) {
	r, err := k.run(maxMemory, k.fill, len(k.fill)-1)
	if errors.Is(err, load.ErrUnexpected) {
		return 0, nil
	}
	return r.MeanKeys, err
}

// run empties the server, sets maxmemory and asks for keys as a cache's user.
func (k *calibration) run(maxMemory int64, keys [][]byte, sampleFrom int) (load.Replayed, error) {
	c, err := load.DialClient(k.addr)
	if err != nil {
		return load.Replayed{}, err
	}
	defer c.Close()
	for _, command := range [][]string{{"FLUSHALL"}, {"CONFIG", "SET", "maxmemory", strconv.FormatInt(maxMemory, 10)}} {
		if _, err := c.Do(command...); err != nil {
			return load.Replayed{}, fmt.Errorf("%s: %w", command[0], err)
		}
	}
	c.Close()
	return load.Replay(k.ctx, k.addr, keys, valueBytes, sampleFrom)
}
