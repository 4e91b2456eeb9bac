package command

import (
	"math"
	"math/big"

	"larder/protocol/resp"
)

// Blocking. A handler that finds nothing to answer with calls Block and returns
// without a reply. The dispatcher then parks the session and runs the same
// handler again when one of its keys has changed, first come, first served,
// until it replies or its time is up.

// BlockRequest says for what and for how long a command waits.
type BlockRequest struct {
	TimeoutMs int64 // 0: for ever
	OnTimeout TimeoutReply
	// Keys are the indexes of those of c.Keys that it waits for; nil: all.
	Keys []int
	// Args is the request that is run again; nil: the same. XREAD resolves its $
	// there.
	Args [][]byte
	// Disk lets it wait, instead of for keys, until all that was recorded by now
	// is durable; then it answers 1 and 0.
	Disk bool
	// Gone makes it run also when the key has been deleted or is of another
	// type now than the commands of its group are about.
	Gone bool
}

// TimeoutReply is what a command answers when its time is up.
type TimeoutReply uint8

// The replies.
const (
	replyNullArray TimeoutReply = iota
	replyNull
	replyZero     // the integer 0
	replyZeroPair // an array of two of them
	replyOneZero  // an array of 1 and 0
)

// OnDisk is what a command that waits for Disk answers.
const OnDisk = replyOneZero

// Write writes the reply.
func (r TimeoutReply) Write(out *resp.Writer) {
	switch r {
	case replyNullArray:
		out.NullArray()
	case replyNull:
		out.Null()
	case replyZero:
		out.Int(0)
	case replyZeroPair:
		out.Array(2)
		out.Int(0)
		out.Int(0)
	case replyOneZero:
		out.Array(2)
		out.Int(1)
		out.Int(0)
	}
}

// Block makes the session wait. Where a command must not wait, inside a
// transaction or a script, it replies as if the time were up; a handler that
// answers otherwise there looks at NoBlock itself.
// REQUIRES: the handler has changed and replied nothing, and returns at once.
func (c *Ctx) Block(r BlockRequest) {
	if c.NoBlock {
		r.OnTimeout.Write(c.Out)
		return
	}
	c.Blocked, c.Wait = true, r
}

// timeoutSeconds parses the i-th argument as the timeout of a blocking command:
// seconds, with any fraction, 0 for ever. It is rounded up to ms. On failure it
// has replied.
func (c *Ctx) timeoutSeconds(i int) (ms int64, ok bool) {
	x, ok := parseLongDouble(c.Args[i])
	if !ok {
		c.Out.Error("ERR timeout is not a float or out of range")
		return 0, false
	}
	var product big.Float
	product.SetPrec(longDoubleBits).Mul(&x.f, big.NewFloat(1000))
	ms, accuracy := product.Int64()
	switch {
	case product.Cmp(big.NewFloat(math.MaxInt64)) > 0:
		c.Out.Error("ERR timeout is out of range")
		return 0, false
	case accuracy == big.Below:
		ms++ // rounded towards zero, from above it
	}
	return c.timeout(ms)
}

// timeoutMillis parses the i-th argument as a timeout in ms, 0 for ever. On
// failure it has replied.
func (c *Ctx) timeoutMillis(i int) (ms int64, ok bool) {
	ms, ok = resp.ParseInt(c.Args[i])
	if !ok {
		c.Out.Error("ERR timeout is not an integer or out of range")
		return 0, false
	}
	return c.timeout(ms)
}

// timeout checks a timeout in ms. On failure it has replied.
func (c *Ctx) timeout(ms int64) (_ int64, ok bool) {
	switch {
	case ms < 0:
		c.Out.Error("ERR timeout is negative")
		return 0, false
	case ms > math.MaxInt64-c.NowMs:
		c.Out.Error("ERR timeout is out of range")
		return 0, false
	}
	return ms, true
}
