package policy

import (
	"container/heap"
	"math"
)

// refTinyLFU is a window LRU before a segmented LRU, with admission by a
// frequency sketch that sees every access, and a hill climber that moves the
// window's share. It may spend tens of bytes an entry and a list operation a
// hit, which allkeys-adaptive may not.
type refTinyLFU struct {
	l       *linked // 1 window, 2 probation, 3 protected
	counts  []uint8 // exact 4-bit counters by key in place of a sketch
	adds    int
	cap     int
	window  int
	guarded int // capacity of the protected segment

	hits, misses int
	lastRate     float64
	step         float64
}

func newRefTinyLFU(keys uint32, capacity int) refCache {
	c := &refTinyLFU{l: newLinked(keys, 3), counts: make([]uint8, keys), cap: capacity}
	c.setWindow(max(1, capacity/100))
	c.step = 0.0625 * float64(capacity)
	return c
}

func (c *refTinyLFU) setWindow(w int) {
	c.window = min(max(w, 1), c.cap*4/5)
	c.guarded = (c.cap - c.window) * 4 / 5
}

func (c *refTinyLFU) access(k uint32) bool {
	l := c.l
	if c.counts[k] < 15 {
		c.counts[k]++
	}
	if c.adds++; c.adds >= 10*c.cap {
		c.adds /= 2
		for i := range c.counts {
			c.counts[i] /= 2
		}
	}
	where := l.where[k]
	switch where {
	case 1, 3:
		l.remove(k)
		l.pushFront(where, k)
	case 2:
		l.remove(k)
		l.pushFront(3, k)
	default:
		l.pushFront(1, k)
	}
	for l.size[3] > c.guarded {
		t := l.back(3)
		l.remove(t)
		l.pushFront(2, t)
	}
	c.trim()
	c.climb(where != 0)
	return where != 0
}

func (c *refTinyLFU) trim() {
	l := c.l
	for l.size[1] > c.window {
		t := l.back(1)
		l.remove(t)
		l.pushFront(2, t)
		if l.size[1]+l.size[2]+l.size[3] <= c.cap {
			continue
		}
		victim := l.back(2)
		if victim == t && l.size[3] > 0 {
			victim = l.back(3)
		}
		if c.counts[t] > c.counts[victim] {
			l.remove(victim)
		} else {
			l.remove(t)
		}
	}
	for l.size[1]+l.size[2]+l.size[3] > c.cap {
		if l.size[2] > 0 {
			l.remove(l.back(2))
		} else {
			l.remove(l.back(3))
		}
	}
}

func (c *refTinyLFU) climb(hit bool) {
	if hit {
		c.hits++
	} else {
		c.misses++
	}
	if c.hits+c.misses < 10*c.cap {
		return
	}
	rate := float64(c.hits) / float64(c.hits+c.misses)
	change := rate - c.lastRate
	if change < 0 {
		c.step = -c.step
	}
	c.setWindow(c.window + int(c.step))
	if math.Abs(change) >= 0.05 {
		c.step = math.Copysign(0.0625*float64(c.cap), c.step)
	} else {
		c.step *= 0.98
	}
	c.lastRate, c.hits, c.misses = rate, 0, 0
}

// optHits is the number of hits of a clairvoyant cache that may also refuse to
// insert.
func optHits(trace []uint32, keys uint32, capacity int) int {
	const never = math.MaxInt32
	nextUse := make([]int32, len(trace))
	seen := make([]int32, keys)
	for i := range seen {
		seen[i] = never
	}
	for i := len(trace) - 1; i >= 0; i-- {
		nextUse[i] = seen[trace[i]]
		seen[trace[i]] = int32(i)
	}
	held := make([]int32, keys) // next use of a held key, 0 if absent
	var far farHeap
	hits, n := 0, 0
	for i, k := range trace {
		if held[k] != 0 {
			hits++
		} else {
			n++
		}
		held[k] = nextUse[i]
		heap.Push(&far, farItem{nextUse[i], k})
		for n > capacity {
			t := heap.Pop(&far).(farItem)
			if held[t.key] == t.next {
				held[t.key] = 0
				n--
			}
		}
	}
	return hits
}

type farItem struct {
	next int32
	key  uint32
}

// farHeap gives the item whose next use is farthest away first.
type farHeap []farItem

func (h farHeap) Len() int           { return len(h) }
func (h farHeap) Less(i, j int) bool { return h[i].next > h[j].next }
func (h farHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *farHeap) Push(x any)        { *h = append(*h, x.(farItem)) }
func (h *farHeap) Pop() any {
	old := *h
	x := old[len(old)-1]
	*h = old[:len(old)-1]
	return x
}
