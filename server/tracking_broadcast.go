package server

import (
	"bytes"
	"cmp"
	"slices"
	"strings"

	"larder/server/command"
)

// prefixTable finds those who want to hear of each change of a key that starts
// with one of their prefixes (CLIENT TRACKING ON BCAST). A key is looked up once
// for each length that a prefix has, however many prefixes there are.
// trackers.mu guards it.
type prefixTable struct {
	// members are those who gave a prefix. The slices are replaced, not modified.
	members map[string][]*tracker
	// lengths are the lengths of all prefixes in ascending order.
	lengths []int
}

// join adds all prefixes of a tracker.
func (p *prefixTable) join(tr *tracker) {
	for _, prefix := range tr.prefixes {
		if p.members == nil {
			p.members = map[string][]*tracker{}
		}
		p.members[prefix] = append(slices.Clone(p.members[prefix]), tr)
	}
	p.measure(len(tr.prefixes))
}

// leave takes all prefixes of a tracker out.
func (p *prefixTable) leave(tr *tracker) {
	for _, prefix := range tr.prefixes {
		rest := slices.DeleteFunc(slices.Clone(p.members[prefix]), func(o *tracker) bool { return o == tr })
		if p.members[prefix] = rest; len(rest) == 0 {
			delete(p.members, prefix)
		}
	}
	p.measure(len(tr.prefixes))
}

// measure brings lengths up to date after n prefixes were added or taken out.
func (p *prefixTable) measure(n int) {
	if n == 0 {
		return
	}
	p.lengths = p.lengths[:0]
	for prefix := range p.members {
		if i, has := slices.BinarySearch(p.lengths, len(prefix)); !has {
			p.lengths = slices.Insert(p.lengths, i, len(prefix))
		}
	}
}

// news is a key that has changed, as it concerns those who gave one prefix.
type news struct {
	prefix  string
	key     []byte
	members []*tracker
}

// broadcast tells those who gave prefixes about the keys of events. Each prefix
// has one message with all its keys, in order of their bytes.
func (t *trackers) broadcast(by *session, events []command.Event) {
	if t.prefixes.Load() == 0 {
		return
	}
	var found []news
	t.mu.Lock()
	for i := range events {
		ev := &events[i]
		if ev.Kind != command.KeyChanged {
			continue
		}
		for _, n := range t.bcast.lengths {
			if n > len(ev.Key) {
				break
			}
			if members := t.bcast.members[string(ev.Key[:n])]; members != nil {
				found = append(found, news{string(ev.Key[:n]), ev.Key, members})
			}
		}
	}
	t.mu.Unlock()
	slices.SortFunc(found, func(a, b news) int {
		return cmp.Or(strings.Compare(a.prefix, b.prefix), bytes.Compare(a.key, b.key))
	})
	for i := 0; i < len(found); {
		n := &notice{by: by, to: found[i].members}
		for from := i; i < len(found) && found[i].prefix == found[from].prefix; i++ {
			if i == from || !bytes.Equal(found[i].key, found[i-1].key) {
				n.keys = append(n.keys, found[i].key)
			}
		}
		t.send(n)
	}
}

// maxUnsaid bounds the changes that are kept for one message.
const maxUnsaid = 1024

// announce broadcasts what a command did. Those of a transaction or a script
// have one message together: it is kept until all have run.
func (ex *executor) announce(c *command.Ctx) {
	t := &ex.srv.tracking
	switch {
	case t.prefixes.Load() == 0:
	case !c.NoBlock:
		t.broadcast(ex.by, c.Events)
	default:
		for i := range c.Events {
			if ev := &c.Events[i]; ev.Kind == command.KeyChanged {
				ex.unsaid = append(ex.unsaid, command.Event{Kind: ev.Kind, Key: bytes.Clone(ev.Key)})
			}
		}
		if len(ex.unsaid) > maxUnsaid {
			ex.announceRest(ex.by)
		}
	}
}

// announceRest broadcasts what has been kept.
func (ex *executor) announceRest(by *session) {
	if len(ex.unsaid) > 0 {
		ex.srv.tracking.broadcast(by, ex.unsaid)
		clear(ex.unsaid)
		ex.unsaid = ex.unsaid[:0]
	}
}
