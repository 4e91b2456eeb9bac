package command

import (
	"bytes"
	"fmt"
	"slices"

	"larder/engine"
)

// XREAD and XREADGROUP: entries behind an ID from several streams, and if there
// are none, waiting for some.

const (
	errNotXRead    = "ERR The %s option is only supported by XREADGROUP. You called XREAD instead."
	errNoGroupArg  = "ERR Missing GROUP option for XREADGROUP"
	errMeaningless = "ERR The %s ID is meaningless in the context of XREADGROUP: you want to read the history of this consumer by specifying a proper ID, or use the > ID to get new messages. The %s ID would just return an empty result set."
	errNotGreater  = "ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option."
)

// readOptions are what stands before the keys.
type readOptions struct {
	count    int64 // 0 = all
	blocks   bool
	waitMs   int64 // 0 = for ever
	noAck    bool
	group    []byte // nil for XREAD
	consumer []byte
	streams  int // the argument with the first key
	n        int // streams
}

// readStream is one of the streams of a request.
type readStream struct {
	st      engine.Stream
	found   bool
	after   engine.StreamID // entries behind it are wanted
	fresh   bool            // ">": entries that the group has not delivered
	g       engine.StreamGroup
	by      engine.StreamConsumer
	created bool // the consumer, by this request
}

func xread(c *Ctx)      { c.readStreams(false) }
func xreadGroup(c *Ctx) { c.readStreams(true) }

func (c *Ctx) readStreams(grouped bool) {
	o, ok := c.readOptions(grouped)
	if !ok {
		return
	}
	var few [4]readStream
	streams := few[:min(o.n, len(few))]
	if o.n > len(few) {
		streams = make([]readStream, o.n)
	}
	for i := range streams {
		if !c.readArgument(i, &o, &streams[i]) {
			return
		}
	}
	if c.heavyStreams(&o, streams) || grouped && !c.prepareGroups(&o, streams) {
		return
	}
	served := 0
	for i := range streams {
		if streams[i].has(grouped) {
			served++
		}
	}
	switch {
	case served > 0:
		c.serve(&o, streams, served)
	case o.blocks:
		c.blockOnStreams(&o, streams)
	default:
		c.Out.NullArray()
	}
}

// readOptions parses everything up to the first key; on failure it has
// replied.
func (c *Ctx) readOptions(grouped bool) (o readOptions, ok bool) {
	for i := 1; i < len(c.Args) && o.streams == 0; i++ {
		more := len(c.Args) - i - 1
		switch {
		case c.Is(i, "BLOCK") && more > 0:
			i++
			if o.waitMs, ok = c.timeoutMillis(i); !ok {
				return o, false
			}
			o.blocks = true
		case c.Is(i, "COUNT") && more > 0:
			i++
			if o.count, ok = c.Int(i); !ok {
				return o, false
			}
			o.count = max(o.count, 0)
		case c.Is(i, "STREAMS") && more > 0:
			o.streams, o.n = i+1, more/2
			if more%2 != 0 {
				c.unbalanced(grouped)
				return o, false
			}
		case c.Is(i, "GROUP") && more > 1:
			if !grouped {
				c.Out.Error(fmt.Sprintf(errNotXRead, "GROUP"))
				return o, false
			}
			o.group, o.consumer = c.Args[i+1], c.Args[i+2]
			i += 2
		case c.Is(i, "NOACK"):
			if !grouped {
				c.Out.Error(fmt.Sprintf(errNotXRead, "NOACK"))
				return o, false
			}
			o.noAck = true
		default:
			c.Out.Error(ErrSyntax)
			return o, false
		}
	}
	switch {
	case o.streams == 0:
		c.Out.Error(ErrSyntax)
	case grouped && o.group == nil:
		c.Out.Error(errNoGroupArg)
	// Other keys were locked: a value of BLOCK or COUNT was the word STREAMS.
	case len(c.Keys) != o.n || !bytes.Equal(c.Keys[0].Name, c.Args[o.streams]):
		c.Out.Error(ErrSyntax)
	default:
		return o, true
	}
	return o, false
}

func (c *Ctx) unbalanced(grouped bool) {
	name, id := "xread", "$"
	if grouped {
		name, id = "xreadgroup", ">"
	}
	c.Out.Error(fmt.Sprintf("ERR Unbalanced '%s' list of streams: for each stream key an ID or '%s' must be specified.", name, id))
}

// readArgument finds the i-th stream and parses its ID; on failure it has
// replied.
func (c *Ctx) readArgument(i int, o *readOptions, s *readStream) (ok bool) {
	if s.st, s.found, ok = c.stream(i); !ok {
		return false
	}
	if o.group != nil {
		if s.found {
			s.g, ok = s.st.Group(o.group)
		}
		if !s.found || !ok {
			c.Out.Error(fmt.Sprintf("NOGROUP No such key '%s' or consumer group '%s' in XREADGROUP with GROUP option", c.Keys[i].Name, o.group))
			return false
		}
	}
	arg := c.Args[o.streams+o.n+i]
	if len(arg) == 1 {
		switch arg[0] {
		case '$', '+':
			if o.group != nil {
				c.Out.Error(fmt.Sprintf(errMeaningless, arg, arg))
				return false
			}
			s.after = s.newest(arg[0] == '+')
			return true
		case '>':
			if o.group == nil {
				c.Out.Error(errNotGreater)
				return false
			}
			s.fresh = true
			return true
		}
	}
	s.after, _, ok = c.streamID(arg, idForm{})
	s.fresh = ok && o.group != nil && s.after == engine.MaxStreamID
	return ok
}

// newest is the ID behind which there is what will be added, and with last
// also the last entry.
func (s *readStream) newest(last bool) (id engine.StreamID) {
	if !s.found {
		return id
	}
	if last && s.st.Len() > 0 {
		id, _ = s.st.MaxID().Prev()
		return id
	}
	return s.st.LastID()
}

// has tells whether there is something to serve: entries, or the history of a
// consumer, which is served even if it is empty.
func (s *readStream) has(grouped bool) bool {
	if !s.found {
		return false
	}
	if grouped && !s.fresh {
		return true
	}
	return s.st.Len() > 0 && s.after.Less(s.st.MaxID())
}

// heavyStreams is Heavy for what there is to serve.
func (c *Ctx) heavyStreams(o *readOptions, streams []readStream) bool {
	for i := range streams {
		s := &streams[i]
		heavy := false
		switch {
		case !s.found:
		case o.group == nil:
			heavy = c.heavyRange(&s.st, s.after, engine.MaxStreamID, o.count)
		case s.fresh:
			heavy = c.heavyRange(&s.st, s.g.LastID(), engine.MaxStreamID, o.count)
		default:
			heavy = c.heavyPending(&s.g, o.count, o.count == 0)
		}
		if heavy {
			return true
		}
	}
	return false
}

// prepareGroups finds the consumers, making those that are not there, and
// takes all the memory that serving will need, so that it cannot fail halfway.
// If there is no room it has undone all, and replied.
func (c *Ctx) prepareGroups(o *readOptions, streams []readStream) bool {
	for i := range streams {
		s := &streams[i]
		var found bool
		if s.by, found = s.g.Consumer(o.consumer); !found {
			var err error
			if s.by, err = s.g.CreateConsumer(o.consumer, c.NowMs); err != nil {
				return c.undoGroups(o, streams[:i], err)
			}
			s.created = true
		}
		if s.fresh {
			s.after = s.g.LastID()
		}
		if err := c.reserve(o, s); err != nil {
			return c.undoGroups(o, streams[:i+1], err)
		}
	}
	for i := range streams {
		streams[i].by.SetSeenMs(c.NowMs)
		if streams[i].created {
			c.groupEvent(i, "xgroup-createconsumer")
		}
	}
	return true
}

// toDeliver calls f for the ID of each entry that will be delivered, until it
// returns false.
func (c *Ctx) toDeliver(o *readOptions, s *readStream, f func(engine.StreamID) bool) {
	from, ok := s.after.Next()
	if !s.fresh || o.noAck || !ok {
		return
	}
	cur := s.st.Range(from, engine.MaxStreamID, false)
	for n := int64(0); (o.count == 0 || n < o.count) && cur.Next() && f(cur.ID()); n++ {
	}
}

func (c *Ctx) reserve(o *readOptions, s *readStream) (err error) {
	c.toDeliver(o, s, func(id engine.StreamID) bool {
		err = s.g.Reserve(id)
		return err == nil
	})
	return err
}

func (c *Ctx) undoGroups(o *readOptions, streams []readStream, err error) bool {
	for i := range streams {
		s := &streams[i]
		c.toDeliver(o, s, func(id engine.StreamID) bool {
			s.g.Release(id)
			return true
		})
		if s.created {
			s.g.DeleteConsumer(o.consumer)
		}
	}
	c.Fail(err)
	return false
}

// serve replies with what the streams have; there are n that have something.
func (c *Ctx) serve(o *readOptions, streams []readStream, n int) {
	if c.Out.Proto == 3 {
		c.Out.Map(n)
	} else {
		c.Out.Array(n)
	}
	for i := range streams {
		s := &streams[i]
		if !s.has(o.group != nil) {
			continue
		}
		if c.Out.Proto != 3 {
			c.Out.Array(2)
		}
		c.Out.Bulk(c.Keys[i].Name)
		from, ok := s.after.Next()
		switch {
		case !ok:
			c.Out.Array(0)
		case o.group == nil:
			c.entries(&s.st, from, engine.MaxStreamID, o.count, false)
		case s.fresh:
			c.deliver(o, s, from)
		default:
			c.history(o, s, from)
		}
		if o.group != nil {
			c.Dirty++
		}
	}
}

// deliver replies with entries that the group has not delivered yet, and makes
// them pending.
func (c *Ctx) deliver(o *readOptions, s *readStream, from engine.StreamID) {
	m, n := c.beginList(), 0
	cur := s.st.Range(from, engine.MaxStreamID, false)
	for (o.count == 0 || int64(n) < o.count) && cur.Next() {
		id := cur.ID()
		c.advance(s, id)
		c.entry(&cur)
		if !o.noAck {
			s.g.Assign(id, &s.by, c.NowMs, 1)
			s.by.SetActiveMs(c.NowMs)
		}
		n++
	}
	c.endList(m, n)
}

// advance makes id the last that the group has delivered, and counts it.
func (c *Ctx) advance(s *readStream, id engine.StreamID) {
	if !s.g.LastID().Less(id) {
		return
	}
	if read := s.g.Read(); read != engine.ReadUnknown && !s.st.DeletedBehind(id) {
		s.g.SetRead(read + 1)
	} else if s.st.Added() > 0 {
		s.g.SetRead(s.st.AddedUpTo(id))
	}
	s.g.SetLastID(id)
}

// history replies with what is pending for the consumer: the entries, and null
// for those that were deleted meanwhile.
func (c *Ctx) history(o *readOptions, s *readStream, from engine.StreamID) {
	m, n := c.beginList(), 0
	cur := s.g.PendingRange(from, engine.MaxStreamID, &s.by)
	for (o.count == 0 || int64(n) < o.count) && cur.Next() {
		p := cur.Entry()
		if c.entryAt(&s.st, p.ID) {
			s.g.Assign(p.ID, &s.by, c.NowMs, p.Deliveries+1)
		} else {
			c.Out.Array(2)
			c.idReply(p.ID)
			c.Out.NullArray()
		}
		n++
	}
	c.endList(m, n)
}

// blockOnStreams waits for one of the streams to get entries. "$" and "+" mean
// what they mean now: the request goes on with the IDs that they stand for.
func (c *Ctx) blockOnStreams(o *readOptions, streams []readStream) {
	r := BlockRequest{TimeoutMs: o.waitMs, OnTimeout: replyNullArray, Gone: o.group != nil}
	for i := range streams {
		at := o.streams + o.n + i
		if arg := c.Args[at]; len(arg) != 1 || arg[0] != '$' && arg[0] != '+' {
			continue
		}
		if r.Args == nil {
			r.Args = slices.Clone(c.Args)
		}
		r.Args[at] = appendStreamID(nil, streams[i].after)
	}
	c.Block(r)
}

// groupEvent records a change of the i-th key's groups: clients that watch the
// key are not told.
func (c *Ctx) groupEvent(i int, event string) {
	c.Dirty++
	c.Notify(i, EventStream, event)
}
