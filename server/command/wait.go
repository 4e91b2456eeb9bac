package command

import "larder/protocol/resp"

// wait is WAIT numreplicas timeout. A server alone has no replicas and can get
// none while it waits, so it answers 0 at once instead of after the timeout.
func wait(c *Ctx) {
	if _, ok := c.Int(1); !ok {
		return
	}
	switch ms, ok := resp.ParseInt(c.Args[2]); {
	case !ok:
		c.Out.Error("ERR timeout is not an integer or out of range")
	case ms < 0:
		c.Out.Error("ERR timeout is negative")
	default:
		c.Out.Int(0)
	}
}
