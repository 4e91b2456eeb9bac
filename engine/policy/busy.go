package policy

// maxBusy bounds how often a dialogue may meet busy shards in one group before
// it goes on in the next. In a group of few shards two rounds have shown all.
const maxBusy = 64

// Busy tells that the step that Next has returned was not taken, because
// somebody holds the shard for long. The dialogue goes on elsewhere; Next says
// how. What the step was about stays as it is:
//   - Look: the hand passes over the shard, or over the rest of it, for this
//     round. Its entries grow no older meanwhile.
//   - Find: the handle goes back to the window, as the youngest.
//   - Take: the entry stays where the hand found it, and another is looked for.
func (p *Policy) Busy(e *Eviction) {
	e.hindered = true
	e.busy++
	switch e.step {
	case Look:
		e.group.skip()
		p.Looked(e, 0, true) // nothing was weighed, so there is nothing to remove
	case Find:
		p.restore(e)
	case Take:
		p.again(e)
	}
	switch {
	case e.busy < min(maxBusy, 2*len(e.group.perShard)), e.step == Take, e.step == Stop:
	case e.step == Find && e.best != noScore:
		e.take()
	default:
		e.best, e.buckets, e.busy = noScore, 0, 0
		p.enter(e, *p.groups.Load())
	}
}

// Hindered tells of a dialogue that has come to Stop whether it has met busy
// shards: there may be something to evict in those.
func (e *Eviction) Hindered() bool { return e.hindered }

// skip notes that the hand's round leaves out a shard.
func (g *group) skip() {
	g.mu.Lock()
	g.skipped = true
	g.mu.Unlock()
}

// restore puts the handle of a Find back.
func (p *Policy) restore(e *Eviction) {
	g := p.lockGroup(e.Shard) // e.group may have been split since
	g.window.push(uint64(e.Shard)<<p.handleBits | e.Handle)
	g.mu.Unlock()
}
