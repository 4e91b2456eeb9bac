package command

import "fmt"

// WAIT and WAITAOF wait until replicas or the log have the connection's writes.
// A server alone has no replicas and can get none while it waits: more than none
// is never reached, and they answer 0 when the time is up. Of the log's records
// the connection's own are not told from others': WAITAOF waits for all that
// there are when it comes.

// wait is WAIT numreplicas timeout.
func wait(c *Ctx) {
	replicas, ok := c.Int(1)
	if !ok {
		return
	}
	ms, ok := c.timeoutMillis(2)
	switch {
	case !ok:
	case replicas <= 0:
		c.Out.Int(0)
	default:
		c.Block(BlockRequest{TimeoutMs: ms, OnTimeout: replyZero})
	}
}

// waitAOF is WAITAOF numlocal numreplicas timeout.
func waitAOF(c *Ctx) {
	local, ok := c.Int(1)
	if !ok {
		return
	}
	if local < 0 || local > 1 {
		c.Out.Error(fmt.Sprintf("ERR value is out of range, value must between %d and %d", 0, 1))
		return
	}
	replicas, ok := c.Int(2)
	if !ok {
		return
	}
	if replicas < 0 {
		c.Out.Error(ErrNegative)
		return
	}
	ms, ok := c.timeoutMillis(3)
	if !ok {
		return
	}
	logged, durable := false, false
	if c.Log != nil {
		logged, durable = c.Log()
	}
	now := replyZeroPair
	if logged && durable {
		now = replyOneZero
	}
	switch {
	case local > 0 && !logged:
		c.Out.Error("ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.")
	case replicas == 0 && (local == 0 || durable):
		now.Write(c.Out)
	default:
		c.Block(BlockRequest{TimeoutMs: ms, OnTimeout: now, Disk: replicas == 0})
	}
}
