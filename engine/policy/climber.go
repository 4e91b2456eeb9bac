package policy

// setting is one position of the dial between frequency and recency.
type setting struct {
	windowShare float64 // of the entries
	fadeAfter   float64 // levels are halved after so many inserts and hits an entry
}

// dial goes from trusting frequency to trusting recency. The window stays at
// 16 %, because its handles cost 5 bytes each; beyond that it is levels that
// fade quickly which make the hand a clock. See docs/decisions/0002.
var dial = [...]setting{
	{0.02, 15}, {0.06, 12}, {0.16, 10}, {0.16, 5}, {0.16, 3}, {0.16, 1.5},
}

const (
	dialStart = 2
	// A measurement lasts for climbPerEntry lookups an entry, and at least for
	// climbMin, so that chance moves a hit ratio by less than half a point.
	climbPerEntry = 8
	climbMin      = 16384
	// A neighbour must be better by climbGain to be moved to.
	climbGain = 0.002
	// After so many failed trials in a row the climber waits that many
	// measurements before the next one.
	climbMaxWait = 8
	// A change of the hit ratio by climbShock means another workload: try soon.
	climbShock = 0.05
)

// climber turns the dial by what it does to the hit ratio. It measures the
// present position, then a neighbour, then the present position again, and
// moves if the neighbour beat the mean of both: a hit ratio that drifts by
// itself lies between the two and proves nothing. After each move of the dial
// an interval passes unmeasured (see tuner), because levels follow slowly.
type climber struct {
	position  int // where the dial stands outside trials
	direction int // of the next trial, +1 or -1
	stage     stage
	before    float64 // hit ratio at position, measured last
	trial     float64 // hit ratio of the neighbour
	wait      int     // measurements to let pass between trials
	passed    int     // measurements since the last trial
}

type stage uint8

const (
	atHome stage = iota
	onTrial
	backHome
)

func newClimber() climber { return climber{position: dialStart, direction: 1} }

// measured takes the hit ratio (0..1) of the interval that has ended and
// returns the position of the dial for the next one.
func (c *climber) measured(ratio float64) int {
	switch c.stage {
	case onTrial:
		c.trial, c.stage = ratio, backHome
		return c.position
	case backHome:
		c.stage = atHome
		c.passed = 0
		if c.trial > (c.before+ratio)/2+climbGain {
			c.position += c.direction
			c.wait = 0
			c.before = c.trial
			return c.position
		}
		c.direction = -c.direction
		c.wait = min(c.wait+1, climbMaxWait)
	}
	if d := ratio - c.before; d > climbShock || d < -climbShock {
		c.wait = min(c.wait, 1)
	}
	c.before = ratio
	if c.passed++; c.passed <= c.wait {
		return c.position
	}
	return c.try()
}

// try begins a trial of the next neighbour.
func (c *climber) try() int {
	if next := c.position + c.direction; next < 0 || next >= len(dial) {
		c.direction = -c.direction
	}
	c.stage = onTrial
	return c.position + c.direction
}
