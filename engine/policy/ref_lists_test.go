package policy

// Reference policies with the textbook's data structures: they show that the
// simulator replays traces as others do, and they are what allkeys-adaptive is
// compared with. Keys are dense integers, so that arrays replace maps.

// refCache is a cache of a fixed number of items of equal size.
type refCache interface {
	// access looks key up, inserts it if it is absent, and reports a hit.
	access(key uint32) bool
}

// linked is a set of doubly linked lists over dense keys that share two arrays;
// a key is on at most one list. The lists' heads lie behind the keys.
type linked struct {
	next, prev []uint32
	where      []uint8 // the list that holds the key, 0 for none; lists count from 1
	size       []int
	keys       uint32
}

func newLinked(keys uint32, lists int) *linked {
	l := &linked{
		next:  make([]uint32, keys+uint32(lists)),
		prev:  make([]uint32, keys+uint32(lists)),
		where: make([]uint8, keys),
		size:  make([]int, lists+1),
		keys:  keys,
	}
	for i := range lists {
		h := keys + uint32(i)
		l.next[h], l.prev[h] = h, h
	}
	return l
}

func (l *linked) pushFront(list uint8, k uint32) {
	h := l.keys + uint32(list) - 1
	n := l.next[h]
	l.next[h], l.prev[n] = k, k
	l.next[k], l.prev[k] = n, h
	l.where[k] = list
	l.size[list]++
}

func (l *linked) remove(k uint32) {
	n, p := l.next[k], l.prev[k]
	l.next[p], l.prev[n] = n, p
	l.size[l.where[k]]--
	l.where[k] = 0
}

func (l *linked) back(list uint8) uint32 { return l.prev[l.keys+uint32(list)-1] }

// before is the key next towards the front, false at the front.
func (l *linked) before(k uint32) (uint32, bool) {
	p := l.prev[k]
	return p, p < l.keys
}

// refLRU evicts the least recently used item.
type refLRU struct {
	l   *linked
	cap int
}

func newRefLRU(keys uint32, capacity int) refCache {
	return &refLRU{newLinked(keys, 1), capacity}
}

func (c *refLRU) access(k uint32) bool {
	if c.l.where[k] != 0 {
		c.l.remove(k)
		c.l.pushFront(1, k)
		return true
	}
	if c.l.size[1] >= c.cap {
		c.l.remove(c.l.back(1))
	}
	c.l.pushFront(1, k)
	return false
}

// refSampled evicts the least recently used of five items drawn at random.
type refSampled struct {
	last  []uint32 // time of the last access, by key
	slot  []int32  // position in items plus one, 0 if absent
	items []uint32
	cap   int
	now   uint32
	rng   uint64
}

func newRefSampled(keys uint32, capacity int) refCache {
	return &refSampled{last: make([]uint32, keys), slot: make([]int32, keys), cap: capacity, rng: 1}
}

func (c *refSampled) access(k uint32) bool {
	c.now++
	c.last[k] = c.now
	if c.slot[k] != 0 {
		return true
	}
	if len(c.items) < c.cap {
		c.items = append(c.items, k)
		c.slot[k] = int32(len(c.items))
		return false
	}
	best := -1
	for range 5 {
		c.rng += 0x9e3779b97f4a7c15
		i := int(testMix(c.rng) % uint64(len(c.items)))
		if best < 0 || c.last[c.items[i]] < c.last[c.items[best]] {
			best = i
		}
	}
	c.slot[c.items[best]] = 0
	c.items[best] = k
	c.slot[k] = int32(best) + 1
	return false
}

// refSieve keeps insertion order; a hand moves from old to new, spares visited
// items once and evicts the first that was not visited.
type refSieve struct {
	l       *linked
	visited []bool
	cap     int
	hand    uint32
	atBack  bool
}

func newRefSieve(keys uint32, capacity int) refCache {
	return &refSieve{l: newLinked(keys, 1), visited: make([]bool, keys), cap: capacity, atBack: true}
}

func (c *refSieve) access(k uint32) bool {
	if c.l.where[k] != 0 {
		c.visited[k] = true
		return true
	}
	if c.l.size[1] >= c.cap {
		h := c.hand
		if c.atBack {
			h = c.l.back(1)
		}
		for c.visited[h] {
			c.visited[h] = false
			p, ok := c.l.before(h)
			if !ok {
				p = c.l.back(1)
			}
			h = p
		}
		p, ok := c.l.before(h)
		c.hand, c.atBack = p, !ok
		c.l.remove(h)
	}
	c.l.pushFront(1, k)
	c.visited[k] = false
	return false
}

// refS3FIFO is a small queue of a tenth, a main queue with reinsertion and a
// ghost queue as long as the main queue.
type refS3FIFO struct {
	l     *linked // 1 small, 2 main, 3 ghost
	freq  []uint8
	cap   int
	small int
}

func newRefS3FIFO(keys uint32, capacity int) refCache {
	return &refS3FIFO{l: newLinked(keys, 3), freq: make([]uint8, keys), cap: capacity, small: max(capacity/10, 1)}
}

func (c *refS3FIFO) access(k uint32) bool {
	l := c.l
	if w := l.where[k]; w == 1 || w == 2 {
		c.freq[k] = min(c.freq[k]+1, 3)
		return true
	}
	wasGhost := l.where[k] == 3
	for l.size[1]+l.size[2] >= c.cap {
		if l.size[1] > c.small || l.size[2] == 0 {
			c.evictSmall()
		} else {
			c.evictMain()
		}
	}
	c.freq[k] = 0
	if l.where[k] == 3 {
		l.remove(k)
	}
	if wasGhost {
		l.pushFront(2, k)
	} else {
		l.pushFront(1, k)
	}
	return false
}

func (c *refS3FIFO) evictSmall() {
	l := c.l
	for l.size[1] > 0 {
		t := l.back(1)
		l.remove(t)
		if c.freq[t] > 1 {
			c.freq[t] = 0
			l.pushFront(2, t)
			if l.size[2] > c.cap-c.small {
				c.evictMain()
			}
			continue
		}
		l.pushFront(3, t)
		if l.size[3] > c.cap-c.small {
			l.remove(l.back(3))
		}
		return
	}
}

func (c *refS3FIFO) evictMain() {
	l := c.l
	for l.size[2] > 0 {
		t := l.back(2)
		l.remove(t)
		if c.freq[t] == 0 {
			return
		}
		c.freq[t]--
		l.pushFront(2, t)
	}
}

// refARC is the adaptive replacement cache: two lists, two ghosts, a target.
type refARC struct {
	l   *linked // 1 T1, 2 T2, 3 B1, 4 B2
	cap int
	p   int
}

func newRefARC(keys uint32, capacity int) refCache {
	return &refARC{l: newLinked(keys, 4), cap: capacity}
}

func (c *refARC) access(k uint32) bool {
	l := c.l
	switch l.where[k] {
	case 1, 2:
		l.remove(k)
		l.pushFront(2, k)
		return true
	case 3:
		c.p = min(c.cap, c.p+max(1, l.size[4]/l.size[3]))
		c.replace(false)
		l.remove(k)
		l.pushFront(2, k)
		return false
	case 4:
		c.p = max(0, c.p-max(1, l.size[3]/l.size[4]))
		c.replace(true)
		l.remove(k)
		l.pushFront(2, k)
		return false
	}
	if t1 := l.size[1] + l.size[3]; t1 == c.cap {
		if l.size[1] < c.cap {
			l.remove(l.back(3))
			c.replace(false)
		} else {
			l.remove(l.back(1))
		}
	} else if total := t1 + l.size[2] + l.size[4]; total >= c.cap {
		if total == 2*c.cap {
			l.remove(l.back(4))
		}
		c.replace(false)
	}
	l.pushFront(1, k)
	return false
}

func (c *refARC) replace(inB2 bool) {
	l := c.l
	if l.size[1] > 0 && (l.size[1] > c.p || (inB2 && l.size[1] == c.p)) {
		t := l.back(1)
		l.remove(t)
		l.pushFront(3, t)
	} else if l.size[2] > 0 {
		t := l.back(2)
		l.remove(t)
		l.pushFront(4, t)
	}
}

func testMix(x uint64) uint64 {
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	return x ^ x>>31
}
