package memcache

// Fault says why a request cannot be carried out.
type Fault uint8

const (
	FaultNone Fault = iota
	// FaultUnknown: no such command, or the wrong number of words.
	FaultUnknown
	// FaultFormat: a field of the line is not what it must be, or a key is too long.
	FaultFormat
	// FaultDeleteUsage: delete with more than a key, a 0 and noreply.
	FaultDeleteUsage
	// FaultDelta: the amount of incr or decr is no unsigned number.
	FaultDelta
	// FaultExptime: the time of touch, gat or flush_all is no number.
	FaultExptime
	// FaultBadChunk: the data block does not end in CR LF where its length says.
	// As many bytes as were announced, and two for the line end, are gone.
	FaultBadChunk
	// FaultTooLarge: the item exceeds Limits.MaxItemBytes. The data block is
	// swallowed. Op and Key are set, because after a refused set (text, binary or
	// meta) memcached drops the old item as well: it would be stale.
	FaultTooLarge

	// FaultFlagDuplicate and what follows up to FaultFlagCountGet are about
	// flags of meta commands. If the command is ms, its data block is swallowed.
	FaultFlagDuplicate
	FaultFlagInvalid
	// FaultFlagEither is what md and ma answer to any bad flag.
	FaultFlagEither
	FaultFlagNumber
	FaultFlagMode
	FaultModeSet
	FaultModeArith
	FaultInitial
	FaultFlagDelta
	FaultKeyBase64
	FaultOpaque
	// FaultFlagCount and FaultFlagCountGet (mg words it differently): more words
	// than maxMetaWords. The data block of ms is not swallowed.
	FaultFlagCount
	FaultFlagCountGet

	// FaultInvalid: a binary header whose lengths do not suit its opcode. Closes.
	FaultInvalid
	// FaultLengths: a binary header whose parts are longer than its body. Closes.
	FaultLengths
	// FaultHangUp: what was sent is not memcached's protocol, or a line has no
	// end. The connection closes without a word.
	FaultHangUp

	faultCount
)

var faultLines = [faultCount]string{
	FaultUnknown:       "ERROR\r\n",
	FaultFormat:        "CLIENT_ERROR bad command line format\r\n",
	FaultDeleteUsage:   "CLIENT_ERROR bad command line format.  Usage: delete <key> [noreply]\r\n",
	FaultDelta:         "CLIENT_ERROR invalid numeric delta argument\r\n",
	FaultExptime:       "CLIENT_ERROR invalid exptime argument\r\n",
	FaultBadChunk:      "CLIENT_ERROR bad data chunk\r\n",
	FaultTooLarge:      "SERVER_ERROR object too large for cache\r\n",
	FaultFlagDuplicate: "CLIENT_ERROR duplicate flag\r\n",
	FaultFlagInvalid:   "CLIENT_ERROR invalid flag\r\n",
	FaultFlagEither:    "CLIENT_ERROR invalid or duplicate flag\r\n",
	FaultFlagNumber:    "CLIENT_ERROR bad token in command line format\r\n",
	FaultFlagMode:      "CLIENT_ERROR incorrect length for M token\r\n",
	FaultModeSet:       "CLIENT_ERROR invalid mode for ms M token\r\n",
	FaultModeArith:     "CLIENT_ERROR invalid mode for ma M token\r\n",
	FaultInitial:       "CLIENT_ERROR invalid numeric initial value\r\n",
	FaultFlagDelta:     "CLIENT_ERROR invalid numeric delta value\r\n",
	FaultKeyBase64:     "CLIENT_ERROR error decoding key\r\n",
	FaultOpaque:        "CLIENT_ERROR opaque token too long\r\n",
	FaultFlagCount:     "CLIENT_ERROR options flags too long\r\n",
	FaultFlagCountGet:  "CLIENT_ERROR options flags are too long\r\n",
}

// Line is the error line of the text and meta protocols with its line end, empty
// for faults that have none.
func (f Fault) Line() string {
	if f < faultCount {
		return faultLines[f]
	}
	return ""
}

// Status is the status of the binary reply that reports f.
func (f Fault) Status() Status {
	switch f {
	case FaultNone:
		return StatusOK
	case FaultTooLarge:
		return StatusTooLarge
	case FaultInvalid:
		return StatusInvalid
	}
	return StatusUnknownCommand
}

// Closes reports whether the connection must be closed once the reply, if f has
// one, is written. The parser delivers nothing more after such a fault.
func (f Fault) Closes() bool {
	return f == FaultInvalid || f == FaultLengths || f == FaultHangUp
}

// AppendFault appends the reply to a request that has a Fault: an error line, a
// binary error, or nothing where memcached is silent.
func AppendFault(dst []byte, r *Request) []byte {
	if r.NoReply || r.Fault == FaultHangUp {
		return dst
	}
	if r.Proto == Binary {
		return AppendBinaryError(dst, r, r.Fault.Status())
	}
	return append(dst, r.Fault.Line()...)
}
