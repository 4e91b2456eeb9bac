package load

// The request sequences that the tables use.

// FillKeys returns a sequence that sets every key of a keyspace once, in
// order of its number.
func FillKeys() func(uint64) Request {
	return func(i uint64) Request { return Request{Key: i, Set: true} }
}

// FillFrom is FillKeys for keys that start at another number than 0.
func FillFrom(first uint64) func(uint64) Request {
	return func(i uint64) Request { return Request{Key: first + i, Set: true} }
}

// Mix returns a sequence of random keys below keys in which every (gets+1)-th
// request is a set and the others are gets, as memtier's ratio 1:gets. The
// same seed gives the same sequence.
//
// REQUIRES: 0 < keys < 2^32.
func Mix(keys uint64, gets int, seed uint64) func(uint64) Request {
	state := seed*0x9E3779B97F4A7C15 | 1
	period := uint64(gets) + 1
	return func(i uint64) Request {
		// xorshift64*, which is quick and even enough to pick keys.
		state ^= state >> 12
		state ^= state << 25
		state ^= state >> 27
		random := (state * 0x2545F4914F6CDD1D) >> 32
		return Request{Key: random * keys >> 32, Set: i%period == 0}
	}
}
