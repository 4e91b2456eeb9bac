package command

import (
	"larder/engine"
	"larder/engine/policy"
)

// OBJECT tells how a value is kept. Three answers differ from Redis's, because
// larder keeps less a key:
//
//   - FREQ, under an LFU policy, is the count of recent hits that eviction
//     keeps, 0 to 3, not a logarithm of hits up to 255.
//   - IDLETIME is an error always: no clock is kept a key, not even a coarse
//     one, and a made-up 0 would mislead who cleans up by it.
//   - REFCOUNT is always 1: values are never shared.

const (
	errNoLFU = "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust."
	errLFU   = "ERR An LFU maxmemory policy is selected, idle time not tracked. Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust."
	errNoLRU = "ERR idle time not tracked: larder's eviction keeps hit counts and no times. Use OBJECT FREQ under an LFU maxmemory policy."
)

// object finds the key that a subcommand asks about; if there is none it has
// replied.
func (c *Ctx) object() (engine.Item, bool) {
	it, ok := c.lookQuietly(0)
	if !ok {
		c.Out.Null()
	}
	return it, ok
}

func objectEncoding(c *Ctx) {
	if it, ok := c.object(); ok {
		c.Out.BulkString(EncodingName(&it))
	}
}

func objectFreq(c *Ctx) {
	it, ok := c.object()
	if !ok {
		return
	}
	if !c.countsHits() {
		c.Out.Error(errNoLFU)
		return
	}
	c.Out.Int(int64(it.Meta() & engine.MetaFreq))
}

func objectIdleTime(c *Ctx) {
	switch _, ok := c.object(); {
	case !ok:
	case c.countsHits():
		c.Out.Error(errLFU)
	default:
		c.Out.Error(errNoLRU)
	}
}

// countsHits tells whether an LFU policy is in force.
func (c *Ctx) countsHits() bool {
	p := c.Engine.Policy()
	return p == policy.AllKeysLFU || p == policy.VolatileLFU
}

func objectRefCount(c *Ctx) {
	if _, ok := c.object(); ok {
		c.Out.Int(1)
	}
}

var objectHelpLines = []string{
	"OBJECT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
	"ENCODING <key>",
	"    Tell how the value of <key> is kept, in Redis's words.",
	"FREQ <key>",
	"    Count the recent hits of <key>, 0 to 3, under an LFU maxmemory policy.",
	"IDLETIME <key>",
	"    Not available: no access times are kept.",
	"REFCOUNT <key>",
	"    Always 1: values are not shared.",
	"HELP",
	"    Print this help.",
}

func objectHelp(c *Ctx) {
	c.Out.Array(len(objectHelpLines))
	for _, line := range objectHelpLines {
		c.Out.Simple(line)
	}
}
