package server

import (
	"container/heap"
	"sync"
	"time"
	"unsafe"

	"larder/engine"
	"larder/protocol/resp"
	"larder/server/command"
)

// Blocking commands. A command that finds nothing (command.BlockRequest) leaves
// a waiter at the end of the queue of each of its keys, while their shards are
// still locked, and its session is parked: that costs no goroutine and no loop.
// A command that changes a key which somebody waits for makes the key ready,
// and whoever ran it serves the waiters of its ready keys, in order, before
// anything else (serve.go). The reply is left with the waiter, and the session's
// driver takes it from there, so that nobody locks two sessions.
//
// To run a waiter's command one needs its turn, which only he gets who holds
// the shards of all its keys. So it never runs twice, and a timeout, CLIENT
// UNBLOCK or the client's end that comes meanwhile takes effect behind it, if
// it still waits then.

// waitRoom is everybody who waits.
type waitRoom struct {
	srv *Server
	// mu guards the fields below and those of waiters that say so. It is a leaf
	// but for the locks of drivers that are woken.
	mu        sync.Mutex
	byKey     map[waitKey]*waitQueue
	bySession map[*session]*waiter
	arrivals  uint64
	timeouts  timeoutHeap
	timer     *time.Timer // runs at the first timeout, nil if never set
	gone      int         // queues that somebody waits in who wants to know when the key is gone
	orphans   []waitKey   // ready keys that no command has made ready
	stopped   bool
}

type waitKey struct {
	db   int
	name string
}

// waitQueue is who waits for a key, in the order in which they came.
// INVARIANT: it is not empty.
type waitQueue struct {
	waiters []*waiter
	gone    int // how many want to know when the key is gone
}

// waiterState is how far a waiter is.
type waiterState uint8

const (
	waiterWaits  waiterState = iota
	waiterRuns               // somebody runs its command
	waiterIsDone             // it is in no queue any more
)

// waiter is a command that waits.
type waiter struct {
	s       *session
	cmd     *bound
	args    [][]byte
	db      int
	proto   int
	noTouch bool
	want    command.BlockRequest
	typ     engine.Type // that a key must have to be of use
	keys    []waitKey   // each once
	number  uint64      // of its arrival

	// waitRoom.mu guards the following.

	state      waiterState
	outcome    []byte        // the reply when there is one: outcome and state done make it complete
	complete   bool          // outcome may be taken
	late       []byte        // what it is to be answered if it still waits when its command has run; nil: nothing
	deadline   time.Duration // since the process started
	heapAt     int           // in timeouts, -1 if it is not there
	lsn        uint64        // of the record of its command
	durationNs int64         // that its command has run
}

// typeOfGroup is the type of value that the blocking commands of a group wait
// for.
var typeOfGroup = map[string]engine.Type{"list": engine.TypeList, "sorted-set": engine.TypeZSet, "stream": engine.TypeStream}

func (r *waitRoom) init(srv *Server) {
	r.srv = srv
	r.byKey, r.bySession = map[waitKey]*waitQueue{}, map[*session]*waiter{}
}

// enter makes the session of a command that has called Block wait.
// REQUIRES: the shards of the command's keys are locked.
func (r *waitRoom) enter(s *session, cmd *bound, c *command.Ctx) *waiter {
	args := c.Args
	if c.Wait.Args != nil {
		args = c.Wait.Args
	}
	w := &waiter{s: s, cmd: cmd, args: cloneArgs(args, requestBytes(args)), db: c.DB, proto: c.Out.Proto, noTouch: c.NoTouch,
		want: c.Wait, typ: typeOfGroup[cmd.Group], heapAt: -1}
	w.want.Args = nil
	if c.Wait.Keys == nil {
		for i := range c.Keys {
			w.addKey(c, i)
		}
	}
	for _, i := range c.Wait.Keys {
		w.addKey(c, i)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.arrivals++
	w.number = r.arrivals
	for _, k := range w.keys {
		q := r.byKey[k]
		if q == nil {
			q = &waitQueue{}
			r.byKey[k] = q
		}
		q.waiters = append(q.waiters, w)
		if w.want.Gone {
			q.gone++
			r.gone++
		}
	}
	r.bySession[s] = w
	r.srv.listening.set(command.ListenBlocked, true)
	if ms := w.want.TimeoutMs; ms > 0 {
		w.deadline = time.Since(processStart) + time.Duration(min(ms, int64(maxPause/time.Millisecond)*3650))*time.Millisecond
		heap.Push(&r.timeouts, w)
		r.arm()
	}
	if w.want.Disk {
		r.awaitDisk(w)
	}
	if s.gone.Load() {
		r.finish(w, nil) // its connection was closed while the command ran on a worker
	}
	return w
}

// awaitDisk answers a waiter when all that was recorded by now is durable.
// REQUIRES: mu is held.
func (r *waitRoom) awaitDisk(w *waiter) {
	lsn := uint64(0)
	if to := r.srv.commits.committer(); to != nil {
		lsn = to.Last()
	}
	r.srv.whenDurable(lsn, func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		if w.state == waiterWaits {
			out, reply := resp.Writer{Proto: w.proto}, command.OnDisk
			if !r.srv.commits.on() {
				reply = w.want.OnTimeout // the log was switched off
			}
			reply.Write(&out)
			r.finish(w, out.Buf)
		}
	})
}

func (w *waiter) addKey(c *command.Ctx, i int) {
	k := waitKey{c.DB, string(c.Keys[i].Name)}
	for _, have := range w.keys {
		if have == k {
			return
		}
	}
	w.keys = append(w.keys, k)
}

// finish ends a wait and lets the session have the reply.
// REQUIRES: mu is held.
func (r *waitRoom) finish(w *waiter, reply []byte) {
	r.settle(w, reply)
	w.s.driver.wake(w.s)
}

// settle is finish without waking the session.
// REQUIRES: mu is held.
func (r *waitRoom) settle(w *waiter, reply []byte) {
	r.remove(w)
	w.outcome, w.complete, w.late = reply, true, nil
}

// remove takes a waiter out of everything. REQUIRES: mu is held.
func (r *waitRoom) remove(w *waiter) {
	if w.state == waiterIsDone {
		return
	}
	w.state = waiterIsDone
	for _, k := range w.keys {
		q := r.byKey[k]
		for i, o := range q.waiters {
			if o == w {
				copy(q.waiters[i:], q.waiters[i+1:])
				q.waiters[len(q.waiters)-1] = nil
				q.waiters = q.waiters[:len(q.waiters)-1]
				break
			}
		}
		if w.want.Gone {
			q.gone--
			r.gone--
		}
		if len(q.waiters) == 0 {
			delete(r.byKey, k)
		}
	}
	if len(r.byKey) == 0 {
		r.srv.listening.set(command.ListenBlocked, false)
	}
	delete(r.bySession, w.s)
	if w.heapAt >= 0 {
		heap.Remove(&r.timeouts, w.heapAt)
	}
}

// answer ends a wait with the given reply, now or when its command, which is
// being run, has found nothing again. REQUIRES: mu is held.
func (r *waitRoom) answer(w *waiter, reply []byte) {
	if w.state == waiterRuns {
		w.late = reply
		return
	}
	r.finish(w, reply)
}

// memoryBytes is what a waiter holds.
func (w *waiter) memoryBytes() int {
	if w == nil {
		return 0
	}
	return int(unsafe.Sizeof(*w)) + requestBytes(w.args) + 24*len(w.args)
}

// collect takes the reply of a waiter that has one.
func (r *waitRoom) collect(w *waiter) (reply []byte, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return w.outcome, w.complete
}

// timeUp is what the waiter answers when its time is up.
func (w *waiter) timeUp() []byte {
	out := resp.Writer{Proto: w.proto}
	w.want.OnTimeout.Write(&out)
	return out.Buf
}

// arm sets the timer to the first timeout. REQUIRES: mu is held.
func (r *waitRoom) arm() {
	if len(r.timeouts) == 0 || r.stopped {
		return
	}
	left := max(0, r.timeouts[0].deadline-time.Since(processStart))
	if r.timer == nil {
		r.timer = time.AfterFunc(left, r.expire)
		return
	}
	r.timer.Reset(left)
}

// expire answers all whose time is up.
func (r *waitRoom) expire() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for now := time.Since(processStart); len(r.timeouts) > 0 && r.timeouts[0].deadline <= now; {
		w := heap.Pop(&r.timeouts).(*waiter)
		r.answer(w, w.timeUp())
	}
	r.arm()
}

// stop ends all timeouts.
func (r *waitRoom) stop() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stopped = true
	if r.timer != nil {
		r.timer.Stop()
	}
}

// leave takes out a session that has ended.
func (r *waitRoom) leave(s *session) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if w := r.bySession[s]; w != nil {
		r.answer(w, []byte{})
	}
}

// unblock ends the wait of a client, as if its time were up or with an error,
// and tells whether it waited.
func (r *waitRoom) unblock(s *session, withError bool) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	w := r.bySession[s]
	if w == nil || w.late != nil {
		return false
	}
	reply := []byte("-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n")
	if !withError {
		reply = w.timeUp()
	}
	r.answer(w, reply)
	return true
}

// counts are how many wait, with a timeout, for how many keys, and for how many
// of those also until the key is gone.
func (r *waitRoom) counts() (waiters, timeouts, keys, gone int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, q := range r.byKey {
		if q.gone > 0 {
			gone++
		}
	}
	return len(r.bySession), len(r.timeouts), len(r.byKey), gone
}

// timeoutHeap orders waiters by their deadlines (container/heap).
type timeoutHeap []*waiter

func (h timeoutHeap) Len() int           { return len(h) }
func (h timeoutHeap) Less(i, j int) bool { return h[i].deadline < h[j].deadline }
func (h timeoutHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].heapAt, h[j].heapAt = i, j
}

// Push implements heap.Interface.
func (h *timeoutHeap) Push(x any) {
	w := x.(*waiter)
	w.heapAt = len(*h)
	*h = append(*h, w)
}

// Pop implements heap.Interface.
func (h *timeoutHeap) Pop() any {
	last := len(*h) - 1
	w := (*h)[last]
	(*h)[last] = nil
	*h, w.heapAt = (*h)[:last], -1
	return w
}
